"""Limits on equity: daily loss, drawdown, floor and switch; what they lead to, and when they end."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.model.reason import Reason
from arbcore.ports.risk import ALLOW, VerdictKind
from arbcore.testing.risk import StillSession, intent, open_trade
from arbcore_risk_portfolio.settings import PortfolioSettings
from arbcore_risk_portfolio.tier import PortfolioTier

DAY = 86_400 * 10**9
HOUR = 3600 * 10**9


def tier(**options: object) -> PortfolioTier:
    """Return a tier with the limits given and no other."""
    tree: dict[str, object] = {"use": "portfolio", "symbol_share": None}
    return PortfolioTier(PortfolioSettings.model_validate(tree | options))


def at(session: StillSession, worth: str, *, later: int = 60 * 10**9, rates: str = "0") -> StillSession:
    """Move a session on."""
    session.now += later
    session.worth, session.rate_gain = Decimal(worth), Decimal(rates)
    return session


@pytest.mark.parametrize(
    ("action", "kind"),
    [("degrade", VerdictKind.DEGRADE), ("halt", VerdictKind.HALT), ("flatten", VerdictKind.FLATTEN)],
)
def test_a_daily_loss_leads_to_what_the_settings_say(action: str, kind: VerdictKind) -> None:
    """At the limit, not a cent before; and entries are refused for the same reason."""
    limited, session = tier(daily_loss=200, on_daily_loss=action), StillSession(trades=[open_trade("a")])
    assert limited.review(at(session, "99800.01")) == ALLOW
    verdict = limited.review(at(session, "99800"))
    assert (verdict.kind, verdict.reason) == (kind, str(Reason.RISK_DAILY_LOSS))
    assert verdict.detail == "lost 200 of 200 today, which began at 100000"
    refused = limited.assess(intent(), session)
    assert (refused.kind, refused.reason) == (VerdictKind.BLOCK, str(Reason.RISK_DAILY_LOSS))


def test_a_new_utc_day_starts_afresh() -> None:
    """The loss counts from the first valuation of the day, and entries are allowed again."""
    limited, session = tier(daily_loss=200), StillSession()
    assert limited.review(at(session, "99700")).kind is VerdictKind.DEGRADE
    assert limited.review(at(session, "99700", later=DAY)) == ALLOW
    assert limited.assess(intent(), session) == ALLOW
    assert limited.review(at(session, "99501")) == ALLOW
    assert limited.review(at(session, "99500")).kind is VerdictKind.DEGRADE


def test_rates_alone_are_no_loss_unless_counted() -> None:
    """The won's fall is not the strategy's doing; `count_fx` makes it so."""
    for counted in (False, True):
        limited, session = tier(daily_loss=200, count_fx=counted), StillSession()
        limited.review(session)
        verdict = limited.review(at(session, "99000", rates="-1000"))
        assert verdict.kind is (VerdictKind.DEGRADE if counted else VerdictKind.ALLOW)
    hidden, session = tier(daily_loss=200), StillSession()
    assert hidden.review(at(session, "100500", rates="700")).kind is VerdictKind.DEGRADE


def test_a_cool_down_ends_and_counts_anew() -> None:
    """While it lasts, the verdict keeps its end; afterwards the loss counts from what is left."""
    limited, session = tier(daily_loss=200, on_daily_loss="cool_down", cooldown="2h"), StillSession()
    first = limited.review(at(session, "99700"))
    assert (first.kind, first.until) == (VerdictKind.COOL_DOWN, session.now + 2 * HOUR)
    refused = limited.assess(intent(), session)
    assert (refused.reason, refused.detail) == (str(Reason.RISK_COOLDOWN), "7200 s of the pause are left")
    assert limited.review(at(session, "99650", later=HOUR // 2)).until == first.until
    assert limited.review(at(session, "100500", later=HOUR // 2)).until == first.until
    session.now = first.until
    assert limited.assess(intent(), session) == ALLOW
    assert limited.review(at(session, "99600", later=0)) == ALLOW
    assert limited.review(at(session, "99401")) == ALLOW
    assert limited.review(at(session, "99400")).until == session.now + 2 * HOUR


def test_a_cool_down_without_a_length_lasts_the_day() -> None:
    """Until 00:00 UTC."""
    limited, session = tier(daily_loss=200, on_daily_loss="cool_down"), StillSession()
    assert limited.review(at(session, "99700")).until == 101 * DAY
    assert limited.review(at(session, "99700", later=DAY)) == ALLOW


@pytest.mark.parametrize(
    ("limits", "worth", "breached"),
    [
        ({"drawdown": "0.1"}, "99000.01", False),
        ({"drawdown": "0.1"}, "99000", True),
        ({"drawdown_amount": 5000}, "105000.01", False),
        ({"drawdown_amount": 5000}, "105000", True),
        ({"drawdown": "0.1", "drawdown_amount": 5000}, "105000", True),
        ({"drawdown": "0.01", "drawdown_amount": 5000}, "108900", True),
    ],
)
def test_drawdown_is_measured_from_the_peak(limits: dict[str, object], worth: str, breached: bool) -> None:
    """Of 110,000, over days; the nearer of share and amount decides."""
    limited, session = tier(**limits), StillSession()
    limited.review(at(session, "110000"))
    verdict = limited.review(at(session, worth, later=3 * DAY))
    assert (verdict.kind is VerdictKind.HALT and verdict.reason == Reason.RISK_DRAWDOWN) is breached


def test_a_session_that_owns_nothing_has_no_drawdown() -> None:
    """A share of zero is no limit."""
    limited = tier(drawdown="0.1")
    assert limited.review(StillSession(worth=Decimal(0), start=Decimal(0))) == ALLOW


def test_the_hardest_of_several_verdicts_stands() -> None:
    """A drawdown that halts outweighs a daily loss that degrades."""
    limited, session = tier(daily_loss=200, drawdown="0.1"), StillSession()
    assert limited.review(at(session, "90000")).reason == Reason.RISK_DRAWDOWN


def test_the_floor_and_the_switch_kill() -> None:
    """By equity with rates, or by the settings, known equity or not."""
    floor, session = tier(equity_floor=99000), StillSession()
    assert floor.review(at(session, "99000.01", rates="-900")) == ALLOW
    verdict = floor.review(at(session, "99000", rates="-1000"))
    assert (verdict.kind, verdict.reason) == (VerdictKind.HALT, str(Reason.RISK_KILL))
    switch = tier(kill=True).review(StillSession(worth=None))
    assert (switch.kind, switch.reason) == (VerdictKind.HALT, str(Reason.RISK_KILL))


def test_flattening_ends_in_a_halt() -> None:
    """Once nothing is open there is nothing to close."""
    limited, session = tier(daily_loss=200, on_daily_loss="flatten"), StillSession(trades=[open_trade("a")])
    assert limited.review(at(session, "99000")).kind is VerdictKind.FLATTEN
    session.trades.clear()
    assert limited.review(at(session, "99000")).kind is VerdictKind.HALT


def test_an_unknown_equity_neither_trips_nor_lifts() -> None:
    """The review is silent, and what blocked entries still does."""
    limited, session = tier(daily_loss=200, on_daily_loss="flatten"), StillSession(trades=[open_trade("a")])
    limited.review(at(session, "99000"))
    session.worth = None
    assert limited.review(session) == ALLOW
    assert limited.assess(intent(), session).reason == Reason.RISK_DAILY_LOSS
    assert limited.review(at(session, "99900")) == ALLOW
    assert limited.assess(intent(), session) == ALLOW


def test_a_day_that_begins_unknown_counts_from_its_first_valuation() -> None:
    """Not from yesterday's."""
    limited, session = tier(daily_loss=200), StillSession()
    limited.review(session)
    session.now += DAY
    session.worth = None
    assert limited.review(session) == ALLOW
    assert limited.review(at(session, "99000")) == ALLOW
    assert limited.review(at(session, "98800")).kind is VerdictKind.DEGRADE


worths = st.lists(
    st.tuples(st.integers(0, DAY // 2), st.none() | st.decimals(1000, 200_000, places=6)), min_size=1, max_size=40
)


@given(worths)
def test_verdicts_follow_a_plain_computation(moments: list[tuple[int, Decimal | None]]) -> None:
    """Daily loss and drawdown over any path, gaps included, against the definitions written out."""
    limited, session = tier(daily_loss=5000, drawdown="0.2"), StillSession()
    valued: list[tuple[int, Decimal]] = []
    for pause, worth in moments:
        session.now, session.worth = session.now + pause, worth
        verdict = limited.review(session)
        if worth is None:
            assert verdict == ALLOW
            continue
        valued.append((session.now // DAY, worth))
        peak = max(Decimal(100_000), *(value for _, value in valued))
        # The session's first day counts from its start, any other from its first valuation.
        first_day, _ = valued[0]
        base = next(value for day, value in valued if day == session.now // DAY)
        base = Decimal(100_000) if first_day == session.now // DAY else base
        if peak - worth >= peak / 5:
            assert (verdict.kind, verdict.reason) == (VerdictKind.HALT, str(Reason.RISK_DRAWDOWN))
        elif base - worth >= 5000:
            assert (verdict.kind, verdict.reason) == (VerdictKind.DEGRADE, str(Reason.RISK_DAILY_LOSS))
        else:
            assert verdict == ALLOW
