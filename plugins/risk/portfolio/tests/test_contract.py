"""The portfolio tier against the conformance suite, mild and hard."""

from collections.abc import Callable
from typing import ClassVar

import pytest

from arbcore.ports.risk import RiskTier
from arbcore.testing.risk import RiskTierSuite
from arbcore_risk_portfolio.settings import PortfolioSettings
from arbcore_risk_portfolio.tier import PortfolioTier


class _PortfolioSuite(RiskTierSuite):
    options: ClassVar[dict[str, object]] = {}

    @pytest.fixture
    def build(self) -> Callable[[], RiskTier]:
        settings = PortfolioSettings.model_validate({"use": "portfolio"} | self.options)
        return lambda: PortfolioTier(settings)


class TestDefaults(_PortfolioSuite):
    """Only the share per symbol."""


class TestCoolingDown(_PortfolioSuite):
    """A daily loss pauses; sizes are blocked."""

    options: ClassVar[dict[str, object]] = {
        "daily_loss": 3000,
        "on_daily_loss": "cool_down",
        "cooldown": "2h",
        "trade_notional": 4000,
        "oversize": "block",
        "open_trades": 4,
        "trades_per_day": 10,
    }


class TestFlattening(_PortfolioSuite):
    """Every limit at its hardest, with gains and losses of rates counted."""

    options: ClassVar[dict[str, object]] = {
        "daily_loss": 5000,
        "on_daily_loss": "flatten",
        "drawdown": "0.1",
        "drawdown_amount": 12000,
        "on_drawdown": "flatten",
        "equity_floor": 85000,
        "on_kill": "flatten",
        "count_fx": True,
    }
