"""Travel time around the venue: orders arrive later, and so do reports."""

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

import msgspec

from arbcore.model.account import OpenOrder
from arbcore.model.input import AccountSnapshot, VenueReport
from arbcore.model.instrument import Instrument
from arbcore.model.market import MarketInput
from arbcore.model.order import TERMINAL, Fill, OrderReport, OrderRequest
from arbcore.model.reason import Reason
from arbcore.ports.fill import LatencyModel
from arbcore.ports.venue import SimVenue


class Travelling(msgspec.Struct, order=True):
    """A message on its way; exactly one of the last four is set.

    Attributes:
        due: When it arrives.
        number: Its place among those that arrive together.
        order: An order on its way in.
        cancel: Client order id of a cancel on its way in.
        report: An order report on its way out.
        fill: A fill on its way out.
    """

    due: int
    number: int
    order: OrderRequest | None = None
    cancel: str = ""
    report: OrderReport | None = None
    fill: Fill | None = None


class _State(msgspec.Struct):
    venue: bytes
    latency: bytes
    queue: list[Travelling]
    orders: dict[str, OrderRequest]
    number: int
    last_in: int
    last_out: int


class DelayedVenue:
    """A `arbcore.ports.venue.SimVenue` around another one, with a latency model.

    Messages of one direction keep their order, as on one connection: a slow one holds up those behind it. Funding
    payments and account snapshots are not delayed. Work that is due before an item of market data is done before
    it, work due at the same nanosecond after it, however late the loop calls.

    Args:
        venue: The venue that matches.
        latency: How long messages take.
    """

    def __init__(self, venue: SimVenue, latency: LatencyModel) -> None:
        self._venue = venue
        self._latency = latency
        self._queue: list[Travelling] = []
        # Orders whose last report has not been made yet: the latency model is asked by order.
        self._orders: dict[str, OrderRequest] = {}
        self._number = 0
        self._last_in = 0
        self._last_out = 0
        # Number of messages on their way out: none that is made later may overtake them.
        self._outgoing = 0

    def list_instrument(self, instrument: Instrument) -> None:
        """Make an instrument known."""
        self._venue.list_instrument(instrument)

    def on_market(self, item: MarketInput) -> Sequence[VenueReport]:
        """Take market data after everything that is due before it."""
        if not self._queue:
            reports = self._venue.on_market(item)
            return self._send(reports, item.recv_ts) if reports else reports
        found = self._run(item.recv_ts - 1)
        found.extend(self._send(self._venue.on_market(item), item.recv_ts))
        return found

    def watches(self, instrument: str) -> bool:
        """Tell whether messages travel, which meet the market of their arrival, or the venue itself watches."""
        return bool(self._queue) or self._venue.watches(instrument)

    def submit(self, order: OrderRequest, now: int) -> Sequence[VenueReport]:
        """Send an order on its way."""
        self._orders.setdefault(order.client_order_id, order)
        self._travel_in(order, now, Travelling(0, 0, order=order))
        return self._run(now)

    def cancel(self, client_order_id: str, now: int) -> Sequence[VenueReport]:
        """Send a cancel on its way; one for an order that has ended has nothing to report."""
        order = self._orders.get(client_order_id)
        if order is None:
            return ()
        self._travel_in(order, now, Travelling(0, 0, cancel=client_order_id))
        return self._run(now)

    def look_up(self, client_order_id: str, now: int) -> Sequence[OrderReport | Fill]:
        """Return what the venue knows of an order, which reports on their way have yet to tell.

        The question itself does not travel. An order that is still on its way in is not known.
        """
        return self._venue.look_up(client_order_id, now)

    def open_orders(self) -> Sequence[OpenOrder]:
        """Return the orders that have arrived and rest."""
        return self._venue.open_orders()

    def next_time(self) -> int | None:
        """Return when the next message arrives."""
        return self._queue[0].due if self._queue else None

    def advance(self, now: int) -> Sequence[VenueReport]:
        """Let every message arrive that is due at or before a time; return the reports among them."""
        return self._run(now)

    def snapshot(self, now: int) -> AccountSnapshot:
        """Return the venue's own truth, which reports on their way have yet to tell."""
        return self._venue.snapshot(now)

    def state(self) -> bytes:
        """Return the venue's, the latency model's and the messages' state."""
        return msgspec.msgpack.encode(
            _State(
                self._venue.state(),
                self._latency.state(),
                sorted(self._queue, key=lambda one: (one.due, one.number)),
                self._orders,
                self._number,
                self._last_in,
                self._last_out,
            )
        )

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        read = msgspec.msgpack.decode(state, type=_State)
        self._venue.restore(read.venue)
        self._latency.restore(read.latency)
        # A sorted list is a heap.
        self._queue, self._orders = read.queue, read.orders
        self._outgoing = sum(one.order is None and not one.cancel for one in read.queue)
        self._number, self._last_in, self._last_out = read.number, read.last_in, read.last_out

    def adopt(self, account: AccountSnapshot) -> None:
        """Take over balances and positions that are known better than its own: those of a journal behind its state.

        Orders at work and messages under way are forgotten, as their process is.
        """
        self._queue, self._orders, self._outgoing = [], {}, 0
        self._venue.adopt(account)

    def _travel_in(self, order: OrderRequest, now: int, message: Travelling) -> None:
        self._last_in = max(now + self._latency.entry(order, now), self._last_in)
        self._push(message, self._last_in)

    def _push(self, message: Travelling, due: int) -> None:
        self._number += 1
        message.due, message.number = due, self._number
        heappush(self._queue, message)

    def _run(self, until: int) -> list[VenueReport]:
        found: list[VenueReport] = []
        while self._queue and self._queue[0].due <= until:
            message = heappop(self._queue)
            if message.order is not None:
                # Another order of this id may have ended since this one left.
                self._orders.setdefault(message.order.client_order_id, message.order)
                found.extend(self._send(self._venue.submit(message.order, message.due), message.due))
            elif message.cancel:
                found.extend(self._send(self._venue.cancel(message.cancel, message.due), message.due))
            else:
                self._outgoing -= 1
                found.extend(report for report in (message.report, message.fill) if report is not None)
        return found

    def _send(self, reports: Iterable[VenueReport], now: int) -> list[VenueReport]:
        """Send reports on their way; return those that arrive at once."""
        arrived: list[VenueReport] = []
        for report in reports:
            if not isinstance(report, OrderReport | Fill):
                arrived.append(report)
                continue
            due = self._arrival(report, now)
            late = msgspec.structs.replace(report, recv_ts=due)
            if due <= now and not self._outgoing:
                arrived.append(late)
                continue
            self._outgoing += 1
            message = Travelling(0, 0, fill=late) if isinstance(late, Fill) else Travelling(0, 0, report=late)
            self._push(message, due)
        return arrived

    def _arrival(self, report: OrderReport | Fill, now: int) -> int:
        order = self._orders[report.client_order_id]
        # A repeated id is refused under that id, and the order that it repeats may still be at work.
        if isinstance(report, OrderReport) and report.state in TERMINAL and report.reason != Reason.ORDER_DUPLICATE_ID:
            del self._orders[report.client_order_id]
        self._last_out = max(now + self._latency.response(order, now), self._last_out)
        return self._last_out
