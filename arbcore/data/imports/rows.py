"""Rows are refused with file and line before they become data, or repaired when told to."""

from collections import Counter
from collections.abc import Iterator

from arbcore.data._frames import Columns, Ints, np
from arbcore.data.checks import TEXTS, Fault, order_fault, row_faults
from arbcore.data.imports.mapping import Rows
from arbcore.data.imports.tables import Table
from arbcore.data.kinds import kind_of
from arbcore.errors import DataError
from arbcore.ports.control import ImportProfile

_CLOCK_TOLERANCE_NS = 100_000_000
"""Clocks of honest receivers are this close to the venue's; beyond it a latency can't be negative."""

_REPAIR = "repair the file, or import with --repair to drop such rows, counted in the data set's notes"
_ONCE = frozenset({"funding", "fx"})
"""Kinds of which a second row of the same time is a mistake; bars that overlap are one anyway."""

_OWN_TEXTS = {"twice": "the same time is there twice", "fraction": "no fraction of the notional; is it in percent?"}


class RowChecks:
    """Checks rows chunk by chunk, across the files of one profile.

    Args:
        profile: What the rows are.
        repair: Sort, and drop what is wrong, instead of refusing it.

    Attributes:
        dropped: Rows left out, by reason.
    """

    def __init__(self, profile: ImportProfile, repair: bool = False) -> None:
        self._profile = profile
        self._repair = repair
        self._last = 0
        self.dropped: Counter[str] = Counter()

    def run(self, rows: Iterator[Rows]) -> Iterator[Columns]:
        """Yield the columns of good rows, in order of time.

        Raises:
            DataError: A row is impossible, out of order or there twice, and repair is off.
        """
        for chunk in _in_order(rows, self._profile) if self._repair else rows:
            if chunk.skipped:
                self.dropped["an empty cell"] += chunk.skipped
            columns = self._good(chunk)
            if len(columns["ts"]):
                yield columns

    def _good(self, rows: Rows) -> Columns:
        columns = rows.columns
        bad = np.zeros(len(columns["ts"]), dtype=np.bool_)
        if not len(bad):
            return columns
        self._check_clock(rows)
        for fault in self._faults(columns):
            if not self._repair:
                raise self._refusal(rows, fault)
            self.dropped[_text(fault)] += int((fault.rows & ~bad).sum())
            bad |= fault.rows
        self._last = max(self._last, int(columns[_clock(self._profile)].max()))
        return {name: column[~bad] for name, column in columns.items()} if bad.any() else columns

    def _faults(self, columns: Columns) -> Iterator[Fault]:
        kind, interval = kind_of(self._profile.kind, columns), self._profile.interval_ns
        yield from row_faults(kind, columns)
        order = order_fault(kind, columns, self._last, interval)
        if order is not None:
            yield order
        if kind.name in _ONCE:
            again = columns[kind.clock] == _before(columns[kind.clock], self._last)
            if again.any():
                yield Fault("twice", kind.clock, again)
        if kind.name == "funding" and (large := np.abs(columns["rate"]) >= 1).any():
            yield Fault("fraction", "rate", large)

    def _refusal(self, rows: Rows, fault: Fault) -> DataError:
        row = int(fault.rows.argmax())
        source = self._profile.columns.get(fault.column) or fault.column
        value = "" if fault.column in {"ts", "recv_ts"} else f"{rows.columns[fault.column][row]:g}: "
        return DataError(f"{rows.table.place(row, source)}: {value}{_text(fault)}", _REPAIR)

    def _check_clock(self, rows: Rows) -> None:
        """Refuse rows received long before they happened: no row is wrong, the clocks are, so nothing is dropped."""
        if "recv_ts" not in rows.columns:
            return
        latency: Ints = rows.columns["recv_ts"] - rows.columns["ts"]
        row = int(latency.argmin())
        if latency[row] < -_CLOCK_TOLERANCE_NS:
            seconds = -int(latency[row]) / 1e9
            raise DataError(
                f"{rows.table.place(row)}: received {seconds:.3f} s before it happened; the clocks disagree",
                f"correct the receiver's clock by {seconds:.3f} s or a little more (--receive-shift, receive_shift:), "
                "or name the right clock and unit",
            )


def _text(fault: Fault) -> str:
    return _OWN_TEXTS.get(fault.check) or TEXTS[fault.check]


def _clock(profile: ImportProfile) -> str:
    return "ts" if profile.kind == "bars" else "recv_ts"


def _before(clock: Ints, last: int) -> Ints:
    return np.concatenate([np.array([last], dtype=np.int64), clock[:-1]])


def _in_order(rows: Iterator[Rows], profile: ImportProfile) -> Iterator[Rows]:
    """Yield all rows as one chunk in order of time; the first of equal times stays first."""
    chunks = list(rows)
    if not chunks:
        return
    columns = {name: np.concatenate([chunk.columns[name] for chunk in chunks]) for name in chunks[0].columns}
    order: Ints = np.argsort(columns[_clock(profile)], kind="stable")
    lines = np.concatenate([np.array(chunk.table.lines, dtype=np.int64) for chunk in chunks])[order]
    ordered = {name: column[order] for name, column in columns.items()}
    yield Rows(Table(chunks[0].table.path, lines.tolist(), {}), ordered, sum(chunk.skipped for chunk in chunks))
