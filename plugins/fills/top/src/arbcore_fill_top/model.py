"""The model: the touch as it was received, and what orders have taken from it."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from arbcore.errors import DataError
from arbcore.model.instrument import Instrument
from arbcore.model.market import (
    Book,
    BookInvalid,
    ClosingQuote,
    FundingRate,
    FxRate,
    MarketInput,
    MarkPrice,
    OpeningQuote,
    PublicTrade,
    Quote,
)
from arbcore.model.money import EXACT
from arbcore.model.order import Liquidity, OrderRequest, OrderType, Side, TimeInForce
from arbcore.ports.fill import Execution
from arbcore_fill_top.bars import Bar
from arbcore_fill_top.level import Level, Levels, best_of, is_sound, no_quote, reaches
from arbcore_fill_top.resting import Resting, RestingOrders

_NOTHING: tuple[Execution, ...] = ()


class _State(msgspec.Struct):
    instruments: list[Instrument]
    touches: list[Quote]
    levels: list[Levels]
    bars: dict[str, Bar]
    resting: list[Resting]
    printed: list[str]


class TopFill:
    """A `arbcore.ports.fill.FillModel` of the best level; its conventions are in the README.

    It reads quotes, the best level of books, and bars. Trades, marks, funding and rates move no touch and are passed
    over; an order for an instrument of which only trades are known raises.
    """

    def __init__(self) -> None:
        self._instruments: dict[str, Instrument] = {}
        self._touches: dict[str, Quote] = {}
        self._levels: dict[str, Levels] = {}
        self._bars: dict[str, Bar] = {}
        self._resting = RestingOrders()
        self._printed: set[str] = set()
        # Instruments whose quotes mean more than a new touch: with bars or resting orders.
        self._watched: set[str] = set()

    def list_instrument(self, instrument: Instrument) -> None:
        """Make an instrument known; a second listing replaces the first."""
        self._instruments[instrument.key] = instrument

    def on_market(self, item: MarketInput) -> Sequence[Execution]:
        """Take one item of market data; return executions of resting orders.

        Raises:
            DataError: The kind of data is not one that this model knows.
        """
        # Called for every quote of a session: one assignment where no order rests.
        if type(item) is Quote and item.instrument not in self._watched:
            self._touches[item.instrument] = item
            return _NOTHING
        return self._take_in(item)

    def watches(self, instrument: str) -> bool:
        """Tell whether an order rests there or bars drive it; otherwise only the latest touch counts."""
        return instrument in self._watched

    def execute(self, order: OrderRequest, quantity: Decimal, now: int) -> Sequence[Execution] | None:
        """Match an arriving order against the touch; see `arbcore.ports.fill.FillModel.execute`.

        Raises:
            DataError: The instrument is not listed, or only trades of it were ever delivered.
        """
        instrument = self._instrument(order)
        if order.time_in_force is TimeInForce.POST_ONLY:
            return _NOTHING
        bar = self._bars.get(order.instrument)
        if bar is not None and bar.open_at != now:
            return _NOTHING if bar.broken else None
        level = self._facing(instrument, order.side)
        if level is None or (order.type is OrderType.LIMIT and not reaches(order, level.price)):
            return _NOTHING
        taken = min(level.left, quantity)
        if not taken or (taken < quantity and order.time_in_force is TimeInForce.FOK):
            return _NOTHING
        level.left = EXACT.subtract(level.left, taken)
        return (Execution(order.client_order_id, level.price, taken, Liquidity.TAKER),)

    def rest(self, order: OrderRequest, quantity: Decimal, now: int) -> None:
        """Leave the rest of a limit order in the book.

        Raises:
            DataError: The order has no price to rest at.
        """
        instrument = self._instrument(order)
        if order.price is None:
            raise DataError(
                f"fill model top: {order.client_order_id} on {instrument.key} has no price to rest at",
                "send a market order as IOC or FOK",
            )
        self._resting.add(order, order.price, quantity)
        self._watched.add(instrument.key)

    def remove(self, client_order_id: str) -> None:
        """Take an order out of the book; unknown ids are ignored."""
        instrument = self._resting.remove(client_order_id)
        if instrument is not None and instrument not in self._resting and instrument not in self._bars:
            self._watched.discard(instrument)

    def touch(self, instrument: str) -> tuple[float, float] | None:
        """Return best bid and ask; None before the first, after a gap, and where they are crossed or no numbers."""
        quote = self._touches.get(instrument)
        return (quote.bid, quote.ask) if quote is not None and is_sound(quote) else None

    def state(self) -> bytes:
        """Return instruments, touches with what is left of them, bars and resting orders."""
        return msgspec.msgpack.encode(
            _State(
                list(self._instruments.values()),
                list(self._touches.values()),
                [levels for key, levels in self._levels.items() if levels.quote is self._touches.get(key)],
                self._bars,
                list(self._resting),
                sorted(self._printed),
            )
        )

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        read = msgspec.msgpack.decode(state, type=_State)
        self._instruments = {one.key: one for one in read.instruments}
        self._touches = {one.instrument: one for one in read.touches}
        self._levels = {one.quote.instrument: one for one in read.levels}
        for key, levels in self._levels.items():
            levels.quote = self._touches[key]
        self._bars, self._printed = read.bars, set(read.printed)
        self._resting = RestingOrders(read.resting)
        self._watched = {one.order.instrument for one in read.resting} | set(self._bars)

    def _take_in(self, item: MarketInput) -> Sequence[Execution]:
        if isinstance(item, Quote | Book):
            if self._bars.pop(item.instrument, None) is not None and item.instrument not in self._resting:
                self._watched.discard(item.instrument)
            return self._move_touch(item if isinstance(item, Quote) else best_of(item))
        if isinstance(item, ClosingQuote | OpeningQuote):
            return self._on_bar(item)
        if isinstance(item, BookInvalid):
            self._invalidate(item)
        elif isinstance(item, PublicTrade):
            self._printed.add(item.instrument)
        elif not isinstance(item, MarkPrice | FundingRate | FxRate):
            raise DataError(
                f"fill model top: it can't read market data of type {type(item).__name__}",
                "use quotes, books or bars, or a fill model that reads this kind",
            )
        return _NOTHING

    def _on_bar(self, item: ClosingQuote | OpeningQuote) -> Sequence[Execution]:
        bar = self._bars.setdefault(item.instrument, Bar())
        self._watched.add(item.instrument)
        quote = Quote(item.instrument, item.ts, item.recv_ts, item.bid, item.ask, item.bid_size, item.ask_size)
        if isinstance(item, ClosingQuote):
            bar.close(item.ts)
            self._touches[item.instrument] = quote
        elif bar.open(item):
            return self._move_touch(quote)
        else:
            self._touches[item.instrument] = no_quote(item.instrument, item.ts, item.recv_ts)
        return _NOTHING

    def _invalidate(self, item: BookInvalid) -> None:
        self._touches[item.instrument] = no_quote(item.instrument, item.ts, item.recv_ts)
        bar = self._bars.get(item.instrument)
        if bar is not None:
            bar.invalidate()

    def _move_touch(self, quote: Quote) -> Sequence[Execution]:
        """Set a touch and fill the resting orders whose price it went through."""
        self._touches[quote.instrument] = quote
        if quote.instrument not in self._resting:
            return _NOTHING
        executions = []
        for resting in self._resting.of(quote.instrument):
            level = self._facing(self._instruments[quote.instrument], resting.order.side)
            if level is None or not level.left or not resting.is_through(level.price):
                continue
            taken = min(level.left, resting.left)
            level.left = EXACT.subtract(level.left, taken)
            resting.left = EXACT.subtract(resting.left, taken)
            executions.append(Execution(resting.order.client_order_id, resting.price, taken, Liquidity.MAKER))
            if not resting.left:
                self.remove(resting.order.client_order_id)
        return executions

    def _facing(self, instrument: Instrument, side: Side) -> Level | None:
        key = instrument.key
        quote = self._touches.get(key)
        if quote is None:
            return None
        levels = self._levels.get(key)
        if levels is None or levels.quote is not quote:
            levels = self._levels[key] = Levels(quote)
        return levels.facing(side, instrument)

    def _instrument(self, order: OrderRequest) -> Instrument:
        instrument = self._instruments.get(order.instrument)
        if instrument is None:
            raise DataError(f"fill model top: {order.instrument} is not listed", "list it before its first order")
        if order.instrument in self._printed and order.instrument not in self._touches:
            raise DataError(
                f"fill model top: {order.instrument} has public trades and no quotes, books or bars",
                "add such data, or use a fill model that fills on trades",
            )
        return instrument
