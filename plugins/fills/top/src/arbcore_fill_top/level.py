"""The best level of one side, on the grid: what an order may take from a quote, and what is left of it."""

from decimal import Decimal
from math import inf, nan

from msgspec import Struct

from arbcore.errors import DataError
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.instrument import Instrument
from arbcore.model.market import Book, Quote
from arbcore.model.order import OrderRequest, Side


class Level(Struct):
    """What an arriving order may take.

    Attributes:
        price: Touch on the price grid, rounded against the taker.
        left: Displayed size on the lot grid, rounded down, minus what orders have taken since.
    """

    price: Decimal
    left: Decimal


class Levels(Struct):
    """Both levels of one quote, each made when an order first asks for it.

    Attributes:
        quote: The quote that they belong to; another quote makes them void.
        buy: What a buyer may take: the ask.
        sell: What a seller may take: the bid.
    """

    quote: Quote
    buy: Level | None = None
    sell: Level | None = None

    def facing(self, side: Side, instrument: Instrument) -> Level | None:
        """Return the level that an order of a side meets, None where the quote offers none."""
        if side is Side.BUY:
            if self.buy is None:
                self.buy = _level(instrument, self.quote, side)
            return self.buy
        if self.sell is None:
            self.sell = _level(instrument, self.quote, side)
        return self.sell


def is_sound(quote: Quote) -> bool:
    """Tell whether both prices are finite, positive and uncrossed; NaN fails every comparison."""
    return 0.0 < quote.bid < quote.ask < inf


def _level(instrument: Instrument, quote: Quote, side: Side) -> Level | None:
    """Round price and size against the taker."""
    if not is_sound(quote):
        return None
    size = quote.ask_size if side is Side.BUY else quote.bid_size
    if not 0.0 < size < inf:
        return None
    ticks = instrument.ticks
    placed = ticks.place(quote.ask, Rounding.UP) if side is Side.BUY else ticks.place(quote.bid, Rounding.DOWN)
    # A bid under the first tick rounds to nothing, and nobody sells for nothing.
    return Level(placed, to_grid(size, instrument.lot, Rounding.DOWN)) if placed > 0 else None


def reaches(order: OrderRequest, price: Decimal) -> bool:
    """Tell whether a limit order may take at a price.

    Raises:
        DataError: The order has no price.
    """
    if order.price is None:
        raise DataError(f"fill model top: limit order {order.client_order_id} has no price", "set its worst price")
    return order.price >= price if order.side is Side.BUY else order.price <= price


def best_of(book: Book) -> Quote:
    """Return the best level of a book as a quote; a missing side has no price and no size."""
    bid, bid_size = book.bids[0] if book.bids else (nan, 0.0)
    ask, ask_size = book.asks[0] if book.asks else (nan, 0.0)
    return Quote(book.instrument, book.ts, book.recv_ts, bid, ask, bid_size, ask_size)


def no_quote(instrument: str, ts: int, recv_ts: int) -> Quote:
    """Return a quote at which nothing can be taken: there was a market and it can't be trusted now."""
    return Quote(instrument, ts, recv_ts, nan, nan, 0.0, 0.0)
