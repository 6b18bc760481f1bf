"""Orders of USD-M futures on their way to the venue: by request or by call, one order one way only."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from arbcore.context import Context
from arbcore.errors import ExchangeError, ExchangeRefused, OutcomeUnknown
from arbcore.model.order import TERMINAL, TRIGGERED, Amendment, OrderRef, OrderReport, OrderRequest
from arbcore.model.reason import Reason
from arbcore.net.request import Reply
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.changing import NOT_DONE, Changes
from arbcore_exchange_binance.protocol import usdm_requests as requests
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.exact import symbol_of
from arbcore_exchange_binance.protocol.usdm_memory import Memory
from arbcore_exchange_binance.protocol.usdm_orders import algo_name, algo_params, amend_params, order_name, order_params
from arbcore_exchange_binance.protocol.usdm_values import ALGO, ORDER, done
from arbcore_exchange_binance.settings import BinanceSettings


@contextmanager
def claimed(desk: Desk, order: OrderRef, now: int) -> Iterator[None]:
    """Take an order for ours that is named by our id, unless nothing knows it: neither this process nor the venue."""
    known = desk.known(order.instrument, client_order_id=order.client_order_id)
    desk.claim(order, now)
    try:
        yield
    except ExchangeRefused as error:
        if known is None and error.reason == Reason.ORDER_UNKNOWN:
            desk.refused(order.client_order_id)
        raise


class UsdmOrders:
    """Places, cancels and changes orders of one account in one-way mode.

    Attributes:
        changes: What sends them; it holds the connection for calls.
        hedge_mode: Whether the account keeps long and short positions apart, as far as it is known.

    Args:
        access: What requests go through.
        memory: What is known of the account.
        settings: The instance's settings.
        context: The instance's context.
    """

    def __init__(self, access: PrivateAccess, memory: Memory, settings: BinanceSettings, context: Context) -> None:
        self.changes: Final = Changes(access, only_calls=settings.orders == "websocket")
        self.hedge_mode = False
        self._access: Final = access
        self._memory: Final = memory
        self._news: Final = memory.news
        self._settings: Final = settings
        self._context: Final = context

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order; see `Venue.submit`."""
        self._require_one_way()
        algo = order.type in TRIGGERED
        settings = self._settings
        if algo:
            params = algo_params(order)
            method, request = "algoOrder.place", requests.place_algo(params, order.expires_at)
        else:
            params = order_params(order, response=settings.response, self_trade=settings.self_trade)
            method, request = "order.place", requests.place(params, order.expires_at)
        what = f"order {order.client_order_id}"
        self._news.desk.sent(order, self._context.clock.now())
        self._news.asks(order)
        try:
            reply = await self.changes.send(method, params, request, what)
        except ExchangeError as error:
            self._not_placed(order.client_order_id, error)
            raise
        return self._answered(reply, what, algo=algo)

    async def cancel(self, order: OrderRef) -> None:
        """Ask for a cancel; see `Venue.cancel`."""
        what = f"cancel of {order.client_order_id or order.venue_order_id}"
        with claimed(self._news.desk, order, self._context.clock.now()):
            await self._cancel(order, what)

    async def _cancel(self, order: OrderRef, what: str) -> None:
        if self._is_algo(order):
            params = algo_name(order)
            await self.changes.send("algoOrder.cancel", params, requests.cancel_algo(params), what)
            return
        params = order_name(order)
        reply = await self.changes.send("order.cancel", params, requests.cancel(params), what)
        # The venue took it, whatever can be read of the answer.
        try:
            self._memory.hint(done(reply.body, ORDER, what), reply.recv_ts)
        except ExchangeError as error:
            self._context.logger.warning("%s", error.what)

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Change price and quantity of a resting limit order; see `Venue.amend`."""
        self._require_one_way()
        what = f"amend of {order.client_order_id or order.venue_order_id}"
        params = amend_params(order, change)
        self._news.amends(order)
        with claimed(self._news.desk, order, self._context.clock.now()):
            reply = await self.changes.send("order.modify", params, requests.amend(params), what)
        return self._answered(reply, what, algo=False)

    async def cancel_all(self, instrument: str) -> None:
        """Ask for a cancel of every open order of an instrument; see `Venue.cancel_all`."""
        symbol = symbol_of(instrument)
        troubles: list[ExchangeError] = []
        for request in (requests.cancel_open(symbol), requests.cancel_open_algo(symbol)):
            try:
                await self._access.ask(request, f"cancel of all of {symbol}")
            except ExchangeError as error:
                # Triggers must go whatever became of the others. Where nothing is open it may say so.
                if getattr(error, "reason", "") != Reason.ORDER_UNKNOWN:
                    troubles.append(error)
        if troubles:
            raise troubles[0]

    def _answered(self, reply: Reply, what: str, *, algo: bool) -> OrderReport:
        """Return what the answer to an order says.

        Raises:
            OutcomeUnknown: It can't be read.
        """
        news = self._news
        try:
            if algo:
                report = news.report_of_algo(done(reply.body, ALGO, what), reply.recv_ts)
            else:
                row = done(reply.body, ORDER, what)
                report = news.report_of(row, reply.recv_ts)
                if report.state in TERMINAL or report.filled:
                    self._memory.hint(row, reply.recv_ts)
        except ExchangeError as error:
            raise OutcomeUnknown(f"Binance {what}: {error.what}", "look the order up") from error
        return news.desk.learn(report)

    def _not_placed(self, client_order_id: str, error: ExchangeError) -> None:
        """Forget an order that never came to be; a duplicate's id belongs to another one."""
        if isinstance(error, NOT_DONE) and getattr(error, "reason", "") != Reason.ORDER_DUPLICATE_ID:
            self._news.desk.refused(client_order_id)

    def _is_algo(self, order: OrderRef) -> bool:
        if order.type in TRIGGERED:
            return True
        known = self._news.desk.known(order.instrument, client_order_id=order.client_order_id)
        return known is not None and known.type in TRIGGERED

    def _require_one_way(self) -> None:
        if self.hedge_mode:
            raise ExchangeRefused(
                f"{self._context.instance}: the account keeps long and short positions apart, and orders here net them",
                "switch hedge mode off (set_hedge_mode) once no position and no order is open",
                reason=Reason.ORDER_UNSUPPORTED,
            )
