"""What a row must be, checked on whole columns: the writer refuses by these checks, `arb data verify` reports them."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from arbcore.data._frames import Columns, Flags, Floats, Ints, np
from arbcore.data.instant import EARLIEST_NS, LATEST_NS
from arbcore.data.kinds import Kind

TEXTS: Final = {
    "number": "not a finite number",
    "price": "not a positive price",
    "size": "a negative size",
    "crossed": "the bid is above the ask",
    "levels": "the levels are not in the order of their prices, or a missing one is not last",
    "bar": "high and low do not bound open and close",
    "time": "not a time in nanoseconds between 2009 and 2100",
    "order": "goes back in time",
    "overlap": "starts before the bar before it has ended",
    "duplicate": "the same row twice",
}
"""Every check of a row and what its failure means."""


class Fault(NamedTuple):
    """Rows that fail a check.

    Attributes:
        check: Name of the check.
        column: The column that is wrong.
        rows: True where a row fails.
    """

    check: str
    column: str
    rows: Flags


def row_faults(kind: Kind, columns: Columns) -> Iterator[Fault]:
    """Yield what is wrong with single rows, whatever stands around them; checks without a failure are left out."""
    for fault in _all_row_faults(kind, columns):
        if fault.rows.any():
            yield fault


def order_fault(kind: Kind, columns: Columns, after: int, interval_ns: int = 0) -> Fault | None:
    """Return the rows that go back in time, or the bars that overlap; None where there are none.

    Args:
        kind: Kind of the rows.
        columns: The rows.
        after: Latest time of the rows before, 0 where there are none.
        interval_ns: Length of a bar.
    """
    clock: Ints = columns[kind.clock]
    seen = np.maximum.accumulate(np.concatenate([np.array([after], dtype=np.int64), clock[:-1]]))
    if kind.name == "bars":
        rows = (clock < seen + interval_ns) & (seen > 0)
        return Fault("overlap", kind.clock, rows) if rows.any() else None
    rows = clock < seen
    return Fault("order", kind.clock, rows) if rows.any() else None


def duplicates(kind: Kind, columns: Columns, before: Columns) -> Flags:
    """Return which rows equal the row before them in every column.

    Trades are never duplicates: a venue prints equal ones. Bars overlap instead.

    Args:
        kind: Kind of the rows.
        columns: The rows.
        before: The row before them, empty where there is none.
    """
    count = len(columns[kind.clock])
    if kind.name in {"trades", "bars"} or not count:
        return np.zeros(count, dtype=np.bool_)
    same = np.ones(count, dtype=np.bool_)
    for name, column in columns.items():
        same[1:] &= column[1:] == column[:-1]
        same[0] &= bool(before) and column[0] == before[name][-1]
    return same


def _all_row_faults(kind: Kind, columns: Columns) -> Iterator[Fault]:
    for name, column_type in kind.columns.items():
        if column_type == "float64":
            yield Fault("number", name, ~np.isfinite(columns[name]))
    for name in {"ts": 0, kind.clock: 0}:
        yield Fault("time", name, (columns[name] < EARLIEST_NS) | (columns[name] >= LATEST_NS))
    for name in kind.prices:
        yield Fault("price", name, columns[name] <= 0)
    for name in kind.sizes:
        yield Fault("size", name, columns[name] < 0)
    if kind.touch:
        bid, ask = columns[kind.touch[0]], columns[kind.touch[1]]
        yield Fault("crossed", kind.touch[0], (bid > ask) & (ask > 0))
    if kind.name == "bars":
        body = np.maximum(columns["open"], columns["close"]), np.minimum(columns["open"], columns["close"])
        yield Fault("bar", "high", columns["high"] < body[0])
        yield Fault("bar", "low", columns["low"] > body[1])
    if kind.levels:
        yield from _book_faults(kind.levels, columns)


def _book_faults(levels: int, columns: Columns) -> Iterator[Fault]:
    for side, worse in (("bid", np.less), ("ask", np.greater)):
        above: Floats | None = None
        for level in range(levels):
            name = f"{side}_{level}"
            price, size = columns[name], columns[f"{side}_size_{level}"]
            yield Fault("price", name, price < 0)
            yield Fault("size", f"{side}_size_{level}", size < 0)
            wrong = (price == 0) & (size != 0)
            if above is not None:
                wrong |= (price != 0) & ((above == 0) | ~worse(price, above))
            yield Fault("levels", name, wrong)
            above = price
