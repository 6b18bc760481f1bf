"""The venue: orders and the account of one key, over REST, and the user stream that tells what becomes of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self
from uuid import uuid4

import anyio

from arbcore.model.account import AccountFacts, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import OrderRef
from arbcore.net.offset import ClockOffset
from arbcore.ports.venue import RequestMeasured
from arbcore_exchange_upbit.access import DATE_STEP, open_private_rest, signer_of
from arbcore_exchange_upbit.addresses import addresses, private_stream
from arbcore_exchange_upbit.inquiry import Inquiry
from arbcore_exchange_upbit.ordering import Ordering
from arbcore_exchange_upbit.protocol.private import account_requests, order_replies, order_requests
from arbcore_exchange_upbit.protocol.private.account_replies import read_accounts, read_keys
from arbcore_exchange_upbit.protocol.private.purse import Purse
from arbcore_exchange_upbit.protocol.private.user_stream import MARGIN_NS, AccountWatch, UpbitUserStream
from arbcore_exchange_upbit.settings import UpbitSettings

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.ports.trading import OrderNews, TakeItem
    from arbcore_exchange_upbit.protocol.private.signing import Signer

CONNECTION: Final = "private-1"
"""Name of the user stream's connection."""
EXPIRY_WARNING_NS: Final = 14 * 86_400 * 10**9
"""A key that ends within this time is warned of: it can't be renewed, only replaced."""


class UpbitVenue(Ordering):
    """One key's pocket on Upbit Korea (`Venue`).

    Args:
        settings: The instance's settings.
        context: Its context, with the secrets ``api_key`` and ``api_secret``.

    Raises:
        ConfigurationError: The session's environment is one that the venue does not have.
    """

    def __init__(self, settings: UpbitSettings, context: "Context") -> None:
        super().__init__(settings, context)
        self._settings: Final = settings
        self._where: Final = addresses(settings, context.environment)
        self._stream: Final = private_stream(settings, context.environment)
        self._purse: Final = Purse(context.instance)
        self._offset: Final = ClockOffset()
        self._settled_at = 0
        self._signer: Signer

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

    async def _check_key(self) -> None:
        ends, now = await self._key_ends(), self._context.clock.now()
        if ends is not None and ends - now < EXPIRY_WARNING_NS:
            days = (ends - now) / 86_400e9
            self._context.logger.warning("the API key ends in %.1f days; make a new one, it can't be renewed", days)

    async def _key_ends(self) -> int | None:
        rows = read_keys(await self._http.send(account_requests.api_keys()))
        mine = self._context.secrets.get("api_key", "")
        return next((row.ends_at for row in rows if row.access_key == mine), None)
