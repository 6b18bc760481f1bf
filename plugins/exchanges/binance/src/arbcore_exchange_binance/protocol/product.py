"""What differs between USD-M futures and spot: paths, weights, limits, streams.

Sources: Binance developer documentation, USD-M futures and spot, 2026-11.
"""

from typing import Final

from msgspec import Struct

MINUTE_NS: Final = 60 * 10**9
HOUR_NS: Final = 60 * MINUTE_NS


class Product(Struct, frozen=True, kw_only=True):
    """One of Binance's exchanges.

    Attributes:
        name: Name in the settings.
        prefix: Path below which its REST calls lie.
        weight_limit: Request weight that an address may use in a minute.
        order_limits: Pairs of a window's length in nanoseconds and the orders that fit.
        listing_weight: Weight of ``exchangeInfo``.
        depth_weights: Pairs of the largest ``limit`` and its weight, rising.
        ticker_weights: Weight of ``bookTicker`` for one symbol, and for all.
        futures: Whether it has mark prices, funding, ``pu`` in its depth events, and routed stream addresses.
    """

    name: str
    prefix: str
    weight_limit: int
    order_limits: tuple[tuple[int, int], ...]
    listing_weight: int
    depth_weights: tuple[tuple[int, int], ...]
    ticker_weights: tuple[int, int]
    futures: bool


USDM: Final = Product(
    name="usdm",
    prefix="/fapi/v1",
    weight_limit=2400,
    order_limits=((10 * 10**9, 300), (MINUTE_NS, 1200)),
    listing_weight=1,
    depth_weights=((50, 2), (100, 5), (500, 10), (1000, 20)),
    ticker_weights=(2, 5),
    futures=True,
)
"""USD-M futures."""

# The fact sheet states no weights for spot's listing and tickers: 20 is the listing's as commonly known, and the
# tickers are priced as on USD-M. The reply's header corrects what is used either way.
SPOT: Final = Product(
    name="spot",
    prefix="/api/v3",
    weight_limit=6000,
    order_limits=((10 * 10**9, 100), (24 * HOUR_NS, 200_000)),
    listing_weight=20,
    depth_weights=((100, 5), (500, 25), (1000, 50)),
    ticker_weights=(2, 5),
    futures=False,
)
"""The spot exchange."""

PRODUCTS: Final = {"usdm": USDM, "spot": SPOT}
"""Products by their name in the settings."""
