"""Reads data sets that may be wrong: for finding out what is wrong, and for repairing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from arbcore.data._frames import GROUP_ROWS, Columns, Ints, column_names, np, read_rows
from arbcore.data.dataset import DatasetInfo
from arbcore.data.kinds import Kind, kind_of
from arbcore.errors import DataError

_SAMPLE_ROWS: Final = 65_536


class RawPiece(NamedTuple):
    """Consecutive rows of one file.

    Attributes:
        file: Name of the file.
        offset: Number of the first row within the file.
        rows: The rows; an empty cell is not a number, 0 or False.
        problem: Why the file can't be read as it is, empty where it can; there may be no rows then.
    """

    file: str
    offset: int
    rows: Columns
    problem: str = ""


def kind_in(info: DatasetInfo, name: str) -> Kind:
    """Return the kind of rows that the first readable file has.

    Raises:
        DataError: No file is there, or its columns are not those of the kind.
    """
    folder = Path(info.folder)
    for file in info.kinds[name].files:
        if (folder / file.name).is_file():
            return kind_of(name, column_names(folder / file.name))
    raise DataError(f"{info.folder}: no file of {name} is there")


def raw_pieces(info: DatasetInfo, name: str, kind: Kind) -> Iterator[RawPiece]:
    """Yield what the files of a kind hold, in the order of the files, and never raise for what they hold."""
    for file in info.kinds[name].files:
        yield from _file_pieces(Path(info.folder) / file.name, kind)


def typical_spacing(info: DatasetInfo, name: str, kind: Kind) -> int:
    """Return the median time between rows in nanoseconds, among the first tens of thousands; 0 for too few."""
    clocks: list[Ints] = []
    for piece in raw_pieces(info, name, kind):
        if piece.rows:
            clocks.append(piece.rows[kind.clock])
        if sum(map(len, clocks)) >= _SAMPLE_ROWS:
            break
    steps = np.diff(np.concatenate(clocks)) if clocks else np.empty(0, dtype=np.int64)
    steps = steps[steps > 0]
    return int(np.median(steps)) if len(steps) else 0


def _file_pieces(path: Path, kind: Kind) -> Iterator[RawPiece]:
    offset, found = 0, GROUP_ROWS
    while found == GROUP_ROWS:
        problem = ""
        try:
            rows = read_rows([path], kind.columns, offset, GROUP_ROWS)
        except DataError as error:
            problem = error.what
            try:
                rows = read_rows([path], kind.columns, offset, GROUP_ROWS, holes=True)
            except DataError:
                rows = {}
        found = len(rows[kind.clock]) if rows else 0
        if found or problem:
            yield RawPiece(path.name, offset, rows, problem)
        offset += found
