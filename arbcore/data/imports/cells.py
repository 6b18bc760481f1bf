"""Cells as numbers and flags, with complaints that name the cell."""

from collections.abc import Sequence

from arbcore.data._frames import Flags, Floats, np
from arbcore.data.imports.tables import Table
from arbcore.errors import DataError

_TRUE = frozenset({"true", "1", "buy", "bid", "b"})
_FALSE = frozenset({"false", "0", "sell", "ask", "s", "a"})


def is_empty(cell: object) -> bool:
    """Tell whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def numbers(table: Table, source: str, thousands: str = "") -> Floats:
    """Return a column as float64.

    Args:
        table: The rows.
        source: Field, or ``=`` and a constant.
        thousands: Separator of thousands to remove.

    Raises:
        DataError: A cell is empty, not a number or not finite.
    """
    if source.startswith("="):
        return np.full(len(table.lines), _constant(source))
    cells = table.cells[source]
    if thousands:
        cells = [cell.replace(thousands, "") if isinstance(cell, str) else cell for cell in cells]
    try:
        values = np.array(cells, dtype=np.float64)
    except (ValueError, TypeError):
        raise _first_bad(table, source, cells) from None
    if not np.isfinite(values).all() or _has_underscore(cells):
        raise _first_bad(table, source, cells)
    return values


def flags(table: Table, source: str) -> Flags:
    """Return a column of true and false, ``buy`` and ``sell``, or ``1`` and ``0``; ``!`` before the field reverses it.

    Raises:
        DataError: A cell is none of these.
    """
    reverse = source.startswith("!")
    field = source.removeprefix("!")
    if field.startswith("="):
        return np.full(len(table.lines), _flag(field[1:]) is not reverse)
    values = np.zeros(len(table.lines), dtype=np.bool_)
    for row, cell in enumerate(table.cells[field]):
        value = _flag(cell)
        if value is None:
            raise DataError(
                f"{table.place(row, field)}: {cell!r} is neither true nor false", "use true/false, 1/0 or buy/sell"
            )
        values[row] = value is not reverse
    return values


def without_empty(table: Table) -> Table:
    """Return the rows of which no cell is empty."""
    keep = [row for row in range(len(table.lines)) if not any(is_empty(column[row]) for column in table.cells.values())]
    return table if len(keep) == len(table.lines) else table.rows(keep)


def _constant(source: str) -> float:
    try:
        return float(source[1:])
    except ValueError:
        raise DataError(f"'{source}' is not a constant number", "write for example =0") from None


def _flag(cell: object) -> bool | None:
    text = str(cell).strip().lower()
    return True if text in _TRUE else False if text in _FALSE else None


def _has_underscore(cells: Sequence[object]) -> bool:
    """Python reads 1_000 as a number; in a file it is a mistake."""
    return any(isinstance(cell, str) and "_" in cell for cell in cells)


def _first_bad(table: Table, source: str, cells: Sequence[object]) -> DataError:
    for row, cell in enumerate(cells):
        if not _is_number(cell):
            what = "is empty" if is_empty(cell) else f"holds {table.cells[source][row]!r}, which is not a number"
            fix = (
                "fill the cell, or leave such rows out with skip_empty"
                if is_empty(cell)
                else "repair the cell; a separator of thousands is named by thousands"
            )
            return DataError(f"{table.place(row, source)} {what}", fix)
    return DataError(f"{table.path}, column '{source}': not all cells are numbers", "repair the cells")


def _is_number(cell: object) -> bool:
    if isinstance(cell, str) and "_" in cell:
        return False
    try:
        return bool(np.isfinite(float(cell)))  # type: ignore[arg-type]  # anything else is answered below
    except (TypeError, ValueError):
        return False
