"""The suites of execution policies find what is wrong: lies told on purpose, one at a time, each where it should be."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from arbcore.testing.policy import LegPolicySuite, SlicerSuite
from tests.policies.hostile import HostilePolicy, HostileSlicer
from tests.trading.judge import failing_tests

settings.register_profile(
    "bites",
    max_examples=25,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

WAITS = {"test_a_gap_never_waits_for_ever", "test_any_gap_never_waits_for_ever"}
PLANS = {"test_plans_can_be_carried_out"}
SAME = {"test_same_gaps_same_plans"}
RESTORES = {"test_restore_continues_identically"}

POLICY_LIES: dict[str, set[str]] = {
    "holds for ever": WAITS,
    "holds while it is dear": WAITS,
    "holds where nothing can be chased": WAITS,
    "holds at the second repair": WAITS,
    "chases the impossible": WAITS | PLANS,
    "slippage falls": WAITS,
    "slippage starts again": WAITS,
    "slippage without a cap": PLANS,
    "slippage is no number": PLANS,
    "a negative slippage": PLANS,
    "a negative wait": PLANS,
    "freezes what is large": PLANS,
    "reads the clock": SAME,
    "reads a clock by its own name": SAME,
    "draws lots": SAME | RESTORES,
    "remembers in secret": RESTORES,
    "restores nothing": RESTORES,
}
"""Each lie of a leg policy, and exactly the standard tests that it fails."""

PARTS = {"test_parts_are_well_formed", "test_parts_of_any_entry_are_well_formed"}
CUTS = {"test_same_entry_same_parts"}

SLICER_LIES: dict[str, set[str]] = {
    "never cuts": {"test_a_large_entry_is_cut"},
    "no parts": PARTS | {"test_a_large_entry_is_cut"},
    "loses what rounding left": PARTS,
    "a part of nothing": PARTS,
    "shares through float": PARTS,
    "as many as it likes": PARTS,
    "starts in the past": PARTS,
    "all at once": PARTS,
    "backwards": PARTS,
    "reads the clock": CUTS,
    "reads a clock by its own name": CUTS,
    "draws lots": CUTS | RESTORES,
    "remembers in secret": RESTORES,
    "restores nothing": RESTORES,
}
"""Each lie of a slicer, and exactly the standard tests that it fails."""


@pytest.fixture(autouse=True)
def _few_examples() -> Iterator[None]:
    before = settings.get_current_profile_name()
    settings.load_profile("bites")
    yield
    settings.load_profile(before)


def of_policy(lie: str) -> set[str]:
    given = {"build": lambda: HostilePolicy(lie), "patience_ns": 10**9, "slippage_cap_bps": 200.0, "freezes": False}
    return failing_tests(LegPolicySuite, lambda: given)


def of_slicer(lie: str) -> set[str]:
    given = {"build": lambda: HostileSlicer(lie), "most": 100, "large_notional": "1000000"}
    return failing_tests(SlicerSuite, lambda: given)


def test_without_a_lie_both_pass() -> None:
    assert of_policy("") == set()
    assert of_slicer("") == set()


@pytest.mark.parametrize("lie", POLICY_LIES)
def test_a_lie_of_a_policy_is_found_where_it_should(lie: str) -> None:
    assert of_policy(lie) == POLICY_LIES[lie]


@pytest.mark.parametrize("lie", SLICER_LIES)
def test_a_lie_of_a_slicer_is_found_where_it_should(lie: str) -> None:
    assert of_slicer(lie) == SLICER_LIES[lie]


def test_what_may_freeze_passes_where_it_says_so() -> None:
    given = {"build": lambda: HostilePolicy("freezes what is large"), "patience_ns": 0, "slippage_cap_bps": 200.0}
    assert failing_tests(LegPolicySuite, lambda: given | {"freezes": True}) == set()


def test_what_is_no_policy_fails_everywhere() -> None:
    given = {"build": HostileSlicer, "patience_ns": 0, "slippage_cap_bps": 200.0, "freezes": False}
    assert failing_tests(LegPolicySuite, lambda: given) == LegPolicySuite.standard_tests.keys() - {
        "test_suite_is_whole"
    }
    cut = {"build": HostilePolicy, "most": 100, "large_notional": "1000000"}
    assert failing_tests(SlicerSuite, lambda: cut) == SlicerSuite.standard_tests.keys() - {"test_suite_is_whole"}
