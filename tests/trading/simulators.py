"""A bench on the simulator in process: the plugin's venue goes through a gate, the far side is looked at directly."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec

from arbcore.context import Context
from arbcore.model.instrument import Instrument
from arbcore.model.order import OrderOrigin, OrderRequest
from arbcore.ports.trading import Venue
from arbcore.runtime.clock import WallClock
from arbcore.testing.gate import Gate, Way
from arbcore.testing.trading import Faults, Held, Market, Operation, Touch, Witness
from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from arbcore_exchange_simulator.market.market import Market as SimulatedMarket

ATOM = Decimal("1e-8")
NETWORK = {"first_wait": "20ms", "longest_wait": "50ms", "stagger": "1ms", "request_timeout": "1s"}
UPBIT_KEY, UPBIT_SECRET = "suite-upbit-key", "suite-upbit-secret-0123456789abcdef0123"
BINANCE_KEY, BINANCE_SECRET = "suite-binance-key", "suite-binance-secret-0123456789abcdef01"
_UPBIT = {"key": UPBIT_KEY, "secret": UPBIT_SECRET}
_BINANCE = {"key": BINANCE_KEY, "secret": BINANCE_SECRET, "permissions": ["spot", "futures"]}
ACCOUNTS = (
    {"name": "upbit", "venue": "upbit", "keys": [_UPBIT], "balances": {"KRW": "400000000", "BTC": "20"}},
    {"name": "usdm", "venue": "usdm", "keys": [_BINANCE], "balances": {"USDT": "50000"}, "owner": "binance"},
    {
        "name": "spot",
        "venue": "spot",
        "keys": [_BINANCE],
        "balances": {"USDT": "50000", "BTC": "20"},
        "owner": "binance",
    },
)
STILL = SimulatorSettings.model_validate({"symbols": ("BTC",), "rate": 1e-6, "trade_rate": 1e-6, "accounts": ACCOUNTS})
"""One coin on every venue, in markets that stand still, and keys that can't withdraw."""


class Stage:
    """What the suite needs of one of the simulator's venues.

    Args:
        simulator: The simulator, running.
        gate: The gate in front of it.
        venue: The simulator's name of the venue: ``upbit``, ``usdm`` or ``spot``.
        instrument: What is traded.
        ways: How operations look on the wire.
        stream: Part of the path of the user stream's socket.
        open_as: Makes the plugin's venue, given the start of the ids that are its own.
    """

    def __init__(
        self,
        simulator: Simulator,
        gate: Gate,
        venue: str,
        instrument: Instrument,
        ways: Mapping[Operation, Way],
        stream: str,
        open_as: Callable[[str], Venue],
    ) -> None:
        self._simulator = simulator
        self._gate = gate
        self._venue = venue
        self._ways = ways
        self._stream = stream
        self._open_as = open_as
        self.instrument = instrument

    def open_venue(self) -> Venue:
        """Return the plugin's venue, whose ids are those of the suite."""
        return self._open_as("suite-")

    @property
    def market(self) -> Market:
        """The market."""
        return Market(instrument=self.instrument, touch=self._touch, move_to=self._move_to, distance=Decimal("0.02"))

    def faults(self, connection: str) -> Faults:
        """Return what can be put in at the simulator or at the gate.

        Args:
            connection: Name of the user stream's connection.
        """
        return Faults(
            lose_request=self._lose_request,
            lose_reply=self._lose_reply,
            hold_reply=self._hold,
            turn_away=self._turn_away,
            cut=self._cut,
            down=lambda: self._gate.down(self._stream),
            silence=lambda: self._during("user_mute"),
            duplicate=lambda: self._during("duplicate_event"),
            fill_on_cancel=self._fill_on_cancel,
            close_position=self._close_position if self._venue == "usdm" else None,
            stream=connection,
        )

    def call_faults(self, connection: str) -> Faults:
        """Return what can be put in where orders are calls over a socket: no gate can look into those."""

        async def lose_reply(operation: Operation) -> None:
            self._fault("ack_timeout", stream=operation, times=1)

        return replace(self.faults(connection), lose_request=None, lose_reply=lose_reply, hold_reply=None)

    @property
    def witness(self) -> Witness:
        """The simulator's own books."""
        return Witness(orders=self._orders, balances=self._balances, place=self._place, lapse=self._lapse)

    @property
    def _far(self) -> SimulatedMarket:
        return self._simulator.world.markets[self._venue][self.instrument.symbol]

    async def _touch(self) -> Touch:
        (bid, bid_size), (ask, ask_size) = self._far.book.touch
        return Touch(bid * ATOM, bid_size * ATOM, ask * ATOM, ask_size * ATOM)

    async def _move_to(self, price: Decimal) -> None:
        """Let somebody trade right through a price."""
        (bid, _), _ = self._far.book.touch
        at = int(price / ATOM)
        sells = at <= bid
        beyond = int(self.instrument.ticks.tick_at(price) / ATOM) * (-1 if sells else 1)
        now = self._simulator.world.now
        trade = self._far.trade(now, at + beyond, 10**12, not sells)
        self._simulator.world.traded(self._far, trade)

    async def _lose_request(self, operation: Operation) -> None:
        self._gate.lose_request(self._ways[operation])

    async def _lose_reply(self, operation: Operation) -> None:
        self._gate.lose_reply(self._ways[operation])

    @asynccontextmanager
    async def _hold(self, operation: Operation) -> AsyncIterator[Held]:
        async with self._gate.hold(self._ways[operation]) as held:
            yield held

    async def _turn_away(self, operation: Operation) -> None:
        if self._venue == "upbit":
            body = b'{"error": {"name": "too_many_requests", "message": "Too many requests."}}'
            self._gate.answer(self._ways[operation], 429, body, {"content-type": "application/json"})
        else:
            # Spot replaces orders, and the simulator counts that among the placings.
            stream = "place" if self._venue == "spot" and operation == "amend" else operation
            self._fault("throttled", stream=stream, times=1)

    async def _cut(self) -> None:
        assert await self._gate.cut(self._stream), "there was no user stream to cut"

    async def _close_position(self, origin: OrderOrigin) -> None:
        self._fault(origin.value, times=1)

    async def _fill_on_cancel(self) -> None:
        self._fault("fill_on_cancel", times=1)

    @asynccontextmanager
    async def _during(self, kind: str) -> AsyncIterator[None]:
        self._fault(kind)
        try:
            yield
        finally:
            self._simulator.faults.clear()

    def _fault(self, kind: str, **fields: object) -> None:
        self._simulator.add_fault(Fault.model_validate({"kind": kind, "venue": self._venue, **fields}))

    async def _orders(self) -> Sequence[str]:
        (account,) = self._simulator.venues.accounts.of(self._venue)
        return [one.client_id for one in account.orders()]

    async def _balances(self) -> Mapping[str, tuple[Decimal, Decimal | None]]:
        (account,) = self._simulator.venues.accounts.of(self._venue)
        # The margin of futures is no lock of money there.
        margin = self._venue == "usdm"
        return {currency: (cash.total, None if margin else cash.locked) for currency, cash in account.cash.items()}

    async def _lapse(self, time_ns: int) -> None:
        """Let the simulator's time run ahead of the wall's."""
        self._simulator.venues.step(self._simulator.world.now + time_ns)

    async def _place(self, order: OrderRequest) -> str:
        """Place an order as a program whose ids begin otherwise."""
        async with self._open_as("other-") as other:
            theirs = msgspec.structs.replace(order, client_order_id=f"other-{order.client_order_id[-12:]}")
            return (await other.submit(theirs)).venue_order_id


def context(instance: str, secrets: Mapping[str, str]) -> Context:
    """Return the context of an instance on the simulator."""
    return Context(
        instance=instance,
        session="test",
        mode="live",
        environment="simulator",
        base_currency="USDT",
        clock=WallClock(),
        logger=logging.getLogger(f"arbcore.test.{instance}"),
        data_dir=Path(),
        secrets=secrets,
    )


@asynccontextmanager
async def still() -> AsyncIterator[tuple[Simulator, Gate]]:
    """Run a simulator whose markets stand still, with a gate in front of it."""
    async with Simulator(STILL) as simulator, Gate(simulator.address) as gate:
        yield simulator, gate
