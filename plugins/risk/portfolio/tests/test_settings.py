"""Settings: what they default to and what they refuse."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from arbcore.ports.risk import RiskTier
from arbcore_risk_portfolio import plugin
from arbcore_risk_portfolio.settings import PortfolioSettings


def test_defaults_limit_only_the_share_of_a_symbol() -> None:
    """Thirty per cent; reviews every minute."""
    settings = plugin.settings_model().model_validate({"use": "portfolio"})
    assert isinstance(settings, PortfolioSettings)
    assert settings.symbol_share == Decimal("0.3")
    assert settings.review_interval == 60 * 10**9
    limits = (settings.trade_notional, settings.open_trades, settings.daily_loss, settings.drawdown)
    assert limits == (None, None, None, None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dayly_loss": 5}, "dayly_loss"),
        ({"daily_loss": 0}, "greater than 0"),
        ({"drawdown": 20}, "less than 1"),
        ({"open_trades": 0}, "greater than or equal to 1"),
        ({"on_daily_loss": "panic"}, "'cool_down', 'degrade', 'halt' or 'flatten'"),
        ({"cooldown": "1h"}, "acts only with"),
        ({"review_interval": "0s"}, "greater than 0"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, object], said: str) -> None:
    """Each with words that say why."""
    with pytest.raises(ValidationError) as raised:
        PortfolioSettings.model_validate({"use": "portfolio"} | options)
    assert said in str(raised.value)


def test_the_plugin_builds_a_tier_of_these_settings() -> None:
    """With the interval that they ask for."""
    tier = plugin.build_risk_tier(PortfolioSettings(use="portfolio", review_interval=30 * 10**9))
    assert isinstance(tier, RiskTier)
    assert tier.review_interval_ns == 30 * 10**9
