"""Limits that change while a session runs."""

from decimal import Decimal

from arbcore.model.reason import Reason
from arbcore.ports.revision import Reconfigurable
from arbcore.ports.risk import ALLOW, VerdictKind
from arbcore.testing.risk import StillSession, intent
from arbcore_risk_portfolio.settings import PortfolioSettings
from arbcore_risk_portfolio.tier import PortfolioTier


def settings(**options: object) -> dict[str, object]:
    tree: dict[str, object] = {"use": "portfolio", "symbol_share": None}
    checked: dict[str, object] = PortfolioSettings.model_validate(tree | options).model_dump(mode="json")
    return checked


def test_limits_act_from_then_on_and_the_day_goes_on() -> None:
    tier, session = PortfolioTier(PortfolioSettings.model_validate(settings(daily_loss=500))), StillSession()
    assert isinstance(tier, Reconfigurable)
    assert set(settings()) - {"use", "order"} == tier.changeable()
    assert tier.review(session) == ALLOW
    session.now, session.worth = session.now + 10**9, Decimal(99_700)
    assert tier.review(session) == ALLOW
    state = tier.state()
    tier.reconfigure(settings(daily_loss=200, review_interval="5s"))
    assert (tier.review_interval_ns, tier.state()) == (5 * 10**9, state)
    verdict = tier.review(session)
    assert (verdict.kind, verdict.reason) == (VerdictKind.DEGRADE, Reason.RISK_DAILY_LOSS)
    tier.reconfigure(settings(daily_loss=1000))
    assert tier.review(session) == ALLOW
    assert tier.assess(intent(), session) == ALLOW


def test_the_switch_is_thrown() -> None:
    tier, session = PortfolioTier(PortfolioSettings.model_validate(settings())), StillSession()
    tier.reconfigure(settings(kill=True, on_kill="halt"))
    assert tier.review(session).kind is VerdictKind.HALT
    assert tier.assess(intent(), session).kind is VerdictKind.BLOCK
