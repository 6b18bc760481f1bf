"""Plays the fault matrix and writes docs/fault-matrix.md: `python -m tests.matrix`; `--print` shows it instead.

`--compare` lists the cells that do not end as was written beforehand.
"""

import sys
from string import Template
from typing import Final

from tests.matrix.cells import Cell, Outcome, run
from tests.matrix.situations import SITUATIONS
from tests.matrix.table import PAGE, read_expected, section
from tests.matrix.test_matrix import complaint

_PAGE: Final = Template("""\
# What a trade does when something fails

A trade of two legs is played through every situation with every fault under every leg policy, in process and in
virtual time, against an exchange that keeps a ledger of its own. The legs are a spot market in won, whose venue does
not say for how long it may still take an order in, and a perpetual in dollars, whose venue takes none that is older
than two seconds. A message takes 20 ms one way, an order lives for 5 s, a request is given up after 1 s.

Each cell says how it ended, the longest time without a hedge, and the sum of unhedged dollars times seconds, all
three from what really happened and not from what the engine was told. The ends were written down beforehand, in
`tests/matrix/expected.txt`; some were corrected after a run, by the rules at its head. In every cell the engine's
ledger equals the exchange's to the last digit, every fill is counted once, no order is sent twice, every order is
known to be over, and nothing stays set aside. Exits are made while entries are stopped.

The policies: *plain* is none (entries unwind what filled unevenly, exits go on closing), *chase* brings the lagging
leg up, *reverse* takes all of the entry or exit back, *hold* waits for a second and then does as *plain*. Where a
venue takes no order at that moment, the way that is open is gone, whichever the policy prefers. What a venue closes by
itself (*liquidation*, *ADL*, *delisting*) is booked to the trade, and never bought back.

All $count cells end as was written. This page is written by `python -m tests.matrix`, and a test compares it.

$sections""")


def main(arguments: list[str]) -> None:
    """Play all cells and show them."""
    outcomes = {cell: run(cell) for cell in read_expected()}
    if "--compare" in arguments:
        lines = (f"{cell}: {found}\n" for cell, one in outcomes.items() if (found := complaint(cell, one)))
        sys.stdout.writelines(lines)
        return
    page = _page(outcomes)
    if "--print" in arguments:
        sys.stdout.write(page)
    else:
        PAGE.write_text(page, encoding="utf-8")


def _page(outcomes: dict[Cell, Outcome]) -> str:
    parts = [
        section(name, {cell: one for cell, one in outcomes.items() if cell.situation == name}) for name in SITUATIONS
    ]
    return _PAGE.substitute(count=len(outcomes), sections="\n".join(parts))


if __name__ == "__main__":
    main(sys.argv[1:])
