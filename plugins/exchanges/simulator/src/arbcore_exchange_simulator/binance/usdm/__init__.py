"""The private side of Binance USD-M futures."""
