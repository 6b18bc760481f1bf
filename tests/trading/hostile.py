"""A venue that lies in one way at a time. Everything else about it is honest, so that one lie shows by itself."""

import logging
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Self

import anyio
from msgspec.structs import replace

from arbcore.errors import ExchangeRefused, ExchangeUnavailable, OutcomeUnknown
from arbcore.model.account import AccountFacts, OpenOrder, TradingTerms
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.instrument import Instrument
from arbcore.model.order import TERMINAL, Fill, OrderOrigin, OrderRef, OrderReport, OrderRequest, OrderState
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore.ports.trading import OrderNews, TakeItem, VenueItem
from arbcore.testing.simulated_exchange import SimulatedExchange
from arbcore.testing.simulated_venue import SimulatedVenue

SECRET = "s3cret-of-the-account"
logger = logging.getLogger(__name__)


class Hostile(SimulatedVenue):
    """A venue with one lie.

    Args:
        exchange: The far side, which is honest.
        lie: Which lie; empty for none.
    """

    def __init__(self, exchange: SimulatedExchange, lie: str = "") -> None:
        super().__init__(exchange)
        self._far = exchange
        self._lie = lie
        self._unanswered: set[str] = set()
        self._opened = False

    def __repr__(self) -> str:
        shown = SECRET if self._lie == "secret in repr" else "..."
        return f"Hostile(secret={shown})"

    async def run(self, instruments: Sequence[str], report: TakeItem) -> None:
        """Run, and lie about what was heard."""

        def tell(item: VenueItem) -> None:
            for each in self._told_as(item):
                report(each)

        try:
            await super().run(instruments, tell)
        except anyio.get_cancelled_exc_class():
            if self._lie != "swallows cancellation":
                raise

    def _told_as(self, item: VenueItem) -> list[VenueItem]:
        if isinstance(item, Fill):
            return self._fill_as(item)
        if isinstance(item, OrderReport):
            return self._report_as(item)
        if isinstance(item, ConnectionChanged):
            return self._state_as(item)
        if isinstance(item, AccountSnapshot) and self._lie == "no snapshot after a reconnect" and self._opened:
            return []
        self._opened = self._opened or isinstance(item, AccountSnapshot)
        return [item]

    def _fill_as(self, fill: Fill) -> list[VenueItem]:
        whole = self._far.orders[fill.client_order_id].request.quantity
        lies: dict[str, list[VenueItem]] = {
            "a fill twice": [fill, fill],
            "a fill twice under two ids": [fill, replace(fill, fill_id=f"{fill.fill_id}-again")],
            "a lost fill": [],
            "a fill of another size": [replace(fill, quantity=fill.quantity - Decimal("0.01"))],
            "a fill of the whole order": [replace(fill, quantity=whole)],
            "a fill without a currency": [replace(fill, fee_currency="")],
            "a fill without its fee": [replace(fill, fee=Decimal(0))],
            "takers told as makers": [replace(fill, liquidity="maker")],
        }
        return lies.get(self._lie, [fill])

    def _report_as(self, report: OrderReport) -> list[VenueItem]:
        ended = report.state in TERMINAL
        again = replace(report, state=OrderState.ACKNOWLEDGED, reason="", filled=Decimal(0))
        lies: dict[str, list[VenueItem]] = {
            "an order goes back": [report, again] if ended else [report],
            "an end twice": [report, report] if ended else [report],
            "an end untold": [] if ended else [report],
            "an end without a reason": [replace(report, reason="") if ended else report],
            "adopts orders of others": [replace(report, origin=OrderOrigin.OURS)],
        }
        return lies.get(self._lie, [report])

    def _state_as(self, change: ConnectionChanged) -> list[VenueItem]:
        if self._lie == "connected at once" and change.state is ConnectionState.CONNECTING:
            return [replace(change, state=ConnectionState.CONNECTED)]
        if self._lie == "a cut untold" and change.state is ConnectionState.RECONNECTING:
            return []
        return [change]

    def _open(self) -> None:
        early = self._lie == "connected before the back-fill"
        if self._lie == "no back-fill":
            for one in self._far.log:
                self._told[("fill", getattr(one, "fill_id", ""))] = None
        if early:
            self._state(ConnectionState.CONNECTED)
        if self._lie == "tells everything again after a cut":
            self._told.clear()
        super()._open()

    def _hear(self, item: object) -> None:
        if getattr(item, "client_order_id", "") in self._unanswered:
            return
        if self._lie == "events twice" and isinstance(item, OrderReport | Fill) and self._report is not None:
            self._report(item)
            return
        super()._hear(item)

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order, and lie about what became of it."""
        order = self._sent_as(order)
        if self._lie == "an unshielded order":
            self._unanswered.add(order.client_order_id)
        try:
            answer = await super().submit(order)
        except OutcomeUnknown as error:
            return await self._unknown_as(order, error)
        except ExchangeUnavailable:
            if self._lie == "busy told as unknown":
                raise OutcomeUnknown("sim: no answer") from None
            raise
        except ExchangeRefused as error:
            return self._refused_as(order, error)
        finally:
            if not isinstance(sys.exc_info()[1], anyio.get_cancelled_exc_class()):
                self._release(order)
        if self._lie == "a foreign answer":
            return replace(answer, client_order_id="another")
        return answer

    def _instrument(self, order: OrderRequest) -> Instrument:
        return next(iter(self._far.instruments.values()))

    def _sent_as(self, order: OrderRequest) -> OrderRequest:
        if self._lie == "sends what has expired":
            return replace(order, expires_at=0)
        if self._lie == "ignores reduce-only":
            return replace(order, reduce_only=False)
        if self._lie == "cuts to the lot":
            return replace(order, quantity=to_grid(order.quantity, self._instrument(order).lot, Rounding.DOWN))
        return order

    async def _unknown_as(self, order: OrderRequest, error: OutcomeUnknown) -> OrderReport:
        if self._lie == "a timeout is a refusal":
            raise ExchangeRefused("sim: no answer", reason=Reason.ORDER_REFUSED) from None
        if self._lie == "a timeout is done":
            return OrderReport(client_order_id=order.client_order_id, state=OrderState.ACKNOWLEDGED, ts=1, recv_ts=1)
        if self._lie == "sends a timed-out order again":
            is_there = order.client_order_id in self._far.orders
            self._far.submit(replace(order, client_order_id=f"{order.client_order_id}-2") if is_there else order)
        if self._lie == "secret in an error":
            raise OutcomeUnknown(f"sim: no answer to ?signature={SECRET}") from None
        if self._lie == "secret in a log":
            logger.warning("no answer to %s", SECRET)
        raise error

    def _refused_as(self, order: OrderRequest, error: ExchangeRefused) -> OrderReport:
        if self._lie == "a refusal is returned":
            return OrderReport(
                client_order_id=order.client_order_id, state=OrderState.REJECTED, reason=error.reason, ts=1, recv_ts=1
            )
        if self._lie == "a refusal is unknown":
            raise OutcomeUnknown("sim: no answer") from None
        if self._lie == "another reason":
            raise ExchangeRefused(error.what, reason=Reason.ORDER_REFUSED) from None
        raise error

    def _on_its_way(self) -> anyio.CancelScope:
        return anyio.CancelScope(shield=self._lie != "an unshielded order")

    def _release(self, order: OrderRequest) -> None:
        """Tell what happened to an order while its answer was awaited."""
        if order.client_order_id in self._unanswered:
            self._unanswered.discard(order.client_order_id)
            for one in self._far.log:
                self._hear(one)

    async def cancel(self, order: OrderRef) -> None:
        """Ask for a cancel, and lie about it."""
        if self._lie == "cancels nothing":
            return
        try:
            await super().cancel(order)
        except OutcomeUnknown:
            if self._lie == "a lost cancel is done":
                return
            if self._lie == "secret in an error":
                raise OutcomeUnknown(f"sim: no answer to ?signature={SECRET}") from None
            if self._lie == "secret in a log":
                logger.warning("no answer to %s", SECRET)
            raise
        except ExchangeRefused:
            if self._lie == "a refused cancel is done":
                return
            raise

    async def look_up(self, order: OrderRef) -> Sequence[OrderNews]:
        """Look an order up, and lie about it."""
        found = list(await super().look_up(order))
        if self._lie == "a look tells no fills":
            return [one for one in found if not isinstance(one, Fill)]
        if self._lie == "a look tells other ids":
            return [replace(one, fill_id=f"x{one.fill_id}") if isinstance(one, Fill) else one for one in found]
        if self._lie == "a look raises":
            return found or self._none()
        return found

    @staticmethod
    def _none() -> list[OrderNews]:
        raise ExchangeRefused("sim: no such order", reason=Reason.ORDER_UNKNOWN)

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        """List open orders, and lie about them."""
        listed = list(await super().open_orders(instrument))
        if self._lie == "lists orders of others as ours":
            return [replace(one, origin=OrderOrigin.OURS) for one in listed]
        if self._lie == "lists no orders":
            return []
        return listed

    async def snapshot(self) -> AccountSnapshot:
        """Return balances, and lie about them."""
        found = await super().snapshot()
        if self._lie == "balances through float":
            shaken = tuple(replace(one, total=Decimal(float(one.total) / 3 * 3 + 1e-9)) for one in found.balances)
            return replace(found, balances=shaken)
        if self._lie == "nothing is locked":
            return replace(found, balances=tuple(replace(one, locked=Decimal(0)) for one in found.balances))
        if self._lie == "locked beyond the total":
            return replace(found, balances=tuple(replace(one, locked=one.total + 1) for one in found.balances))
        return found

    async def cancel_all(self, instrument: str) -> None:
        """Cancel all orders, or all but one."""
        if self._lie == "leaves an order":
            for order in self._open_of(instrument)[1:]:
                self._far.cancel(order.request.client_order_id)
            return
        await super().cancel_all(instrument)

    async def history(self, instrument: str, since: int) -> Sequence[OrderNews]:
        """Tell what ended, and lie about it."""
        told = list(await super().history(instrument, since))
        if self._lie == "a history without fills":
            return [one for one in told if not isinstance(one, Fill)]
        return told

    async def terms(self, instrument: str) -> TradingTerms:
        """Tell the terms, and lie about them."""
        found = await super().terms(instrument)
        return replace(found, taker=found.taker * 100) if self._lie == "fees in percent" else found

    async def facts(self) -> AccountFacts:
        """Tell the facts, and lie about them."""
        found = await super().facts()
        return replace(found, clock_offset_ns=1) if self._lie == "an offset without its error" else found

    async def __aexit__(self, *exc: object) -> None:
        """Close, for good where it lies."""
        if self._lie == "opens once":
            self._far.instruments.clear()

    async def __aenter__(self) -> Self:
        """Open, unless it was closed and lies."""
        if not self._far.instruments:
            raise ExchangeUnavailable("sim: it was closed")
        return self
