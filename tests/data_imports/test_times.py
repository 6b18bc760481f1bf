"""Times: exact in every unit and zone, and never without a clock."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.data.imports.tables import Table
from arbcore.data.imports.times import parse_clock, times
from arbcore.data.instant import EARLIEST_NS, LATEST_NS
from arbcore.errors import DataError
from tests.data_imports.formats import T0

OFFSETS = st.integers(-12 * 60, 14 * 60)


def stamps(cells: list[object], unit: str = "text", clock: str = "") -> list[int]:
    table = Table(Path("data.csv"), list(range(2, 2 + len(cells))), {"time": cells})
    found: list[int] = times(table, "time", unit, clock).tolist()
    return found


def offset_text(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@given(st.lists(st.integers(EARLIEST_NS // 1000, LATEST_NS // 1000 - 1), min_size=1, max_size=5), OFFSETS)
def test_a_time_written_on_any_clock_comes_back(moments: list[int], minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    local = [(epoch + timedelta(microseconds=moment)).astimezone(zone) for moment in moments]
    expected = [moment * 1000 for moment in moments]
    assert stamps([each.isoformat() for each in local]) == expected
    naive: list[object] = [each.replace(tzinfo=None).isoformat(" ") for each in local]
    assert stamps(naive, clock=offset_text(minutes)) == expected


@given(
    st.sampled_from([("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9)]),
    st.integers(EARLIEST_NS // 10**9 + 1, LATEST_NS // 10**9 - 1),
)
def test_whole_numbers_are_exact_in_every_unit(unit: tuple[str, int], seconds: int) -> None:
    name, scale = unit
    number = seconds * 10**9 // scale
    assert stamps([number, str(number)], name) == [seconds * 10**9] * 2


def test_fractions_of_a_unit_are_exact() -> None:
    assert stamps(["1755616499999.0", 1755616499999.5], "ms") == [1755616499999 * 10**6, 1755616499999500000]
    assert stamps(["1700000000.123456789"], "s") == [1700000000123456789]


@pytest.mark.parametrize("text", ["2025-05-28T18:10:00Z", "2025-05-29T03:10:00+0900", "2025-05-28 18:10:00+00:00"])
def test_times_may_state_their_own_clock(text: str) -> None:
    assert stamps([text]) == [T0]


def test_days_are_their_midnight() -> None:
    assert stamps(["2025-05-28"], clock="UTC") == [T0 - T0 % (86_400 * 10**9)]


def test_other_formats_are_read() -> None:
    assert stamps(["28/05/2025 18:10"], "%d/%m/%Y %H:%M", "UTC") == [T0]


def test_a_number_may_be_on_a_local_clock() -> None:
    assert stamps([T0 // 10**9 + 9 * 3600], "s", "+09:00") == [T0]


@pytest.mark.parametrize(
    ("cells", "unit", "clock", "message"),
    [
        (["2025-05-28T18:10:00Z", "2025-05-28 18:15:00"], "text", "", r"line 3, column 'time': .* states no time zone"),
        (["2025-05-28T18:10:00+09:00"], "text", "UTC", "states another clock than the profile's UTC"),
        (["yesterday"], "text", "UTC", "'yesterday' is not an ISO 8601 time"),
        ([""], "text", "UTC", "is empty"),
        ([None], "ms", "", "None is not a number|is empty"),
        (["12:00"], "ms", "", "'12:00' is not a number of time units"),
        ([float("nan")], "s", "", "nan is not a number"),
        ([1751628900000], "s", "", r"1751628900000 as 's' lies outside 2009 to 2100\n.*check the unit"),
        ([1751628900], "ms", "", "outside 2009 to 2100"),
        ([10**40], "ns", "", "outside 2009 to 2100"),
        (["2025-05-28 18:10:00"], "text", "KST", "'KST' is not a clock"),
        (["2025-05-28 18:10:00"], "text", "+25:00", r"'\+25:00' is not a clock"),
    ],
)
def test_what_is_no_time_is_named(cells: list[object], unit: str, clock: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        stamps(cells, unit, clock)


@given(OFFSETS)
def test_clocks_are_offsets(minutes: int) -> None:
    assert parse_clock(offset_text(minutes)).utcoffset(None) == timedelta(minutes=minutes)
