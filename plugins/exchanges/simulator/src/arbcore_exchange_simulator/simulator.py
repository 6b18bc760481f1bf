"""The simulator: markets, venues, faults and their server on the running asyncio loop."""

import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from arbcore.errors import ConfigurationError
from arbcore_exchange_simulator.faults.fault import Fault
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.market.world import QUANTUM, World
from arbcore_exchange_simulator.settings import SimulatorSettings
from arbcore_exchange_simulator.trading.given import Control
from arbcore_exchange_simulator.venues import Venues

if TYPE_CHECKING:
    from aiohttp.web import AppRunner

    from arbcore_exchange_simulator.server.connection import Connection

_LAG: Final = 500_000_000  # a loop that was held up longer than this lets the time in between pass unseen
_LINGER: Final = 2_000_000_000  # a request keeps waiting markets going for this long
_BEAT: Final = 250_000_000  # sessions look at their timers this often


class Simulator:
    """Serves the venues while it is entered.

    Attributes:
        settings: What it was made with.
        venues: The venues without I/O.
        connections: Open sockets.
        stopping: Set when it stops.
    """

    def __init__(self, settings: SimulatorSettings | None = None) -> None:
        self.settings: Final = settings or SimulatorSettings()
        start = self.settings.start if self._is_manual else time.time_ns()
        self.venues: Final = Venues(self.settings, start)
        self.connections: Final[dict[Connection, None]] = {}
        self.stopping: Final = asyncio.Event()
        self._runner: AppRunner | None = None
        self._pump: asyncio.Task[None] | None = None
        self._address = ""
        self._last_request = 0
        self._beaten = start

    @property
    def _is_manual(self) -> bool:
        return self.settings.clock == "manual"

    @property
    def address(self) -> str:
        """Base of all addresses: ``http://127.0.0.1:PORT``."""
        return self._address

    @property
    def world(self) -> World:
        """The markets."""
        return self.venues.world

    market = world

    @property
    def faults(self) -> FaultPlan:
        """The faults."""
        return self.venues.faults

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigurationError: The address or port can't be listened on.
        """
        from aiohttp import web

        from arbcore_exchange_simulator.server.app import make_app

        runner = web.AppRunner(make_app(self), access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await runner.setup()
        host, port = self.settings.host, self.settings.port
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            raise ConfigurationError(
                f"simulator: can't listen on {host}:{port}: {error}", "choose another port"
            ) from error
        self._runner = runner
        self._address = f"http://{host}:{runner.addresses[0][1]}"
        if not self._is_manual:
            self._pump = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close all sockets and stop listening."""
        self.stopping.set()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        for connection in list(self.connections):
            connection.close(1001, "simulator stops")
        if self._runner is not None:
            await self._runner.cleanup()

    def touched(self) -> None:
        """Note a request: waiting markets go on for a while."""
        self._last_request = time.monotonic_ns()

    def add_fault(self, fault: Fault) -> None:
        """Set a fault, which acts at once where it is due; its times count from now."""
        self.faults.add(fault)
        self.faults.on_time(self.world)
        self._cut()

    def control(self, told: Control) -> None:
        """Change accounts from outside.

        Raises:
            ValueError: An account is not known or known already, or an amount is wrong.
        """
        self.venues.control(told)

    def state(self) -> dict[str, Any]:
        """Return what the simulator is doing, for people and tests."""
        return {
            "schema_version": 1,
            "time": self.world.now,
            "elapsed": (self.world.now - self.world.start) / 1e9,
            "symbols": self.world.symbols(),
            "ended": self.venues.source.ended,
            "connections": {venue: sum(one.venue == venue for one in self.connections) for venue in self.world.markets},
            "faults": [fault.model_dump(mode="json") for fault in self.faults.known],
            "active": [fault.model_dump(mode="json") for fault in self.faults.active()],
        }

    async def advance(self, seconds: float) -> None:
        """Move the manual clock; frames that became due are in the sockets' queues afterwards.

        Raises:
            ValueError: The clock is the wall's, or the time is negative or over an hour.
        """
        if not self._is_manual:
            raise ValueError("the clock is the wall's: make the simulator with clock='manual'")
        if not 0 <= seconds <= 3600:
            raise ValueError(f"{seconds} s: give 0 to 3600 seconds")
        until = self.world.now + round(seconds * 1e9)
        while self.world.now < until:
            self._step(min(until, self.world.now + QUANTUM))
            await asyncio.sleep(0)

    def _step(self, until: int) -> None:
        self.venues.step(until)
        self._cut()
        for connection in self.connections:
            connection.release(until)
        if until - self._beaten >= _BEAT:
            self._beaten = until
            for connection in list(self.connections):
                if connection.session is not None:
                    connection.session.tick(until)

    def _cut(self) -> None:
        for fault in self.faults.cuts():
            for connection in list(self.connections):
                if fault.reaches(connection.venue) and self.faults.draws(fault):
                    connection.cut()

    async def _run(self) -> None:
        """Keep the world at the wall's time, in quanta."""
        offset = time.time_ns() - time.monotonic_ns()
        while True:
            await asyncio.sleep(QUANTUM / 1e9)
            now = time.monotonic_ns() + offset
            if self._waits() or now - self.world.now > _LAG:
                self._stand(now)
            elif now > self.world.now:
                self._step(now)

    def _waits(self) -> bool:
        if not self.settings.wait or self.connections:
            return False
        return time.monotonic_ns() - self._last_request > _LINGER

    def _stand(self, now: int) -> None:
        """Let the time pass without anything happening in the markets."""
        self.venues.source.stand(now, self.world.now)
        self.faults.stand(now - self.world.now)
        self.world.skip(now)
        self.faults.on_time(self.world)
        self._cut()
