"""A pure simulated venue as a real one: `arbcore.ports.trading.Venue` around a `SimVenue`, for suites and tests."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Self

import anyio
from msgspec import Struct
from msgspec.structs import replace

from arbcore.errors import ExchangeRefused, ExchangeUnavailable
from arbcore.model.account import AccountFacts, AccountUpdate, BalanceUpdate, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot, ConnectionChanged, VenueReport
from arbcore.model.instrument import Instrument
from arbcore.model.market import MarketInput
from arbcore.model.order import (
    TERMINAL,
    Amendment,
    Fill,
    OrderOrigin,
    OrderRef,
    OrderReport,
    OrderRequest,
    OrderState,
)
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore.ports.trading import OrderNews, TakeItem
from arbcore.ports.venue import SimVenue
from arbcore.testing.simulated_line import Line


class Order(Struct):
    """An order that the simulated venue took.

    Attributes:
        request: The order.
        origin: Who placed it.
        latest: Its latest report.
        fills: Its fills.
        placed: When it was placed.
    """

    request: OrderRequest
    origin: OrderOrigin
    latest: OrderReport
    fills: list[Fill]
    placed: int


class SimulatedExchange:
    """The far side: a `SimVenue` with the account's orders, whoever asks. Its time moves with what happens.

    Args:
        venue: The simulated venue; every instrument is listed there already.
        instruments: What it lists.

    Attributes:
        orders: Every order that it ever took, by client id.
        log: Reports and fills in the order in which they happened.
        line: The line to it.
        listeners: Called with every event of the user stream.
    """

    def __init__(self, venue: SimVenue, instruments: Iterable[Instrument]) -> None:
        self.instruments = {one.key: one for one in instruments}
        self.orders: dict[str, Order] = {}
        self.taken: list[str] = []
        self.log: list[OrderNews] = []
        self.line = Line()
        self.listeners: list[TakeItem] = []
        self._venue = venue
        self._now = 2

    def now(self) -> int:
        """Return the time, which moves on by each look."""
        self._now += 1
        return self._now

    def market(self, item: MarketInput) -> None:
        """Let the market move."""
        self._now = max(self._now, item.recv_ts)
        self._take(self._venue.on_market(item))

    def submit(self, request: OrderRequest, origin: OrderOrigin = OrderOrigin.OURS) -> OrderReport:
        """Take an order; return what becomes of it at once.

        Raises:
            ExchangeRefused: It is refused.
        """
        now = self.now()
        known = request.client_order_id in self.orders
        news = [*self._venue.submit(request, now), *self._due()]
        first = next(
            one for one in news if isinstance(one, OrderReport) and one.client_order_id == request.client_order_id
        )
        if known or first.state is OrderState.REJECTED:
            raise ExchangeRefused(f"sim: {first.detail or first.reason}", reason=first.reason or Reason.ORDER_REFUSED)
        self.orders[request.client_order_id] = Order(request, origin, first, [], now)
        self.taken.append(request.client_order_id)
        self._take(news)
        return replace(first, instrument=request.instrument, origin=origin)

    def cancel(self, client_order_id: str) -> None:
        """Cancel an order.

        Raises:
            ExchangeRefused: No such order is open.
        """
        if self.line.before_cancel is not None:
            fill, self.line.before_cancel = self.line.before_cancel, None
            fill()
        order = self.orders.get(client_order_id)
        if order is None or order.latest.state in TERMINAL:
            raise ExchangeRefused(f"sim: {client_order_id} is not open", reason=Reason.ORDER_UNKNOWN)
        self._take([*self._venue.cancel(client_order_id, self.now()), *self._due()])

    def snapshot(self) -> AccountSnapshot:
        """Return balances and positions."""
        return self._venue.snapshot(self.now())

    def find(self, name: OrderRef) -> Order | None:
        """Return an order by either of its ids."""
        if name.client_order_id:
            return self.orders.get(name.client_order_id)
        return next((one for one in self.orders.values() if one.latest.venue_order_id == name.venue_order_id), None)

    def _due(self) -> list[VenueReport]:
        """Let everything arrive that is on its way."""
        found: list[VenueReport] = []
        while (due := self._venue.next_time()) is not None:
            self._now = max(self._now, due)
            found.extend(self._venue.advance(due))
        return found

    def _take(self, news: Iterable[VenueReport]) -> None:
        for one in news:
            told = self._noted(one) if isinstance(one, OrderReport | Fill) else one
            if told is not None:
                self._tell(told)
        balances = tuple(
            BalanceUpdate(currency=one.currency, total=one.total, locked=one.locked) for one in self.snapshot().balances
        )
        at = self._now
        self._tell(AccountUpdate(venue=self.snapshot().venue, balances=balances, ts=at, recv_ts=at))

    def _noted(self, one: OrderNews) -> OrderNews | None:
        order = self.orders.get(one.client_order_id)
        if order is None:
            return None
        told = replace(one, instrument=order.request.instrument, origin=order.origin)
        if isinstance(told, Fill):
            told = replace(told, venue_order_id=order.latest.venue_order_id)
            order.fills.append(told)
        else:
            if told.state is OrderState.CANCELLED and not told.reason:
                told = replace(told, reason=Reason.ORDER_CANCELLED)
            order.latest = told
        self.log.append(told)
        return told

    def _tell(self, item: OrderNews | AccountUpdate | AccountSnapshot | VenueReport) -> None:
        if not self.line.is_up or self.line.is_silent:
            return
        for listener in list(self.listeners):
            for _ in range(self.line.copies):
                listener(item)


class SimulatedVenue:
    """A `arbcore.ports.trading.Venue` on a `SimulatedExchange`. It is honest: the suite of real venues passes on it.

    Args:
        exchange: The far side.
    """

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._exchange = exchange
        self._line = exchange.line
        self._report: TakeItem | None = None
        self._told: dict[tuple[object, ...], None] = {}

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""

    async def run(self, instruments: Sequence[str], report: TakeItem) -> None:
        """Report orders, fills and balances; after a cut, first what it hid."""
        self._report = report
        # What happened before belongs to the past, apart from orders that are still open.
        for one in self._exchange.log:
            self._told[_key(one)] = None
        self._exchange.listeners.append(self._hear)
        try:
            self._state(ConnectionState.CONNECTING)
            self._open()
            while True:
                await self._line.changed.wait()
                self._state(ConnectionState.RECONNECTING)
                while not self._line.is_up:
                    await self._line.changed.wait()
                self._open()
        finally:
            self._exchange.listeners.remove(self._hear)
            self._report = None

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order."""
        if order.expires_at and self._exchange.now() > order.expires_at:
            raise ExchangeUnavailable(f"sim: {order.client_order_id} was not sent: its time was over")
        await self._line.there("place")
        with self._on_its_way():
            answer = self._exchange.submit(order)
            await self._line.back("place")
        return answer

    async def cancel(self, order: OrderRef) -> None:
        """Ask for a cancel."""
        await self._line.there("cancel")
        known = self._exchange.find(order)
        with self._on_its_way():
            self._exchange.cancel(known.request.client_order_id if known else order.client_order_id)
            await self._line.back("cancel")

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Refuse: simulated venues change no orders."""
        raise ExchangeRefused("sim: orders can't be changed", "cancel and place anew", reason=Reason.ORDER_UNSUPPORTED)

    async def cancel_all(self, instrument: str) -> None:
        """Cancel every open order of an instrument."""
        await self._line.there("cancel_all")
        for order in self._open_of(instrument):
            self._exchange.cancel(order.request.client_order_id)

    async def look_up(self, order: OrderRef) -> Sequence[OrderNews]:
        """Return the order's report and fills."""
        await anyio.lowlevel.checkpoint()
        known = self._exchange.find(order)
        return [] if known is None else [known.latest, *known.fills]

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        """Return the open orders."""
        await anyio.lowlevel.checkpoint()
        return [_listed(order) for order in self._open_of(instrument)]

    async def history(self, instrument: str, since: int) -> Sequence[OrderNews]:
        """Return ended orders and fills since a time."""
        await anyio.lowlevel.checkpoint()
        return [
            one
            for one in self._exchange.log
            if one.instrument == instrument and one.ts >= since and (isinstance(one, Fill) or one.state in TERMINAL)
        ]

    async def snapshot(self) -> AccountSnapshot:
        """Return balances and positions."""
        await anyio.lowlevel.checkpoint()
        return self._exchange.snapshot()

    async def terms(self, instrument: str) -> TradingTerms:
        """Return the instrument's own terms."""
        await anyio.lowlevel.checkpoint()
        one = self._exchange.instruments.get(instrument)
        if one is None:
            raise ExchangeRefused(f"sim: {instrument} is not listed", reason=Reason.ORDER_UNKNOWN_INSTRUMENT)
        return TradingTerms(
            instrument=one.key, maker=one.fees.maker, taker=one.fees.taker, min_notional=one.min_notional
        )

    async def facts(self) -> AccountFacts:
        """Return that the account may trade."""
        await anyio.lowlevel.checkpoint()
        return AccountFacts(can_trade=True, can_withdraw=False)

    def _on_its_way(self) -> anyio.CancelScope:
        """Shield what was sent: its answer is read, whoever still waits for it."""
        return anyio.CancelScope(shield=True)

    def _open(self) -> None:
        for one in self._exchange.log:
            self._hear(one)
        self._state(ConnectionState.CONNECTED)
        if self._report is not None:
            self._report(self._exchange.snapshot())

    def _hear(self, item: object) -> None:
        """Take an event, unless it is known."""
        if isinstance(item, OrderReport | Fill):
            if _key(item) in self._told:
                return
            self._told[_key(item)] = None
        if self._report is not None:
            self._report(item)  # type: ignore[arg-type]  # whatever the exchange tells is an item

    def _open_of(self, instrument: str) -> list[Order]:
        return [
            one
            for one in self._exchange.orders.values()
            if one.latest.state not in TERMINAL and instrument in {"", one.request.instrument}
        ]

    def _state(self, state: ConnectionState) -> None:
        if self._report is not None:
            at, venue = self._exchange.now(), self._exchange.snapshot().venue
            self._report(ConnectionChanged(venue=venue, connection="user", state=state, recv_ts=at))


def _key(one: OrderNews) -> tuple[object, ...]:
    """Return what makes an event the same one when it comes again."""
    if isinstance(one, Fill):
        return ("fill", one.fill_id)
    return ("report", one.client_order_id, one.state, one.filled)


def _listed(order: Order) -> OpenOrder:
    request = order.request
    return OpenOrder(
        client_order_id=request.client_order_id,
        venue_order_id=order.latest.venue_order_id,
        instrument=request.instrument,
        side=request.side,
        type=request.type,
        quantity=request.quantity,
        filled=sum((fill.quantity for fill in order.fills), Decimal(0)),
        price=request.price,
        origin=order.origin,
        ts=order.placed,
    )
