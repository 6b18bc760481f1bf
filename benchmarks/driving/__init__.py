"""Drives orders straight on the ports of trading, and compares what was told with the simulator's own ledger."""
