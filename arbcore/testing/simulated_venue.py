"""A pure simulated venue as a real one: `arbcore.ports.trading.Venue` around a `SimVenue`, for suites and tests."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Self

import anyio

from arbcore.errors import ExchangeRefused, ExchangeUnavailable
from arbcore.model.account import AccountFacts, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.order import (
    TERMINAL,
    Amendment,
    Fill,
    OrderRef,
    OrderReport,
    OrderRequest,
)
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore.ports.trading import OrderNews, TakeItem
from arbcore.testing.simulated_exchange import Order, SimulatedExchange


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
