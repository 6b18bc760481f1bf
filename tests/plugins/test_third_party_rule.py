"""The third party's strategy, built through its hooks as a session builds it, enters and leaves by its rule."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from arbcore.context import Context
from arbcore.errors import ConfigurationError
from arbcore.hooks import StrategyHooks
from arbcore.model.instrument import InstrumentKind
from arbcore.model.order import Side
from arbcore.model.trade import Trade, TradeState
from arbcore.plugins import hooks_of, load, settings_model_of
from arbcore.ports.strategy import Enter, Exit, LegSpec, Signal, Strategy
from arbcore.testing.rehearsal import market
from tests.plugins.third_party import pulse

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

HOUR = 3600 * 10**9


MARKETS = [
    market("korea", "BTC", InstrumentKind.SPOT, "KRW"),
    market("world", "BTC", InstrumentKind.PERPETUAL, "USDT"),
]


Build = Callable[..., Strategy]


@pytest.fixture
def build(site: "Site", context: Context) -> Build:
    """Builds the strategy from settings, as the assembly of a session does."""
    sources = {f"acme_pulse/{path.name}": path.read_text() for path in pulse.SOURCE.glob("*.py")}
    site.add("acme-pulse", pulse.ENTRY_POINTS, sources)
    loaded = load([("strategy", "pulse", "here")]).get("strategy", "pulse")
    model = settings_model_of(loaded)

    def make(**settings: object) -> Strategy:
        validated = model.model_validate({"use": "pulse", "buy": "korea", "sell": "world", **settings})
        return hooks_of(loaded, StrategyHooks).build_strategy(validated, replace(context, instance="beat"))

    return make


def _signal(strategy: Strategy, time: int, forward: float = 0.001) -> Signal:
    (route,) = strategy.plan(MARKETS)
    return Signal(route=route, time=time, forward=forward, backward=-forward, legs=(), rate_fresh=True)


def _trade(state: TradeState, hedged_at: int = 0, closed_at: int = 0) -> Trade:
    return Trade(
        id="t1",
        strategy="beat",
        route="beat/BTC/korea-world",
        symbol="BTC",
        state=state,
        forward=True,
        legs=(),
        opened_at=0,
        hedged_at=hedged_at,
        closed_at=closed_at,
        notional=Decimal(1000),
        entry_edge_bps=0.0,
    )


def test_it_plans_one_route_over_both_venues(build: Build) -> None:
    (route,) = build(rate="usdt_krw").plan(MARKETS)
    assert route.id == "beat/BTC/korea-world"
    assert route.legs == (
        LegSpec("korea:BTC-KRW", Side.BUY, "usdt_krw"),
        LegSpec("world:BTC-USDT", Side.SELL, ""),
    )
    with pytest.raises(ConfigurationError, match="korea lists no ETH"):
        build(symbol="ETH").plan(MARKETS)


def test_it_enters_where_the_edge_suffices_and_nothing_is_open(build: Build) -> None:
    strategy = build(enter_bps=5, notional="250")
    assert strategy.on_signal(_signal(strategy, HOUR, forward=0.0004), []) == []
    (wish,) = strategy.on_signal(_signal(strategy, HOUR, forward=0.0005), [])
    assert isinstance(wish, Enter)
    assert (wish.notional, wish.edge_bps) == (Decimal(250), 5.0)
    assert strategy.on_signal(_signal(strategy, HOUR), [_trade(TradeState.OPEN)]) == []


def test_it_leaves_after_the_holding_time(build: Build) -> None:
    strategy = build(hold="1h")
    held = _trade(TradeState.HEDGED, hedged_at=HOUR)
    assert strategy.on_signal(_signal(strategy, 2 * HOUR - 1), [held]) == []
    (wish,) = strategy.on_signal(_signal(strategy, 2 * HOUR), [held])
    assert isinstance(wish, Exit)
    assert (wish.trade, wish.share) == ("t1", Decimal(1))


def test_it_rests_after_a_close_also_after_a_restore(build: Build) -> None:
    first = build(rest="1h")
    first.on_trade(_trade(TradeState.CLOSED, closed_at=5 * HOUR))
    second = build(rest="1h")
    second.restore(first.state())
    for strategy in (first, second):
        assert strategy.on_signal(_signal(strategy, 6 * HOUR - 1), []) == []
        assert len(strategy.on_signal(_signal(strategy, 6 * HOUR), [])) == 1
