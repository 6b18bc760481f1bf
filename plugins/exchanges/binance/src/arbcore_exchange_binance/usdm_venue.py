"""Binance USD-M futures as a venue: its modes, its dead man's switch, and a user stream with a key of its own."""

from collections.abc import Sequence
from typing import Final

from arbcore.context import Context
from arbcore.errors import ExchangeRefused
from arbcore.model.account import AccountFacts, MarginMode
from arbcore.model.input import FundingPayment
from arbcore.net.request import Request
from arbcore.net.stream import run_stream
from arbcore.ports.trading import TakeItem
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.protocol import usdm_requests as requests
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.exact import symbol_of
from arbcore_exchange_binance.protocol.usdm_account import Wealth
from arbcore_exchange_binance.protocol.usdm_memory import Memory
from arbcore_exchange_binance.protocol.usdm_news import News
from arbcore_exchange_binance.protocol.usdm_payments import Payments
from arbcore_exchange_binance.protocol.usdm_stream import UserStream
from arbcore_exchange_binance.settings import BinanceSettings
from arbcore_exchange_binance.usdm_orders import UsdmOrders
from arbcore_exchange_binance.usdm_reading import UsdmReading
from arbcore_exchange_binance.venue import BinanceVenue

_QUIET_NS: Final = 24 * 3600 * 10**9
"""An account may say nothing for as long; whether its stream is mute is found by comparison."""
_SAME_MARGIN: Final = "-4046"
_SAME_MODE: Final = "-4059"


class UsdmVenue(BinanceVenue[UsdmOrders, UsdmReading]):
    """One account on USD-M futures; a `Venue`, a `LeveragedVenue` and a `DeadMansSwitch`.

    Args:
        settings: The instance's settings.
        context: The instance's context.
    """

    def __init__(self, settings: BinanceSettings, context: Context) -> None:
        access, venue = PrivateAccess(settings, context), context.instance
        news = News(venue, Desk(settings.own_ids), settings.quote)
        memory = Memory(news, Wealth(venue), Payments(venue), access.offset, context.clock.now())
        orders = UsdmOrders(access, memory, settings, context)
        super().__init__(settings, context, access, orders, UsdmReading(access, memory, context, settings.refresh))
        self._memory: Final = memory

    async def facts(self) -> AccountFacts:
        """Return what the venue tells of account and key; see `Venue.facts`."""
        facts = await super().facts()
        self._orders.hedge_mode = bool(facts.hedge_mode)
        return facts

    async def set_leverage(self, instrument: str, leverage: int) -> None:
        """Set the leverage of an instrument; see `LeveragedVenue.set_leverage`."""
        await self._set(requests.set_leverage(symbol_of(instrument), leverage))

    async def set_margin_mode(self, instrument: str, mode: MarginMode) -> None:
        """Set the margin mode of an instrument; see `LeveragedVenue.set_margin_mode`."""
        request = requests.set_margin_type(symbol_of(instrument), isolated=mode is MarginMode.ISOLATED)
        await self._set(request, unchanged=_SAME_MARGIN)

    async def set_hedge_mode(self, *, on: bool) -> None:
        """Keep long and short positions apart, or net them; orders go in one-way mode only."""
        if (await self._reading.config()).dual_side_position != on:
            await self._set(requests.set_hedge_mode(on=on), unchanged=_SAME_MODE)
        self._orders.hedge_mode = on

    async def set_multi_assets(self, *, on: bool) -> None:
        """Let several currencies stand for margin together, or not; see `LeveragedVenue.set_multi_assets`."""
        if (await self._reading.config()).multi_assets_margin != on:
            await self._set(requests.set_multi_assets(on=on))

    async def funding(self, instrument: str, since: int) -> Sequence[FundingPayment]:
        """Return the funding payments of an instrument since a time; see `LeveragedVenue.funding`."""
        return await self._reading.funding(instrument, since)

    async def cancel_all_after(self, instrument: str, after_ns: int) -> None:
        """Cancel all open orders of an instrument unless called again; positions stay; see `DeadMansSwitch`."""
        await self._set(requests.countdown(symbol_of(instrument), after_ns))

    async def _set(self, request: Request, unchanged: str = "") -> None:
        """Change a setting of the account; one that is in force already is no error."""
        try:
            await self._access.ask(request, request.path.rpartition("/")[2])
        except ExchangeRefused as error:
            if not unchanged or error.code != unchanged:
                raise

    async def _begin(self) -> None:
        """Ask for the position mode: orders go in one-way mode only."""
        self._orders.hedge_mode = (await self._reading.config()).dual_side_position
        self._memory.whole_until = self._memory.venue_time(self._context.clock.now())

    async def _listen(self, instruments: Sequence[str], report: TakeItem) -> None:
        self._memory.instruments = tuple(instruments)
        settings = self._settings
        base = self._access.addresses.route("private", futures=True)

        def make() -> UserStream:
            return UserStream(
                base,
                self._memory,
                renewal=settings.listen_key_renewal,
                reconcile=settings.reconcile,
                grace=settings.reconcile_grace,
            )

        await run_stream(
            make,
            self._access.http,
            report,
            venue=self._context.instance,
            connection="user",
            clock=self._context.clock,
            settings=settings.network.model_copy(update={"mute_after": _QUIET_NS}),
        )
