"""Order books in the three shapes in which they are published: columns of levels, lists, and one level a row."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from arbcore.data._frames import Columns, Floats, np
from arbcore.data.imports.cells import flags, numbers
from arbcore.data.imports.tables import Table
from arbcore.errors import DataError
from arbcore.ports.control import ImportProfile

_BIDS, _ASKS = "bids", "asks"


def book_columns(table: Table, profile: ImportProfile) -> Columns:
    """Return the levels of books, best first, as the columns ``bid_0``, ``bid_size_0``, ``ask_0``, ...

    Raises:
        DataError: A level is no pair of numbers, or the books of the file have different numbers of levels.
    """
    wide = "bid_sizes" in profile.columns
    columns: Columns = {}
    for side, name in ((_BIDS, "bid"), (_ASKS, "ask")):
        if wide:
            prices = _wide(table, profile, side)
            sizes = _wide(table, profile, f"{name}_sizes")
        else:
            source = _JOINED if "side" in profile.columns else profile.columns
            prices, sizes = _listed(table, source, side, profile.levels)
        for level in range(prices.shape[1]):
            columns[f"{name}_{level}"] = prices[:, level]
            columns[f"{name}_size_{level}"] = sizes[:, level]
    return columns


def joined_levels(tables: Iterator[Table], profile: ImportProfile) -> Iterator[Table]:
    """Yield tables with one book a row from tables with one level a row.

    Levels that follow one another with the same time make a book.

    Raises:
        DataError: A level is not of a side, or its price or size is no number.
    """
    stamp = profile.columns.get("ts") or profile.columns["recv_ts"]
    rest: Table | None = None
    for table in tables:
        whole = _with(rest, table)
        starts = _starts(whole.cells[stamp])
        # The last book may go on in the next table.
        yield from _books(whole, starts, profile, stamp)
        rest = _tail(whole, starts[-1])
    if rest is not None:
        yield from _books(rest, [0, len(rest.lines)], profile, stamp)


_JOINED: Mapping[str, str] = {_BIDS: _BIDS, _ASKS: _ASKS}


def _wide(table: Table, profile: ImportProfile, target: str) -> Floats:
    pattern = profile.columns[target]
    fields = [pattern.replace("{n}", str(level)) for level in range(1, len(table.cells) + 1)]
    levels = [numbers(table, field, profile.thousands) for field in fields if field in table.cells]
    return np.stack(levels[: profile.levels or None], axis=1)


def _listed(table: Table, columns: Mapping[str, str], side: str, depth: int) -> tuple[Floats, Floats]:
    field = columns[side]
    books = table.cells[field]
    if depth:
        books = [_cut(book, depth) for book in books]
    try:
        levels = np.array(books, dtype=np.float64)
    except (ValueError, TypeError):
        levels = np.empty(0)
    if levels.ndim != 3 or levels.shape[2] != 2 or not np.isfinite(levels).all():
        raise _bad_levels(table, field, books)
    return levels[:, :, 0], levels[:, :, 1]


def _cut(book: object, depth: int) -> object:
    """Return a book of exactly so many levels: deeper ones are left out, missing ones have price and size 0."""
    return (book + [[0.0, 0.0]] * depth)[:depth] if isinstance(book, list) else book


def _bad_levels(table: Table, field: str, books: Sequence[object]) -> DataError:
    depth = len(books[0]) if isinstance(books[0], list) else 0
    for row, book in enumerate(books):
        if not isinstance(book, list) or not all(_is_level(level) for level in book):
            return DataError(f"{table.place(row, field)}: not a list of pairs of price and size", "repair the line")
        if len(book) != depth:
            what = f"{len(book)} levels where the rows before have {depth}"
            return DataError(f"{table.place(row, field)}: {what}", "say how many to keep: levels, for example 5")
    return DataError(f"{table.path}, column '{field}': empty books", "name the column that holds the levels")


def _is_level(level: object) -> bool:
    if not isinstance(level, list) or len(level) != 2:
        return False
    try:
        return bool(np.isfinite(np.array(level, dtype=np.float64)).all())
    except (ValueError, TypeError):
        return False


def _with(rest: Table | None, table: Table) -> Table:
    if rest is None:
        return table
    cells = {name: rest.cells[name] + column for name, column in table.cells.items()}
    return Table(table.path, rest.lines + table.lines, cells)


def _tail(table: Table, start: int) -> Table:
    cells = {name: column[start:] for name, column in table.cells.items()}
    return Table(table.path, table.lines[start:], cells)


def _starts(stamps: list[object]) -> list[int]:
    return [row for row, stamp in enumerate(stamps) if row == 0 or stamp != stamps[row - 1]]


def _books(table: Table, starts: list[int], profile: ImportProfile, stamp: str) -> Iterator[Table]:
    """Yield the books that end within the table: the last start only bounds them."""
    if len(starts) < 2:
        return
    columns = profile.columns
    is_bid = flags(table, columns["side"]).tolist()
    prices = numbers(table, columns["price"], profile.thousands).tolist()
    sizes = numbers(table, columns["size"], profile.thousands).tolist()
    books: dict[bool, list[object]] = {True: [], False: []}
    for start, end in itertools.pairwise(starts):
        levels: dict[bool, list[list[float]]] = {True: [], False: []}
        for row in range(start, end):
            levels[is_bid[row]].append([prices[row], sizes[row]])
        books[True].append(sorted(levels[True], key=lambda level: -level[0]))
        books[False].append(sorted(levels[False], key=lambda level: level[0]))
    stamps = table.cells[stamp]
    cells = {stamp: [stamps[start] for start in starts[:-1]], _BIDS: books[True], _ASKS: books[False]}
    yield Table(table.path, [table.lines[start] for start in starts[:-1]], cells)
