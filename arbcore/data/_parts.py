"""The rows of one kind while a data set is written: checked, cut at UTC days, hashed, and put into files."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from arbcore.data._frames import Column, Columns, Flags, np, write_rows
from arbcore.data.checks import TEXTS, Fault, duplicates, order_fault, row_faults
from arbcore.data.dataset import FileInfo, KindInfo
from arbcore.data.instant import DAY_NS, iso, utc_day
from arbcore.data.kinds import Kind
from arbcore.errors import DataError

PART_ROWS: Final = 8 * 32_768
"""Most rows of one file; a day with more has several, so that writing needs little memory."""


class ContentHash:
    """SHA-256 over the content of columns, whatever the pieces in which they come."""

    def __init__(self, kind: Kind) -> None:
        self._columns = {name: hashlib.sha256() for name in kind.columns}
        self._head = repr((kind.name, tuple(kind.columns.items())))

    def update(self, columns: Columns) -> None:
        """Add rows."""
        for name, digest in self._columns.items():
            column = columns[name]
            digest.update(column.astype(column.dtype.newbyteorder("<"), copy=False).tobytes())

    def hexdigest(self) -> str:
        """Return the hash of the rows so far."""
        whole = hashlib.sha256(self._head.encode())
        for digest in self._columns.values():
            whole.update(digest.digest())
        return whole.hexdigest()


class KindRows:
    """Takes the rows of one kind and writes them into a folder.

    Args:
        where: Name of the data set, for messages.
        folder: Where the files go.
        kind: The kind.
        interval_ns: Length of a bar, 0 for other kinds.
        repair: Drop and count rows that fail a check instead of refusing them.
    """

    def __init__(self, where: str, folder: Path, kind: Kind, interval_ns: int, *, repair: bool) -> None:
        self.kind: Final = kind
        self.interval_ns: Final = interval_ns
        self.dropped: Final[Counter[str]] = Counter()
        self._where = where
        self._folder = folder
        self._repair = repair
        self._seen = 0
        self._latest = 0
        self._last: Columns = {}
        self._pending: list[Columns] = []
        self._pending_rows = 0
        self._files: list[FileInfo] = []
        self._names: Counter[str] = Counter()
        self._hash = ContentHash(kind)

    def add(self, columns: Mapping[str, Any]) -> None:
        """Check rows and take them.

        Raises:
            DataError: A column is not of its type, columns differ in length, or a row fails a check.
        """
        rows = {name: _array(self._where, self.kind, name, columns[name]) for name in self.kind.columns}
        lengths = {name: len(column) for name, column in rows.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"{self._where} {self.kind.name}: columns of different lengths: {lengths}")
        count = lengths[self.kind.clock]
        rows = self._checked(rows)
        self._seen += count
        for day in _days(self.kind, rows):
            self._take(day)

    def finish(self) -> KindInfo:
        """Write what is left and return the description."""
        self._flush()
        return KindInfo(
            rows=sum(file.rows for file in self._files),
            first_ts=self._files[0].first_ts if self._files else 0,
            last_ts=self._files[-1].last_ts if self._files else 0,
            files=tuple(self._files),
            interval_ns=self.interval_ns,
            hash=self._hash.hexdigest(),
        )

    def _checked(self, rows: Columns) -> Columns:
        faults = list(row_faults(self.kind, rows))
        if faults:
            rows = self._without(rows, faults)
        # Only after wild times are gone: one of them would make everything after it look late.
        late = order_fault(self.kind, rows, self._latest, self.interval_ns)
        if late:
            rows = self._without(rows, [late])
        if self._repair and (same := duplicates(self.kind, rows, self._last)).any():
            rows = self._without(rows, [Fault("duplicate", self.kind.clock, same)])
        if len(rows[self.kind.clock]):
            self._latest = int(rows[self.kind.clock][-1])
            self._last = {name: column[-1:].copy() for name, column in rows.items()}
        return rows

    def _without(self, rows: Columns, faults: list[Fault]) -> Columns:
        if not self._repair:
            raise self._refusal(rows, faults)
        bad: Flags = np.zeros(len(rows[self.kind.clock]), dtype=np.bool_)
        for fault in faults:
            self.dropped[fault.check] += int(np.count_nonzero(fault.rows & ~bad))
            bad |= fault.rows
        return {name: column[~bad] for name, column in rows.items()}

    def _refusal(self, rows: Columns, faults: list[Fault]) -> DataError:
        fault = min(faults, key=lambda each: int(np.argmax(each.rows)))
        index = int(np.argmax(fault.rows))
        values = ", ".join(f"{name}={rows[name][index].item()!r}" for name in list(rows)[:8])
        when = iso(int(rows[self.kind.clock][index]))
        return DataError(
            f"{self._where} {self.kind.name}: row {self._seen + index}, column {fault.column}: "
            f"{TEXTS[fault.check]} ({values}; {self.kind.clock} is {when})",
            fix="correct the source, or ask for a repair, which drops such rows and counts them in the notes",
        )

    def _take(self, day: Columns) -> None:
        clock = day[self.kind.clock]
        if self._pending and int(clock[0]) // DAY_NS != int(self._pending[0][self.kind.clock][0]) // DAY_NS:
            self._flush()
        start = 0
        while start < len(clock):
            room = PART_ROWS - self._pending_rows
            piece = {name: column[start : start + room].copy() for name, column in day.items()}
            self._pending.append(piece)
            self._pending_rows += len(piece[self.kind.clock])
            start += room
            if self._pending_rows == PART_ROWS:
                self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        rows = {name: np.concatenate([piece[name] for piece in self._pending]) for name in self.kind.columns}
        self._pending, self._pending_rows = [], 0
        clock = rows[self.kind.clock]
        stem = f"{self.kind.name}-{utc_day(int(clock[0]))}"
        part = self._names[stem]
        self._names[stem] += 1
        name = f"{stem}-{part}.parquet" if part else f"{stem}.parquet"
        write_rows(self._folder / name, rows)
        self._hash.update(rows)
        self._files.append(FileInfo(name, len(clock), int(clock[0]), int(clock[-1])))


def _array(where: str, kind: Kind, name: str, values: Any) -> Column:
    """Return a column in its type; a float is no time, because it can't hold nanoseconds."""
    wanted = kind.columns[name]
    try:
        column = np.asarray(values)
        numbers = wanted == "float64" or column.dtype.kind in "iub" or not column.size
        typed = column.astype(wanted, copy=False) if numbers else column
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{where} {kind.name}: column {name} can't be taken as {wanted}: {error}") from error
    if typed.dtype != wanted or typed.ndim != 1:
        raise DataError(
            f"{where} {kind.name}: column {name} holds {column.dtype} in {column.ndim} dimensions",
            fix=f"give one dimension of {wanted}",
        )
    return typed


def _days(kind: Kind, rows: Columns) -> Iterator[Columns]:
    """Cut rows at UTC days."""
    days = rows[kind.clock] // DAY_NS
    cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
    for first, last in pairwise(cuts):
        if last > first:
            yield {name: column[first:last] for name, column in rows.items()}
