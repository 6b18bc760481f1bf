"""Binance spot as a venue: orders by request or by call, what becomes of them, the account."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final, Self

import anyio

from arbcore.context import Context
from arbcore.errors import ExchangeError
from arbcore.model.account import AccountFacts, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import Amendment, OrderRef, OrderReport, OrderRequest
from arbcore.net.calls import Call
from arbcore.net.stream import run_stream
from arbcore.ports.trading import OrderNews, TakeItem
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.changing import only_measured
from arbcore_exchange_binance.key_scope import ask_key, check_key, with_key
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.exact import symbol_of
from arbcore_exchange_binance.protocol.spot_past import Past
from arbcore_exchange_binance.protocol.spot_user import SUBSCRIBE, Pace, SpotUserStream
from arbcore_exchange_binance.settings import BinanceSettings
from arbcore_exchange_binance.spot_account import SpotAccount
from arbcore_exchange_binance.spot_orders import SpotOrders

_CLOCK_EVERY_S: Final = 600.0
_MEASURED: Final = 3


class SpotVenue:
    """One account on Binance spot; a `Venue`.

    Args:
        settings: The instance's settings.
        context: The instance's context.
    """

    def __init__(self, settings: BinanceSettings, context: Context) -> None:
        self._settings: Final = settings
        self._context: Final = context
        self._venue: Final = context.instance
        self._access: Final = PrivateAccess(settings, context)
        self._desk: Final = Desk(settings.own_ids)
        self._past: Final = Past()
        self._account: Final = SpotAccount(self._access, self._desk, context, settings.quote)
        self._orders: Final = SpotOrders(self._access, self._desk, settings, context)
        self._open: Final = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open, measure the venue's clock and ask what the key may do.

        Raises:
            ExchangeError: The venue can't be reached, or refuses the key.
            SafetyError: The key is known to withdraw while moving money is switched off.
            ConfigurationError: A secret is missing.
        """
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self._access)
            await self._access.measure_clock(_MEASURED)
            await check_key(self._access, self._settings, self._context)
            self._open.push_async_exit(opening.pop_all())
        if self._settings.orders != "rest":
            self._orders.changes.calls = self._access.socket("orders")
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        await self._open.aclose()

    async def run(self, instruments: Sequence[str], report: TakeItem) -> None:
        """Report orders, fills and balances until cancelled, reconnecting by itself; see `Venue.run`."""
        self._orders.report = report
        self._access.measure(only_measured(report))
        symbols = [symbol_of(key) for key in instruments]
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._keep_time)
                if self._orders.changes.calls is not None:
                    tasks.start_soon(self._orders.changes.calls.run, report)
                await self._stream(symbols, report)
        finally:
            self._orders.report = None
            self._access.measure(None)

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order; see `Venue.submit`. Fills that the answer names are reported by `run`."""
        return await self._orders.submit(order)

    async def cancel(self, order: OrderRef) -> None:
        """Ask for a cancel; see `Venue.cancel`."""
        await self._orders.cancel(order)

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Cancel an order of which nothing has filled and place another one; see `Venue.amend`.

        Where the venue cancelled the order and refused the new one, the report is the new one's: rejected. The
        cancelled one is reported by `run`.
        """
        return await self._orders.amend(order, change)

    async def cancel_all(self, instrument: str) -> None:
        """Ask for a cancel of every open order of an instrument; see `Venue.cancel_all`."""
        await self._orders.cancel_all(instrument)

    async def look_up(self, order: OrderRef) -> Sequence[OrderNews]:
        """Return what the venue knows of an order; see `Venue.look_up`."""
        return await self._account.look_up(order)

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        """Return the open orders of the account; see `Venue.open_orders`."""
        return await self._account.open_orders(instrument)

    async def history(self, instrument: str, since: int) -> Sequence[OrderNews]:
        """Return ended orders and fills since a time, at most ninety days old; see `Venue.history`."""
        return await self._account.history(instrument, since)

    async def snapshot(self) -> AccountSnapshot:
        """Return all balances that are not zero; see `Venue.snapshot`."""
        return await self._account.snapshot()

    async def terms(self, instrument: str) -> TradingTerms:
        """Return on which terms the account trades an instrument; see `Venue.terms`."""
        return await self._account.terms(instrument)

    async def facts(self) -> AccountFacts:
        """Return what the venue tells of account and key; see `Venue.facts`."""
        facts = await self._account.facts()
        key = await ask_key(self._access, self._settings, self._context)
        return facts if key is None else with_key(facts, key, "spot")

    async def _stream(self, symbols: Sequence[str], report: TakeItem) -> None:
        network = self._settings.network
        pace = Pace(
            mute_after=network.mute_after,
            poll_interval=network.poll_interval,
            reconcile=self._settings.reconcile,
            grace=self._settings.reconcile_grace,
        )

        def make() -> SpotUserStream:
            return SpotUserStream(
                self._access.addresses.ws_api,
                self._subscription,
                desk=self._desk,
                past=self._past,
                offset=self._access.offset,
                venue=self._venue,
                symbols=symbols,
                pace=pace,
            )

        await run_stream(
            make,
            self._access.http,
            report,
            venue=self._venue,
            connection="user",
            clock=self._context.clock,
            settings=network,
        )

    def _subscription(self) -> Call:
        return self._access.call(SUBSCRIBE, {}, Call(id="", method=SUBSCRIBE, frame=str))

    async def _keep_time(self) -> None:
        """Measure the venue's clock now and then: clocks drift."""
        while True:
            await anyio.sleep(_CLOCK_EVERY_S)
            try:
                await self._access.measure_clock(_MEASURED)
            except ExchangeError as error:
                self._context.logger.warning("the venue's clock was not told: %s", error.what)
