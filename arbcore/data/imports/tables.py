"""Files as tables of cells with line numbers, a chunk at a time: CSV and JSON lines, gzipped or not."""

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path

import msgspec

from arbcore.errors import DataError
from arbcore.ports.control import ImportProfile

CHUNK_ROWS = 50_000
RECEIVED = "@"
"""Field that holds the receiver's clock of a stamped JSON line."""

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(slots=True, frozen=True)
class Table:
    """Cells of some rows of one file.

    Attributes:
        path: The file.
        lines: Line number of each row, from 1.
        cells: Cells by source field, one per row: text from CSV, JSON values otherwise.
    """

    path: Path
    lines: list[int]
    cells: dict[str, list[object]]

    def rows(self, numbers: Sequence[int]) -> "Table":
        """Return some of the rows, by their numbers in this table."""
        cells = {name: [column[row] for row in numbers] for name, column in self.cells.items()}
        return Table(self.path, [self.lines[row] for row in numbers], cells)

    def place(self, row: int, column: str = "") -> str:
        """Return where a cell stands, for a message."""
        where = f"{self.path}, line {self.lines[row]}"
        return f"{where}, column '{column}'" if column else where


def source_fields(columns: Mapping[str, str]) -> list[str]:
    """Return the fields that a mapping reads: constants are none, and ``!`` is not part of a name."""
    fields = [source.removeprefix("!") for source in columns.values() if not source.startswith("=")]
    return list(dict.fromkeys(fields))


def read_tables(path: Path, profile: ImportProfile, chunk_rows: int = CHUNK_ROWS) -> Iterator[Table]:
    """Yield the tables of one file.

    Raises:
        DataError: The file can't be read, lacks a column, or a row is not of the format.
    """
    readers = {"csv": _read_csv, "jsonl": _read_json, "stamped-jsonl": _read_json}
    reader = readers.get(profile.format)
    if reader is None:
        raise DataError(f"profile {profile.name}: unknown format '{profile.format}'", f"one of {', '.join(readers)}")
    try:
        with _open_text(path) as text:
            yield from reader(path, text, profile, chunk_rows)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: can't be read: {error}", "check that the file is whole and is text") from error


def _open_text(path: Path) -> io.TextIOBase:
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP_MAGIC
    if packed:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open("r", encoding="utf-8-sig", newline="")


def _read_csv(path: Path, text: io.TextIOBase, profile: ImportProfile, chunk_rows: int) -> Iterator[Table]:
    reader = csv.reader(text, strict=True)
    header = [name.strip() for name in next(reader, [])]
    if not header:
        raise DataError(f"{path}: is empty", "the first line must name the columns")
    places = _places(path, header, source_fields(profile.columns))
    rows: list[list[str]] = []
    lines: list[int] = []
    for row in reader:
        if len(row) != len(header):
            if not row:
                continue
            raise DataError(
                f"{path}, line {reader.line_num}: {len(row)} cells where the header names {len(header)}",
                "repair or cut off the line; a file that was not written to its end ends so",
            )
        rows.append(row)
        lines.append(reader.line_num)
        if len(rows) == chunk_rows:
            yield _csv_table(path, lines, rows, places)
            rows, lines = [], []
    if rows:
        yield _csv_table(path, lines, rows, places)


def _csv_table(path: Path, lines: list[int], rows: list[list[str]], places: Mapping[str, int]) -> Table:
    return Table(path, lines, {name: [row[place] for row in rows] for name, place in places.items()})


def _places(path: Path, header: Sequence[str], fields: Sequence[str]) -> dict[str, int]:
    """Return the place of each field in the header; a pattern stands for its columns, counted from 1."""
    wanted = [name for field in fields for name in _expand(field, header)]
    for name in wanted:
        if header.count(name) != 1:
            raise _column_error(path, name, header)
    return {name: header.index(name) for name in wanted}


def _expand(field: str, header: Sequence[str]) -> list[str]:
    if "{n}" not in field:
        return [field]
    names: list[str] = []
    for number in count(1):
        name = field.replace("{n}", str(number))
        if name not in header:
            return names or [name]
        names.append(name)
    return names


def _column_error(path: Path, name: str, header: Sequence[str]) -> DataError:
    if name in header:
        return DataError(f"{path}, line 1: several columns are named '{name}'", "give them different names")
    near = get_close_matches(name, header, 1)
    guess = f"; did you mean '{near[0]}'?" if near else ""
    return DataError(
        f"{path}, line 1: no column '{name}'; it has {', '.join(header)}",
        f"map the target to a column of the file{guess}",
    )


def _read_json(path: Path, text: io.TextIOBase, profile: ImportProfile, chunk_rows: int) -> Iterator[Table]:
    fields = {name: _getter(name) for name in source_fields(profile.columns)}
    tests = [(_getter(name), pattern) for name, pattern in profile.where.items()]
    stamped = profile.format == "stamped-jsonl"
    lines: list[int] = []
    cells: dict[str, list[object]] = {name: [] for name in fields}
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        row = _decode(path, number, line, stamped)
        if not all(fnmatchcase(str(get(row)), pattern) for get, pattern in tests):
            continue
        for name, get in fields.items():
            cells[name].append(get(row))
        lines.append(number)
        if len(lines) == chunk_rows:
            yield Table(path, lines, cells)
            lines, cells = [], {name: [] for name in fields}
    if lines:
        yield Table(path, lines, cells)


def _decode(path: Path, number: int, line: str, stamped: bool) -> dict[str, object]:
    stamp, _, body = line.partition(" ") if stamped else ("", "", line)
    try:
        row = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError as error:
        text = line if len(line) < 60 else line[:57] + "..."
        raise DataError(
            f"{path}, line {number}: {text.strip()!r} is not {'a stamp and ' if stamped else ''}a JSON object: {error}",
            "repair or cut off the line; check the format of the profile",
        ) from error
    if stamped:
        row[RECEIVED] = stamp
    return row


def _getter(field: str) -> Callable[[Mapping[str, object]], object]:
    """Return a function that takes a field out of an object, None where it is absent."""
    first, *rest = field.split(".")
    if not rest:
        return lambda row: row.get(first)

    def walk(row: Mapping[str, object]) -> object:
        value = row.get(first)
        for part in rest:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    return walk
