"""How soon a fill is known: by the account's stream, without it, and after the stream died mute.

A live session trades on a simulator in a process of its own, over real sockets, and closes everything in the end.
Timed from the moment at which an order was about to leave until each of its fills was booked; immediate orders trade
when they arrive, so the order's way is within. In the end every fill of the simulator must be in the journal, and no
other, digit for digit, in all three ways. The baseline is the first way.

    python -m benchmarks.bench_fills [seconds]
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import anyio

from arbcore_exchange_simulator import Fault
from arbcore_exchange_simulator.trading.given import BINANCE_KEY, UPBIT_KEY
from benchmarks.bench_recovery import TOLD, Starts, live_project
from benchmarks.driving.backstage import Far, far
from benchmarks.live import percentile

GOAL_S: Final = {"with the stream": 0.2, "without it": 30.0, "died mute": 30.0}
VENUES: Final = {"upbit": "upbit", "binance": "usdm"}
"""The simulator's venue by the session's exchange."""

_ACCOUNTS: Final = [
    {"name": "upbit", "venue": "upbit", "keys": (UPBIT_KEY,), "balances": {"KRW": "1000000000"}},
    {"name": "usdm", "venue": "usdm", "owner": "b", "keys": (BINANCE_KEY,), "balances": {"USDT": "1000000"}},
    {"name": "spot", "venue": "spot", "owner": "b", "keys": (BINANCE_KEY,)},
]
_SESSION: Final = "bench.live.simulator"
_PATIENCE_S: Final = 120.0

Trade = tuple[str, Decimal, Decimal]
"""A fill: client order id, price, quantity."""


async def run(way: str, seconds: float) -> tuple[dict[str, list[float]], list[str]]:
    """Trade one way; return the seconds until fills were known by exchange, and what was lost or made up."""
    with tempfile.TemporaryDirectory() as scratch:
        async with far({**TOLD, "accounts": _ACCOUNTS}) as back:
            for there in VENUES.values():
                await back.account(there, orders=True)  # watched from now on
            starts = await anyio.to_thread.run_sync(live_project, Path(scratch) / "project", back.address)
            if way == "without it":
                await back.add_faults([Fault(kind="user_mute")])
            with starts.running() as (started, _):
                await anyio.to_thread.run_sync(starts.until, "TradeHedged", started)
                if way == "died mute":
                    await back.add_faults([Fault(kind="user_mute")])
                begun = time.time_ns()
                await anyio.sleep(seconds)
                await anyio.to_thread.run_sync(end, starts)
            return known(starts, begun), await differences(starts, back)


def end(starts: Starts) -> None:
    """Have the session close everything and end."""
    command = ("stop", "--flatten", "--yes", "--timeout", f"{_PATIENCE_S:g}s", "-c", "arb.yaml", "--session", _SESSION)
    subprocess.run(
        [sys.executable, "-m", "arbcore", *command],
        cwd=starts.folder,
        env=starts.env,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + _PATIENCE_S
    while not stored(starts, "EngineStopped"):
        if time.monotonic() > until:
            raise TimeoutError((starts.folder / "session.err").read_text())
        time.sleep(0.1)


def stored(starts: Starts, *kinds: str) -> list[tuple[int, dict[str, Any]]]:
    """Return time and event of the journal's events of some types."""
    with closing(sqlite3.connect(f"file:{starts.session / 'journal.db'}?mode=ro", uri=True)) as connection:
        marks = ",".join("?" * len(kinds))
        rows = connection.execute(
            f"SELECT time, body FROM event_store WHERE type IN ({marks}) ORDER BY sequence", kinds
        ).fetchall()
    return [(at, json.loads(body)["event"]) for at, body in rows]


def known(starts: Starts, since: int) -> dict[str, list[float]]:
    """Return the seconds from each order that was about to leave to its fills, by exchange."""
    found: dict[str, list[float]] = defaultdict(list)
    orders = {one["order"]["client_order_id"]: (at, one["venue"]) for at, one in stored(starts, "OrderIntended")}
    for at, fill in stored(starts, "TradeExecuted"):
        sent, venue = orders[fill["client_order_id"]]
        if sent > since:
            found[venue].append((at - sent) / 1e9)
    return found


async def differences(starts: Starts, back: Far) -> list[str]:
    """Return fills that only the simulator or only the journal has."""
    ours = Counter(
        (fill["client_order_id"], Decimal(fill["price"]), Decimal(fill["quantity"]))
        for _, fill in stored(starts, "TradeExecuted")
    )
    theirs: Counter[Trade] = Counter()
    for there in VENUES.values():
        theirs.update(executions((await back.account(there, orders=True)).orders))
    return [f"lost: {one}" for one in theirs - ours] + [f"made up: {one}" for one in ours - theirs]


def executions(orders: dict[str, list[Any]]) -> Iterator[Trade]:
    """Yield the fills of a venue's orders."""
    for identity, seen in orders.items():
        for order in seen:
            for price, quantity, *_ in order.executions:
                yield identity, price, quantity


def report(way: str, found: dict[str, list[float]], wrong: Sequence[str], baseline: dict[str, float]) -> None:
    """Print a way beside its goal."""
    print(f"{way}: {sum(map(len, found.values())):,} fills, {len(wrong)} lost or made up")
    for venue, spans in sorted(found.items()):
        middle, slow = percentile(spans, 0.5), percentile(spans, 0.99)
        baseline.setdefault(venue, middle)
        met = "met" if slow < GOAL_S[way] else "MISSED"
        took = f"p50 {middle * 1e3:8,.0f} ms   p99 {slow * 1e3:8,.0f} ms   most {max(spans) * 1e3:8,.0f} ms"
        print(
            f"  {venue:10} {len(spans):5} {took}   {middle / baseline[venue]:6.1f} x   {GOAL_S[way]:g} s: {met}",
            flush=True,
        )
    for one in wrong[:10]:
        print(f"  {one}")


def main(seconds: float) -> None:
    """Measure and print."""
    baseline: dict[str, float] = {}
    for way in GOAL_S:
        found, wrong = anyio.run(run, way, seconds)
        report(way, found, wrong, baseline)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
