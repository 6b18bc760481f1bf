"""Soak of the private side over real sockets: orders on both exchanges at once for an hour under ``churn_private``.

The simulator runs in a process of its own, so that memory is that of the adapters and of the driver. Orders come in
rounds, each settled and compared with the simulator's own ledger in good weather; the weather goes on in the next round
where it was. What was compared is dropped, so that memory, open files and tasks can be looked at: they must not grow
after the warm-up, and neither must the time in which a round settles, which a backlog would lengthen.

    python -m benchmarks.soak_sockets [--minutes 60] [--seed 1]

It prints a line a round and exits with 1 where something is wrong.
"""

import argparse
import asyncio
import gc
import logging
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
from msgspec import Struct, field

from arbcore_exchange_binance.protocol import desk as binance_desk
from arbcore_exchange_binance.protocol import usdm_news
from arbcore_exchange_simulator.faults.presets import churn_private
from arbcore_exchange_upbit.protocol.private import desk as upbit_desk
from arbcore_exchange_upbit.protocol.private import proof
from benchmarks.driving.backstage import Far, far, resident
from benchmarks.driving.comparing import LINES, compared
from benchmarks.driving.opening import ACCOUNTS, Line, line
from benchmarks.driving.progress import watched
from benchmarks.driving.weather import from_then, spells
from benchmarks.live import percentile, slope

FLAT_MIB: Final = 0.25
"""Growth of memory in MiB a minute that still counts as none: 15 MiB an hour of two venues and their driver."""

WARM_UP: Final = 0.4
"""Share of the rounds that is not looked at for growth; what is remembered has reached its bound by then."""

BOUNDS: Final = (
    (binance_desk, "_KEPT_ORDERS", 1000),
    (binance_desk, "_KEPT_FILLS", 2000),
    (usdm_news, "_KEPT", 1000),
    (upbit_desk, "KEPT", 1000),
    (upbit_desk, "KEPT_FILLS", 2000),
    (proof, "KEPT", 1000),
)
"""What an adapter remembers at most here: its own bounds, up to 50,000 fills, are not reached within an hour."""

_ROUND_S: Final = 45.0
_S: Final = 10**9
_LAG_S: Final = 0.05


class Round(Struct):
    """What a round showed.

    Attributes:
        minute: When it ended, from the start.
        orders: Orders of both venues in it.
        settled_s: How long it took to settle and to compare both.
        lag_ms: The loop's lag, 99th percentile.
        memory: Resident MiB of the process of the adapters and of the driver.
        simulator: Resident MiB of the simulator's.
        files: Open files, sockets among them.
        tasks: Tasks of the loop.
        differences: What differs from the ledgers.
    """

    minute: float
    orders: int
    settled_s: float
    lag_ms: float
    memory: float
    simulator: float
    files: int
    tasks: int
    differences: list[str]

    def __str__(self) -> str:
        """Return it in a line."""
        return (
            f"{self.minute:5.1f} min  {self.orders:5,} orders  settled and compared in {self.settled_s:5.1f} s  "
            f"lag p99 {self.lag_ms:6.1f} ms  {self.memory:6.1f} MiB (simulator {self.simulator:6.1f})  "
            f"{self.files} files  {self.tasks} tasks  {len(self.differences)} differences"
        )


class Soaked(Struct):
    """What a soak showed.

    Attributes:
        rounds: Its rounds.
        counts: What happened to the orders, by name.
        faults: Spells of faults, by kind.
    """

    rounds: list[Round] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def steady(self) -> list[Round]:
        """The rounds after the warm-up."""
        return self.rounds[int(len(self.rounds) * WARM_UP) :]

    @property
    def growth(self) -> float:
        """MiB a minute after the warm-up."""
        return slope([(one.minute, one.memory) for one in self.steady])

    @property
    def wrong(self) -> list[str]:
        """Everything that is wrong, memory aside: a short run can't tell about it."""
        found = [line for one in self.rounds for line in one.differences]
        for name in ("files", "tasks"):
            most = [getattr(one, name) for one in self.steady]
            if most[-1] > most[0] + 5:
                found.append(f"{name}: from {most[0]} after the warm-up to {most[-1]}")
        return found


async def soak(minutes: float, seed: int, say: Callable[[str], None], length: float = _ROUND_S) -> Soaked:
    """Drive orders in rounds, and compare after each.

    Args:
        minutes: How long; at least one round.
        seed: Seed of weather, markets and orders.
        say: Takes a line a round.
        length: Seconds of a round before it is settled.

    Raises:
        Stalled: A driver got no further.
    """
    found, start, blown = Soaked(), time.monotonic(), 0.0
    mixture = churn_private(seed, minutes * 60)
    settings = {"seed": seed, "symbols": ("BTC", "ETH", "XRP"), "accounts": ACCOUNTS}
    async with far(settings) as backstage, AsyncExitStack() as stack:
        stack.enter_context(_bounded())
        lines = await _opened(backstage, seed, stack)
        found.faults = await stack.enter_async_context(spells(backstage, ("upbit", "usdm")))
        while not found.rounds or time.monotonic() - start < minutes * 60:
            await backstage.add_faults(from_then(mixture, int(blown * _S)))
            before = time.monotonic()
            async with _lags() as lags:
                await _driven(lines, length)
            blown += time.monotonic() - before
            found.rounds.append(await _settled(lines, backstage, start, lags))
            say(str(found.rounds[-1]))
            for text in found.rounds[-1].differences:
                say(f"  ! {text}")
    found.counts = sum((one.driver.counts for one in lines), Counter())
    return found


async def _opened(backstage: Far, seed: int, stack: AsyncExitStack) -> list[Line]:
    lines = []
    for name in ("upbit", "usdm-rest" if seed % 2 else "usdm-websocket"):
        venue, more, value = LINES[name]
        lines.append(await stack.enter_async_context(line(backstage, venue, seed, value, **more)))
        await stack.enter_async_context(watched(lines[-1].driver, look=60))
    return lines


async def _driven(lines: list[Line], length: float) -> None:
    async def drive(one: Line) -> None:
        end = time.monotonic() + length
        while time.monotonic() < end:
            await one.driver.drive(50)

    async with anyio.create_task_group() as group:
        for one in lines:
            group.start_soon(drive, one)


async def _settled(lines: list[Line], backstage: Far, start: float, lags: list[float]) -> Round:
    begun, orders, differences = time.monotonic(), 0, list[str]()
    for one in lines:
        differences += await compared(one)
        orders += len(one.driver.books.sent)
        one.driver.forget()
        await one.ledger.forget()
    took = time.monotonic() - begun
    gc.collect()
    return Round(
        minute=(time.monotonic() - start) / 60,
        orders=orders,
        settled_s=took,
        lag_ms=percentile(lags, 0.99) * 1000 if lags else 0.0,
        memory=resident(),
        simulator=backstage.memory,
        files=_open_files(),
        tasks=len(asyncio.all_tasks()),
        differences=differences,
    )


@asynccontextmanager
async def _lags() -> AsyncIterator[list[float]]:
    """Measure how late the loop is, while the body runs."""
    found: list[float] = []

    async def measure() -> None:
        while True:
            before = time.monotonic()
            await anyio.sleep(_LAG_S)
            found.append(time.monotonic() - before - _LAG_S)

    async with anyio.create_task_group() as group:
        group.start_soon(measure)
        yield found
        group.cancel_scope.cancel()


@contextmanager
def _bounded() -> Iterator[None]:
    before = [(module, name, getattr(module, name)) for module, name, _ in BOUNDS]
    for module, name, few in BOUNDS:
        setattr(module, name, few)
    try:
        yield
    finally:
        for module, name, usual in before:
            setattr(module, name, usual)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def report(found: Soaked, say: Callable[[str], Any]) -> None:
    """Say what was found."""
    first, last = found.steady[0], found.steady[-1]
    say(f"orders {sum(one.orders for one in found.rounds):,} in {len(found.rounds)} rounds")
    say(f"what happened: {dict(sorted(found.counts.items()))}")
    say(f"spells of faults: {dict(sorted(found.faults.items()))}")
    say(
        f"after the warm-up: memory {first.memory:.1f} to {last.memory:.1f} MiB, {found.growth:+.3f} MiB a minute, "
        f"flat is {FLAT_MIB}; settled in {first.settled_s:.1f} to {last.settled_s:.1f} s; files {first.files} to "
        f"{last.files}; tasks {first.tasks} to {last.tasks}"
    )
    for text in found.wrong:
        say(f"  ! {text}")


def main() -> int:
    """Soak, report, and say whether all is well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1, help="Odd ones send orders of USD-M by REST, even by WebSocket.")
    parser.add_argument("--round", type=float, default=_ROUND_S, help="Seconds before a round is settled.")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    say = partial(print, flush=True)
    found = anyio.run(partial(soak, asked.minutes, asked.seed, say, asked.round))
    report(found, say)
    well = found.growth < FLAT_MIB and not found.wrong
    say("all is well" if well else "something is WRONG")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
