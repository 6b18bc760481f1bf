"""What the venues of both products share: opening, time, and passing calls on to what places and what asks."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final, Generic, Protocol, Self, TypeVar

import anyio

from arbcore.context import Context
from arbcore.errors import ExchangeError
from arbcore.model.account import AccountFacts, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import Amendment, OrderRef, OrderReport, OrderRequest
from arbcore.ports.trading import OrderNews, TakeItem
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.changing import Changes, only_measured
from arbcore_exchange_binance.key_scope import ask_key, check_key, with_key
from arbcore_exchange_binance.settings import BinanceSettings

_CLOCK_EVERY_S: Final = 600.0
_MEASURED: Final = 3


class Placing(Protocol):
    """What a product does to orders; see `arbcore.ports.trading.Venue`."""

    @property
    def changes(self) -> Changes:
        """What sends them."""
        ...

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order."""
        ...

    async def cancel(self, order: OrderRef) -> None:
        """Ask for a cancel."""
        ...

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Change a resting order."""
        ...

    async def cancel_all(self, instrument: str) -> None:
        """Ask for a cancel of every open order."""
        ...


class Asking(Protocol):
    """What a product can be asked; see `arbcore.ports.trading.Venue`."""

    async def look_up(self, order: OrderRef) -> Sequence[OrderNews]:
        """Return what is known of an order."""
        ...

    async def open_orders(self, instrument: str) -> Sequence[OpenOrder]:
        """Return the open orders."""
        ...

    async def history(self, instrument: str, since: int) -> Sequence[OrderNews]:
        """Return ended orders and fills."""
        ...

    async def snapshot(self) -> AccountSnapshot:
        """Return balances and positions."""
        ...

    async def terms(self, instrument: str) -> TradingTerms:
        """Return the terms of an instrument."""
        ...

    async def facts(self) -> AccountFacts:
        """Return facts of the account, without those of the key."""
        ...


Orders = TypeVar("Orders", bound=Placing)
Reading = TypeVar("Reading", bound=Asking)


class BinanceVenue(ABC, Generic[Orders, Reading]):
    """One account on one product. A product adds its user stream, and what only it has.

    Args:
        settings: The instance's settings.
        context: The instance's context.
        access: What requests go through.
        orders: Places, cancels and changes orders.
        reading: Asks.
    """

    def __init__(
        self, settings: BinanceSettings, context: Context, access: PrivateAccess, orders: Orders, reading: Reading
    ) -> None:
        self._settings: Final = settings
        self._context: Final = context
        self._access: Final = access
        self._orders: Final = orders
        self._reading: Final = reading
        self._open: Final = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open, measure the venue's clock, and ask what the key may do and in which mode the account is.

        Raises:
            ExchangeError: The venue can't be reached, or refuses the key.
            SafetyError: The key is known to withdraw while moving money is switched off.
            ConfigurationError: A secret is missing.
        """
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self._access)
            await self._access.measure_clock(_MEASURED)
            await check_key(self._access, self._settings, self._context)
            await self._begin()
            self._open.push_async_exit(opening.pop_all())
        if self._settings.orders != "rest":
            self._orders.changes.calls = self._access.socket("orders")
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close. A key of the user stream is left to end by itself: another program may use it too."""
        await self._open.aclose()

    async def run(self, instruments: Sequence[str], report: TakeItem) -> None:
        """Report orders, fills and the account until cancelled, reconnecting by itself; see `Venue.run`."""
        self._access.measure(only_measured(report))
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._keep_time)
                if self._orders.changes.calls is not None:
                    tasks.start_soon(self._orders.changes.calls.run, report)
                await self._listen(instruments, report)
        finally:
            self._access.measure(None)

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order; see `Venue.submit`."""
        return await self._orders.submit(order)

    async def cancel(self, order: OrderRef) -> None:
        """Ask for a cancel; see `Venue.cancel`."""
        await self._orders.cancel(order)

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Change price and quantity of a resting limit order; see `Venue.amend`.

        Futures: the order loses its place in the queue. Spot: an order of which nothing has filled is cancelled and
        another one placed; where the venue did only the first, the report is the new one's, rejected, and the
        cancelled one is reported by `run`.
        """
        return await self._orders.amend(order, change)

    async def cancel_all(self, instrument: str) -> None:
        """Ask for a cancel of every open order of an instrument; see `Venue.cancel_all`."""
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
        key = await ask_key(self._access, self._settings, self._context)
        return facts if key is None else with_key(facts, key, self._settings.product)

    @abstractmethod
    async def _begin(self) -> None:
        """Ask what has to be known before anything is sent."""

    @abstractmethod
    async def _listen(self, instruments: Sequence[str], report: TakeItem) -> None:
        """Run the user stream until cancelled."""

    async def _keep_time(self) -> None:
        """Measure the venue's clock now and then: clocks drift."""
        while True:
            await anyio.sleep(_CLOCK_EVERY_S)
            try:
                await self._access.measure_clock(_MEASURED)
            except ExchangeError as error:
                self._context.logger.warning("the venue's clock was not told: %s", error.what)
