"""The matching desk of the faulty exchange: takes orders against the touch, or as a fault wants it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.model.grid import Rounding, on_grid, to_grid
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.market import Quote
from arbcore.model.money import ZERO, add, multiply, subtract
from arbcore.model.order import (
    TERMINAL,
    Fill,
    Liquidity,
    OrderOrigin,
    OrderReport,
    OrderRequest,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from arbcore.model.reason import Reason
from arbcore.testing.faulty.ledger import TrueLedger

News = OrderReport | Fill
"""What the desk says of an order."""


class Way(Struct, frozen=True, kw_only=True):
    """How an order is worked on.

    Attributes:
        share: Largest part of it that fills now.
        quantity: Largest quantity that fills now; None for no other bound.
        pieces: Fills into which that is split.
        held: Whether it waits for a cancel.
        prevented: Whether it ends because it would trade with an order of the same account.
    """

    share: Decimal = Decimal(1)
    quantity: Decimal | None = None
    pieces: int = 1
    held: bool = False
    prevented: bool = False


PLAIN: Final = Way()
"""Without a fault."""


class VenueOrder:
    """An order as the venue keeps it."""

    __slots__ = ("fills", "held", "id", "origin", "reason", "request", "state", "taken_at")

    def __init__(self, request: OrderRequest, number: int, now: int, origin: OrderOrigin) -> None:
        self.request: Final = request
        self.id: Final = f"v{number}"
        self.taken_at: Final = now
        self.origin: Final = origin
        self.state = OrderState.ACKNOWLEDGED
        self.reason = ""
        self.held = False
        self.fills: Final[list[Fill]] = []

    @property
    def filled(self) -> Decimal:
        """Quantity that filled."""
        return sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def left(self) -> Decimal:
        """Quantity that has not filled."""
        return subtract(self.request.quantity, self.filled)

    @property
    def open(self) -> bool:
        """Whether it may still fill."""
        return self.state not in TERMINAL

    def report(self, now: int) -> OrderReport:
        """Return what the venue says of it."""
        return OrderReport(
            client_order_id=self.request.client_order_id,
            state=self.state,
            venue_order_id=self.id,
            filled=self.filled,
            reason=self.reason,
            instrument=self.request.instrument,
            origin=self.origin,
            ts=now,
            recv_ts=now,
        )


class Desk:
    """Orders of one account.

    Args:
        instruments: What is listed, by key.
        ledger: Where fills are booked.

    Attributes:
        orders: Every order that was taken or refused, by our id of it.
        reducing_only: Whether orders that do not reduce are refused: margin runs out.
    """

    def __init__(self, instruments: Mapping[str, Instrument], ledger: TrueLedger) -> None:
        self._instruments: Final = instruments
        self._ledger: Final = ledger
        self._quotes: Final[dict[str, Quote]] = {}
        self._number = 0
        self.orders: Final[dict[str, VenueOrder]] = {}
        self.reducing_only = False

    def quote(self, quote: Quote, now: int) -> list[News]:
        """Take a touch; orders that rest fill where it crosses them."""
        self._quotes[quote.instrument] = quote
        news: list[News] = []
        for order in self.resting():
            if order.request.instrument == quote.instrument and not order.held:
                news += self._match(order, PLAIN, now, Liquidity.MAKER)
        return news

    def resting(self) -> list[VenueOrder]:
        """Return the orders that are open."""
        return [order for order in self.orders.values() if order.open]

    def refusal(self, request: OrderRequest) -> str:
        """Return why the venue would refuse an order by its own rules, empty where it takes it."""
        instrument = self._instruments[request.instrument]
        price = request.price if request.price is not None else self._touch(request) or ZERO
        if request.client_order_id in self.orders:
            return Reason.ORDER_DUPLICATE_ID
        if not (on_grid(request.quantity, instrument.lot) and (not price or instrument.ticks.holds(price))):
            return Reason.ORDER_OFF_GRID
        value = multiply(multiply(request.quantity, instrument.contract_size), price)
        small = value < instrument.min_notional and not request.reduce_only
        if request.quantity < instrument.min_quantity or small:
            return Reason.ORDER_BELOW_MINIMUM
        if instrument.kind is InstrumentKind.SPOT:
            return self._short(instrument, request, value)
        return self._unmargined(request)

    def take(
        self, request: OrderRequest, now: int, way: Way = PLAIN, origin: OrderOrigin = OrderOrigin.OURS
    ) -> list[News]:
        """Take an order in; return its news, the acknowledgement first and the end last."""
        order = self._enter(request, now, origin)
        news: list[News] = [order.report(now)]
        order.held = way.held
        if way.prevented:
            news.append(self._end(order, OrderState.EXPIRED, Reason.ORDER_SELF_MATCH, now))
        elif request.time_in_force is TimeInForce.POST_ONLY and self._crosses(request):
            news.append(self._end(order, OrderState.EXPIRED, Reason.ORDER_WOULD_TAKE, now))
        elif not way.held:
            news += self._match(order, way, now)
            if order.open and request.time_in_force in {TimeInForce.IOC, TimeInForce.FOK}:
                reason = "" if order.fills else Reason.ORDER_NO_LIQUIDITY
                news.append(self._end(order, OrderState.EXPIRED, reason, now))
        return news

    def refuse(self, request: OrderRequest, reason: str, now: int) -> OrderReport:
        """Refuse an order; the venue keeps nothing of it."""
        return OrderReport(
            client_order_id=request.client_order_id, state=OrderState.REJECTED, reason=reason, ts=now, recv_ts=now
        )

    def fill_held(self, order: VenueOrder, share: Decimal, now: int) -> list[News]:
        """Let an order that was held fill at the touch."""
        order.held = False
        return self._match(order, Way(share=share), now)

    def cancel(self, order: VenueOrder, now: int) -> OrderReport:
        """Cancel an open order."""
        return self._end(order, OrderState.CANCELLED, Reason.ORDER_CANCELLED, now)

    def take_off(self, key: str, share: Decimal, origin: OrderOrigin, now: int) -> list[News]:
        """Close a share of a position by an order of the venue's own."""
        position = self._ledger.position(key)
        quantity = to_grid(multiply(abs(position), share), self._instruments[key].lot, Rounding.DOWN)
        if not quantity:
            return []
        request = OrderRequest(
            client_order_id=f"{origin}-{self._number}",
            instrument=key,
            side=Side.SELL if position > 0 else Side.BUY,
            type=OrderType.MARKET,
            quantity=quantity,
            reduce_only=True,
        )
        return self.take(request, now, origin=origin)

    def _enter(self, request: OrderRequest, now: int, origin: OrderOrigin) -> VenueOrder:
        self._number += 1
        order = VenueOrder(request, self._number, now, origin)
        self.orders[request.client_order_id] = order
        return order

    def _match(self, order: VenueOrder, way: Way, now: int, liquidity: Liquidity = Liquidity.TAKER) -> list[News]:
        """Fill what the touch offers within the limit; the news end with the order's state where it changed."""
        request, instrument = order.request, self._instruments[order.request.instrument]
        if not self._crosses(request):
            return []
        price = request.price if liquidity is Liquidity.MAKER else self._touch(request)
        quantity = min(order.left, self._bound(order), way.quantity or order.left)
        quantity = to_grid(multiply(quantity, way.share), instrument.lot, Rounding.DOWN)
        if price is None or not quantity:
            return []
        fills = [self._fill(order, part, price, liquidity, now) for part in _pieces(quantity, way.pieces, instrument)]
        order.state = OrderState.PARTIALLY_FILLED if order.left else OrderState.FILLED
        return [*fills, order.report(now)]

    def _bound(self, order: VenueOrder) -> Decimal:
        """Return what may fill at most: what the touch offers and, where an order only reduces, what there is."""
        if order.origin is not OrderOrigin.OURS:
            return order.left  # one of the venue's own finds its counterpart
        offered, request = self._offered(order.request), order.request
        if not request.reduce_only:
            return offered
        return min(offered, max(self._ledger.position(request.instrument) * -request.side.sign, ZERO))

    def _fill(self, order: VenueOrder, quantity: Decimal, price: Decimal, liquidity: Liquidity, now: int) -> Fill:
        request, instrument = order.request, self._instruments[order.request.instrument]
        value = multiply(multiply(quantity, instrument.contract_size), price)
        rate = instrument.fees.maker if liquidity is Liquidity.MAKER else instrument.fees.taker
        currency = instrument.fees.currency or instrument.settlement
        base = multiply(quantity, instrument.unit) if currency == instrument.base else value
        fill = Fill(
            fill_id=f"{order.id}-{len(order.fills)}",
            client_order_id=request.client_order_id,
            instrument=request.instrument,
            side=request.side,
            quantity=quantity,
            price=price,
            fee=multiply(base, rate),
            fee_currency=currency,
            liquidity=liquidity,
            venue_order_id=order.id,
            origin=order.origin,
            ts=now,
            recv_ts=now,
        )
        order.fills.append(fill)
        self._ledger.book(instrument, fill)
        return fill

    def _end(self, order: VenueOrder, state: OrderState, reason: str, now: int) -> OrderReport:
        order.state, order.reason = state, reason
        return order.report(now)

    def _touch(self, request: OrderRequest) -> Decimal | None:
        quote, instrument = self._quotes.get(request.instrument), self._instruments[request.instrument]
        if quote is None:
            return None
        if request.side is Side.BUY:
            return instrument.ticks.place(quote.ask, Rounding.UP)
        return instrument.ticks.place(quote.bid, Rounding.DOWN)

    def _offered(self, request: OrderRequest) -> Decimal:
        quote, instrument = self._quotes[request.instrument], self._instruments[request.instrument]
        size = quote.ask_size if request.side is Side.BUY else quote.bid_size
        return to_grid(size, instrument.lot, Rounding.DOWN)

    def _crosses(self, request: OrderRequest) -> bool:
        touch = self._touch(request)
        if touch is None or request.price is None:
            return touch is not None
        return (request.price - touch) * request.side.sign >= 0

    def _short(self, instrument: Instrument, request: OrderRequest, value: Decimal) -> str:
        """Tell whether the account lacks what a spot order needs."""
        if request.side is Side.SELL:
            needed, currency = multiply(request.quantity, instrument.unit), instrument.base
        else:
            needed, currency = add(value, multiply(value, instrument.fees.taker)), instrument.quote
        return Reason.ORDER_INSUFFICIENT_BALANCE if needed > self._ledger.cash.get(currency, ZERO) else ""

    def _unmargined(self, request: OrderRequest) -> str:
        position = self._ledger.position(request.instrument)
        reduces = position * request.side.sign < 0 and request.quantity <= abs(position)
        if request.reduce_only and not position * request.side.sign < 0:
            return Reason.ORDER_NOTHING_TO_REDUCE
        return Reason.ORDER_INSUFFICIENT_BALANCE if self.reducing_only and not reduces else ""


def _pieces(quantity: Decimal, number: int, instrument: Instrument) -> Sequence[Decimal]:
    """Cut a quantity into parts on the lot grid; the last one takes what rounding left."""
    part = to_grid(quantity / number, instrument.lot, Rounding.DOWN)
    if not part:
        return [quantity]
    return [part] * (number - 1) + [subtract(quantity, multiply(part, Decimal(number - 1)))]
