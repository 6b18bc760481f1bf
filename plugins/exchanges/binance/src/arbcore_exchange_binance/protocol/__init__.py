"""Binance's public interface as pure code: requests and frames as values, times as arguments, no I/O and no clock."""
