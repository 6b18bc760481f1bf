"""Reads the rows of one kind back, piece by piece, and refuses what the description does not say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from arbcore.data._frames import GROUP_ROWS, Columns, Ints, column_names, np, read_rows
from arbcore.data.dataset import DatasetInfo, FileInfo, KindInfo
from arbcore.data.instant import iso
from arbcore.data.kinds import Kind, kind_of
from arbcore.errors import DataError


class _Piece(NamedTuple):
    """Rows to read at once: some whole files, or a part of one; ``last`` marks the end of the last file named."""

    files: tuple[FileInfo, ...]
    offset: int
    rows: int
    last: bool


class RowReader:
    """Delivers the rows of one kind of a data set in their order.

    Args:
        info: The data set, with its folder.
        name: The kind.
        start: Earliest time delivered, inclusive; None for all. Bars: the earliest opening.
        end: Time before which rows are delivered; None for all. Bars: the latest close, inclusive.
        piece_rows: Rows read at once, at most.

    Raises:
        DataError: The first file is missing, or its columns are not those of the kind.
    """

    def __init__(
        self, info: DatasetInfo, name: str, start: int | None, end: int | None, piece_rows: int = GROUP_ROWS
    ) -> None:
        self.info: Final[KindInfo] = info.kinds[name]
        self.where: Final = f"{info.key} {name}"
        self._folder = Path(info.folder)
        self._start = start
        # A bar counts by its close, so the latest opening lies an interval earlier, and a close at the end is in.
        self._end = end + 1 - self.info.interval_ns if end is not None and self.info.interval_ns else end
        self._piece_rows = piece_rows
        self._files = [file for file in self.info.files if self._wanted(file)]
        first = self.info.files[0].name
        self.kind: Final[Kind] = kind_of(name, column_names(self._folder / first))

    @property
    def rows(self) -> int:
        """Rows of the files that are read; more than are delivered where a limit cuts a file."""
        return sum(file.rows for file in self._files)

    def __iter__(self) -> Iterator[Columns]:
        """Yield pieces that are not empty.

        Raises:
            DataError: A file is missing or damaged, is not what the description says, or goes back in time.
        """
        latest = 0
        for piece in _pieces(self._files, self._piece_rows):
            rows = self._read(piece)
            clock = rows[self.kind.clock]
            if clock[0] < latest or (clock[1:] < clock[:-1]).any():
                raise self._goes_back(piece, clock, latest)
            # Rows are in order here, so their ends tell of a wild time, which would drag the session along with it.
            if clock[0] < piece.files[0].first_ts or clock[-1] > piece.files[-1].last_ts:
                raise DataError(
                    f"{self.where}: {piece.files[0].name} has rows outside the time that its data set describes",
                    fix="see `arb data verify`; write the data set again, or a repaired copy with --repair",
                )
            latest = int(clock[-1])
            rows = self._limited(rows)
            if len(rows[self.kind.clock]):
                yield rows

    def _read(self, piece: _Piece) -> Columns:
        paths = [self._folder / file.name for file in piece.files]
        # One row more than described is asked for at the end of a file, to see whether there is one.
        rows = read_rows(paths, self.kind.columns, piece.offset, piece.rows + piece.last)
        found = len(rows[self.kind.clock])
        if found != piece.rows:
            more = "more" if found > piece.rows else "fewer"
            span = f" to {paths[-1].name}" if len(paths) > 1 else ""
            raise DataError(
                f"{self.where}: {paths[0]}{span} has {more} rows than its data set describes",
                fix="see `arb data verify`; write the data set again",
            )
        return rows

    def _goes_back(self, piece: _Piece, clock: Ints, latest: int) -> DataError:
        before = np.concatenate([np.array([latest], dtype=np.int64), clock[:-1]])
        late = int(np.argmax(clock < before))
        ends = np.cumsum([file.rows for file in piece.files])
        file = piece.files[int(np.searchsorted(ends, piece.offset + late, side="right"))]
        return DataError(
            f"{self.where}: {file.name} goes back in time after {iso(int(before[late]))}, to {iso(int(clock[late]))}",
            fix="see `arb data verify`; its --repair writes a copy without the late rows",
        )

    def _limited(self, rows: Columns) -> Columns:
        clock = rows[self.kind.clock]
        first = 0 if self._start is None else int(np.searchsorted(clock, self._start))
        last = len(clock) if self._end is None else int(np.searchsorted(clock, self._end))
        if (first, last) == (0, len(clock)):
            return rows
        return {name: column[first:last] for name, column in rows.items()}

    def _wanted(self, file: FileInfo) -> bool:
        late_enough = self._start is None or file.last_ts >= self._start
        return late_enough and (self._end is None or file.first_ts < self._end)


def _pieces(files: list[FileInfo], most: int) -> Iterator[_Piece]:
    """Cut large files and put small ones together, which is much faster than reading them one by one."""
    waiting: list[FileInfo] = []
    for file in files:
        rows = sum(each.rows for each in waiting)
        if waiting and rows + file.rows > most:
            yield _Piece(tuple(waiting), 0, rows, last=True)
            waiting = []
        if file.rows > most:
            for offset in range(0, file.rows, most):
                size = min(most, file.rows - offset)
                yield _Piece((file,), offset, size, last=offset + size == file.rows)
        else:
            waiting.append(file)
    if waiting:
        yield _Piece(tuple(waiting), 0, sum(each.rows for each in waiting), last=True)
