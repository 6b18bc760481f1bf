"""The simulator's spot exchange as the conformance suite wants a venue: market, faults, and what it knows itself."""

import hmac
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from time import time_ns
from typing import Any
from urllib.parse import urlencode

import aiohttp
import anyio

from arbcore.context import Context
from arbcore.model.instrument import Instrument
from arbcore.model.order import Fill, OrderReport, OrderRequest
from arbcore.ports.trading import Venue, VenueItem
from arbcore.testing.trading import Faults, Held, Market, Operation, Touch, Witness
from arbcore_exchange_binance import plugin
from arbcore_exchange_binance.protocol.spot_requests import order_params
from arbcore_exchange_binance.settings import BinanceSettings
from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from arbcore_exchange_simulator.binance.desk import Silence
from arbcore_exchange_simulator.trading.given import BINANCE_KEY

API_KEY, SECRET = BINANCE_KEY.key, BINANCE_KEY.secret.get_secret_value()
SYMBOL = "BTCUSDT"
ATOMS = Decimal(10**8)
S = 10**9
NETWORK = {"first_wait": "2ms", "longest_wait": "20ms", "stagger": "0ms", "request_timeout": "1s"}

_ACTS = {"amend": "place"}
"""What the simulator calls an operation where it has no word of its own: replacing is placing."""


class Rising:
    """A clock of its own: every reading is later than the one before."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(time_ns(), self._last + 1)
        return self._last


def context_of(environment: str = "simulator", **secrets: str) -> Context:
    return Context(
        instance="binance",
        session="test",
        mode="live",
        environment=environment,
        base_currency="USDT",
        clock=Rising(),
        logger=logging.getLogger("test"),
        data_dir=Path("unused"),
        secrets=secrets or {"api_key": API_KEY, "api_secret": SECRET},
    )


def settings_of(simulator: Simulator, **changes: Any) -> BinanceSettings:
    told = {"use": "binance", "product": "spot", "simulator": simulator.address, "network": NETWORK, **changes}
    return BinanceSettings.model_validate(told)


@asynccontextmanager
async def simulating(*permissions: str, **changes: Any) -> AsyncIterator[Simulator]:
    """A simulator whose market stands still; its key may trade, and what else is named."""
    key = {"key": API_KEY, "secret": SECRET, "permissions": ["spot", *permissions]}
    balances = {"spot": {"USDT": "2000000", "BTC": "10", "BNB": "20"}, "usdm": {"USDT": "1000"}}
    accounts = [
        {"name": name, "venue": name, "owner": "binance", "keys": [key], "balances": owned}
        for name, owned in balances.items()
    ]
    still = {"symbols": ("BTC", "XRP"), "rate": 1e-6, "trade_rate": 1e-6, "volatility": 0, "accounts": accounts}
    async with Simulator(SimulatorSettings.model_validate({**still, **changes})) as simulator:
        yield simulator


class SpotBench:
    """The spot exchange of a running simulator.

    Args:
        simulator: The simulator.
        instrument: What is traded, as the venue lists it.
        settings: What differs from the settings of `settings_of`.
    """

    def __init__(self, simulator: Simulator, instrument: Instrument, **settings: Any) -> None:
        self.simulator = simulator
        self.settings = settings_of(simulator, **settings)
        self.instrument = instrument
        self._private = simulator.venues.spot
        self._market = simulator.world.markets["spot"][SYMBOL]
        self._lost: list[str] = []
        self._arrived: dict[str, anyio.Event] = {}
        self._hook()

    @classmethod
    async def on(cls, simulator: Simulator, **settings: Any) -> "SpotBench":
        """Return the bench, with the instrument as the venue lists it."""
        async with plugin.open_feed(settings_of(simulator), context_of()) as feed:
            instrument = next(one for one in await feed.instruments() if one.symbol == SYMBOL)
        return cls(simulator, instrument, **settings)

    def open_venue(self) -> Venue:
        venue = plugin.open_venue(self.settings, context_of())
        assert isinstance(venue, Venue)
        return venue

    @property
    def account(self) -> Any:
        return self.simulator.venues.accounts.known("spot")

    @property
    def market(self) -> Market:
        return Market(instrument=self.instrument, touch=self.touch, move_to=self.move_to)

    @property
    def faults(self) -> Faults:
        return Faults(
            lose_request=self._lose_request,
            lose_reply=self._lose_reply,
            hold_reply=self._hold_reply,
            turn_away=self._turn_away,
            cut=self._cut,
            down=lambda: self._while("disconnect", lasts=3600 * S),
            silence=lambda: self._while("user_mute"),
            duplicate=lambda: self._while("duplicate_event"),
            fill_on_cancel=self._fill_on_cancel,
            stream="user",
        )

    @property
    def witness(self) -> Witness:
        return Witness(orders=self.orders, balances=self.balances, place=self.place)

    async def touch(self) -> Touch:
        bid, ask = self._market.book.touch
        return Touch(*(Decimal(part) / ATOMS for part in (*bid, *ask)))

    async def move_to(self, price: Decimal) -> None:
        """Move the touch beyond a price and back."""
        book, world = self._market.book, self.simulator.world
        (bid, bid_size), (ask, ask_size) = book.touch
        tick, at = int(self.instrument.ticks.tick_at(price) * ATOMS), int(price * ATOMS)
        beyond = (at - 2 * tick, at - tick) if at <= bid else (at + tick, at + 2 * tick)
        book.place(*beyond, (10**12, 10**12))
        world.changed(self._market, world.now)
        book.place(bid, ask, (bid_size, ask_size))
        world.changed(self._market, world.now)

    def fault(self, kind: str, **more: Any) -> None:
        self.simulator.add_fault(Fault.model_validate({"kind": kind, "venue": "spot", **more}))

    async def orders(self) -> Sequence[str]:
        return [one.client_id for one in self.account.orders()]

    async def balances(self) -> Mapping[str, tuple[Decimal, Decimal]]:
        """What the ledger has of every currency, and what orders hold of it."""
        return {name: (cash.total, cash.locked) for name, cash in self.account.cash.items() if cash.total}

    async def place(self, order: OrderRequest) -> str:
        """Place an order as another client of the account does."""
        row = await self.ask("POST", "/api/v3/order", **order_params(order, "NONE"))
        return str(row["orderId"])

    async def ask(self, method: str, path: str, **params: str | int) -> Any:
        query = urlencode({**params, "timestamp": time_ns() // 10**6})
        signature = hmac.digest(SECRET.encode(), query.encode(), "sha256").hex()
        url = f"{self.simulator.address}/binance/spot{path}?{query}&signature={signature}"
        headers = {"X-MBX-APIKEY": API_KEY}
        async with aiohttp.ClientSession() as web, web.request(method, url, headers=headers) as reply:
            return await reply.json()

    async def _cut(self) -> None:
        self.fault("disconnect")

    async def _lose_request(self, operation: Operation) -> None:
        self._lost.append(_ACTS.get(operation, operation))

    async def _lose_reply(self, operation: Operation) -> None:
        self.fault("ack_timeout", stream=_ACTS.get(operation, operation), times=1)

    async def _turn_away(self, operation: Operation) -> None:
        self.fault("throttled", stream=_ACTS.get(operation, operation), times=1)

    async def _fill_on_cancel(self) -> None:
        self.fault("fill_on_cancel", times=1)

    @asynccontextmanager
    async def _while(self, kind: str, **more: Any) -> AsyncIterator[None]:
        self.fault(kind, **more)
        try:
            yield
        finally:
            self.simulator.faults.clear()

    @asynccontextmanager
    async def _hold_reply(self, operation: Operation) -> AsyncIterator[Held]:
        arrived = self._arrived[_ACTS.get(operation, operation)] = anyio.Event()
        async with self._while("latency", stream="rest", amount=S // 2):
            yield Held(arrived)

    def _hook(self) -> None:
        """Hear of every request that places, changes or cancels, and lose the one that is to be lost."""
        run: Callable[[Any, Any], Any] = self._private.desk.run

        def hooked(endpoint: Any, call: Any) -> Any:
            if endpoint.act in self._lost:
                self._lost.remove(endpoint.act)
                raise Silence
            content = run(endpoint, call)
            if endpoint.act in self._arrived:
                self._arrived.pop(endpoint.act).set()
            return content

        self._private.desk.run = hooked  # type: ignore[method-assign]  # a tap on the venue's side of the wire


class Told:
    """What a venue reported, to be waited for."""

    def __init__(self) -> None:
        self.items: list[VenueItem] = []
        self._came = anyio.Event()

    def take(self, item: VenueItem) -> None:
        """Take a report."""
        self.items.append(item)
        self._came.set()
        self._came = anyio.Event()

    async def until(self, holds: Callable[[VenueItem], bool]) -> VenueItem:
        """Wait for a report."""
        with anyio.fail_after(20):
            while not (found := [item for item in self.items if holds(item)]):
                await self._came.wait()
        return found[0]

    async def ended(self, name: str) -> OrderReport:
        """Wait for the end of an order that has a reason."""
        found = await self.until(
            lambda item: isinstance(item, OrderReport) and item.client_order_id == name and bool(item.reason)
        )
        assert isinstance(found, OrderReport)
        return found

    def fills(self, name: str) -> list[Fill]:
        """Return the fills of an order so far."""
        return [item for item in self.items if isinstance(item, Fill) and item.client_order_id == name]
