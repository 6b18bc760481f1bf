"""The rolling reference against a plain computation, and its warm-up."""

from statistics import median, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.ports.strategy import RouteKind, RouteSpec
from arbcore.testing.rehearsal import Step, signal
from arbcore_strategy_spread.baseline import RollingPremium, build_baseline
from arbcore_strategy_spread.settings import Reference

SPEC = RouteSpec(id="r", symbol="BTC", kind=RouteKind.FLAT, legs=(), max_age_ns=1)
SECOND = 10**9

premiums = st.floats(-0.05, 0.05)
moments = st.lists(st.tuples(st.integers(0, 40 * SECOND), premiums), min_size=1, max_size=80)


def rolling(**options: object) -> RollingPremium:
    """Return a rolling reference of 100 s, sampled every 10 s."""
    tree: dict[str, object] = {"kind": "rolling_median", "window": "100s", "sample": "10s", "min_samples": 3}
    return RollingPremium(Reference.model_validate(tree | options))


def show(baseline: RollingPremium, time: int, premium: float) -> None:
    """Show a signal whose premium paid and got are the same."""
    baseline.observe(signal(SPEC, Step(time, 0, 1.0 / (1.0 + premium) - 1.0, premium)))


def sampled(seen: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the first of each ten seconds, then what the window of the last one holds."""
    slots: dict[int, tuple[int, float]] = {}
    for time, premium in seen:
        slots.setdefault(time // (10 * SECOND), (time, premium))
    held = list(slots.values())
    return [entry for entry in held if entry[0] > held[-1][0] - 100 * SECOND]


def accumulate(steps: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Turn pauses into times."""
    time, seen = 0, []
    for pause, premium in steps:
        time += pause
        seen.append((time, premium))
    return seen


@given(moments)
def test_median_of_the_samples_in_the_window(steps: list[tuple[int, float]]) -> None:
    """The kept median equals one taken afresh over the same samples."""
    baseline, seen = rolling(), accumulate(steps)
    for time, premium in seen:
        show(baseline, time, premium)
    expected = [premium for _, premium in sampled(seen)]
    assert [premium for _, premium in baseline.samples()] == pytest.approx(expected, abs=1e-12)
    if len(expected) < 3:
        assert baseline.value is None
    else:
        assert baseline.value == pytest.approx(median(expected), abs=1e-12)


@given(st.lists(premiums, min_size=3, max_size=10), st.integers(1, 99))
def test_quantile_between_neighbours(values: list[float], percent: int) -> None:
    """The same as the standard library's inclusive quantiles."""
    baseline = rolling(kind="quantile", quantile=percent / 100)
    for number, premium in enumerate(values):
        show(baseline, number * 10 * SECOND, premium)
    assert baseline.value == pytest.approx(quantiles(values, n=100, method="inclusive")[percent - 1], abs=1e-12)


@given(moments)
def test_a_loaded_reference_is_the_same(steps: list[tuple[int, float]]) -> None:
    """Also in what it answers afterwards."""
    first, second, seen = rolling(), rolling(), accumulate(steps)
    for time, premium in seen:
        show(first, time, premium)
    second.load(first.samples(), first.due)
    for time in range(seen[-1][0], seen[-1][0] + 200 * SECOND, 7 * SECOND):
        show(first, time, 0.01)
        show(second, time, 0.01)
        assert (first.value, first.due, first.samples()) == (second.value, second.due, second.samples())


def test_nothing_is_known_before_the_warm_up_and_after_a_long_silence() -> None:
    """Three samples make it known; an empty window makes it unknown again."""
    baseline = rolling()
    known = []
    for number in range(4):
        show(baseline, number * 10 * SECOND, 0.001)
        known.append(baseline.value is not None)
    assert known == [False, False, True, True]
    show(baseline, 500 * SECOND, 0.001)
    assert baseline.value is None


def test_a_sample_lies_between_the_premium_paid_and_the_premium_got() -> None:
    """Halfway."""
    baseline = rolling(min_samples=1)
    baseline.observe(signal(SPEC, Step(0, 0, 1.0 / 1.004 - 1.0, 0.002)))
    assert baseline.value == pytest.approx(0.003)
    assert baseline.due == 10 * SECOND


def test_memory_is_bounded_by_the_window() -> None:
    """However long it runs."""
    baseline = rolling()
    for number in range(5000):
        show(baseline, number * SECOND, 0.0)
    assert len(baseline.samples()) == 10


def test_a_number_stands_for_a_fixed_reference() -> None:
    """It never moves and asks for nothing."""
    baseline = build_baseline(Reference(kind="fixed", value_bps=30.0))
    baseline.observe(signal(SPEC, Step(0, 0, 0.0, 0.0)))
    assert baseline.samples() == []
    assert baseline.due == 2**63 - 1
    assert baseline.edge_at(0.001, forward=False) == pytest.approx(0.004)
