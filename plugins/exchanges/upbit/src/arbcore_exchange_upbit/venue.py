"""The venue: orders and the account of one key, over REST, and the user stream that tells what becomes of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self
from uuid import uuid4

import anyio

from arbcore.errors import ExchangeError, ExchangeRefused, OutcomeUnknown
from arbcore.model.account import AccountFacts, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import Amendment, OrderRef, OrderReport, OrderRequest
from arbcore.model.reason import Reason
from arbcore.net.offset import ClockOffset
from arbcore.ports.venue import RequestMeasured
from arbcore_exchange_upbit.access import DATE_STEP, open_private_rest, signer_of
from arbcore_exchange_upbit.addresses import addresses, private_stream
from arbcore_exchange_upbit.inquiry import Inquiry
from arbcore_exchange_upbit.protocol.private import account_requests, order_replies, order_requests, placing
from arbcore_exchange_upbit.protocol.private.account_replies import read_accounts, read_keys
from arbcore_exchange_upbit.protocol.private.desk import OrderDesk
from arbcore_exchange_upbit.protocol.private.known import Known
from arbcore_exchange_upbit.protocol.private.numbers import nanoseconds
from arbcore_exchange_upbit.protocol.private.purse import Purse
from arbcore_exchange_upbit.protocol.private.user_stream import MARGIN_NS, AccountWatch, UpbitUserStream
from arbcore_exchange_upbit.settings import UpbitSettings

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.net.http import HttpClient
    from arbcore.ports.trading import OrderNews, TakeItem
    from arbcore_exchange_upbit.protocol.private.signing import Signer

CONNECTION: Final = "private-1"
"""Name of the user stream's connection."""
EXPIRY_WARNING_NS: Final = 14 * 86_400 * 10**9
"""A key that ends within this time is warned of: it can't be renewed, only replaced."""


class UpbitVenue:
    """One key's pocket on Upbit Korea (`Venue`).

    Args:
        settings: The instance's settings.
        context: Its context, with the secrets ``api_key`` and ``api_secret``.

    Raises:
        ConfigurationError: The session's environment is one that the venue does not have.
    """

    def __init__(self, settings: UpbitSettings, context: "Context") -> None:
        self._settings: Final = settings
        self._context: Final = context
        self._name: Final = context.instance
        self._where: Final = addresses(settings, context.environment)
        self._stream: Final = private_stream(settings, context.environment)
        self._rules: Final = placing.PlacingRules(settings.smp_type, settings.post_only_smp)
        self._ended_names: Final = frozenset(name.lower() for name in settings.ended_errors)
        self._desk: Final = OrderDesk(context.instance, settings.our_ids)
        self._purse: Final = Purse(context.instance)
        self._offset: Final = ClockOffset()
        self._settled_at = 0
        self._signer: Signer
        self._http: HttpClient
        self._inquiry: Inquiry

    async def __aenter__(self) -> Self:
        """Open the pool of connections, have the venue accept the key, and learn what has ended already.

        Of orders that ended before, nothing is reported: `history` and `look_up` tell what became of them.

        Raises:
            ConfigurationError: The key or its secret is missing.
            ExchangeError: The venue can't be reached, or refuses the key.
        """
        self._signer = signer_of(self._settings, self._context)
        self._http = open_private_rest(self._settings, self._where, self._context, self._signer, self._offset)
        self._inquiry = Inquiry(self._http, self._desk, self._name, self._context.clock)
        await self._http.__aenter__()
        try:
            await self._check_key()
            self._settled_at = self._context.clock.now()
            await self._inquiry.begin(self._settled_at + self._offset.value - 2 * MARGIN_NS)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._http.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._http.__aexit__(None, None, None)

    async def run(self, instruments: Sequence[str], report: "TakeItem") -> None:
        """Report orders, fills and balances until cancelled, reconnecting by itself.

        The stream tells of every market of the account, and so do the back-fills.

        Args:
            instruments: Keys of the instruments.
            report: Takes what was received.

        Raises:
            ExchangeRefused: A key is none of this instance.
        """
        from arbcore.net.stream import run_stream

        for key in instruments:
            self._market(key)
        self._http.measure(lambda item: report(item) if isinstance(item, RequestMeasured) else None)
        settings = self._settings
        watch = AccountWatch(
            url=self._stream,
            venue=self._name,
            desk=self._desk,
            purse=self._purse,
            poll_period=settings.poll_period,
            stream_grace=settings.stream_grace,
            ping_after=settings.network.mute_after * 2 // 3,
            settled_at=self._settled_at,
            offset=self._offset,
        )
        try:
            await run_stream(
                lambda: UpbitUserStream(watch, str(uuid4())),
                self._http,
                report,
                venue=self._name,
                connection=CONNECTION,
                clock=self._context.clock,
                settings=settings.network,
                headers=self._signer.handshake,
            )
        finally:
            self._http.measure(None)
            self._settled_at = watch.settled_at

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

    async def look_up(self, order: OrderRef) -> "Sequence[OrderNews]":
        """Return an order's report and fills as the venue states them; nothing where it knows none.

        Raises:
            ExchangeError: The venue did not tell.
        """
        self._market(order.instrument)
        return await self._inquiry.order(order)

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        """Return the open orders of the key's pocket, reserved ones included.

        Raises:
            ExchangeError: The venue did not tell.
        """
        return await self._inquiry.open_orders(self._market(instrument) if instrument else "")

    async def history(self, instrument: str, since: int) -> "Sequence[OrderNews]":
        """Return reports of ended orders and fills of an instrument since a time, the oldest first.

        Raises:
            ExchangeError: The venue did not tell.
        """
        return await self._inquiry.history(self._market(instrument), since)

    async def snapshot(self) -> AccountSnapshot:
        """Return all balances of the key's pocket; spot has no positions.

        Raises:
            ExchangeError: The venue did not tell.
        """
        reply = await self._http.send(account_requests.accounts())
        purse = Purse(self._name)
        purse.on_reply(read_accounts(reply), reply.sent_ts, reply.recv_ts)
        return purse.snapshot(reply.recv_ts)

    async def terms(self, instrument: str) -> TradingTerms:
        """Return fees, smallest and largest order value, and whether the market takes orders.

        Raises:
            ExchangeError: The venue did not tell.
        """
        market = self._market(instrument)
        chance = order_replies.read_chance(await self._http.send(order_requests.chance(market)))
        return TradingTerms(
            instrument=instrument,
            maker=max(chance.maker_bid_fee, chance.maker_ask_fee),
            taker=max(chance.bid_fee, chance.ask_fee),
            min_notional=max(chance.market.bid.min_total, chance.market.ask.min_total),
            max_notional=chance.market.max_total,
            trading=chance.market.state in {"active", ""},
        )

    async def facts(self) -> AccountFacts:
        """Return when the key ends and how far the clocks are apart; the venue tells no scopes of a key.

        Raises:
            ExchangeError: The venue did not tell.
        """
        expires_at = await self._key_ends()
        known = self._offset.known
        return AccountFacts(
            ip_restricted=True,  # the venue takes private calls from listed addresses only
            key_expires_at=expires_at,
            hedge_mode=False,
            multi_assets=False,
            clock_offset_ns=self._offset.value if known else None,
            clock_error_ns=self._offset.error + DATE_STEP // 2 if known else None,
        )

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

    async def _check_key(self) -> None:
        ends, now = await self._key_ends(), self._context.clock.now()
        if ends is not None and ends - now < EXPIRY_WARNING_NS:
            days = (ends - now) / 86_400e9
            self._context.logger.warning("the API key ends in %.1f days; make a new one, it can't be renewed", days)

    async def _key_ends(self) -> int | None:
        rows = read_keys(await self._http.send(account_requests.api_keys()))
        mine = self._context.secrets.get("api_key", "")
        return next((nanoseconds(row.expire_at) for row in rows if row.access_key == mine), None)

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
