"""Limits on entries: size, share of a symbol, number open, number per day."""

from decimal import Decimal

import pytest

from arbcore.model.intent import IntentKind
from arbcore.model.reason import Reason
from arbcore.ports.risk import ALLOW, Verdict, VerdictKind
from arbcore.testing.risk import StillSession, intent, open_trade
from arbcore_risk_portfolio.settings import PortfolioSettings
from arbcore_risk_portfolio.tier import PortfolioTier

DAY = 86_400 * 10**9


def tier(**options: object) -> PortfolioTier:
    """Return a tier with the limits given and no other."""
    tree: dict[str, object] = {"use": "portfolio", "symbol_share": None}
    return PortfolioTier(PortfolioSettings.model_validate(tree | options))


def test_a_trade_too_large_is_cut() -> None:
    """To the limit, with the numbers; at the limit it passes."""
    limited = tier(trade_notional=1500)
    assert limited.assess(intent("1500"), StillSession()) == ALLOW
    assert limited.assess(intent("1500.01"), StillSession()) == Verdict(
        kind=VerdictKind.RESIZE,
        reason=Reason.RISK_TRADE_SIZE,
        detail="1500.01 asked, 1500 by trade_notional",
        notional=Decimal(1500),
    )


def test_a_trade_too_large_is_blocked_where_the_settings_say_so() -> None:
    """Nothing is cut then."""
    verdict = tier(trade_notional=1500, oversize="block").assess(intent("1501"), StillSession())
    assert (verdict.kind, verdict.reason) == (VerdictKind.BLOCK, str(Reason.RISK_TRADE_SIZE))


@pytest.mark.parametrize(
    ("held", "asked", "kind", "room"),
    [
        ([], "30000", VerdictKind.ALLOW, None),
        ([], "30001", VerdictKind.RESIZE, "30000.0"),
        (["20000", "8000"], "2001", VerdictKind.RESIZE, "2000.0"),
        (["20000", "10000"], "1", VerdictKind.BLOCK, None),
    ],
)
def test_a_symbol_takes_its_share_of_equity(held: list[str], asked: str, kind: VerdictKind, room: str | None) -> None:
    """Thirty per cent of 100,000 unless told otherwise; other symbols do not count."""
    trades = [open_trade(f"t{index}", notional) for index, notional in enumerate(held)]
    session = StillSession(trades=[*trades, open_trade("other", "90000", "ETH")])
    verdict = PortfolioTier(PortfolioSettings(use="portfolio")).assess(intent(asked), session)
    assert verdict.kind is kind
    assert verdict.notional == (None if room is None else Decimal(room))


def test_the_smaller_of_two_limits_decides() -> None:
    """Size of a trade and share of a symbol."""
    both = tier(trade_notional=25000, symbol_share="0.3")
    assert both.assess(intent("40000"), StillSession()).notional == Decimal(25000)
    crowded = StillSession(trades=[open_trade("t", "10000")])
    assert both.assess(intent("40000"), crowded).notional == Decimal(20000)


def test_a_trade_does_not_take_room_from_itself() -> None:
    """Its own value is what is asked for."""
    session = StillSession(trades=[open_trade("mine", "30000")])
    assert tier(symbol_share="0.3").assess(intent("30000", trade="mine"), session) == ALLOW


def test_the_share_is_of_the_equity_last_seen() -> None:
    """An equity that is not known now does not lift the limit; one never known sets none."""
    known, session = tier(symbol_share="0.1"), StillSession()
    known.review(session)
    session.worth = None
    assert known.assess(intent("20000"), session).notional == Decimal(10000)
    assert tier(symbol_share="0.1").assess(intent("20000"), StillSession(worth=None)) == ALLOW


def test_so_many_trades_are_open_at_once() -> None:
    """A trade does not count against itself."""
    limited = tier(open_trades=2)
    assert limited.assess(intent(), StillSession(trades=[open_trade("a")])) == ALLOW
    verdict = limited.assess(intent(), StillSession(trades=[open_trade("a"), open_trade("b")]))
    assert verdict == Verdict(kind=VerdictKind.BLOCK, reason=Reason.RISK_OPEN_TRADES, detail="2 open of 2")
    assert limited.assess(intent(trade="b"), StillSession(trades=[open_trade("a"), open_trade("b")])) == ALLOW


def test_so_many_trades_are_opened_in_a_utc_day() -> None:
    """Yesterday's last nanosecond does not count, midnight does."""
    limited, today = tier(trades_per_day=2), 100 * DAY
    session = StillSession(now=today + 5, opened=[today - 1, today])
    assert limited.assess(intent(), session) == ALLOW
    session.opened.append(today + 4)
    assert limited.assess(intent(), session).reason == Reason.RISK_TRADES_PER_DAY
    session.now += DAY
    assert limited.assess(intent(), session) == ALLOW


def test_a_top_up_passes() -> None:
    """It completes a trade that was judged, also where nothing may be entered."""
    strict = tier(kill=True, trade_notional=1, open_trades=1)
    session = StillSession(trades=[open_trade("a"), open_trade("b")])
    assert strict.assess(intent("5000", kind=IntentKind.TOP_UP), session) == ALLOW
    assert strict.assess(intent("5000"), session).reason == Reason.RISK_KILL
