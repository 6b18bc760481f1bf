"""Reconnection: from the loss of a connection to a valid book, and to the moment in which it delivers everything again.

The feeds of both exchanges, as a session runs them, against a simulator in a process of its own, which cuts all sockets
again and again. The back-off, which is random and meant, is measured and taken off; turns, handshakes, subscriptions,
snapshots and the wait for each stream's first frame remain. The baseline is a handshake alone: a bare `websockets`
client that opens and closes a socket.

Maintained books (``book: diff``) start from snapshots, of which the venue's weight limit allows some 120 a minute. So
they are cut often with a few coins, and a few times with all.

    python -m benchmarks.bench_reconnect [cuts] [symbols]
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from websockets.asyncio.client import connect

from arbcore.cli._session import run_with_signals
from arbcore.model.input import ConnectionChanged
from arbcore.model.market import Book, BookInvalid, Quote
from arbcore.model.state import ConnectionState
from arbcore.net.backoff import Backoff
from arbcore.opening import Market, open_market
from arbcore.pipeline import Pipeline
from arbcore.ports.venue import FeedItem
from arbcore.runtime.clock import WallClock
from arbcore.runtime.session import Ending
from benchmarks.live import control, opened, percentile, project, simulator, symbols_of

_MS: Final = 1e6
_GOAL_MS: Final = 1000.0
_GIVE_UP_S: Final = 30.0
_BETWEEN_S: Final = 0.2
_BOOKS: Final = "public-"
"""How connections are called that carry books."""

Name = tuple[str, str]
"""Venue and connection."""


class Watch:
    """Follows connections and books, and notes how long each recovery took.

    Attributes:
        taken: Nanoseconds of the recoveries by connection, without their back-off.
        books: Nanoseconds until each single book was valid again, by venue; 0 where a request told it meanwhile.
        states: State of each connection.
        invalid: When books were lost that are not valid again.
    """

    def __init__(self) -> None:
        self.taken: Final[dict[Name, list[int]]] = {}
        self.books: Final[dict[str, list[int]]] = {}
        self.states: Final[dict[Name, ConnectionState]] = {}
        self.invalid: Final[dict[str, int]] = {}
        self._lost: Final[dict[Name, int]] = {}
        self._waited: Final[dict[Name, int]] = {}
        self._owners: Final[dict[Backoff, Name]] = {}
        self._latest: Name = ("", "")

    def install(self) -> None:
        """Have every back-off tell how long it waits, for the rest of the process."""
        failed = Backoff.failed

        def told(backoff: Backoff, now: int) -> int:
            wait = failed(backoff, now)
            owner = self._owners.setdefault(backoff, self._latest)  # a loss is delivered right before its back-off
            self._waited[owner] = self._waited.get(owner, 0) + wait
            return wait

        Backoff.failed = told  # type: ignore[assignment, method-assign]

    def deliver(self, item: FeedItem) -> None:
        """Take what a feed delivers."""
        if isinstance(item, ConnectionChanged):
            self._changed(item)
        elif isinstance(item, BookInvalid):
            self.invalid[item.instrument] = item.recv_ts
        elif isinstance(item, (Book, Quote)) and item.instrument in self.invalid:
            venue = item.instrument.partition(":")[0]
            passed = item.recv_ts - self.invalid.pop(item.instrument) - self._waited.get((venue, f"{_BOOKS}1"), 0)
            self.books.setdefault(venue, []).append(max(passed, 0))

    def _changed(self, item: ConnectionChanged) -> None:
        name = self._latest = (item.venue, item.connection)
        self.states[name] = item.state
        if item.state is ConnectionState.RECONNECTING:
            self._lost[name], self._waited[name] = item.recv_ts, 0
        elif item.state is ConnectionState.CONNECTED and name in self._lost:
            self.taken.setdefault(name, []).append(item.recv_ts - self._lost.pop(name) - self._waited[name])

    @property
    def whole(self) -> bool:
        """Whether every connection with books delivers and no book is invalid."""
        books = [state for (_, name), state in self.states.items() if name.startswith(_BOOKS)]
        return bool(books) and all(state is ConnectionState.CONNECTED for state in books) and not self.invalid


async def cut_again_and_again(market: Market, keys: Sequence[str], address: str, cuts: int, watch: Watch) -> None:
    """Run feeds and cut their connections, each time after all recovered.

    Raises:
        TimeoutError: A connection did not recover.
    """
    async with anyio.create_task_group() as group:
        for name, feed in market.feeds.items():
            mine = [key for key in keys if key.startswith(f"{name}:")]
            group.start_soon(feed.run, mine, watch.deliver)
        await _until_whole(watch)
        for _ in range(cuts):
            await anyio.sleep(_BETWEEN_S)
            await anyio.to_thread.run_sync(partial(control, address, "faults", {"kind": "disconnect"}))
            await anyio.sleep(0.02)
            await _until_whole(watch)
        group.cancel_scope.cancel()


async def _until_whole(watch: Watch) -> None:
    with anyio.fail_after(_GIVE_UP_S):
        while not watch.whole:  # noqa: ASYNC110 - the times that count are those of the items
            await anyio.sleep(0.005)


def measure(address: str, symbols: Sequence[str], cuts: int, binance: Mapping[str, object]) -> Watch:
    """Cut the connections of both feeds; return what was seen.

    Args:
        address: The simulator's.
        symbols: Coins.
        cuts: How often.
        binance: Settings of one of the feeds.
    """
    network = {"first_wait": "50ms", "longest_wait": "50ms"}  # shortens the run; the back-off is taken off anyway
    watch = Watch()
    watch.install()

    async def run(path: Path) -> None:
        config, plugins = opened(path)
        pipeline = Pipeline(
            config=config, plugins=plugins, mode="monitor", clock=WallClock(), folder=path.parent, secrets="none"
        )
        async with open_market(pipeline) as market:
            keys = [item.key for item in market.planned(pipeline)]
            await cut_again_and_again(market, keys, address, cuts, watch)

    with tempfile.TemporaryDirectory() as scratch:
        path = project(Path(scratch), address, symbols, network=network, exchanges={"binance": binance})
        _, plugins = opened(path)
        run_with_signals(lambda: run(path), Ending(), plugins)
    return watch


async def handshakes(address: str, count: int) -> list[int]:
    """Return the nanoseconds that it takes a bare client to open a socket."""
    url = f"ws{address.removeprefix('http')}/binance/usdm/public/stream?streams=btcusdt@bookTicker"
    taken = []
    for _ in range(count):
        begun = time.monotonic_ns()
        async with connect(url, compression=None, proxy=None):
            taken.append(time.monotonic_ns() - begun)
    return taken


def line(name: str, taken: Sequence[int], base: float, *, goal: bool = True) -> None:
    """Print a line of the report."""
    middle, slow = percentile(taken, 0.5) / _MS, percentile(taken, 0.99) / _MS
    verdict = f"   goal under {_GOAL_MS:,.0f}: {'pass' if slow < _GOAL_MS else 'FAIL'}" if goal else ""
    print(
        f"  {name:24} {len(taken):5} times  p50 {middle:6,.0f} ms  p99 {slow:6,.0f} ms  "
        f"{middle / base:6.1f} x handshake{verdict}"
    )


def report(watch: Watch, base: float) -> None:
    """Print a line for the books of each venue, and one for each connection; mark prices come once a second."""
    for venue, taken in sorted(watch.books.items()):
        line(f"{venue}, a book", taken, base)
    for (venue, connection), taken in sorted(watch.taken.items()):
        line(f"{venue} {connection}, all", taken, base, goal=connection.startswith(_BOOKS))


def run_pass(note: str, coins: int, cuts: int, binance: Mapping[str, object]) -> None:
    """Measure with a simulator of its own, whose limits are unspent, and print."""
    with simulator("--count", str(coins), "--seed", "5") as address:
        base = percentile(asyncio.run(handshakes(address, 20)), 0.5) / _MS
        watch = measure(address, symbols_of(address), cuts, binance)
    print(f"{note}: {coins} coins, {cuts} cuts; a bare handshake takes {base:.1f} ms")
    report(watch, base)


def main(cuts: int, coins: int) -> None:
    """Measure and print."""
    run_pass("touches (book: ticker)", coins, cuts, {"book": "ticker"})
    run_pass("maintained books (book: diff)", 2, cuts // 2, {"book": "diff"})
    run_pass("maintained books, all coins", coins, 4, {"book": "diff"})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, int(sys.argv[2]) if len(sys.argv) > 2 else 20)
