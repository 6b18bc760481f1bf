"""The conformance suite of risk tiers, and a session for tiers to look at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

import pytest

from arbcore.model.intent import Intent, IntentKind
from arbcore.model.reason import Reason
from arbcore.model.trade import Trade, TradeState
from arbcore.ports.risk import ALLOW, Reporting, RiskTier, RiskView, Verdict, VerdictKind
from arbcore.testing._suite import Suite

_DAY = 86_400 * 10**9
_HARMLESS = frozenset({VerdictKind.ALLOW, VerdictKind.RESIZE, VerdictKind.COOL_DOWN, VerdictKind.BLOCK})
_SEEDS = pytest.mark.parametrize("seed", range(6))


@dataclass
class StillSession:
    """A session that a test moves by hand; a `RiskView`.

    Attributes:
        now: Engine time.
        worth: Equity in base currency, None where it can't be valued.
        rate_gain: What rate changes did to the balances.
        start: Equity at the start.
        trades: Trades that are not closed.
        opened: Engine times at which trades were opened.
    """

    now: int = 100 * _DAY
    worth: Decimal | None = Decimal(100_000)
    rate_gain: Decimal = Decimal(0)
    start: Decimal | None = Decimal(100_000)
    trades: list[Trade] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)

    def equity(self) -> Decimal | None:
        """Return the equity set."""
        return self.worth

    def fx(self) -> Decimal | None:
        """Return the gain by rates set; None where the equity is."""
        return None if self.worth is None else self.rate_gain

    def start_equity(self) -> Decimal | None:
        """Return the equity set for the start."""
        return self.start

    def open_trades(self) -> Sequence[Trade]:
        """Return the trades set."""
        return self.trades

    def trades_opened_since(self, time: int) -> int:
        """Return how many of the times set lie at or after a time."""
        return sum(opened >= time for opened in self.opened)


def intent(
    notional: str = "1000", *, kind: IntentKind = IntentKind.ENTRY, symbol: str = "BTC", trade: str = "new"
) -> Intent:
    """Return an intent; its legs are left out, since tiers judge values."""
    return Intent(
        id=trade,
        trade=trade,
        strategy="premium",
        route=f"premium/{symbol}/a-b",
        symbol=symbol,
        kind=kind,
        forward=True,
        legs=(),
        edge_bps=30.0,
        notional=Decimal(notional),
        reason=Reason.EDGE_ENTER,
        decided_at=100 * _DAY,
    )


def open_trade(name: str, notional: str = "1000", symbol: str = "BTC") -> Trade:
    """Return a hedged trade."""
    return Trade(
        id=name,
        strategy="premium",
        route=f"premium/{symbol}/a-b",
        symbol=symbol,
        state=TradeState.HEDGED,
        forward=True,
        legs=(),
        opened_at=100 * _DAY,
        notional=Decimal(notional),
        entry_edge_bps=30.0,
    )


class RiskTierSuite(Suite):
    """Standard tests of a risk tier. Authors give a tier whose limits a session can break."""

    @pytest.fixture
    def build(self) -> Callable[[], RiskTier]:
        """How to make a fresh tier; the same every time."""
        raise AssertionError("give the fixture `build`: a function that returns a fresh tier")

    @pytest.fixture
    def calm_notional(self) -> str:
        """Value of a trade that the tier allows in a calm session with an equity of 100,000."""
        return "100"

    def test_review_interval_is_a_time(self, build: Callable[[], RiskTier]) -> None:
        """Nanoseconds, none of them negative."""
        interval = build().review_interval_ns
        assert isinstance(interval, int)
        assert interval >= 0

    def test_allows_by_default(self, build: Callable[[], RiskTier], calm_notional: str) -> None:
        """In a session where nothing happened, a small trade is allowed and the review finds nothing."""
        tier, session = build(), StillSession()
        for _ in range(3):
            assert tier.assess(intent(calm_notional), session) == ALLOW
            assert tier.review(session) == ALLOW
            session.now += max(tier.review_interval_ns, 10**9)

    @_SEEDS
    def test_some_session_is_objected_to(self, build: Callable[[], RiskTier], seed: int) -> None:
        """Wild sessions make the tier act; without that the other tests would prove nothing."""
        assert any(verdict.kind is not VerdictKind.ALLOW for verdict in _answers(build(), _wild(seed)))

    @_SEEDS
    def test_same_session_same_verdicts(self, build: Callable[[], RiskTier], seed: int) -> None:
        """Two fresh tiers judge the same session alike, and end in the same state."""
        first, second = build(), build()
        assert _answers(first, _wild(seed)) == _answers(second, _wild(seed))
        assert first.state() == second.state()

    @_SEEDS
    def test_restore_continues_identically(self, build: Callable[[], RiskTier], seed: int) -> None:
        """A tier restored in the middle goes on like the one that never stopped."""
        tier, sessions = build(), _wild(seed)
        for cut in range(0, len(sessions), 20):
            other = build()
            other.restore(tier.state())
            assert other.state() == tier.state()
            part = sessions[cut : cut + 20]
            assert _answers(other, part) == _answers(tier, part)

    @_SEEDS
    def test_a_report_changes_nothing(self, build: Callable[[], RiskTier], seed: int) -> None:
        """A tier that tells what is used of its limits answers as one that was never asked; others pass."""
        asked, left_alone = build(), build()
        if not isinstance(asked, Reporting):
            return
        for session in _wild(seed):
            told = asked.report(session)
            assert all(limit.name and limit.limit for limit in told.limits)
            assert asked.review(session) == left_alone.review(session)
        assert asked.state() == left_alone.state()

    @_SEEDS
    def test_exits_and_unwinds_are_never_judged(self, build: Callable[[], RiskTier], seed: int) -> None:
        """What stops entries never stops an exit, however large."""
        tier = build()
        for session in _wild(seed):
            tier.review(session)
            for kind in (IntentKind.EXIT, IntentKind.UNWIND):
                assert tier.assess(intent("1000000000", kind=kind), session) == ALLOW

    @_SEEDS
    def test_an_unknown_equity_ends_nothing(self, build: Callable[[], RiskTier], seed: int) -> None:
        """While the session can't be valued, no review halts or flattens it; entries may still be refused."""
        tier = build()
        for session in _wild(seed):
            tier.review(session)
            session.worth = None
            assert tier.review(session).kind in _HARMLESS
            _check(tier.assess(intent(), session), session)

    def test_a_session_without_a_start_is_judged(self, build: Callable[[], RiskTier]) -> None:
        """Rates may be missing from the first moment on."""
        tier, session = build(), StillSession(worth=None, start=None)
        assert tier.review(session).kind in _HARMLESS
        _check(tier.assess(intent(), session), session)
        session.worth = Decimal(100_000)
        assert tier.review(session) == ALLOW

    @_SEEDS
    def test_verdicts_are_well_formed(self, build: Callable[[], RiskTier], seed: int) -> None:
        """Each has a known reason and the numbers that its kind needs."""
        tier = build()
        for session in _wild(seed):
            _check(tier.review(session), session)
            for verdict in _assessed(tier, session):
                _check(verdict, session)


def _wild(seed: int) -> list[StillSession]:
    """Return moments of a session that gains, loses, opens a lot, and passes days."""
    chance = Random(seed)  # noqa: S311 - reproducible, nothing secret
    moments = []
    worth, gain, now = 100_000, 0, 100 * _DAY
    opened: list[int] = []
    for number in range(200):
        now += chance.randrange(_DAY // 20)
        worth += chance.randrange(-3000, 2500)
        gain += chance.randrange(-500, 501)
        opened = [*opened, now] if chance.random() < 0.7 else opened
        trades = [
            open_trade(f"t{number}-{index}", str(chance.randrange(100, 20_000)), chance.choice(("BTC", "ETH")))
            for index in range(chance.randrange(6))
        ]
        valued = chance.random() > 0.05
        moments.append(
            StillSession(now, Decimal(worth) if valued else None, Decimal(gain), Decimal(100_000), trades, opened)
        )
    return moments


def _assessed(tier: RiskTier, view: RiskView) -> list[Verdict]:
    kinds = (IntentKind.ENTRY, IntentKind.TOP_UP)
    return [tier.assess(intent(size, kind=kind), view) for size in ("100", "5000", "90000") for kind in kinds]


def _answers(tier: RiskTier, sessions: Sequence[StillSession]) -> list[Verdict]:
    answers = []
    for session in sessions:
        answers += [tier.review(session), *_assessed(tier, session)]
    return answers


def _check(verdict: Verdict, view: RiskView) -> None:
    if verdict.kind is VerdictKind.ALLOW:
        assert verdict == ALLOW
        return
    assert verdict.reason in set(Reason)
    assert verdict.detail
    if verdict.kind is VerdictKind.RESIZE:
        assert verdict.notional is not None
        assert verdict.notional > 0
    if verdict.kind is VerdictKind.COOL_DOWN:
        assert verdict.until > view.now
