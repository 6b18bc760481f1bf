"""The far side of a simulated venue that is dressed as a real one: a `SimVenue` and the orders of its account."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from arbcore.errors import ExchangeRefused
from arbcore.model.account import AccountUpdate, BalanceUpdate
from arbcore.model.input import AccountSnapshot, VenueReport
from arbcore.model.instrument import Instrument
from arbcore.model.market import MarketInput
from arbcore.model.order import (
    TERMINAL,
    Fill,
    OrderOrigin,
    OrderRef,
    OrderReport,
    OrderRequest,
    OrderState,
)
from arbcore.model.reason import Reason
from arbcore.ports.trading import OrderNews, TakeItem
from arbcore.ports.venue import SimVenue
from arbcore.testing._simulated_line import Line


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
