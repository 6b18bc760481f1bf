"""The rows of one kind while a data set is written: taken in their types and checked, then put into files."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from arbcore.data._files import PartFiles
from arbcore.data._frames import Column, Columns, Flags, np
from arbcore.data.checks import TEXTS, Fault, duplicates, order_fault, row_faults
from arbcore.data.dataset import KindInfo
from arbcore.data.instant import iso
from arbcore.data.kinds import Kind
from arbcore.errors import DataError


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
        self._repair = repair
        self._seen = 0
        self._latest = 0
        self._last: Columns = {}
        self._parts = PartFiles(folder, kind)

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
        self._parts.add(rows)

    def finish(self) -> KindInfo:
        """Write what is left and return the description."""
        self._parts.finish()
        files = self._parts.files
        return KindInfo(
            rows=sum(file.rows for file in files),
            first_ts=files[0].first_ts if files else 0,
            last_ts=files[-1].last_ts if files else 0,
            files=tuple(files),
            interval_ns=self.interval_ns,
            hash=self._parts.content.hexdigest(),
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
        values = ", ".join(f"{name}={rows[name][index : index + 1].tolist()[0]!r}" for name in list(rows)[:8])
        when = iso(int(rows[self.kind.clock][index]))
        return DataError(
            f"{self._where} {self.kind.name}: row {self._seen + index}, column {fault.column}: "
            f"{TEXTS[fault.check]} ({values}; {self.kind.clock} is {when})",
            fix="correct the source, or ask for a repair, which drops such rows and counts them in the notes",
        )


def _array(where: str, kind: Kind, name: str, values: Any) -> Column:
    """Return a column in its type; a float is no time, because it can't hold nanoseconds."""
    wanted = kind.columns[name]
    if wanted == "text":
        return _texts(where, kind, name, values)
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


def _texts(where: str, kind: Kind, name: str, values: Any) -> Column:
    column = np.asarray(values, dtype=object)
    if column.ndim != 1 or not all(isinstance(text, str) for text in column.tolist()):
        raise DataError(f"{where} {kind.name}: column {name} holds other things than texts", fix="give a list of str")
    return column
