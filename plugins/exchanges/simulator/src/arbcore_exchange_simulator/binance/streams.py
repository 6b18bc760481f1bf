"""Names of Binance's streams, and the route that each is served on (Binance API documentation, 2026-11)."""

import re
from typing import Final

from msgspec import Struct

ROUTES: Final = ("public", "market", "private")
"""Routes of the futures' streams; spot has one for all."""

CANDLES: Final = {"1s": 1000, "1m": 60_000, "3m": 180_000, "5m": 300_000, "15m": 900_000, "30m": 1_800_000,
                  "1h": 3_600_000, "4h": 14_400_000, "1d": 86_400_000}  # fmt: skip
"""Lengths in ms of the candles that are streamed."""

_NAME: Final = re.compile(
    r"(?:(?P<symbol>[a-z0-9_]+)|(?P<all>!))(?:@)?(?P<kind>bookTicker|depth|rpiDepth|aggTrade|trade|markPrice|kline_|"
    r"miniTicker|ticker|contractInfo|forceOrder)(?P<rest>[A-Za-z0-9@]*)"
)
_PUBLIC: Final = frozenset({"bookTicker", "depth", "partial"})


class Stream(Struct, frozen=True):
    """A stream that is served.

    Attributes:
        name: Its name, as subscribed.
        kind: bookTicker, depth, partial, aggTrade, trade, markPrice, kline, ticker, miniTicker, contractInfo,
            forceOrder.
        symbol: In lower case; empty for all markets.
        every: Milliseconds between two messages; 0 for real time.
        option: Levels of a partial book, or length of a candle in ms.
        interval: Name of that length.
    """

    name: str
    kind: str
    symbol: str
    every: int = 0
    option: int = 0
    interval: str = ""

    @property
    def route(self) -> str:
        """The futures' route that serves it."""
        return "public" if self.kind in _PUBLIC else "market"

    @property
    def label(self) -> str:
        """What follows the symbol in its name: what patterns of faults are compared with."""
        return self.name.partition("@")[2] or self.name


def parse(name: str, venue: str) -> Stream | None:
    """Return a stream by its name; None where the venue has none of that name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    symbol, kind, rest = match["symbol"] or "", match["kind"], match["rest"]
    if (name.startswith("!") and "@" in name.split(kind, maxsplit=1)[0]) or (symbol and f"{symbol}@" not in name):
        return None
    if kind == "rpiDepth":
        return Stream(name, "depth", symbol, 500) if venue == "usdm" and rest == "@500ms" and symbol else None
    if kind == "depth":
        return _depth(name, symbol, rest, venue) if symbol else None
    if kind == "kline_":
        return Stream(name, "kline", symbol, 250, CANDLES[rest], rest) if symbol and rest in CANDLES else None
    return _plain(name, kind, symbol, rest, venue)


def _depth(name: str, symbol: str, rest: str, venue: str) -> Stream | None:
    match = re.fullmatch(r"(5|10|20)?(?:@(100|250|500|1000)ms)?", rest)
    if match is None:
        return None
    usual = 250 if venue == "usdm" else 1000
    every = int(match[2] or usual)
    if every not in ({100, 250, 500} if venue == "usdm" else {100, 1000}):
        return None
    return Stream(name, "partial" if match[1] else "depth", symbol, every, int(match[1] or 0))


def _plain(name: str, kind: str, symbol: str, rest: str, venue: str) -> Stream | None:
    usdm = venue == "usdm"
    if kind == "markPrice":
        array = "" if symbol else "@arr"
        every = {array: 3000, f"{array}@1s": 1000}.get(rest)
        return Stream(name, kind, symbol, every) if usdm and every else None
    if kind == "bookTicker":
        return Stream(name, kind, symbol, 0 if symbol else 5000) if not rest and (symbol or usdm) else None
    if kind in {"ticker", "miniTicker"}:
        return (
            Stream(name, kind, symbol, 1000 if not usdm or not symbol else 500)
            if rest == ("" if symbol else "@arr")
            else None
        )
    if kind in {"contractInfo", "forceOrder"}:
        return Stream(name, kind, symbol) if usdm and rest in {"", "@arr"} else None
    served = symbol and not rest and (kind == "aggTrade" or not usdm)
    return Stream(name, kind, symbol) if served else None
