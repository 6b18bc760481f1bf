"""The simulator's futures as the conformance suite wants a venue: its market, its faults, and what it knows itself."""

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
from msgspec.structs import replace

from arbcore.context import Context
from arbcore.model.instrument import Instrument
from arbcore.model.order import OrderRequest
from arbcore.ports.trading import Venue
from arbcore.testing.trading import Faults, Held, Market, Operation, Touch, Witness
from arbcore_exchange_binance import plugin
from arbcore_exchange_binance.protocol.usdm_orders import order_params
from arbcore_exchange_binance.settings import BinanceSettings
from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from arbcore_exchange_simulator.binance.desk import Silence
from arbcore_exchange_simulator.trading.given import BINANCE_KEY

API_KEY, SECRET = BINANCE_KEY.key, BINANCE_KEY.secret.get_secret_value()
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
        {"name": "usdm", "venue": "usdm", "owner": "o", "keys": [BINANCE_KEY], "balances": {"USDT": "200000"}},
        {"name": "spot", "venue": "spot", "owner": "o", "keys": [BINANCE_KEY], "balances": {"USDT": "1000"}},
    ]
    still = {"symbols": ("BTC", "XRP"), "rate": 1e-6, "trade_rate": 1e-6, "volatility": 0, "accounts": accounts}
    async with Simulator(SimulatorSettings.model_validate({**still, **changes})) as simulator:
        yield simulator


async def listed_on(simulator: Simulator) -> Instrument:
    """The instrument as the venue lists it."""
    async with plugin.open_feed(settings_of(simulator), context_of()) as feed:
        return next(one for one in await feed.instruments() if one.key == KEY)


class UsdmBench:
    """The futures of a running simulator.

    Args:
        simulator: The simulator.
        instrument: What is traded, as the venue lists it.
        settings: What differs from the settings of `settings_of`.
    """

    def __init__(self, simulator: Simulator, instrument: Instrument, **settings: Any) -> None:
        self.simulator = simulator
        self.settings = settings_of(simulator, **settings)
        self._instrument = instrument
        self._private = simulator.venues.usdm
        self._market = simulator.world.markets["usdm"][SYMBOL]
        self._lost: list[str] = []
        self._arrived: dict[str, anyio.Event] = {}
        self._hook()

    def open_venue(self) -> Venue:
        venue = plugin.open_venue(self.settings, context_of())
        assert isinstance(venue, Venue)
        return venue

    @property
    def account(self) -> Any:
        return self.simulator.venues.accounts.known("usdm")

    @property
    def market(self) -> Market:
        return Market(instrument=self._instrument, touch=self.touch, move_to=self.move_to)

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
        return Witness(orders=self.orders, balances=self.balances, place=self.place, lapse=self._lapse)

    async def touch(self) -> Touch:
        bid, ask = self._market.book.touch
        return Touch(*(Decimal(part) / ATOMS for part in (*bid, *ask)))

    async def move_to(self, price: Decimal) -> None:
        """Move the touch beyond a price and back."""
        book, world = self._market.book, self.simulator.world
        (bid, bid_size), (ask, ask_size) = book.touch
        tick = int(self._instrument.ticks.tick_at(price) * ATOMS)
        at = int(price * ATOMS)
        beyond = (at - 2 * tick, at - tick) if at <= bid else (at + tick, at + 2 * tick)
        book.place(*beyond, (10**12, 10**12))
        world.changed(self._market, world.now)
        book.place(bid, ask, (bid_size, ask_size))
        world.changed(self._market, world.now)

    def trade_at(self, price: Decimal) -> None:
        """Let a public trade take place at a price, which triggers what waits for it."""
        world = self.simulator.world
        world.traded(self._market, self._market.trade(world.now, int(price * ATOMS), 10**6, buyer=False))

    def listen_key(self) -> str:
        """The key of the user stream that is alive now."""
        return self._private.streams.keys.open(self.account, self.simulator.world.now)

    def fault(self, kind: str, **more: Any) -> None:
        self.simulator.add_fault(Fault.model_validate({"kind": kind, "venue": "usdm", **more}))

    async def orders(self) -> Sequence[str]:
        return [order.client_id for order in self.account.orders()]

    async def balances(self) -> Mapping[str, tuple[Decimal, Decimal]]:
        """Wallets, and what margin and losses hold back of them."""
        holding = self._private.ledger.of(self.account)
        return {
            name: (cash.total, max(cash.total - holding.free_margin, Decimal(0)) if name == "USDT" else Decimal(0))
            for name, cash in self.account.cash.items()
            if cash.total
        }

    async def place(self, order: OrderRequest) -> str:
        """Place an order as another client of the account does."""
        theirs = replace(order, client_order_id=f"web_{time_ns()}")
        row = await self.ask("POST", "/fapi/v1/order", **order_params(theirs, response="ACK", self_trade="NONE"))
        return str(row["orderId"])

    async def ask(self, method: str, path: str, **params: str | int) -> Any:
        query = urlencode({**params, "timestamp": time_ns() // 10**6})
        signature = hmac.digest(SECRET.encode(), query.encode(), "sha256").hex()
        url = f"{self.simulator.address}/binance/usdm{path}?{query}&signature={signature}"
        headers = {"X-MBX-APIKEY": API_KEY}
        async with aiohttp.ClientSession() as web, web.request(method, url, headers=headers) as reply:
            return await reply.json()

    async def _lapse(self, time_ns: int) -> None:
        """Do what is due by a later time, while the clocks stay as they are."""
        self._private.on_time(self.simulator.world.now + time_ns)

    async def _cut(self) -> None:
        self.fault("disconnect")

    async def _lose_request(self, operation: Operation) -> None:
        self._lost.append(operation)

    async def _lose_reply(self, operation: Operation) -> None:
        self.fault("ack_timeout", stream=operation, times=1)

    async def _turn_away(self, operation: Operation) -> None:
        self.fault("throttled", stream=operation, times=1)

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
        arrived = self._arrived[operation] = anyio.Event()
        async with self._while("latency", stream="rest", amount=S // 2):
            yield Held(arrived)

    def _hook(self) -> None:
        """Hear of every request that places, changes or cancels, and lose the one that is to be lost."""
        run: Callable[[Any, Any], Any] = self._private.desk.run

        def hooked(endpoint: Any, call: Any) -> Any:
            act = endpoint.act
            if act in self._lost:
                self._lost.remove(act)
                raise Silence
            content = run(endpoint, call)
            if act in self._arrived:
                self._arrived.pop(act).set()
            return content

        setattr(self._private.desk, "run", hooked)  # noqa: B010 - a tap on the venue's side of the wire
