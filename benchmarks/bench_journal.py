"""What the journal costs, as ratios against a baseline in the same run.

Sealing (encode, hash, chain), decoding, and the journal in memory against msgspec's bare JSON encoder; verifying and
folding against decoding. The journal in SQLite, event by event and in batches, against bare sqlite3 statements on a
bare table in the same durability. What journaling adds to the order path: the events of one decision for two legs,
sealed and stored before the orders may leave, one decision after the other with a pause, as a session makes them.

    python -m benchmarks.bench_journal [events]
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from arbcore.journal.chain import GENESIS, seal, verify
from arbcore.journal.codec import decode
from arbcore.journal.folds import rebuild
from arbcore.journal.memory import MemoryJournal
from arbcore.model.events import (
    BalanceChanged,
    Envelope,
    Event,
    FeeCharged,
    IntentApproved,
    OrderIntended,
    PositionChanged,
    TradeExecuted,
    TradeOpened,
)
from arbcore.model.intent import Intent, IntentKind, IntentLeg, RateUse
from arbcore.model.order import Liquidity, OrderRequest, Side
from arbcore.model.trade import Trade, TradeLeg, TradeState
from arbcore.ports.journal import Journal, StoredEvent
from arbcore.runtime.event_log import EventLog
from arbcore.testing.stores import store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import Durability, SqliteSettings
from benchmarks.live import percentile

_BETWEEN_S = 0.002
"""Pause between decisions: one after the other would find warm caches and a busy disk."""
STEP = 5
"""Events that the engine appends at once: a fill with its postings."""


def events_of(count: int) -> list[Envelope]:
    """Return events in the mixture of a fill."""
    fill = TradeExecuted(
        fill_id="upbit-1", client_order_id="ae-1k2j3h-4-0-0", venue_order_id="9fe1", trade="4", touch=Decimal(151000),
        instrument="upbit:KRW-BTC", side=Side.BUY, quantity=Decimal("0.00900000"), price=Decimal(151000000),
        liquidity=Liquidity.TAKER, rate=Decimal("0.000689655172"), rate_name="usdt_krw", venue_time=10**18,
    )  # fmt: skip
    cash = BalanceChanged(venue="upbit", currency="KRW", change=Decimal(-1359000), after=Decimal(1), reason="fill")
    moved = PositionChanged(instrument="upbit:KRW-BTC", before=Decimal(0), after=Decimal("0.009"), trade="4")
    fee = FeeCharged(fill_id="upbit-1", amount=Decimal("679.5"), currency="KRW", value=Decimal("0.468620689374"))
    kinds: list[Event] = [fill, fee, cash, cash, moved]
    return [Envelope(n, 10**18 + n, n - 1, "upbit-1", kinds[n % STEP]) for n in range(1, count + 1)]


def seconds(work: Callable[[], object]) -> float:
    """Return the best of three runs."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def show(name: str, ours: float, bare: float, count: int, against: str) -> None:
    """Print one ratio."""
    print(f"{name:42} {ours / count * 1e6:7.2f} us/event  {ours / bare:6.2f} x {against}")


def steps(stored: Sequence[StoredEvent]) -> list[Sequence[StoredEvent]]:
    """Return the events as the engine hands them over."""
    return [stored[start : start + STEP] for start in range(0, len(stored), STEP)]


def fill_journal(journal: Journal, pieces: list[Sequence[StoredEvent]]) -> float:
    """Append all and close; return the time it took."""

    async def run() -> float:
        async with journal:
            start = time.perf_counter()
            for piece in pieces:
                journal.append(piece)
            for _ in journal.read(first=pieces[-1][-1].sequence):
                pass
            return time.perf_counter() - start

    return asyncio.run(run())


def bare_table(path: Path, pieces: Sequence[Sequence[StoredEvent]], synchronous: str) -> float:
    """Store the same rows with bare statements, one transaction per piece."""
    connection = bare_connection(path, synchronous)
    start = time.perf_counter()
    for piece in pieces:
        insert(connection, piece)
    taken = time.perf_counter() - start
    connection.close()
    return taken


def bare_connection(path: Path, synchronous: str) -> sqlite3.Connection:
    """Return a connection to a bare table."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("CREATE TABLE e (s INTEGER PRIMARY KEY, t INTEGER, y TEXT, k TEXT, b BLOB, h BLOB)")
    return connection


def insert(connection: sqlite3.Connection, events: Sequence[StoredEvent]) -> None:
    """Store events in one transaction."""
    connection.execute("BEGIN")
    rows = [msgspec.structs.astuple(event) for event in events]
    connection.executemany("INSERT INTO e VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def sqlite_ratio(folder: Path, durability: Durability, stored: list[StoredEvent]) -> None:
    """Compare one durability with bare sqlite3."""
    batch = 1000
    pieces = steps(stored)
    bare_pieces: Sequence[Sequence[StoredEvent]] = [
        stored[start : start + batch] for start in range(0, len(stored), batch)
    ]
    settings = SqliteSettings(use="sqlite", durability=durability, batch_events=batch)
    times = []
    for number in range(2):
        place = folder / f"{durability}{number}"
        ours = fill_journal(SqliteJournal(settings, store_context(place)), pieces)
        same = bare_pieces if durability == "batch" else pieces
        bare = bare_table(place / "bare.db", same, "FULL" if durability == "power" else "NORMAL")
        times.append((ours, bare))
    ours, bare = min(times)
    show(f"SQLite, durability {durability}", ours, bare, len(stored), "bare sqlite3")


def decision(number: int, first: int) -> list[Envelope]:
    """Return what the engine stores before the two orders of an entry leave."""
    trade, at = f"{number}", 10**18 + number
    sides = (("upbit:KRW-ETH", Side.BUY, Decimal(4904000)), ("binance:ETHUSDT", Side.SELL, Decimal("3497.94")))
    quantity, worth = Decimal("0.28500000"), Decimal("998.620443")
    legs = tuple(
        IntentLeg(instrument=key, side=side, quantity=quantity, price=price, touch=price, quote_age_ns=40_910_823)
        for key, side, price in sides
    )
    rate = RateUse(name="usdt_krw", rate=0.000714285714, source="upbit", age_ns=14_509_502)
    strategy, route, symbol, edge = "premium", "premium/ETH/upbit-binance", "ETH", 21.175094286544088
    opened = Trade(
        id=trade, state=TradeState.OPEN, legs=tuple(TradeLeg(instrument=key) for key, _, _ in sides), opened_at=at,
        notional=worth, entry_edge_bps=edge, entry_premium=0.0012147909399793377,
        entry_reason="EDGE_ENTER", strategy=strategy, route=route, symbol=symbol, forward=True,
    )  # fmt: skip
    intent = Intent(
        id=trade, trade=trade, kind=IntentKind.ENTRY, legs=legs, edge_bps=edge, notional=worth,
        reason="EDGE_ENTER", rates=(rate,), decided_at=at,
        strategy=strategy, route=route, symbol=symbol, forward=True,
    )  # fmt: skip
    orders = [
        OrderRequest(
            client_order_id=f"ae-1m8r46mcs-{trade}-{leg}-0", instrument=key, side=side, quantity=quantity,
            price=price, expires_at=at + 5 * 10**9,
        )
        for leg, (key, side, price) in enumerate(sides)
    ]  # fmt: skip
    events: list[Event] = [TradeOpened(trade=opened), IntentApproved(intent=intent, asked_notional=worth)]
    events += [
        OrderIntended(order=order, venue=order.instrument.partition(":")[0], intent=trade, leg=leg, attempt=0)
        for leg, order in enumerate(orders)
    ]
    return [Envelope(first + place, at, first if place else 0, trade, event) for place, event in enumerate(events)]


def spans(journal: Journal, times: int) -> list[int]:
    """Return the nanoseconds that it takes to seal and store each of some decisions."""

    async def run() -> list[int]:
        found, size = [], len(decision(0, 1))
        async with journal:
            log = EventLog(journal)
            for number in range(times):
                events = decision(number, number * size + 1)
                await asyncio.sleep(_BETWEEN_S)
                begun = time.perf_counter_ns()
                log.append(events)
                found.append(time.perf_counter_ns() - begun)
        return found

    return asyncio.run(run())


def bare_spans(path: Path, times: int, synchronous: str) -> list[int]:
    """Return the nanoseconds of the same rows by bare statements, encoded and hashed before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = bare_connection(path, synchronous)
    found, previous, size = [], GENESIS, len(decision(0, 1))
    for number in range(times):
        sealed = seal(previous, decision(number, number * size + 1))
        previous = sealed[-1].hash
        time.sleep(_BETWEEN_S)
        begun = time.perf_counter_ns()
        insert(connection, sealed)
        found.append(time.perf_counter_ns() - begun)
    connection.close()
    return found


def order_path(folder: Path, times: int) -> None:
    """Print what storing adds to the way of an order, at each durability."""
    print(f"the order path: the four events of a decision for two legs, {times:,} decisions")
    memory = spans(MemoryJournal(), times)
    show_spans("in memory: sealing", memory, memory)
    levels: tuple[Durability, ...] = ("process", "power")
    for durability in levels:
        journal = SqliteJournal(SqliteSettings(use="sqlite", durability=durability), store_context(folder / durability))
        found = spans(journal, times)
        synchronous = "FULL" if durability == "power" else "NORMAL"
        bare = bare_spans(folder / f"bare-{durability}" / "bare.db", times, synchronous)
        show_spans(f"bare sqlite3, {durability}", bare, bare)
        show_spans(f"SQLite, durability {durability}", found, bare)


def show_spans(name: str, found: Sequence[int], bare: Sequence[int]) -> None:
    """Print a distribution beside its baseline."""
    middle, slow, times = (
        percentile(found, 0.5),
        percentile(found, 0.99),
        percentile(found, 0.5) / percentile(bare, 0.5),
    )
    rate = len(found) * len(decision(0, 1)) / sum(found) * 1e9
    took = f"p50 {middle / 1e3:7.0f} us   p99 {slow / 1e3:7.0f} us"
    print(f"  {name:32} {took}   {rate:9,.0f} events/s  {times:5.2f} x bare")


def main(count: int) -> None:
    """Print the ratios."""
    envelopes = events_of(count)
    encoder = msgspec.json.Encoder()
    bare = seconds(lambda: [encoder.encode(envelope) for envelope in envelopes])
    show("encode, hash and chain", seconds(lambda: seal(GENESIS, envelopes)), bare, count, "bare msgspec encode")
    stored = seal(GENESIS, envelopes)
    decoded = seconds(lambda: [decode(event.body) for event in stored])
    show("decode", decoded, bare, count, "bare msgspec encode")
    show("verify", seconds(lambda: verify(stored)), decoded, count, "decode")
    show("fold", seconds(lambda: rebuild(envelopes)), decoded, count, "decode")
    memory = min(fill_journal(MemoryJournal(), steps(stored)) for _ in range(3))
    show("in memory", memory, bare, count, "bare msgspec encode")
    with tempfile.TemporaryDirectory() as folder:
        shares: dict[Durability, int] = {"batch": 1, "process": 1, "power": 20}
        for durability, share in shares.items():
            sqlite_ratio(Path(folder), durability, stored[: count // share // STEP * STEP])
        order_path(Path(folder), max(count // 50, 200))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
