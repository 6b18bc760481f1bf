"""The simulator's futures for tests of the venue: a running one, a venue on it, its faults and what it knows."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from time import time_ns
from typing import Any

import anyio

from arbcore.context import Context
from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.instrument import Instrument
from arbcore.model.money import total
from arbcore.model.order import Fill, OrderReport, OrderRequest, OrderState, OrderType, Side, TimeInForce
from arbcore.model.state import ConnectionState
from arbcore_exchange_binance import plugin
from arbcore_exchange_binance.settings import BinanceSettings
from arbcore_exchange_binance.usdm_venue import UsdmVenue
from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.given import BINANCE_MONEY_KEY

API_KEY, SECRET = BINANCE_MONEY_KEY.key, BINANCE_MONEY_KEY.secret.get_secret_value()
SYMBOL = "BTCUSDT"
KEY = f"binance:{SYMBOL}"
ATOMS = Decimal(10**8)
NETWORK = {"first_wait": "2ms", "longest_wait": "20ms", "stagger": "0ms", "request_timeout": "1s"}
S = 10**9


class Rising:
    """A clock of its own: every reading is later than the one before."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(time_ns(), self._last + 1)
        return self._last


def context_of(**secrets: str) -> Context:
    return Context(
        instance="binance",
        session="test",
        mode="live",
        environment="simulator",
        base_currency="USDT",
        clock=Rising(),
        logger=logging.getLogger("test"),
        data_dir=Path("unused"),
        secrets=secrets or {"api_key": API_KEY, "api_secret": SECRET},
    )


def settings_of(simulator: Simulator, **changes: Any) -> BinanceSettings:
    # The key of the simulator may withdraw.
    told = {
        "use": "binance",
        "simulator": simulator.address,
        "network": NETWORK,
        "move_money": True,
        "own_ids": "suite-",
        **changes,
    }
    return BinanceSettings.model_validate(told)


@asynccontextmanager
async def simulating(**changes: Any) -> AsyncIterator[Simulator]:
    """A simulator whose market stands still."""
    accounts = [
        {"name": "usdm", "venue": "usdm", "owner": "o", "keys": [BINANCE_MONEY_KEY], "balances": {"USDT": "200000"}},
        {"name": "spot", "venue": "spot", "owner": "o", "keys": [BINANCE_MONEY_KEY], "balances": {"USDT": "1000"}},
    ]
    still = {"symbols": ("BTC", "XRP"), "rate": 1e-6, "trade_rate": 1e-6, "volatility": 0, "accounts": accounts}
    async with Simulator(SimulatorSettings.model_validate({**still, **changes})) as simulator:
        yield simulator


async def listed_on(simulator: Simulator) -> Instrument:
    """The instrument as the venue lists it."""
    async with plugin.open_feed(settings_of(simulator), context_of()) as feed:
        return next(one for one in await feed.instruments() if one.key == KEY)


class UsdmBench:
    """The futures of a running simulator: faults go in here, and what it knows itself is asked here.

    Args:
        simulator: The simulator.
        instrument: What is traded, as the venue lists it.
        settings: What differs from the settings of `settings_of`.
    """

    def __init__(self, simulator: Simulator, instrument: Instrument, **settings: Any) -> None:
        self.simulator = simulator
        self.instrument = instrument
        self.settings = settings_of(simulator, **settings)
        self._market = simulator.world.markets["usdm"][SYMBOL]

    def open_venue(self) -> UsdmVenue:
        venue = plugin.open_venue(self.settings, context_of())
        assert isinstance(venue, UsdmVenue)
        return venue

    def bid(self) -> Decimal:
        return Decimal(self._market.book.touch[0][0]) / ATOMS

    def trade_at(self, price: Decimal) -> None:
        """Let a public trade take place at a price, which triggers what waits for it."""
        world = self.simulator.world
        world.traded(self._market, self._market.trade(world.now, int(price * ATOMS), 10**6, buyer=False))

    def listen_key(self) -> str:
        """The key of the user stream that is alive now."""
        return self.simulator.venues.usdm.streams.keys.open(self._account, self.simulator.world.now)

    def fault(self, kind: str, **more: Any) -> None:
        self.simulator.add_fault(Fault.model_validate({"kind": kind, "venue": "usdm", **more}))

    def orders(self) -> list[str]:
        """Client ids of all orders that the venue ever took."""
        return [order.client_id for order in self._account.orders()]

    @property
    def _account(self) -> Account:
        return self.simulator.venues.accounts.known("usdm")


@dataclass
class Desk:
    """A venue that runs, and what it told."""

    bench: UsdmBench
    venue: UsdmVenue
    heard: list[Any] = field(default_factory=list)
    changed: anyio.Event = field(default_factory=anyio.Event)

    def take(self, item: Any) -> None:
        self.heard.append(item)
        self.changed.set()

    async def until(self, holds: Callable[[], object]) -> None:
        with anyio.fail_after(20):
            while not holds():
                self.changed = anyio.Event()
                await self.changed.wait()

    def of(self, kind: type, since: int = 0) -> list[Any]:
        return [one for one in self.heard[since:] if isinstance(one, kind)]

    def about(self, name: str, kind: type) -> list[Any]:
        return [one for one in self.of(kind) if one.client_order_id == name]

    def states(self, since: int = 0) -> list[ConnectionState]:
        return [one.state for one in self.of(ConnectionChanged, since) if one.connection == "user"]

    async def connected(self, since: int = 0) -> None:
        await self.until(lambda: ConnectionState.CONNECTED in self.states(since))
        await self.until(lambda: self.of(AccountSnapshot, since))

    async def order(self, side: Side = Side.BUY, quantity: str = "0.01", **changes: Any) -> OrderRequest:
        given: dict[str, Any] = {"type": OrderType.MARKET, **changes}
        return OrderRequest(
            client_order_id=f"suite-{time_ns()}", instrument=KEY, side=side, quantity=Decimal(quantity), **given
        )

    async def resting(self) -> OrderRequest:
        price = (self.bench.bid() * Decimal("0.97")).quantize(Decimal("0.1"))
        return await self.order(type=OrderType.LIMIT, price=price, time_in_force=TimeInForce.GTC)

    async def fill(self, order: OrderRequest) -> None:
        await self.venue.submit(order)
        await self.until(lambda: self.whole(order))

    def whole(self, order: OrderRequest) -> bool:
        return total(one.quantity for one in self.about(order.client_order_id, Fill)) == order.quantity

    def calls_are_open(self) -> bool:
        calls = self.venue._orders.changes.calls
        return calls is not None and calls.is_open

    def is_in(self, order: OrderRequest, state: OrderState) -> bool:
        reports = self.about(order.client_order_id, OrderReport)
        return bool(reports) and reports[-1].state is state


@asynccontextmanager
async def trading(simulator: Simulator, **settings: Any) -> AsyncIterator[Desk]:
    bench = UsdmBench(simulator, await listed_on(simulator), **{"orders": "rest", **settings})
    venue = bench.open_venue()
    async with venue, anyio.create_task_group() as group:
        desk = Desk(bench, venue)
        group.start_soon(venue.run, [KEY], desk.take)
        await desk.connected()
        yield desk
        group.cancel_scope.cancel()


@asynccontextmanager
async def entering(simulator: Simulator, secrets: dict[str, str], **settings: Any) -> AsyncIterator[UsdmVenue]:
    async with UsdmVenue(settings_of(simulator, **settings), context_of(**secrets)) as venue:
        yield venue
