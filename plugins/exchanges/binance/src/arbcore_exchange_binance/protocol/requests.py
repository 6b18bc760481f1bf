"""Public requests as values. All of them may be repeated."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from arbcore.net.request import Request
from arbcore_exchange_binance.protocol.product import Product

REQUEST_WEIGHT: Final = "request_weight"
ORDERS: Final = "orders"
FUNDING: Final = "funding"
"""Counter that ``fundingRate`` and ``fundingInfo`` share, apart from the request weight."""

SNAPSHOT_LEVELS: Final = 1000
"""Levels of a depth snapshot, as the documented way to keep a local book asks for."""

MOST_SETTLEMENTS: Final = 100
"""Settlements of one request at most; the venue allows 1000."""

_LISTING_TIMEOUT_NS: Final = 20 * 10**9


def server_time(product: Product) -> Request:
    """Return the request for the venue's time."""
    return _read(f"{product.prefix}/time", {}, 1)


def exchange_info(product: Product) -> Request:
    """Return the request for the listing: every symbol with its filters and state. It is large."""
    return Request(
        path=f"{product.prefix}/exchangeInfo",
        counter=REQUEST_WEIGHT,
        weight=product.listing_weight,
        repeatable=True,
        timeout_ns=_LISTING_TIMEOUT_NS,
    )


def depth(product: Product, symbol: str, limit: int = SNAPSHOT_LEVELS) -> Request:
    """Return the request for a snapshot of a book.

    Args:
        product: The exchange.
        symbol: The venue's name of the market.
        limit: Levels per side, up to 1000.
    """
    weight = next(weight for most, weight in product.depth_weights if limit <= most)
    return _read(f"{product.prefix}/depth", {"symbol": symbol, "limit": limit}, weight)


def book_ticker(product: Product, symbol: str = "") -> Request:
    """Return the request for the touch of one symbol, or of all where none is named."""
    one, every = product.ticker_weights
    query = {"symbol": symbol} if symbol else {}
    return _read(f"{product.prefix}/ticker/bookTicker", query, one if symbol else every)


def premium_index(product: Product, symbol: str = "") -> Request:
    """Return the request for mark price and funding estimate of one symbol, or of all where none is named."""
    query = {"symbol": symbol} if symbol else {}
    return _read(f"{product.prefix}/premiumIndex", query, 1 if symbol else 10)


def funding_rate(product: Product, symbol: str, limit: int = 2) -> Request:
    """Return the request for the last settlements of a symbol."""
    query: Mapping[str, str | int] = {"symbol": symbol, "limit": min(limit, MOST_SETTLEMENTS)}
    return _read(f"{product.prefix}/fundingRate", query, 1, FUNDING)


def funding_info(product: Product) -> Request:
    """Return the request for the funding intervals of all symbols that don't have the usual one."""
    return _read(f"{product.prefix}/fundingInfo", {}, 1, FUNDING)


def _read(path: str, query: Mapping[str, str | int], weight: int, counter: str = REQUEST_WEIGHT) -> Request:
    return Request(path=path, query=urlencode(query), counter=counter, weight=weight, repeatable=True)
