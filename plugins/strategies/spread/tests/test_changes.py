"""Thresholds and sizes that change while a session runs; what was learnt stays."""

from decimal import Decimal

from arbcore.model.instrument import Instrument
from arbcore.ports.revision import Reconfigurable
from arbcore.ports.strategy import Enter
from arbcore_strategy_spread.settings import SpreadSettings

from .conftest import Build, See

OWN = {
    "use": "spread",
    "routes": [{"spot": "seoul", "perpetual": "offshore", "symbols": ["BTC"]}],
    "rate": "usdt_krw",
    "reference": 0,
    "enter_bps": 25,
    "exit_bps": 5,
}


def settings(**options: object) -> dict[str, object]:
    checked: dict[str, object] = SpreadSettings.model_validate(OWN | options).model_dump(mode="json")
    return checked


def test_thresholds_and_sizes_act_from_then_on(build: Build, see: See, markets: list[Instrument]) -> None:
    strategy = build(enter_bps=60)
    route = strategy.plan(markets)[0].id
    assert isinstance(strategy, Reconfigurable)
    assert strategy.on_signal(see(-50, -60), ()) == ()
    before, state = strategy.trigger(route), strategy.state()
    strategy.reconfigure(settings(enter_bps=20, notional=400, slippage_bps=7))
    assert strategy.state() == state
    assert strategy.trigger(route) != before
    (wish,) = strategy.on_signal(see(-50, -60, time=2 * 10**9), ())
    assert isinstance(wish, Enter)
    assert (wish.notional, wish.slippage_bps) == (Decimal(400), 7.0)


def test_a_change_ends_where_a_fresh_strategy_would_be(build: Build, markets: list[Instrument]) -> None:
    changed, fresh = build(), build(enter_bps=33, expected_slippage_bps=2, max_holding="1h")
    changed.reconfigure(settings(enter_bps=33, expected_slippage_bps=2, max_holding="1h"))
    route = fresh.plan(markets)[0].id
    assert changed.trigger(route) == fresh.trigger(route)


def test_what_the_engine_has_planned_with_can_t_change(build: Build) -> None:
    fixed = set(settings()) - build().changeable()
    assert fixed == {"use", "order", "routes", "rate", "kind", "reference", "max_age", "max_skew"}
