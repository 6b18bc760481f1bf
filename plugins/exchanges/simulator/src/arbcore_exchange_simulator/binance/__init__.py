"""Binance's wire protocol, USD-M futures and spot."""
