"""The calls that change orders: each ends done, not done, or unknown, and none is ever repeated."""

from typing import TYPE_CHECKING, Final

from arbcore.errors import ExchangeError, ExchangeRefused, OutcomeUnknown
from arbcore.model.order import Amendment, OrderRef, OrderReport, OrderRequest
from arbcore.model.reason import Reason
from arbcore_exchange_upbit.protocol.private import order_replies, order_requests, placing
from arbcore_exchange_upbit.protocol.private.desk import OrderDesk
from arbcore_exchange_upbit.protocol.private.known import Known
from arbcore_exchange_upbit.protocol.private.numbers import nanoseconds
from arbcore_exchange_upbit.settings import UpbitSettings

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.net.http import HttpClient
    from arbcore_exchange_upbit.inquiry import Inquiry


class Ordering:
    """What a venue that is open does to orders.

    Args:
        settings: The instance's settings.
        context: Its context.
    """

    def __init__(self, settings: UpbitSettings, context: "Context") -> None:
        self._context: Final = context
        self._name: Final = context.instance
        self._rules: Final = placing.PlacingRules(settings.smp_type, settings.post_only_smp)
        self._ended_names: Final = frozenset(name.lower() for name in settings.ended_errors)
        self._desk: Final = OrderDesk(context.instance, settings.our_ids)
        self._http: HttpClient
        self._inquiry: Inquiry

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order; return that the venue accepted it, or more where the stream was quicker.

        The answer is an acknowledgement only: fills are never read from it.

        Raises:
            ExchangeRefused: The venue takes no such order, or refused it, with a reason code.
            RateLimited, ExchangeUnavailable: It was not accepted.
            OutcomeUnknown: It was sent and nothing settles the outcome.
        """
        market = self._market(order.instrument)
        fields = placing.order_fields(order, market, self._rules)
        known = self._desk.sent(market, order.client_order_id, self._context.clock.now(), order.cost)
        try:
            reply = await self._http.send(order_requests.place(fields, order.expires_at))
            row = order_replies.read_placed(reply, order.client_order_id)
        except OutcomeUnknown:
            raise
        except ExchangeError:
            self._desk.unsent(known)
            raise
        return self._desk.identified(known, row.uuid, nanoseconds(row.created_at), reply.recv_ts)

    async def test(self, order: OrderRequest) -> None:
        """Have the venue validate an order as if it were sent; nothing is created.

        Raises:
            ExchangeError: The venue would refuse it, or did not tell.
        """
        fields = placing.order_fields(order, self._market(order.instrument), self._rules)
        order_replies.read_tested(await self._http.send(order_requests.place(fields, order.expires_at, test=True)))

    async def cancel(self, order: OrderRef) -> None:
        """Ask for a cancel. The venue takes the request, and the stream tells what came of it.

        Raises:
            ExchangeRefused: With the reason ``ORDER_UNKNOWN`` where no such order is open.
            RateLimited, ExchangeUnavailable, OutcomeUnknown: As `submit`.
        """
        self._market(order.instrument)
        known = self._desk.find(order)
        before, asked = known.asked if known else False, order_requests.cancel(*_name_of(order, known))
        _mark(known, asked=True)
        try:
            order_replies.read_cancelled(await self._http.send(asked), self._ended_names)
        except OutcomeUnknown:
            raise
        except ExchangeError:
            _mark(known, asked=before)
            raise

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Cancel a resting order and place another one, in one request; return the new one's acknowledgement.

        The new order is created once the old one is cancelled, and never where that one filled first: it is then
        reported as rejected. Where only the price changes, the venue itself carries over what is left.

        Raises:
            ExchangeRefused: The venue refused; the order stands as it was.
            RateLimited, ExchangeUnavailable, OutcomeUnknown: As `submit`.
        """
        market = self._market(order.instrument)
        old = self._desk.find(order) or await self._known(order)
        same = old.volume == change.quantity
        volume = None if same else change.quantity - old.filled
        fields = placing.amendment_fields(old.uuid, old.client_id, change, old.life, volume, self._rules)
        new = self._desk.sent(market, change.new_client_order_id, self._context.clock.now())
        before, old.asked, new.replaces = old.asked, True, True
        try:
            reply = await self._http.send(order_requests.replace(fields))
            answer = order_replies.read_replacement(reply)
        except OutcomeUnknown:
            raise
        except ExchangeError:
            self._desk.unsent(new)
            old.asked = before
            raise
        return self._desk.identified(new, answer.new_order_uuid, reply.recv_ts, reply.recv_ts)

    async def cancel_all(self, instrument: str) -> None:
        """Ask for a cancel of every open order of an instrument, reserved ones and other clients' included.

        Raises:
            ExchangeError: As `cancel`.
        """
        market = self._market(instrument)
        for known in self._desk.open():
            if known.market == market:
                known.asked = True
        count = order_requests.ORDERS_PER_CANCEL
        while count >= order_requests.ORDERS_PER_CANCEL:
            done = order_replies.read_batch(await self._http.send(order_requests.cancel_open([market])))
            count = done.success.count
        # The batch does not reach reserved orders: those are named one by one.
        reserved = [row.uuid for row in await self._inquiry.open_rows(market, ("watch",))]
        for start in range(0, len(reserved), order_requests.IDS_PER_CANCEL):
            part = reserved[start : start + order_requests.IDS_PER_CANCEL]
            done = order_replies.read_batch(await self._http.send(order_requests.cancel_by_id("uuid", part)))
            if done.failed.count:
                self._context.logger.warning("%d reserved orders of %s were not cancelled", done.failed.count, market)

    async def _known(self, order: OrderRef) -> Known:
        """Return an order that this object did not send.

        Raises:
            ExchangeRefused: With ``ORDER_UNKNOWN``: the venue knows none.
        """
        reply = await self._http.send(order_requests.order(*_name_of(order, None)))
        row = order_replies.read_order(reply)
        if row is None:
            raise ExchangeRefused(f"{self._name}: no such order", "look it up", reason=Reason.ORDER_UNKNOWN)
        return self._desk.known_by(row, reply.recv_ts)

    def _market(self, instrument: str) -> str:
        """Return the venue's id of a market.

        Raises:
            ExchangeRefused: With ``ORDER_UNKNOWN_INSTRUMENT``: the key is none of this instance.
        """
        venue, _, market = instrument.partition(":")
        if venue != self._name or "-" not in market:
            raise ExchangeRefused(
                f"{instrument!r} is no instrument of {self._name}",
                f"write {self._name}:QUOTE-BASE, as in {self._name}:KRW-BTC",
                reason=Reason.ORDER_UNKNOWN_INSTRUMENT,
            )
        return market


def _name_of(order: OrderRef, known: Known | None) -> tuple[order_requests.By, str]:
    """Return what names an order to the venue: its own id where it is known."""
    uuid = order.venue_order_id or (known.uuid if known else "")
    return ("uuid", uuid) if uuid else ("identifier", order.client_order_id)


def _mark(known: Known | None, *, asked: bool) -> None:
    if known is not None:
        known.asked = asked
