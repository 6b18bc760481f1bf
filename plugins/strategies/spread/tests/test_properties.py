"""The contract for settings of all kinds: triggers never too rare, restarts that change nothing."""

from collections.abc import Sequence

from hypothesis import assume, given
from hypothesis import strategies as st

from arbcore.model.instrument import InstrumentKind
from arbcore.model.trade import TradeState
from arbcore.ports.strategy import Enter
from arbcore.testing.rehearsal import Rehearsal, Step, market, walk
from arbcore_strategy_spread.settings import SpreadSettings
from arbcore_strategy_spread.strategy import SpreadStrategy

MARKETS = [
    market("seoul", "BTC", InstrumentKind.SPOT, "KRW"),
    market("offshore", "BTC", InstrumentKind.PERPETUAL, "USDT"),
]


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Return a strategy that may also give None."""
    return st.none() | strategy


references = st.one_of(
    st.integers(-50, 50),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["rolling_median", "quantile"]),
            "window": st.sampled_from(["30s", "5m"]),
            "sample": st.sampled_from(["500ms", "3s", "10s"]),
            "min_samples": st.integers(1, 3),
            "quantile": st.floats(0, 1),
        }
    ),
)
partials = st.lists(st.integers(1, 80), max_size=3, unique=True).map(
    lambda levels: [{"at_bps": level, "share": "0.3"} for level in sorted(levels)]
)
options = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["flat", "inventory"]),
        "reference": maybe(references),
        "enter_bps": st.floats(-20, 60),
        "exit_bps": st.floats(-120, 60),
        "max_open": st.integers(1, 3),
        "take_profit_bps": maybe(st.floats(1, 100)),
        "stop_bps": maybe(st.floats(1, 150)),
        "max_holding": maybe(st.sampled_from(["2s", "30s"])),
        "reversal": st.booleans(),
        "partial_close": partials,
        "cooldown": st.sampled_from(["0s", "4s"]),
    }
)


def fresh(choice: dict[str, object]) -> SpreadStrategy:
    """Return a strategy of generated settings."""
    tree: dict[str, object] = {
        "use": "spread",
        "routes": [{"spot": "seoul", "perpetual": "offshore", "symbols": ["BTC"]}],
        "rate": "usdt_krw",
    }
    return SpreadStrategy(SpreadSettings.model_validate(tree | choice), "premium", "USDT")


def steps_of(seed: int) -> Sequence[Step]:
    """Return a short walk."""
    return list(walk(seed, 300, amplitude=0.01, spacing_ns=10**9))


@given(options, st.integers(0, 10**6), st.integers(1, 5))
def test_the_trigger_loses_nothing(choice: dict[str, object], seed: int, delay: int) -> None:
    """Asked at every step or only where the trigger fires: the same wishes at the same steps."""
    assume(choice["kind"] == "inventory" or choice["reference"] is not None)
    always = Rehearsal(fresh(choice), MARKETS, delay=delay)
    rarely = Rehearsal(fresh(choice), MARKETS, delay=delay, by_trigger=True)
    assert rarely.play(steps_of(seed)) == always.play(steps_of(seed))
    assert rarely.asked <= always.asked


@given(options, st.integers(0, 10**6), st.integers(0, 299))
def test_a_restart_changes_nothing(choice: dict[str, object], seed: int, cut: int) -> None:
    """Wherever it falls, with the trigger in use."""
    assume(choice["kind"] == "inventory" or choice["reference"] is not None)
    steps = steps_of(seed)
    stage = Rehearsal(fresh(choice), MARKETS, by_trigger=True)
    stage.play(steps[:cut])
    before = len(stage.wishes)
    other = stage.fork(fresh(choice), MARKETS)
    assert other.play(steps[cut:]) == stage.play(steps[cut:])[before:]
    assert other.strategy.state() == stage.strategy.state()


@given(options, st.integers(0, 10**6))
def test_entries_keep_to_the_rules(choice: dict[str, object], seed: int) -> None:
    """What an entry expects is at least `enter_bps`; a flat route opens forward only; places are not exceeded."""
    assume(choice["kind"] == "inventory" or choice["reference"] is not None)
    stage = Rehearsal(fresh(choice), MARKETS)
    for step in steps_of(seed):
        before = len(stage.wishes)
        stage.play([step])
        for _, wish in stage.wishes[before:]:
            if isinstance(wish, Enter):
                assert wish.edge_bps >= float(str(choice["enter_bps"])) - 1e-6
                assert wish.forward or choice["kind"] == "inventory"
                assert len(stage.shown) < int(str(choice["max_open"]))
                assert all(trade.state is TradeState.HEDGED for trade in stage.shown)
