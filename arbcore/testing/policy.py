"""The conformance suites of execution policies: leg policies and slicers."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, strategies

from arbcore.model.intent import IntentKind
from arbcore.ports.policy import Depth, LegGap, LegPolicy, RepairPlan, Slice, Slicer
from arbcore.testing._policy_trial import (
    START,
    entry,
    gap,
    plans,
    some_depths,
    some_gaps,
    without_clock,
    wrong_with_plan,
    wrong_with_plans,
    wrong_with_slices,
)
from arbcore.testing._suite import Suite

__all__ = ["LegPolicySuite", "SlicerSuite", "entry", "gap"]

BuildPolicy = Callable[[], LegPolicy]
BuildSlicer = Callable[[], Slicer]


class LegPolicySuite(Suite):
    """Standard tests of a leg policy. Authors give `build`, and the bounds of their settings where the defaults differ.

    Policies differ in what they do; the suite asks for what keeps a trade safe whatever they do: an answer that
    depends on the gap alone, no waiting without end, allowances that widen up to a cap, and no plan that can't be
    carried out.
    """

    @pytest.fixture
    def build(self) -> BuildPolicy:
        """How to make a fresh policy; the same every time."""
        raise AssertionError("give the fixture `build`: a function that returns a fresh leg policy")

    @pytest.fixture
    def patience_ns(self) -> int:
        """Time from the gap's opening after which the policy holds no longer; 0 for one that never holds."""
        return 0

    @pytest.fixture
    def slippage_cap_bps(self) -> float:
        """Largest allowance of its plans, in basis points."""
        return 200.0

    @pytest.fixture
    def freezes(self) -> bool:
        """Whether it may freeze a trade that could be repaired: a policy that wants a person to look."""
        return False

    def test_is_a_leg_policy(self, build: BuildPolicy) -> None:
        """It has every method of the port."""
        assert isinstance(build(), LegPolicy)

    def test_a_gap_never_waits_for_ever(self, build: BuildPolicy, patience_ns: int) -> None:
        """It is repaired within the patience; taken back where nothing can be chased; each time with more allowance."""
        assert {text for first in some_gaps() for text in wrong_with_plans(build(), first, patience_ns)} == set()

    def test_any_gap_never_waits_for_ever(self, build: BuildPolicy, patience_ns: int) -> None:
        """The same for gaps of any size, loss, kind, number of legs and open ways."""

        @given(gaps())
        def holds(first: LegGap) -> None:
            assert wrong_with_plans(build(), first, patience_ns) == []

        holds()

    def test_plans_can_be_carried_out(self, build: BuildPolicy, slippage_cap_bps: float, freezes: bool) -> None:
        """Every plan is within the cap, has a time to wait, and chases only what can be chased."""

        @given(strategies.lists(gaps(grown=True), min_size=1, max_size=3))
        def holds(course: list[LegGap]) -> None:
            policy = build()
            for asked in course:
                answer = policy.decide(asked)
                assert wrong_with_plan(asked, answer, slippage_cap_bps=slippage_cap_bps, freezes=freezes) == []

        holds()

    def test_same_gaps_same_plans(self, build: BuildPolicy, patience_ns: int) -> None:
        """Two fresh policies answer alike, whatever the clock on the wall says and chance would have it."""
        one, other = build(), build()
        courses = [plans(one, first, patience_ns) for first in some_gaps()]
        assert without_clock(other, lambda: [plans(other, first, patience_ns) for first in some_gaps()]) == courses
        assert one.state() == other.state()

    def test_restore_continues_identically(self, build: BuildPolicy) -> None:
        """A policy restored anywhere between gaps answers like the one that went on."""

        @given(strategies.lists(gaps(grown=True), max_size=6), strategies.integers(0, 6))
        def holds(course: list[LegGap], cut: int) -> None:
            policy, twin = build(), build()
            _answers(policy, course[:cut])
            twin.restore(policy.state())
            assert twin.state() == policy.state()
            assert _answers(twin, course[cut:]) == _answers(policy, course[cut:])

        holds()


class SlicerSuite(Suite):
    """Standard tests of a slicer. Authors give `build`, and `most` where it may cut into more parts."""

    @pytest.fixture
    def build(self) -> BuildSlicer:
        """How to make a fresh slicer; the same every time."""
        raise AssertionError("give the fixture `build`: a function that returns a fresh slicer")

    @pytest.fixture
    def most(self) -> int:
        """Most parts that it cuts an entry into."""
        return 100

    @pytest.fixture
    def large_notional(self) -> str:
        """Value of an entry that it cuts, in base currency."""
        return "1000000"

    def test_is_a_slicer(self, build: BuildSlicer) -> None:
        """It has every method of the port."""
        assert isinstance(build(), Slicer)

    def test_a_large_entry_is_cut(self, build: BuildSlicer, large_notional: str) -> None:
        """What is too much for the market comes in parts; without that the other tests would prove nothing."""
        large, little = entry(large_notional, "1000"), Depth(0.1, 0.01, 1000.0)
        assert len(build().slices(large, (little, little), START)) > 1

    def test_parts_are_well_formed(self, build: BuildSlicer, most: int, large_notional: str) -> None:
        """They sum to one exactly, start now or later, one after the other, and are not too many."""
        cuts = [build().slices(entry(size), depth, START) for size in ("1", large_notional) for depth in some_depths()]
        assert {text for parts in cuts for text in wrong_with_slices(parts, START, most)} == set()

    def test_parts_of_any_entry_are_well_formed(self, build: BuildSlicer, most: int) -> None:
        """The same for entries of any size and legs that find anything."""

        @given(_notionals(), strategies.lists(_depths(), min_size=2, max_size=4), strategies.integers(0, 2 * START))
        def holds(notional: str, depth: list[Depth], now: int) -> None:
            parts = build().slices(entry(notional, legs=len(depth)), depth, now)
            assert wrong_with_slices(parts, now, most) == []

        holds()

    def test_same_entry_same_parts(self, build: BuildSlicer, large_notional: str) -> None:
        """Two fresh slicers cut alike, whatever the clock on the wall says and chance would have it."""
        one, other = build(), build()
        parts = _cuts_everywhere(one, large_notional)
        assert without_clock(other, lambda: _cuts_everywhere(other, large_notional)) == parts
        assert one.state() == other.state()

    def test_restore_continues_identically(self, build: BuildSlicer) -> None:
        """A slicer restored anywhere between entries cuts like the one that went on."""

        @given(strategies.lists(strategies.tuples(_notionals(), _depths()), max_size=6), strategies.integers(0, 6))
        def holds(entries: list[tuple[str, Depth]], cut: int) -> None:
            slicer, twin = build(), build()
            _cuts(slicer, entries[:cut])
            twin.restore(slicer.state())
            assert twin.state() == slicer.state()
            assert _cuts(twin, entries[cut:]) == _cuts(slicer, entries[cut:])

        holds()


def gaps(*, grown: bool = False) -> strategies.SearchStrategy[LegGap]:
    """Return a strategy of any gap: just opened, or with repairs and time behind it where it may have grown.

    Args:
        grown: True to draw attempts and elapsed time as well.
    """
    amounts = strategies.builds(_scaled, strategies.integers(0, 9999), strategies.integers(-6, 2))
    return strategies.builds(
        _gap,
        held=strategies.lists(_decimals(1000, 3), min_size=2, max_size=4),
        kind=strategies.sampled_from((IntentKind.ENTRY, IntentKind.EXIT)),
        unhedged=amounts,
        loss=amounts,
        attempt=strategies.integers(0, 20) if grown else strategies.just(0),
        elapsed_ns=strategies.integers(0, 86_400 * 10**9) if grown else strategies.just(0),
        ways=strategies.tuples(strategies.booleans(), strategies.booleans()),
    )


def _gap(
    held: list[Decimal],
    kind: IntentKind,
    unhedged: Decimal,
    loss: Decimal,
    attempt: int,
    elapsed_ns: int,
    ways: tuple[bool, bool],
) -> LegGap:
    return LegGap(
        intent=entry(kind=kind, legs=len(held)),
        held=tuple(held),
        unhedged=unhedged,
        attempt=attempt,
        elapsed_ns=elapsed_ns,
        loss=loss,
        can_chase=ways[0],
        can_unwind=ways[1],
    )


def _scaled(digits: int, exponent: int) -> Decimal:
    return Decimal(digits).scaleb(exponent)


def _decimals(largest: int, places: int) -> strategies.SearchStrategy[Decimal]:
    return strategies.integers(0, largest * 10**places).map(lambda units: _scaled(units, -places))


def _notionals() -> strategies.SearchStrategy[str]:
    return strategies.integers(1, 10**15).map(lambda units: str(_scaled(units, -6)))


def _depths() -> strategies.SearchStrategy[Depth]:
    sizes = strategies.one_of(strategies.just(0.0), strategies.floats(min_value=0.0))
    return strategies.builds(Depth, sizes, sizes, sizes)


def _answers(policy: LegPolicy, course: Sequence[LegGap]) -> list[RepairPlan]:
    return [policy.decide(asked) for asked in course]


def _cuts(slicer: Slicer, entries: Sequence[tuple[str, Depth]]) -> list[list[Slice]]:
    return [list(slicer.slices(entry(notional), (depth, depth), START)) for notional, depth in entries]


def _cuts_everywhere(slicer: Slicer, notional: str) -> list[list[Slice]]:
    return [list(slicer.slices(entry(notional), depth, START)) for depth in some_depths()]
