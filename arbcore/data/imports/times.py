"""Cells as UTC nanoseconds. A clock is never guessed: the cell states it or the profile does."""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from arbcore.data._frames import Ints, np
from arbcore.data.imports.cells import is_empty
from arbcore.data.imports.tables import Table
from arbcore.data.instant import EARLIEST_NS, LATEST_NS
from arbcore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def times(table: Table, field: str, unit: str, clock: str) -> Ints:
    """Return a column as UTC nanoseconds.

    Args:
        table: The rows.
        field: Source field.
        unit: ``ns``, ``us``, ``ms``, ``s``, ``text`` for ISO 8601, or a format of ``strptime``.
        clock: ``UTC`` or an offset such as ``+09:00`` for times that state none; empty for none.

    Raises:
        DataError: A cell is no time, states no clock while none is given or another one than is given, or lies
            outside 2009 to 2100.
    """
    zone = parse_clock(clock) if clock else None
    stamps = _from_numbers(table, field, unit, zone) if unit in _UNITS else _from_text(table, field, unit, zone)
    outside = (stamps < EARLIEST_NS) | (stamps >= LATEST_NS)
    if outside.any():
        row = int(outside.argmax())
        raise DataError(
            f"{table.place(row, field)}: {table.cells[field][row]!r} as '{unit}' lies outside 2009 to 2100",
            f"check the unit of the times: one of {', '.join(_UNITS)}, text",
        )
    return stamps


def parse_clock(clock: str) -> timezone:
    """Return the clock that ``UTC``, ``Z`` or an offset such as ``+09:00`` names.

    Raises:
        DataError: It is neither. Names of places are not taken, since their rules change.
    """
    if clock in {"UTC", "Z"}:
        return UTC
    match = re.fullmatch(r"([+-])(\d\d):?(\d\d)", clock)
    if match is None:
        raise DataError(f"'{clock}' is not a clock", "write UTC or an offset such as +09:00")
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if offset >= timedelta(days=1):
        raise DataError(f"'{clock}' is not a clock", "an offset is less than a day")
    return timezone(-offset if match[1] == "-" else offset)


def _from_numbers(table: Table, field: str, unit: str, zone: timezone | None) -> Ints:
    cells, scale = table.cells[field], _UNITS[unit]
    try:
        whole = np.array(cells, dtype=np.int64)
    except (ValueError, TypeError, OverflowError):
        whole = None
    if whole is not None and not any(isinstance(cell, float) for cell in cells):
        # Beyond this the product would not fit, and is far outside the range anyway.
        stamps = np.clip(whole, -LATEST_NS // scale, LATEST_NS // scale) * scale
    else:
        stamps = np.array([_scaled(table, field, row, cell, scale) for row, cell in enumerate(cells)], dtype=np.int64)
    return stamps if zone is None else stamps - _offset_ns(zone)


def _scaled(table: Table, field: str, row: int, cell: object, scale: int) -> int:
    try:
        stamp = int(Decimal(str(cell)) * scale)
    except (InvalidOperation, ValueError, OverflowError):
        raise _no_time(table, field, row, "a number of time units") from None
    return max(-LATEST_NS, min(stamp, LATEST_NS))


def _from_text(table: Table, field: str, unit: str, zone: timezone | None) -> Ints:
    parse: Callable[[str], datetime] = (
        datetime.fromisoformat if unit == "text" else lambda text: datetime.strptime(text, unit)  # noqa: DTZ007
    )
    stamps = np.empty(len(table.lines), dtype=np.int64)
    for row, cell in enumerate(table.cells[field]):
        try:
            moment = parse(str(cell).strip())
        except ValueError:
            raise _no_time(table, field, row, "an ISO 8601 time" if unit == "text" else f"a time '{unit}'") from None
        if moment.tzinfo is None or zone is not None:
            moment = _with_clock(table, field, row, moment, zone)
        since = moment - _EPOCH
        stamps[row] = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000
    return stamps


def _with_clock(table: Table, field: str, row: int, moment: datetime, zone: timezone | None) -> datetime:
    text = table.cells[field][row]
    if moment.tzinfo is not None:
        if zone is not None and moment.utcoffset() != zone.utcoffset(None):
            raise DataError(
                f"{table.place(row, field)}: {text!r} states another clock than the profile's {zone}",
                "leave the clock out: the times state their own",
            )
        return moment
    if zone is None:
        raise DataError(
            f"{table.place(row, field)}: {text!r} states no time zone",
            "say which clock the file uses: --clock UTC or an offset such as --clock +09:00 (clock: in a file)",
        )
    return moment.replace(tzinfo=zone)


def _offset_ns(zone: timezone) -> int:
    return round(zone.utcoffset(None).total_seconds()) * 10**9


def _no_time(table: Table, field: str, row: int, expected: str) -> DataError:
    cell = table.cells[field][row]
    what = "is empty" if is_empty(cell) else f"{cell!r} is not {expected}"
    return DataError(f"{table.place(row, field)}: {what}", "check the column and the unit of the times (time_unit)")
