"""Markets in virtual time: paths, books, trades and candles, made or replayed."""
