"""Load: CPU, memory and loop time of a paper session at 10, 20, 50 and 100 coins on both exchanges.

`arb run` in a process of its own, against a simulator in another one; the figures are those that the session writes
into its `stats.json` once a second. The baseline is the smallest session: cost per input stays where it was when the
CPU grows no faster than the inputs do.

    python -m benchmarks.bench_load [seconds] [coins ...]
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from arbcore.runtime.stats import SessionStats
from benchmarks.live import followed, percentile, project, session, simulator, slope, symbols_of

_WARM_UP: Final = 0.3
_SIZES: Final = (10, 20, 50, 100)
_HEADER: Final = (
    "coins  inputs/s   CPU %  us CPU/input  of smallest   RSS MiB  MiB/min  loop mean us  loop p99 us  queue  trades"
)


@dataclass(frozen=True, slots=True)
class Load:
    """A session under load, after its warm-up.

    Attributes:
        coins: Coins on each exchange.
        inputs: Inputs a second.
        cpu: Percent of one core.
        rss: MiB at the end.
        growth: MiB a minute.
        mean: Mean microseconds from the receipt of an input to the end of all that it led to.
        slow: 99th percentile of that.
        queue: Most inputs taken at once.
        trades: Trades closed.
    """

    coins: int
    inputs: float
    cpu: float
    rss: float
    growth: float
    mean: float
    slow: float
    queue: int
    trades: int

    @property
    def cost(self) -> float:
        """Microseconds of CPU for an input."""
        return self.cpu / 100 / self.inputs * 1e6


def load_of(coins: int, records: Sequence[SessionStats]) -> Load:
    """Summarise the statistics of a session, without its warm-up.

    Raises:
        RuntimeError: There are too few records.
    """
    steady = records[int(len(records) * _WARM_UP) : -1]  # the last one tells of the end
    if len(steady) < 3:
        raise RuntimeError(f"only {len(records)} records of statistics: let the session run longer")
    first, last = steady[0], steady[-1]
    seconds = (last.time - first.time) / 1e9
    memory = [(stats.time / 60e9, stats.rss_mib or 0.0) for stats in steady]
    return Load(
        coins=coins,
        inputs=(last.inputs - first.inputs) / seconds,
        cpu=fmean(stats.cpu_percent for stats in steady),
        rss=memory[-1][1],
        growth=slope(memory),
        mean=fmean(stats.loop_avg_us or 0.0 for stats in steady),
        slow=percentile([stats.loop_p99_us or 0.0 for stats in steady], 0.5),
        queue=max(stats.queue for stats in steady),
        trades=last.closed,
    )


def measure(coins: int, seconds: float) -> Load:
    """Run a session of some coins."""
    with tempfile.TemporaryDirectory() as scratch, simulator("--count", str(coins), "--seed", "9") as address:
        config = project(Path(scratch), address, symbols_of(address))
        with session(config, seconds) as process:
            return load_of(coins, list(followed(config, process)))


def main(seconds: float, sizes: Sequence[int]) -> None:
    """Measure and print."""
    print(_HEADER)
    base = 0.0
    for coins in sizes:
        found = measure(coins, seconds)
        base = base or found.cost
        print(
            f"{coins:5} {found.inputs:9,.0f} {found.cpu:7.1f} {found.cost:13,.0f} {found.cost / base:12.2f} "
            f"{found.rss:9,.0f} {found.growth:8.1f} {found.mean:13,.0f} {found.slow:12,.0f} {found.queue:6} "
            f"{found.trades:7,}"
        )


if __name__ == "__main__":
    chosen = tuple(int(text) for text in sys.argv[2:]) or _SIZES
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 15.0, chosen)
