"""What the journal costs, as ratios against a baseline in the same run.

Sealing (encode, hash, chain), decoding, and the journal in memory against msgspec's bare JSON encoder; verifying and
folding against decoding. The journal in SQLite, event by event and in batches, against bare sqlite3 statements on a
bare table in the same durability.

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
from arbcore.model.events import BalanceChanged, Envelope, Event, FeeCharged, PositionChanged, TradeExecuted
from arbcore.model.order import Liquidity, Side
from arbcore.ports.journal import Journal, StoredEvent
from arbcore.testing.stores import store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import Durability, SqliteSettings

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
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("CREATE TABLE e (s INTEGER PRIMARY KEY, t INTEGER, y TEXT, k TEXT, b BLOB, h BLOB)")
    start = time.perf_counter()
    for piece in pieces:
        connection.execute("BEGIN")
        rows = [msgspec.structs.astuple(event) for event in piece]
        connection.executemany("INSERT INTO e VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
    taken = time.perf_counter() - start
    connection.close()
    return taken


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


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
