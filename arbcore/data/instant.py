"""Times as data sets and their messages show them."""

from datetime import UTC, datetime, timedelta
from typing import Final

SECOND_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * SECOND_NS

EARLIEST_NS: Final = 1_230_940_800 * SECOND_NS
"""2009-01-03: no coin traded before; a time in seconds, milliseconds or microseconds lies before it."""
LATEST_NS: Final = 4_102_444_800 * SECOND_NS
"""2100-01-01, exclusive."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def iso(ns: int) -> str:
    """Return nanoseconds since 1970 as ISO 8601 in UTC, with as many digits as the time has.

    A number that is no time of this calendar is returned as it is.
    """
    seconds, fraction = divmod(ns, SECOND_NS)
    try:
        text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    except OverflowError:
        return f"{ns} ns"
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{text}{digits}Z"


def utc_day(ns: int) -> str:
    """Return the UTC day of a time as ``YYYY-MM-DD``."""
    return iso(ns)[:10]
