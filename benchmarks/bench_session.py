"""A paper session on live sockets: from a frame in the socket buffer to the order that leaves for the paper venue.

A simulator in a process of its own speaks the frames of both exchanges; a session in this process trades the spread of
20 coins, with a portfolio tier and a SQLite journal in the durability ``process``, as `arb run` does. The baseline is
a bare `websockets` client of the same simulator that decodes every frame into a dict and does nothing else.

    python -m benchmarks.bench_session [seconds] [symbols]
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from websockets.asyncio.client import connect

from arbcore.cli._session import run_with_signals
from arbcore.model.events import Envelope
from arbcore.runtime.result import SessionResult
from arbcore.runtime.session import Ending
from arbcore.runtime.stats import SessionStats
from arbcore.session import Wish, run_session
from benchmarks.live import opened, percentile, project, simulator, symbols_of
from benchmarks.probe import STEPS, Probe
from benchmarks.stamped_simulator import sent_at

_US = 1e3
_GOALS_US = (100.0, 400.0)
_BARE_S = 5.0


class Nobody:
    """Watches a session and does nothing with what it sees."""

    def on_stats(self, stats: SessionStats) -> None:
        """Take statistics."""

    def on_events(self, events: Sequence[Envelope]) -> None:
        """Take events."""


def trade(folder: Path, address: str, symbols: Sequence[str], seconds: float) -> SessionResult:
    """Run a paper session."""
    config, plugins = opened(project(folder, address, symbols))
    ending = Ending()
    wish = Wish(watcher=Nobody(), seconds=seconds, say=print, ending=ending)
    return run_with_signals(lambda: run_session(config, plugins, wish), ending, plugins)


async def bare(address: str, symbols: Sequence[str], seconds: float) -> list[int]:
    """Return the nanoseconds from socket to decoded dict of every frame, of a client that does nothing else."""
    found: list[int] = []
    base = f"ws{address.removeprefix('http')}"
    asked = [
        {"ticket": "bare"},
        {"type": "orderbook", "codes": [f"KRW-{symbol}.5" for symbol in symbols]},
        {"type": "trade", "codes": [f"KRW-{symbol}" for symbol in symbols], "is_only_realtime": True},
    ]
    streams = "/".join(f"{symbol.lower()}usdt@bookTicker" for symbol in symbols)

    async def listen(url: str, first: bytes | None) -> None:
        async with connect(url, compression=None, proxy=None) as socket:
            if first is not None:
                await socket.send(first.decode())
            while True:
                frame = await socket.recv(decode=False)
                msgspec.json.decode(frame)
                found.append(time.monotonic_ns() - sent_at(frame))

    tasks = [
        asyncio.ensure_future(listen(f"{base}/upbit/websocket/v1", msgspec.json.encode(asked))),
        asyncio.ensure_future(listen(f"{base}/binance/usdm/public/stream?streams={streams}", None)),
    ]
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
    return found


def run_bare(address: str, symbols: Sequence[str]) -> list[int]:
    """Run the bare client on the event loop that the session had."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(bare(address, symbols, _BARE_S))
    return uvloop.run(bare(address, symbols, _BARE_S))


def line(name: str, values: Sequence[int], more: str = "") -> None:
    """Print median and 99th percentile in microseconds."""
    middle, slow = percentile(values, 0.5) / _US, percentile(values, 0.99) / _US
    print(f"  {name:26} p50 {middle:8,.0f} us   p99 {slow:8,.0f} us{more}")


def judge(name: str, values: Sequence[int]) -> None:
    """Print figures of the engine beside the goals."""
    found = percentile(values, 0.5) / _US, percentile(values, 0.99) / _US
    passed = all(value < goal for value, goal in zip(found, _GOALS_US, strict=True))
    goals = "under {:.0f} and {:.0f}".format(*_GOALS_US)
    line(name, values, f"   goal {goals}: {'pass' if passed else 'FAIL'}")


def report(probe: Probe, result: SessionResult, decoded: Sequence[int]) -> None:
    """Print everything."""
    ways = [way for way in probe.ways if way.whole]
    whole = [way.whole for way in ways]
    print(f"{len(probe.engine):,} steps of the engine, {len(ways):,} with orders; {result.trades} trades closed")
    print("bare client, socket to dict")
    line("all frames", decoded)
    base = percentile(decoded, 0.5)
    print("session")
    line("socket to decoded, all", probe.decodes, f"   {percentile(probe.decodes, 0.5) / base:.2f} x bare")
    line("frame to order", whole, f"   {percentile(whole, 0.5) / base:.2f} x bare")
    total = sum(whole)
    for name in STEPS:
        spans = [way.steps[name] for way in ways]
        line(f"  {name}", spans, f"   {sum(spans) / total:6.1%} of the way")
    judge("engine, every input", probe.engine)
    judge("engine, with orders", probe.deciding)
    judge("engine, with orders, CPU", probe.computing)


def main(seconds: float, count: int) -> None:
    """Measure and print."""
    probe = Probe()
    with (
        tempfile.TemporaryDirectory() as scratch,
        simulator("--count", str(count), "--seed", "3", module="benchmarks.stamped_simulator") as address,
    ):
        symbols = symbols_of(address)
        decoded = run_bare(address, symbols)
        probe.install()
        result = trade(Path(scratch), address, symbols, seconds)
    report(probe, result, decoded)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0, int(sys.argv[2]) if len(sys.argv) > 2 else 20)
