"""Replies of Upbit's quotation interface. Source: Upbit developer centre, REST, 2026-11."""

from decimal import Decimal
from typing import Final

import msgspec

from arbcore.net.request import Reply
from arbcore_exchange_upbit.protocol.decoding import Millis, Price, decode, unreadable
from arbcore_exchange_upbit.protocol.ladders import Unit
from arbcore_exchange_upbit.protocol.refusals import check


class MarketEvent(msgspec.Struct):
    """Warnings of a market: one general, and one per kind of caution, whose kinds change."""

    warning: bool = False
    caution: dict[str, bool] = {}


class Market(msgspec.Struct):
    """One market of the listing."""

    market: str
    market_event: MarketEvent = msgspec.field(default_factory=MarketEvent)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The venue's names of the warnings in force, in lower case, sorted."""
        names = {name.lower() for name, on in self.market_event.caution.items() if on}
        return tuple(sorted(names | ({"warning"} if self.market_event.warning else set())))


class Orderbook(msgspec.Struct):
    """A book; `timestamp` is the time of its last change."""

    market: str
    timestamp: Millis
    orderbook_units: list[Unit]


class OrderbookInstrument(msgspec.Struct):
    """The tick size of a market at its current price."""

    market: str
    tick_size: Decimal


class Ticker(msgspec.Struct):
    """The last price of a market."""

    market: str
    trade_price: Price


_LEAST_TICK: Final = Decimal("1e-18")
_LARGEST_TICK: Final = Decimal("1e12")

_MARKETS: Final = msgspec.json.Decoder(list[Market])
_ORDERBOOKS: Final = msgspec.json.Decoder(list[Orderbook])
_INSTRUMENTS: Final = msgspec.json.Decoder(list[OrderbookInstrument])
_TICKERS: Final = msgspec.json.Decoder(list[Ticker])


def read_markets(reply: Reply) -> list[Market]:
    """Return every market.

    Raises:
        ExchangeError: The venue refused, or this is no listing.
    """
    found = decode(_MARKETS, check(reply, "market/all"), "a listing")
    if not found:
        raise unreadable("a listing", "it lists no market")
    return found


def read_orderbooks(reply: Reply) -> list[Orderbook]:
    """Return books.

    Raises:
        ExchangeError: The venue refused, or these are no books.
    """
    return decode(_ORDERBOOKS, check(reply, "orderbook"), "books")


def read_orderbook_instruments(reply: Reply) -> list[OrderbookInstrument]:
    """Return tick sizes.

    Raises:
        ExchangeError: The venue refused, or these are no positive tick sizes.
    """
    found = decode(_INSTRUMENTS, check(reply, "orderbook/instruments"), "tick sizes")
    for one in found:
        if not (one.tick_size.is_finite() and _LEAST_TICK <= one.tick_size <= _LARGEST_TICK):
            raise unreadable("tick sizes", f"{one.market} has {one.tick_size}")
    return found


def read_tickers(reply: Reply) -> list[Ticker]:
    """Return last prices.

    Raises:
        ExchangeError: The venue refused, or these are no prices.
    """
    return decode(_TICKERS, check(reply, "ticker"), "tickers")
