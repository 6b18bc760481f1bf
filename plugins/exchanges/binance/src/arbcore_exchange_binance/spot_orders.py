"""Orders of spot on their way to the venue: by request or by call, with what the answers tell."""

from typing import Final

from msgspec.structs import replace

from arbcore.context import Context
from arbcore.errors import ExchangeError, ExchangeRefused, OutcomeUnknown
from arbcore.model.order import (
    Amendment,
    Fill,
    OrderRef,
    OrderReport,
    OrderRequest,
    OrderState,
    TimeInForce,
)
from arbcore.model.reason import Reason
from arbcore.net.request import Request
from arbcore.ports.trading import OrderNews, TakeItem
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.changing import NOT_DONE, Changes
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.exact import symbol_of
from arbcore_exchange_binance.protocol.spot_filters import bound_broken, breaks_a_bound
from arbcore_exchange_binance.protocol.spot_replies import Replaced, read_listed, read_order, read_replaced
from arbcore_exchange_binance.protocol.spot_requests import (
    cancel,
    cancel_all,
    cancel_params,
    listed,
    order_params,
    place,
    replace_order,
)
from arbcore_exchange_binance.protocol.spot_values import OrderRow, order_report, placed_fills
from arbcore_exchange_binance.settings import BinanceSettings


class SpotOrders:
    """Places, cancels and replaces orders of one account.

    Attributes:
        changes: What sends them; it holds the connection for calls.
        report: Takes what answers tell of orders; None while nothing runs.

    Args:
        access: What requests go through.
        desk: The orders of the account.
        settings: The instance's settings.
        context: The instance's context.
    """

    def __init__(self, access: PrivateAccess, desk: Desk, settings: BinanceSettings, context: Context) -> None:
        self.changes: Final = Changes(access, only_calls=settings.orders == "websocket")
        self.report: TakeItem | None = None
        self._access: Final = access
        self._desk: Final = desk
        self._settings: Final = settings
        self._context: Final = context
        self._venue: Final = context.instance

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order; see `Venue.submit`. Fills that the answer names are reported by `run`."""
        params = order_params(order, self._settings.self_trade)
        what = f"order {order.client_order_id}"
        self._desk.sent(order, self._context.clock.now())
        try:
            reply = await self.changes.send("order.place", params, place(params, order.expires_at), what)
        except NOT_DONE as error:
            self._not_placed(order.client_order_id, error)
            if isinstance(error, ExchangeRefused) and breaks_a_bound(error):
                raise await self._explained(error, order) from None
            raise
        try:
            return self._placed(read_order(reply.body, what), order)
        except ExchangeError as error:
            raise OutcomeUnknown(f"{self._venue}: {error.what}", "look the order up") from error

    async def cancel(self, order: OrderRef) -> None:
        """Ask for a cancel; see `Venue.cancel`."""
        what = f"cancel {order.client_order_id or order.venue_order_id}"
        self._desk.claim(order, self._context.clock.now())
        reply = await self.changes.send("order.cancel", cancel_params(order), cancel(order), what)
        # The venue took it, whatever can be read of the answer.
        try:
            self._told(read_order(reply.body, what))
        except ExchangeError as error:
            self._context.logger.warning("%s", error.what)

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Cancel an order of which nothing has filled and place another one; see `Venue.amend`.

        Where the venue cancelled the order and refused the new one, the report is the new one's: rejected. The
        cancelled one is reported by `run`.
        """
        self._check_amend(order, change)
        self._desk.claim(order, self._context.clock.now())
        what = f"cancelReplace {order.client_order_id or order.venue_order_id}"
        new = OrderRequest(
            client_order_id=change.new_client_order_id,
            instrument=order.instrument,
            side=change.side,
            quantity=change.quantity,
            price=change.price,
            time_in_force=TimeInForce.GTC,
        )
        self._desk.sent(new, self._context.clock.now())
        try:
            done = await self._replace(replace_order(order, change, self._settings.self_trade), what)
        except NOT_DONE as error:
            self._not_placed(new.client_order_id, error)
            raise
        try:
            return self._replaced(done, new)
        except ExchangeError as error:
            raise OutcomeUnknown(f"{self._venue}: {error.what}", "look both orders up") from error

    async def cancel_all(self, instrument: str) -> None:
        """Ask for a cancel of every open order of an instrument; see `Venue.cancel_all`."""
        try:
            await self._access.ask(cancel_all(symbol_of(instrument)), f"cancel all of {instrument}")
        except ExchangeRefused as error:
            # So it answers where nothing is open.
            if error.reason != Reason.ORDER_UNKNOWN:
                raise

    async def _replace(self, request: Request, what: str) -> Replaced:
        timed = replace(request, timeout_ns=self._settings.network.request_timeout)
        reply = await self._access.http.send(timed)
        try:
            return read_replaced(reply, what)
        except ExchangeError as error:
            await self._access.refused(reply, error, request.counter)
            raise

    async def _explained(self, error: ExchangeRefused, order: OrderRequest) -> ExchangeRefused:
        """Return a refusal with the bound that the order is beyond; as it was where the venue does not tell those."""
        symbol = symbol_of(order.instrument)
        try:
            reply = await self._access.ask(listed(symbol), "exchangeInfo")
            reason = bound_broken(order, read_listed(reply.body, symbol))
        except ExchangeError:
            return error
        return ExchangeRefused(error.what, error.fix, reason=reason or error.reason, code=error.code)

    def _check_amend(self, order: OrderRef, change: Amendment) -> None:
        """Refuse what can't be done without counting a fill twice; nothing is sent then.

        Raises:
            ExchangeRefused: There is no id for the new order, or something has filled already.
        """
        known = self._desk.known(
            order.instrument, client_order_id=order.client_order_id, venue_order_id=order.venue_order_id
        )
        if not change.new_client_order_id:
            why = "the venue cancels and places anew, and the new order has no id"
        elif known is not None and max(known.fills, known.filled) > 0:
            why = "a part of it has filled"
        else:
            return
        raise ExchangeRefused(
            f"{self._venue}: order {order.client_order_id or order.venue_order_id} can't be amended: {why}",
            "cancel it, and place another one for what is left",
            reason=Reason.ORDER_UNSUPPORTED,
        )

    def _not_placed(self, client_order_id: str, error: ExchangeError) -> None:
        """Forget an order that never came to be; one whose id was used before may live."""
        if not isinstance(error, ExchangeRefused) or error.reason != Reason.ORDER_DUPLICATE_ID:
            self._desk.refused(client_order_id)

    def _placed(self, row: OrderRow, order: OrderRequest) -> OrderReport:
        """Take the answer to an order.

        Raises:
            ExchangeError: Its status is none of the venue's.
        """
        now = self._context.clock.now()
        report = order_report(row, self._venue, self._desk.origin(order.client_order_id), now)
        report = self._desk.learn(report)
        for fill in placed_fills(row, self._venue, order.side, now):
            self._tell(fill)
        return report

    def _replaced(self, done: Replaced, new: OrderRequest) -> OrderReport:
        """Take what became of both orders.

        Raises:
            ExchangeError: Nothing settles what became of the new one.
        """
        self._told(done.cancelled)
        if done.placed is not None:
            return self._placed(done.placed, new)
        error = done.error
        if not isinstance(error, NOT_DONE):
            raise error or ExchangeError("cancelReplace: no answer about the new order")
        self._not_placed(new.client_order_id, error)
        now = self._context.clock.now()
        return OrderReport(
            client_order_id=new.client_order_id,
            state=OrderState.REJECTED,
            reason=error.reason if isinstance(error, ExchangeRefused) else Reason.ORDER_REFUSED,
            detail=error.what,
            instrument=new.instrument,
            ts=now,
            recv_ts=now,
        )

    def _told(self, row: OrderRow) -> None:
        """Report what an answer says of an order.

        Raises:
            ExchangeError: Its status is none of the venue's.
        """
        self._tell(order_report(row, self._venue, self._desk.origin(row.client_id), self._context.clock.now()))

    def _tell(self, news: OrderNews) -> None:
        """Report something unless that was done before; while nothing runs it is left for the next back-fill."""
        if self.report is None:
            return
        told = self._desk.fill(news) if isinstance(news, Fill) else self._desk.report(news)
        if told is not None:
            self.report(told)
