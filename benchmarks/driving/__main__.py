"""Drives orders on the adapters over real sockets under the mixture ``churn_private`` and a storm of faults of orders.

    python -m benchmarks.driving [upbit usdm-rest usdm-websocket spot] [--orders 1500] [--seeds 1 2 3] [--calm]

It prints the figures of each run and exits with 1 where anything differs from the venue's own ledger.
"""

import argparse
import logging
import sys
import time
from functools import partial

import anyio

from benchmarks.driving.comparing import LINES, driven
from benchmarks.driving.weather import mixture, storm

_SHOWN = 10


def main() -> int:
    """Drive, report, and say whether all is well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*LINES, []], help="What to drive; all where none is named.")
    parser.add_argument("--orders", type=int, default=1500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--calm", action="store_true", help="Without faults.")
    parser.add_argument("--progress", action="store_true", help="Print every ten seconds how far it is.")
    asked = parser.parse_args()
    if asked.progress:
        logging.basicConfig(format="%(message)s")
        logging.getLogger("benchmarks.driving").setLevel(logging.INFO)
    well = True
    for name in asked.names or LINES:
        for seed in asked.seeds:
            venue, *_ = LINES[name]
            faults = [] if asked.calm else [*mixture(venue, seed), *storm(venue)]
            begun = time.monotonic()
            found = anyio.run(partial(driven, name, asked.orders, seed, faults))
            print(f"{name}, seed {seed}, {time.monotonic() - begun:.0f} s: {found}", flush=True)
            for line in found.differences:
                print(f"  ! {line}", flush=True)
            well &= not found.differences
    print("all is well" if well else "something is WRONG")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
