"""Rows on their way into the files of a data set: cut at UTC days and at a size, hashed as they go."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final, Self

from arbcore.data._frames import Column, Columns, np, write_rows
from arbcore.data.dataset import FileInfo
from arbcore.data.instant import DAY_NS, utc_day
from arbcore.data.kinds import Kind

PART_ROWS: Final = 8 * 32_768
"""Most rows of one file; a day with more has several, so that writing needs little memory."""
PART_CELLS: Final = 4 * 1_048_576
"""Most cells of one file, 32 MiB of them: it bounds books of many levels."""


class ContentHash:
    """SHA-256 over the content of columns, whatever the pieces in which they come."""

    def __init__(self, kind: Kind) -> None:
        self._columns = {name: hashlib.sha256() for name in kind.columns}
        self._head = repr((kind.name, tuple(kind.columns.items())))

    def update(self, columns: Columns) -> None:
        """Add rows."""
        for name, digest in self._columns.items():
            digest.update(_bytes(columns[name]))

    def copy(self) -> Self:
        """Return a hash of the same rows that goes its own way from here."""
        other = object.__new__(type(self))
        other._columns = {name: digest.copy() for name, digest in self._columns.items()}
        other._head = self._head
        return other

    def hexdigest(self) -> str:
        """Return the hash of the rows so far."""
        whole = hashlib.sha256(self._head.encode())
        for digest in self._columns.values():
            whole.update(digest.digest())
        return whole.hexdigest()


class PartFiles:
    """Puts rows into the files of one kind, in a folder.

    Args:
        folder: Where the files go.
        kind: The kind.
        suffix: Comes after the day in every file's name.
        content: Hash of the rows before these, which is continued; None where there are none.
        lasting: Wait until the disk has every file, so that what the rows came from may be deleted.
    """

    def __init__(
        self,
        folder: Path,
        kind: Kind,
        *,
        suffix: str = "",
        content: ContentHash | None = None,
        lasting: bool = False,
    ) -> None:
        self.files: Final[list[FileInfo]] = []
        self.content: Final = content or ContentHash(kind)
        self._folder = folder
        self._kind = kind
        self._suffix = suffix
        self._lasting = lasting
        self._most = min(PART_ROWS, PART_CELLS // len(kind.columns))
        self._pending: list[Columns] = []
        self._pending_rows = 0
        self._names: Counter[str] = Counter()

    def add(self, rows: Columns) -> None:
        """Take rows that are in the order of their time.

        Raises:
            DataError: A file can't be written.
        """
        for day in _days(self._kind, rows):
            self._take(day)

    def finish(self) -> None:
        """Write what is left.

        Raises:
            DataError: A file can't be written.
        """
        if not self._pending:
            return
        rows = {name: np.concatenate([piece[name] for piece in self._pending]) for name in self._kind.columns}
        self._pending, self._pending_rows = [], 0
        clock = rows[self._kind.clock]
        stem = f"{self._kind.name}-{utc_day(int(clock[0]))}{self._suffix}"
        part = self._names[stem]
        self._names[stem] += 1
        name = f"{stem}-{part}.parquet" if part else f"{stem}.parquet"
        write_rows(self._folder / name, rows)
        if self._lasting:
            keep(self._folder / name)
        self.content.update(rows)
        self.files.append(FileInfo(name, len(clock), int(clock[0]), int(clock[-1])))

    def _take(self, day: Columns) -> None:
        clock = day[self._kind.clock]
        if self._pending and int(clock[0]) // DAY_NS != int(self._pending[0][self._kind.clock][0]) // DAY_NS:
            self.finish()
        start = 0
        while start < len(clock):
            room = self._most - self._pending_rows
            piece = {name: column[start : start + room].copy() for name, column in day.items()}
            self._pending.append(piece)
            self._pending_rows += len(piece[self._kind.clock])
            start += room
            if self._pending_rows == self._most:
                self.finish()


def keep(path: Path) -> None:
    """Wait until the disk has a file."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _bytes(column: Column) -> bytes:
    if column.dtype == object:
        texts = [text.encode() for text in column.tolist()]
        # Each with its length, so that texts can't run into one another.
        return b"".join(part for text in texts for part in (len(text).to_bytes(4, "little"), text))
    return column.astype(column.dtype.newbyteorder("<"), copy=False).tobytes()


def _days(kind: Kind, rows: Columns) -> Iterator[Columns]:
    """Cut rows at UTC days."""
    days = rows[kind.clock] // DAY_NS
    cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
    for first, last in pairwise(cuts):
        if last > first:
            yield {name: column[first:last] for name, column in rows.items()}
