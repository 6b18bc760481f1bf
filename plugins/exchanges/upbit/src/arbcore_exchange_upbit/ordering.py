"""The calls that change orders: each ends done, not done, or unknown, and none is ever repeated."""

from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from arbcore.errors import ExchangeError, ExchangeRefused, OutcomeUnknown
from arbcore.model.order import Amendment, OrderRef, OrderReport, OrderRequest
from arbcore.model.reason import Reason
from arbcore_exchange_upbit.protocol.private import order_replies, order_requests, placing
from arbcore_exchange_upbit.protocol.private.desk import OrderDesk
from arbcore_exchange_upbit.protocol.private.errors import LOOK_UP
from arbcore_exchange_upbit.protocol.private.known import Known, Terms
from arbcore_exchange_upbit.protocol.private.numbers import nanoseconds
from arbcore_exchange_upbit.settings import UpbitSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        terms = Terms(None if order.cost else order.quantity, order.cost, fields.get("time_in_force", ""))
        known = self._desk.sent(market, order.client_order_id, self._context.clock.now(), terms)
        with self._sending(known):
            reply = await self._http.send(order_requests.place(fields, order.expires_at))
            row = order_replies.read_placed(reply, order.client_order_id)
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
        with _asking([known] if known else []):
            await self._cancel(*_name_of(order, known))

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Cancel a resting order and place another one, in one request; return the new one's acknowledgement.

        The new order is created once the old one is cancelled, and never where that one filled first: it is then
        reported as rejected. Where only the price changes, the venue itself carries over what is left.

        Raises:
            ExchangeRefused: The venue refused; the order stands as it was.
            RateLimited, ExchangeUnavailable, OutcomeUnknown: As `submit`.
        """
        market = self._market(order.instrument)
        old = self._desk.find(order)
        if old is None or old.volume is None:
            old = await self._known(order)
        same = old.volume == change.quantity
        volume = None if same else change.quantity - old.filled
        fields = placing.amendment_fields(old.uuid, old.client_id, change, old.life, volume, self._rules)
        terms = Terms(volume, life=old.life)
        new = self._desk.sent(market, change.new_client_order_id, self._context.clock.now(), terms)
        new.replaces = old
        with _asking([old]), self._sending(new):
            reply = await self._http.send(order_requests.replace(fields))
            answer = order_replies.read_replacement(reply)
        return self._desk.identified(new, answer.new_order_uuid, reply.recv_ts, reply.recv_ts)

    async def cancel_all(self, instrument: str) -> None:
        """Ask for a cancel of every open order of an instrument, reserved ones and other clients' included.

        Raises:
            ExchangeError: As `cancel`.
        """
        market = self._market(instrument)
        left: dict[str, None] = {}
        count = order_requests.ORDERS_PER_CANCEL
        while count >= order_requests.ORDERS_PER_CANCEL:
            with _asking([known for known in self._desk.open() if known.market == market]):
                done = order_replies.read_batch(await self._http.send(order_requests.cancel_open([market])))
            count = done.success.count
            left.update(dict.fromkeys(one.uuid for one in done.failed.orders if one.uuid))
        # No batch reaches reserved orders: those are cancelled one by one, as what a batch left over.
        left.update(dict.fromkeys(row.uuid for row in await self._inquiry.open_rows(market, ("watch",))))
        await self._cancel_each(list(left))

    async def _cancel_each(self, uuids: Sequence[str]) -> None:
        """Cancel orders one by one, every one of them before the first failure is raised; an ended one is none."""
        failure: ExchangeError | None = None
        for uuid in uuids:
            try:
                await self._cancel("uuid", uuid)
            except ExchangeError as error:
                ended = isinstance(error, ExchangeRefused) and error.reason == Reason.ORDER_UNKNOWN
                failure = failure or (None if ended else error)
        if failure is not None:
            raise failure

    async def _cancel(self, by: order_requests.By, number: str) -> None:
        order_replies.read_cancelled(await self._http.send(order_requests.cancel(by, number)), self._ended_names)

    @contextmanager
    def _sending(self, known: Known) -> "Iterator[None]":
        """Forget an order that the venue did not take.

        Raises:
            OutcomeUnknown: The venue said no, and yet the user stream told of an order with that id.
        """
        try:
            yield
        except OutcomeUnknown:
            raise
        except ExchangeError as error:
            if self._desk.unsent(known):
                raise
            raise OutcomeUnknown(f"{error.what}, and yet the user stream tells of the order", LOOK_UP) from error

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


@contextmanager
def _asking(orders: Sequence[Known]) -> "Iterator[None]":
    """Mark orders as ones that we ask to be cancelled; they are not where the venue did not take the request."""
    before = [known.asked for known in orders]
    for known in orders:
        known.asked = True
    try:
        yield
    except OutcomeUnknown:
        raise
    except ExchangeError:
        for known, asked in zip(orders, before, strict=True):
            known.asked = asked
        raise
