"""The vocabulary: instruments, money, market data, orders, intents, trades, events and commands. No I/O, no clock."""
