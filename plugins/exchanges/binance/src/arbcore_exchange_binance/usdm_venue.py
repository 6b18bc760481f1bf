"""Binance USD-M futures as a venue: orders, what becomes of them, the account, and its modes."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final, Self

import anyio

from arbcore.context import Context
from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore.model.account import AccountFacts, MarginMode, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.order import Amendment, OrderRef, OrderReport, OrderRequest
from arbcore.net.request import Request
from arbcore.net.stream import run_stream
from arbcore.ports.trading import OrderNews, TakeItem
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.changing import only_measured
from arbcore_exchange_binance.key_scope import ask_key, check_key, with_key
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

_CLOCK_EVERY_S: Final = 600.0
_MEASURED: Final = 3
_QUIET_NS: Final = 24 * 3600 * 10**9
"""An account may say nothing for as long; whether its stream is mute is found by comparison."""
_SAME_MARGIN: Final = "-4046"
_SAME_MODE: Final = "-4059"


class UsdmVenue:
    """One account on USD-M futures; a `Venue`, a `LeveragedVenue` and a `DeadMansSwitch`.

    Args:
        settings: The instance's settings.
        context: The instance's context.
    """

    def __init__(self, settings: BinanceSettings, context: Context) -> None:
        self._settings: Final = settings
        self._context: Final = context
        self._access: Final = PrivateAccess(settings, context)
        venue = context.instance
        news = News(venue, Desk(settings.own_ids), settings.quote)
        now = context.clock.now()
        self._memory: Final = Memory(news, Wealth(venue), Payments(venue), self._access.offset, now)
        self._orders: Final = UsdmOrders(self._access, self._memory, settings, context)
        self._reading: Final = UsdmReading(self._access, self._memory, context, settings.refresh)
        self._open: Final = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open, measure the venue's clock, ask what the key may do and in which mode the account is.

        Raises:
            ExchangeError: The venue can't be reached, or refuses the key.
            SafetyError: The key is known to withdraw while moving money is switched off.
            ConfigurationError: A secret is missing.
        """
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self._access)
            await self._access.measure_clock(_MEASURED)
            await check_key(self._access, self._settings, self._context)
            self._orders.hedge_mode = (await self._reading.config()).dual_side_position
            self._open.push_async_exit(opening.pop_all())
        self._memory.whole_until = self._memory.venue_time(self._context.clock.now())
        if self._settings.orders != "rest":
            self._orders.changes.calls = self._access.socket("orders")
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close. The key of the user stream is left to end by itself: another program may use it too."""
        await self._open.aclose()

    async def run(self, instruments: Sequence[str], report: TakeItem) -> None:
        """Report orders, fills, balances, positions and funding until cancelled; see `Venue.run`."""
        self._memory.instruments = tuple(instruments)
        self._access.measure(only_measured(report))
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._keep_time)
                if self._orders.changes.calls is not None:
                    tasks.start_soon(self._orders.changes.calls.run, report)
                await self._stream(report)
        finally:
            self._access.measure(None)

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order; see `Venue.submit`."""
        return await self._orders.submit(order)

    async def cancel(self, order: OrderRef) -> None:
        """Ask for a cancel; see `Venue.cancel`."""
        await self._orders.cancel(order)

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Change price and quantity of a resting limit order, which loses its place in the queue; see `Venue.amend`."""
        return await self._orders.amend(order, change)

    async def cancel_all(self, instrument: str) -> None:
        """Ask for a cancel of every open order of an instrument, triggers included; see `Venue.cancel_all`."""
        await self._orders.cancel_all(instrument)

    async def look_up(self, order: OrderRef) -> Sequence[OrderNews]:
        """Return what the venue knows of an order; see `Venue.look_up`."""
        return await self._reading.look_up(order)

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        """Return the open orders of the account; see `Venue.open_orders`."""
        return await self._reading.open_orders(instrument)

    async def history(self, instrument: str, since: int) -> Sequence[OrderNews]:
        """Return ended orders and fills since a time, at most ninety days old; see `Venue.history`."""
        return await self._reading.history(instrument, since)

    async def snapshot(self) -> AccountSnapshot:
        """Return all balances and net positions; see `Venue.snapshot`."""
        return await self._reading.snapshot()

    async def terms(self, instrument: str) -> TradingTerms:
        """Return on which terms the account trades an instrument; see `Venue.terms`."""
        return await self._reading.terms(instrument)

    async def facts(self) -> AccountFacts:
        """Return what the venue tells of account and key; see `Venue.facts`."""
        facts = await self._reading.facts()
        self._orders.hedge_mode = bool(facts.hedge_mode)
        key = await ask_key(self._access, self._settings, self._context)
        return facts if key is None else with_key(facts, key)

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

    async def _stream(self, report: TakeItem) -> None:
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

    async def _keep_time(self) -> None:
        """Measure the venue's clock now and then: clocks drift."""
        while True:
            await anyio.sleep(_CLOCK_EVERY_S)
            try:
                await self._access.measure_clock(_MEASURED)
            except ExchangeError as error:
                self._context.logger.warning("the venue's clock was not told: %s", error.what)
