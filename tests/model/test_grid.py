"""The door from floats to the grid: exact multiples, directed rounding, and binary noise that costs no tick."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, inf, nan, nextafter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arbcore.model.grid import Rounding, _exact_to_grid, coarser, on_grid, to_grid

STEPS = st.builds(lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(1, 999), st.integers(-12, 6))
DIRECTIONS = st.sampled_from(list(Rounding))
TOLERANCE = Fraction(1, 10**9)


def expected(value: Fraction, step: Fraction, rounding: Rounding) -> Fraction:
    """The rule in fractions, without the tolerance."""
    steps = value / step
    if rounding is Rounding.NEAREST:
        return round(steps) * step
    return (floor(steps) if rounding is Rounding.DOWN else ceil(steps)) * step


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=12), STEPS, DIRECTIONS)
def test_a_decimal_lands_on_the_multiple_that_the_direction_names(
    value: Decimal, step: Decimal, rounding: Rounding
) -> None:
    placed = to_grid(value, step, rounding)
    assert Fraction(placed) == expected(Fraction(value), Fraction(step), rounding)
    assert on_grid(placed, step)


@given(st.floats(min_value=-1e15, max_value=1e15), STEPS, DIRECTIONS)
def test_a_float_lands_on_a_multiple_within_one_step(value: float, step: Decimal, rounding: Rounding) -> None:
    placed, exact, width = Fraction(to_grid(value, step, rounding)), Fraction(repr(value)), Fraction(step)
    assert (placed / width).denominator == 1
    slack = TOLERANCE * width
    if rounding is Rounding.DOWN:
        assert exact - width < placed <= exact + slack
    elif rounding is Rounding.UP:
        assert exact - slack <= placed < exact + width
    else:
        assert abs(placed - exact) <= width / 2


@given(st.integers(-(10**6), 10**6), STEPS, DIRECTIONS, st.integers(-4, 4))
def test_noise_of_a_float_costs_no_tick(count: int, step: Decimal, rounding: Rounding, ulps: int) -> None:
    value = float(step * count)
    for _ in range(abs(ulps)):
        value = nextafter(value, inf if ulps > 0 else -inf)
    if count:
        assert to_grid(value, step, rounding) == step * count


@given(st.one_of(st.floats(-1e15, 1e15), st.floats(-1e3, 1e3), st.floats(-1e-3, 1e-3)), STEPS, DIRECTIONS)
@example(0.35, Decimal("0.1"), Rounding.NEAREST)
@example(0.15, Decimal("0.1"), Rounding.NEAREST)
@example(1.005, Decimal("0.01"), Rounding.NEAREST)
@example(8.575, Decimal("0.01"), Rounding.NEAREST)
def test_the_fast_path_decides_like_the_exact_one(value: float, step: Decimal, rounding: Rounding) -> None:
    assert to_grid(value, step, rounding) == _exact_to_grid(value, step, rounding)


@given(
    st.integers(-(10**6), 10**6), st.sampled_from([0.5, 1e-9, -1e-9, 9.9e-10, 1.1e-9, 5e-10, 0.5 + 1e-9]), DIRECTIONS
)
def test_the_paths_agree_where_the_decision_is_closest(count: int, beyond: float, rounding: Rounding) -> None:
    for step in (Decimal("0.1"), Decimal("0.001"), Decimal(5), Decimal("0.00000001")):
        value = (count + beyond) * float(step)
        assert to_grid(value, step, rounding) == _exact_to_grid(value, step, rounding)


@pytest.mark.parametrize(
    ("value", "rounding", "placed"),
    [
        (0.25, Rounding.NEAREST, "0.2"),
        (0.35, Rounding.NEAREST, "0.4"),
        (-0.25, Rounding.NEAREST, "-0.2"),
        (0.29999999999999999, Rounding.DOWN, "0.3"),
        (0.1 + 0.2, Rounding.UP, "0.3"),
        (0.31, Rounding.UP, "0.4"),
        (-0.31, Rounding.UP, "-0.3"),
        (-0.31, Rounding.DOWN, "-0.4"),
    ],
)
def test_examples(value: float, rounding: Rounding, placed: str) -> None:
    assert to_grid(value, Decimal("0.1"), rounding) == Decimal(placed)


@pytest.mark.parametrize("value", [nan, inf, -inf, Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_number_is_refused(value: float | Decimal) -> None:
    with pytest.raises(ValueError, match="cannot place"):
        to_grid(value, Decimal("0.1"), Rounding.DOWN)


@pytest.mark.parametrize("step", [Decimal(0), Decimal("-0.1")])
def test_a_step_that_is_not_positive_is_refused(step: Decimal) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        to_grid(1.0, step, Rounding.DOWN)
    with pytest.raises(ValueError, match="must be positive"):
        coarser(step, Decimal(1))


@given(STEPS, STEPS)
def test_the_coarser_lot_is_the_least_multiple_of_both(left: Decimal, right: Decimal) -> None:
    lot = coarser(left, right)
    assert lot == coarser(right, left)
    for step in (left, right):
        assert (Fraction(lot) / Fraction(step)).denominator == 1
    shares = Fraction(lot) / Fraction(left), Fraction(lot) / Fraction(right)
    assert Fraction(shares[0], shares[1]).denominator == shares[1]  # no common factor: nothing smaller fits both


@pytest.mark.parametrize(
    ("left", "right", "lot"),
    [("0.001", "0.00000001", "0.001"), ("0.3", "0.2", "0.6"), ("1000", "0.1", "1000"), ("0.25", "0.1", "0.5")],
)
def test_examples_of_the_coarser_lot(left: str, right: str, lot: str) -> None:
    assert coarser(Decimal(left), Decimal(right)) == Decimal(lot)
