"""Whole backtests of data sets on disk: does the cost of a quote, and memory, stay flat from 1 M to 10 M quotes?

Each run is the command a user gives, in a process of its own: `arb data generate`, then `arb backtest --json`. The cost
at 10 M is printed as a ratio to that at 1 M, both with about the same trades per million quotes.

    python -m benchmarks.bench_backtest [quotes]
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_SMALL = 10
_MEMORY_GOAL_MIB = 300


def arb(folder: Path, *arguments: str) -> str:
    """Return what `arb` prints on stdout."""
    command = [sys.executable, "-m", "arbcore", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def backtest(folder: Path, quotes: int) -> dict[str, Any]:
    """Generate quotes and run the config of `arb init` on them."""
    data = f"data{quotes}"
    arb(folder, "data", "generate", "--quotes", str(quotes), "--seed", "1", "--out", data)
    result: dict[str, Any] = json.loads(arb(folder, "backtest", "--data", data, "--json"))
    return result


def cost(result: dict[str, Any]) -> float:
    """Return the microseconds of a quote, loading, conversion rates and trades included."""
    return float((result["load_seconds"] + result["engine_seconds"]) / result["quotes"] * 1e6)


def main() -> None:
    """Print the figures."""
    quotes = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        arb(folder, "init", ".")
        small, large = backtest(folder, quotes // _SMALL), backtest(folder, quotes)
    for result in (small, large):
        print(
            f"{result['quotes']:12,} quotes  {result['trades']:6,} trades  {cost(result):6.2f} us a quote  "
            f"{result['peak_rss_mib']:5.0f} MiB  remainder {result['pnl']['remainder']}"
        )
    print(f"cost of a quote at ten times the length: {cost(large) / cost(small):.2f} of that before (flat is 1.00)")
    print(f"memory: {large['peak_rss_mib'] / _MEMORY_GOAL_MIB:.2f} of the {_MEMORY_GOAL_MIB} MiB it may take")


if __name__ == "__main__":
    main()
