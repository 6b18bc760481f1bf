"""Cells: numbers and flags as people write them, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.data.imports.cells import flags, numbers, without_empty
from arbcore.data.imports.tables import Table
from arbcore.errors import DataError


def table(cells: list[object]) -> Table:
    return Table(Path("data.csv"), list(range(2, 2 + len(cells))), {"x": cells})


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_come_back_as_they_were_written(values: list[float]) -> None:
    assert numbers(table([repr(value) for value in values]), "x").tolist() == values
    assert numbers(table(list(values)), "x").tolist() == values


def test_thousands_and_constants() -> None:
    assert numbers(table(["1,203.93", "2"]), "x", ",").tolist() == [1203.93, 2.0]
    assert numbers(table(["a", "b"]), "=1.5").tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("abc", r"data\.csv, line 3, column 'x' holds 'abc', which is not a number"),
        ("", "line 3, column 'x' is empty"),
        (None, "line 3, column 'x' is empty"),
        ("nan", "'nan', which is not a number"),
        ("inf", "'inf', which is not a number"),
        ("1_000", "'1_000', which is not a number"),
        ("1,5", "'1,5', which is not a number"),
        ([1], "which is not a number"),
    ],
)
def test_what_is_no_number_is_named(cell: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        numbers(table(["1", cell]), "x")


def test_a_constant_must_be_a_number() -> None:
    with pytest.raises(DataError, match="'=abc' is not a constant"):
        numbers(table(["1"]), "=abc")


def test_flags_in_all_their_spellings() -> None:
    assert flags(table(["true", "Buy", "1", "bid", True]), "x").all()
    assert not flags(table(["false", "SELL", 0, "ask", False]), "x").any()
    assert flags(table(["false", True]), "!x").tolist() == [True, False]
    assert flags(table(["", ""]), "=1").all()
    with pytest.raises(DataError, match=r"line 2, column 'x': 'maybe' is neither true nor false"):
        flags(table(["maybe"]), "x")


def test_rows_with_an_empty_cell_are_left_out() -> None:
    left = without_empty(table(["1", " ", None, "2"]))
    assert (left.lines, left.cells) == ([2, 5], {"x": ["1", "2"]})
