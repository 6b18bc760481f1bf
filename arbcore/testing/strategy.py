"""The conformance suite of strategies."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import inf, isfinite, nan

import pytest

from arbcore.model.instrument import Instrument
from arbcore.model.order import Side
from arbcore.model.reason import Reason
from arbcore.model.trade import Trade, TradeState
from arbcore.ports.strategy import Enter, Exit, Strategy, Wish
from arbcore.testing._suite import Suite
from arbcore.testing.rehearsal import Rehearsal, Step, walk

_SEEDS = pytest.mark.parametrize("seed", range(6))


class StrategySuite(Suite):
    """Standard tests of a strategy. Authors give three fixtures, and the other two where their defaults do not fit.

    The tests play a wandering premium and fill what is wished; the strategy must trade on it.
    """

    @pytest.fixture
    def build(self) -> Callable[[], Strategy]:
        """How to make a fresh strategy; the same every time."""
        raise AssertionError("give the fixture `build`: a function that returns a fresh strategy")

    @pytest.fixture
    def instruments(self) -> Sequence[Instrument]:
        """Every instrument of the session."""
        raise AssertionError("give the fixture `instruments`: what the strategy's routes need")

    @pytest.fixture
    def max_open(self) -> int:
        """Most trades that the strategy may have open on one route."""
        raise AssertionError("give the fixture `max_open`: the most trades open on one route")

    @pytest.fixture
    def amplitude(self) -> float:
        """How far the premium strays, as a fraction; large enough for the strategy's thresholds."""
        return 0.01

    @pytest.fixture
    def spacing_ns(self) -> int:
        """Average time between two quotes."""
        return 10**9

    @pytest.fixture
    def play(
        self, build: Callable[[], Strategy], instruments: Sequence[Instrument], amplitude: float, spacing_ns: int
    ) -> Callable[[int], tuple[Rehearsal, list[Step]]]:
        """A stage with a fresh strategy, and the steps of a seed for all its routes."""

        def prepared(seed: int) -> tuple[Rehearsal, list[Step]]:
            stage = Rehearsal(build(), instruments)
            routes = len(stage.routes)
            return stage, list(walk(seed, 3000, amplitude=amplitude, spacing_ns=spacing_ns, routes=routes))

        return prepared

    def test_plan_is_well_formed(self, build: Callable[[], Strategy], instruments: Sequence[Instrument]) -> None:
        """Routes have ids of their own, known instruments, a symbol, and an age limit."""
        known = {instrument.key for instrument in instruments}
        routes = build().plan(instruments)
        assert routes
        assert len({route.id for route in routes}) == len(routes)
        for route in routes:
            assert route.symbol
            assert route.max_age_ns > 0
            assert route.legs
            assert {leg.instrument for leg in route.legs} <= known
            assert all(leg.side in Side for leg in route.legs)

    def test_trades_on_the_walk(self, play: Callable[[int], tuple[Rehearsal, list[Step]]]) -> None:
        """The walk makes the strategy enter and leave; without that the other tests would prove nothing."""
        stage, steps = play(0)
        wishes = [wish for _, wish in stage.play(steps)]
        assert any(isinstance(wish, Enter) for wish in wishes)
        assert any(isinstance(wish, Exit) for wish in wishes)

    @_SEEDS
    def test_same_inputs_same_wishes(self, play: Callable[[int], tuple[Rehearsal, list[Step]]], seed: int) -> None:
        """Two fresh strategies answer the same signals alike, and end in the same state."""
        (first, steps), (second, _) = play(seed), play(seed)
        assert first.play(steps) == second.play(steps)
        assert first.strategy.state() == second.strategy.state()

    @_SEEDS
    def test_restore_continues_identically(
        self,
        build: Callable[[], Strategy],
        instruments: Sequence[Instrument],
        play: Callable[[int], tuple[Rehearsal, list[Step]]],
        seed: int,
    ) -> None:
        """A strategy restored in the middle, also with trades in flight, goes on like the one that never stopped."""
        stage, steps = play(seed)
        for cut in range(0, len(steps), 250):
            other = stage.fork(build(), instruments)
            assert other.strategy.state() == stage.strategy.state()
            triggers = [stage.strategy.trigger(route.id) for route in stage.routes]
            assert [other.strategy.trigger(route.id) for route in stage.routes] == triggers
            before = len(stage.wishes)
            part = steps[cut : cut + 250]
            assert other.play(part) == stage.play(part)[before:]

    @_SEEDS
    def test_trigger_is_never_too_rare(
        self,
        build: Callable[[], Strategy],
        instruments: Sequence[Instrument],
        play: Callable[[int], tuple[Rehearsal, list[Step]]],
        seed: int,
    ) -> None:
        """Asked only where its trigger fires, the strategy wishes what it wishes when asked at every step."""
        stage, steps = play(seed)
        rare = Rehearsal(build(), instruments, by_trigger=True)
        assert rare.play(steps) == stage.play(steps)

    @_SEEDS
    def test_never_more_open_than_allowed(
        self, play: Callable[[int], tuple[Rehearsal, list[Step]]], max_open: int, seed: int
    ) -> None:
        """A route never has more trades than the strategy's own limit."""
        stage, steps = play(seed)
        for step in steps:
            stage.play([step])
            counts = [sum(trade.route == route.id for trade in stage.trades.values()) for route in stage.routes]
            assert max(counts) <= max_open

    def test_unknown_trade_is_ignored(self, play: Callable[[int], tuple[Rehearsal, list[Step]]]) -> None:
        """News of a trade on a route that the strategy does not have change nothing."""
        (stage, steps), (other, _) = play(1), play(1)
        stage.play(steps[:500])
        other.play(steps[:500])
        for state in TradeState:
            other.strategy.on_trade(_foreign(state, steps[499].time))
        assert other.strategy.state() == stage.strategy.state()
        assert other.play(steps[500:]) == stage.play(steps[500:])

    def test_survives_edges_that_are_not_numbers(self, play: Callable[[int], tuple[Rehearsal, list[Step]]]) -> None:
        """A NaN, infinite or worthless edge gives no wish that trades on it, and does no lasting harm."""
        stage, steps = play(2)
        for number, step in enumerate(steps):
            if number % 50 == 0:
                for forward, backward in (
                    (nan, nan),
                    (nan, step.backward),
                    (step.forward, nan),
                    (inf, inf),
                    (-1.0, -1.0),
                ):
                    answered = stage.answer(Step(step.time, step.route, forward, backward))
                    assert all(isfinite(wish.edge_bps) for wish in answered)
            stage.play([step])
        assert any(isinstance(wish, Enter) for _, wish in stage.wishes)

    @_SEEDS
    def test_wishes_are_well_formed(self, play: Callable[[int], tuple[Rehearsal, list[Step]]], seed: int) -> None:
        """Every wish has a known reason and sane numbers; a close names a hedged trade of the route, once."""
        stage, steps = play(seed)
        for step in steps:
            before = len(stage.wishes)
            stage.play([step])
            hedged = {trade.id for trade in stage.shown if trade.state is TradeState.HEDGED}
            _check([wish for _, wish in stage.wishes[before:]], hedged)


def _check(wishes: Sequence[Wish], hedged: set[str]) -> None:
    closes = [wish.trade for wish in wishes if isinstance(wish, Exit)]
    assert len(set(closes)) == len(closes)
    assert set(closes) <= hedged
    for wish in wishes:
        assert wish.reason in set(Reason)
        assert isfinite(wish.edge_bps)
        assert 0 <= wish.slippage_bps < 10_000
        if isinstance(wish, Enter):
            assert wish.notional > 0
            assert 0 < wish.depth_share <= 1
        else:
            assert 0 < wish.share <= 1


def _foreign(state: TradeState, time: int) -> Trade:
    return Trade(
        id="elsewhere",
        strategy="another",
        route="another/NONE/x-y",
        symbol="NONE",
        state=state,
        forward=True,
        legs=(),
        opened_at=time,
        closed_at=time if state is TradeState.CLOSED else 0,
        notional=Decimal(1),
        entry_edge_bps=0.0,
    )
