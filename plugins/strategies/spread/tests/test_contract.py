"""The spread strategy against the conformance suite, in the shapes that differ most."""

from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.ports.strategy import Strategy
from arbcore.testing.rehearsal import market
from arbcore.testing.strategy import StrategySuite
from arbcore_strategy_spread.settings import SpreadSettings
from arbcore_strategy_spread.strategy import SpreadStrategy

FLAT = {
    "use": "spread",
    "routes": [{"spot": "seoul", "perpetual": "offshore", "symbols": ["BTC", "ETH"]}],
    "rate": "usdt_krw",
    "reference": {"kind": "rolling_median", "window": "10m", "sample": "5s", "min_samples": 10},
    "enter_bps": 25,
    "exit_bps": 5,
}


MARKETS = [
    market(venue, base, kind, quote)
    for base in ("BTC", "ETH")
    for venue, kind, quote in (
        ("seoul", InstrumentKind.SPOT, "KRW"),
        ("offshore", InstrumentKind.PERPETUAL, "USDT"),
    )
]


class _SpreadSuite(StrategySuite):
    options: ClassVar[dict[str, object]] = {}

    @pytest.fixture
    def build(self) -> Callable[[], Strategy]:
        settings = SpreadSettings.model_validate(FLAT | self.options)
        return lambda: SpreadStrategy(settings, "premium", "USDT")

    @pytest.fixture
    def instruments(self) -> Sequence[Instrument]:
        return MARKETS

    @pytest.fixture
    def max_open(self) -> int:
        value = self.options.get("max_open", 1)
        assert isinstance(value, int)
        return value


class TestFlat(_SpreadSuite):
    """Opens forward only, against a rolling median."""


class TestFlatWithEveryExit(_SpreadSuite):
    """Every exit rule at once, several trades, a pause."""

    options: ClassVar[dict[str, object]] = {
        "take_profit_bps": 60,
        "stop_bps": 80,
        "max_holding": "40s",
        "reversal": True,
        "partial_close": [{"at_bps": 10, "share": "0.3"}, {"at_bps": 30, "share": "0.3"}],
        "max_open": 3,
        "cooldown": "20s",
    }


class TestFlatWithPartialCloses(_SpreadSuite):
    """Planned closes and a target, so that triggers on the result count."""

    options: ClassVar[dict[str, object]] = {
        "reference": {"kind": "quantile", "quantile": 0.6, "window": "10m", "sample": "5s", "min_samples": 10},
        "exit_bps": -40,
        "take_profit_bps": 60,
        "max_holding": "5m",
        "partial_close": [{"at_bps": 10, "share": "0.3"}, {"at_bps": 30, "share": "0.3"}],
    }


class TestInventory(_SpreadSuite):
    """Both directions on the edge itself, with reversal."""

    options: ClassVar[dict[str, object]] = {
        "kind": "inventory",
        "reference": None,
        "exit_bps": -20,
        "reversal": True,
        "cooldown": "15s",
    }


class TestInventoryWithReference(_SpreadSuite):
    """Both directions around a fixed premium."""

    options: ClassVar[dict[str, object]] = {"kind": "inventory", "reference": 20, "exit_bps": 0, "max_open": 2}
