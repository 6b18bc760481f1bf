"""Settings: the example of the docs, what is refused, and the check of thin edges."""

from logging import getLogger
from pathlib import Path

import pytest
from pydantic import ValidationError

from arbcore.context import Context
from arbcore.model.instrument import InstrumentKind
from arbcore.ports.strategy import Strategy
from arbcore.settings import ConfigView
from arbcore.testing.rehearsal import market
from arbcore_strategy_spread import plugin
from arbcore_strategy_spread.settings import LegChoice, SpreadSettings

EXAMPLE: dict[str, object] = {
    "use": "spread",
    "routes": [{"spot": "upbit", "perpetual": "binance", "symbols": ["BTC", "ETH"]}],
    "rate": "usdt_krw",
    "reference": {"kind": "rolling_median", "window": "7d"},
    "enter_bps": 25,
    "exit_bps": 5,
}


class _NoClock:
    """A clock that a strategy must not read."""

    def now(self) -> int:
        """Fail."""
        raise AssertionError("a strategy read the clock")


VIEW = ConfigView(mode="paper", environment="production", profile="paper", base_currency="USDT")


def test_the_example_is_complete() -> None:
    """Everything else has a default, and the plugin offers this model."""
    model = plugin.settings_model()
    settings = model.model_validate(EXAMPLE)
    assert isinstance(settings, SpreadSettings)
    assert settings.reference is not None
    assert settings.reference.window == 7 * 86_400 * 10**9
    assert settings.routes[0].legs == (
        LegChoice(exchange="upbit", kind=InstrumentKind.SPOT),
        LegChoice(exchange="binance", kind=InstrumentKind.PERPETUAL),
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"entr_bps": 3}, "entr_bps"),
        ({"routes": []}, "at least 1"),
        ({"routes": [{"spot": "upbit", "symbols": ["BTC"]}]}, "name either both"),
        ({"routes": [{"spot": "a", "perpetual": "b", "symbols": ["BTC", "btc"]}]}, "listed twice"),
        ({"reference": None}, "a flat route needs a `reference`"),
        ({"reference": {"kind": "rolling_median", "sample": "1s", "window": "7d"}}, "sample less often"),
        ({"reference": {"kind": "quantile", "window": "10m", "min_samples": 11}}, "can't be reached"),
        ({"reference": True}, "reference"),
        ({"enter_bps": float("nan")}, "finite"),
        ({"partial_close": [{"at_bps": 9, "share": 0.5}, {"at_bps": 5, "share": 0.2}]}, "rising at_bps"),
        ({"partial_close": [{"at_bps": 5, "share": 0.5}, {"at_bps": 9, "share": 0.5}]}, "less than one"),
        ({"max_open": 0}, "greater than or equal to 1"),
        ({"notional": 0}, "greater than 0"),
        ({"max_age": "5"}, "not a duration"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object], said: str) -> None:
    """Each with words that say why."""
    with pytest.raises(ValidationError) as raised:
        SpreadSettings.model_validate(EXAMPLE | changes)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("enter", "leave", "thin"), [(25, 5, False), (5, 5, True), (3, 5, True), (0, -10, False), (-1, -30, True)]
)
def test_a_thin_edge_needs_an_override(enter: float, leave: float, thin: bool) -> None:
    """The config must say so itself, and is still warned."""
    levels = []
    for allowed in (False, True):
        changes = {"enter_bps": enter, "exit_bps": leave, "allow_thin_edge": allowed}
        settings = SpreadSettings.model_validate(EXAMPLE | changes)
        levels.append([finding.level for finding in settings.cross_check(VIEW)])
    assert levels == ([["override"], ["warning"]] if thin else [[], []])


def test_the_plugin_builds_a_strategy_of_its_instance() -> None:
    """Its routes carry the instance's name; nothing is read from the clock or the disk."""
    context = Context(
        instance="kimchi",
        session="test",
        mode="paper",
        environment="production",
        base_currency="USDT",
        clock=_NoClock(),
        logger=getLogger("arbcore.strategy.kimchi"),
        data_dir=Path("nowhere"),
    )
    strategy = plugin.build_strategy(SpreadSettings.model_validate(EXAMPLE), context)
    assert isinstance(strategy, Strategy)
    markets = [
        market(venue, coin, kind, quote)
        for coin in ("BTC", "ETH")
        for venue, kind, quote in (
            ("upbit", InstrumentKind.SPOT, "KRW"),
            ("binance", InstrumentKind.PERPETUAL, "USDT"),
        )
    ]
    ids = [route.id for route in strategy.plan(markets)]
    assert ids == ["kimchi/BTC/upbit-binance", "kimchi/ETH/upbit-binance"]
