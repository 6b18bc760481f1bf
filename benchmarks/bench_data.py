"""What data sets cost, as ratios against a baseline in the same run.

Reading: `open_source(...).chunks()` against a loop that builds the same structs from columns already in memory.
Writing: `DatasetWriter` (checks, hash, files per day) against one bare Parquet file of the same columns.
Checking: `verify` against the bare reading.
Recording: `Recorder.put` against a bare append, `flush` against encoding the same inputs as MessagePack, `rotate`
against one bare Parquet file of the same columns for each market.

    python -m benchmarks.bench_data [quotes]
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from arbcore.data._frames import Columns, np, write_rows
from arbcore.data.recorder import Recorder
from arbcore.data.source import open_source
from arbcore.data.verify import verify
from arbcore.data.writer import DatasetWriter
from arbcore.model.market import Quote
from benchmarks.market import PERPETUAL

SECOND = 1_000_000_000
START = 1_735_689_600 * SECOND
PIECE = 100_000


def quotes(first: int, count: int, seed: int) -> Columns:
    """Return quotes half a second apart."""
    generator = np.random.default_rng((seed, first))
    times = START + (first + np.arange(count)) * (SECOND // 2) + generator.integers(0, SECOND // 10, count)
    bids = 60_000 + np.round(generator.normal(0, 50, count), 1)
    sizes = np.round(generator.lognormal(0, 1, (2, count)), 3)
    return {
        "ts": times,
        "recv_ts": times + 10**7,
        "bid": bids,
        "ask": bids + 0.1,
        "bid_size": sizes[0],
        "ask_size": sizes[1],
    }


def write_all(root: Path, count: int) -> None:
    """Write two markets with their share of the quotes each, and a conversion rate."""
    for seed, venue in enumerate(("one", "two")):
        instrument = replace(PERPETUAL, venue=venue)
        with DatasetWriter(
            root, venue=venue, symbol=instrument.symbol, instrument=instrument, source="bench"
        ) as writer:
            for first in range(0, count // 2, PIECE):
                writer.append("quotes", quotes(first, min(PIECE, count // 2 - first), seed))
    steps = START + np.arange(max(count // 200, 1)) * 50 * SECOND
    flat = np.full(len(steps), 1380.0)
    with DatasetWriter(root, venue="rates", rate="usdt_krw", source="bench") as writer:
        writer.append("fx", {"ts": steps, "recv_ts": steps, "bid": flat, "ask": flat + 0.5})


def write_bare(root: Path, count: int) -> None:
    """Make the same quotes and write them without checks, hash or days."""
    for seed, venue in enumerate(("one", "two")):
        for first in range(0, count // 2, PIECE):
            write_rows(root / f"{venue}-{first}.parquet", quotes(first, min(PIECE, count // 2 - first), seed))


def build_bare(columns: Columns, count: int) -> int:
    """Build as many structs from columns in memory, which are used again and again."""
    built = 0
    while built < count:
        lists = (column.tolist() for column in columns.values())
        for ts, recv_ts, bid, ask, bid_size, ask_size in zip(*lists, strict=True):
            Quote("one:BTC", ts, recv_ts, bid, ask, bid_size, ask_size)
            built += 1
    return built


def read_all(root: Path) -> int:
    """Read everything as a backtest does."""
    return sum(len(chunk) for chunk in open_source(root).chunks())


def cost(work: Callable[[], object], count: int, rounds: int = 3) -> float:
    """Return the best CPU time of some rounds, in microseconds per quote."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best / count * 1e6


def measure_recording(count: int) -> None:
    """Record quotes of fifty markets, a thousand a flush, and print what each step costs."""
    markets = [replace(PERPETUAL, symbol=f"M{number}") for number in range(50)]
    columns = quotes(0, count, 0)
    columns["recv_ts"] = START + np.arange(count) * 1_000_000
    lists = (column.tolist() for column in columns.values())
    items = [Quote(markets[row % 50].key, *values) for row, values in enumerate(zip(*lists, strict=True))]
    batches = [items[first : first + 1000] for first in range(0, count, 1000)]
    bare: list[Quote] = []
    encode = msgspec.msgpack.Encoder().encode
    put = flush = appended = encoded = 0.0
    with tempfile.TemporaryDirectory() as folder:
        with Recorder(Path(folder) / "data", instruments=markets, source="bench") as recorder:
            for batch in batches:
                appended += _seconds(_each, bare.append, batch)
                put += _seconds(_each, recorder.put, batch)
                encoded += _seconds(encode, batch)
                flush += _seconds(recorder.flush, START)
            rotate = _seconds(recorder.rotate)
        written = _seconds(_write_markets, Path(folder), columns)
    each = 1e6 / count
    print(f"{count:,} quotes of fifty markets recorded, a thousand a flush")
    print(f"  put                   {put * each:.3f} us per quote, {put / appended:.2f} x appending to a list")
    print(f"  flush                 {flush * each:.3f} us per quote, {flush / encoded:.2f} x encoding as MessagePack")
    print(f"  rotate                {rotate * each:.3f} us per quote, {rotate / written:.2f} x bare Parquet files")


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


def _each(take: Callable[[Quote], None], items: list[Quote]) -> None:
    for item in items:
        take(item)


def _write_markets(folder: Path, columns: Columns) -> None:
    for number in range(50):
        write_rows(folder / f"{number}.parquet", {name: column[number::50] for name, column in columns.items()})


def main(count: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        root, bare = Path(folder) / "data", Path(folder) / "bare"
        bare.mkdir()
        written = cost(lambda: write_all(root, count), count, rounds=1)
        bare_written = cost(lambda: write_bare(bare, count), count, rounds=1)
        columns = quotes(0, min(PIECE, count), 0)
        read, built = cost(lambda: read_all(root), count), cost(lambda: build_bare(columns, count), count)
        checked = cost(lambda: verify(root), count, rounds=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:,} quotes of two markets and a conversion rate; peak {peak:.0f} MiB")
    print(f"  bare struct building  {built:.3f} us per quote")
    print(f"  reading               {read:.3f} us per quote, {read / built:.2f} x bare")
    print(f"  bare writing          {bare_written:.3f} us per quote")
    print(f"  writing               {written:.3f} us per quote, {written / bare_written:.2f} x bare")
    print(f"  verify                {checked:.3f} us per quote, {checked / read:.2f} x reading")
    measure_recording(count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
