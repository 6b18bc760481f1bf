"""The private side of Binance spot, and what moves money in and out."""
