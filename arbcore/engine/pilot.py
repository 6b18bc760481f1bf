"""The kernel's own risk tier: caps for the first live trades, judged before every other tier."""

from decimal import Decimal
from typing import Final

from arbcore.model.intent import Intent, IntentKind
from arbcore.model.money import plain
from arbcore.model.reason import Reason
from arbcore.ports.risk import ALLOW, LimitUse, RiskView, TierReport, Verdict, VerdictKind

PILOT: Final = "live.pilot"
"""Id of the tier in events: the config's key, which no instance can have for its id."""
_DAY: Final = 86_400 * 10**9


class PilotTier:
    """Caps on entries: what a trade may be worth, and how many may open in a UTC day.

    It comes first in the chain, so that no tier of a plugin ever sees more than the caps allow. Top-ups pass, since
    they complete a trade that was judged when it was entered; exits and unwinds no tier judges.

    Args:
        notional: Largest value of a trade in base currency, None for no cap.
        trades_per_day: Most trades opened in a UTC day, None for no cap.

    Attributes:
        review_interval_ns: 0: there is nothing to review.
    """

    def __init__(self, notional: Decimal | None, trades_per_day: int | None) -> None:
        self.review_interval_ns: int = 0
        self._notional: Final = notional
        self._trades_per_day: Final = trades_per_day

    def assess(self, intent: Intent, view: RiskView) -> Verdict:
        """Judge an entry by count, then by size."""
        if intent.kind is not IntentKind.ENTRY:
            return ALLOW
        return self._count(view) or self._size(intent) or ALLOW

    def review(self, view: RiskView) -> Verdict:
        """Allow: the caps concern entries alone."""
        return ALLOW

    def report(self, view: RiskView) -> TierReport:
        """Return the caps and the trades of today."""
        blocked, limits = self._count(view) or ALLOW, []
        if self._notional is not None:
            limits.append(LimitUse(name="notional", limit=plain(self._notional)))
        if self._trades_per_day is not None:
            used = view.trades_opened_since(view.now // _DAY * _DAY)
            limits.append(LimitUse(name="trades_per_day", limit=str(self._trades_per_day), used=str(used)))
        return TierReport(blocks=blocked.reason, detail=blocked.detail, limits=tuple(limits))

    def state(self) -> bytes:
        """Return nothing: the session's own count of trades is asked."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take over nothing."""

    def _count(self, view: RiskView) -> Verdict | None:
        limit = self._trades_per_day
        if limit is None:
            return None
        count = view.trades_opened_since(view.now // _DAY * _DAY)
        if count < limit:
            return None
        detail = f"{count} opened today of {limit} by live.pilot.trades_per_day"
        return Verdict(kind=VerdictKind.BLOCK, reason=Reason.RISK_PILOT_TRADES, detail=detail)

    def _size(self, intent: Intent) -> Verdict | None:
        cap = self._notional
        if cap is None or intent.notional <= cap:
            return None
        detail = f"{plain(intent.notional)} asked, {plain(cap)} by live.pilot.notional"
        kind = VerdictKind.RESIZE if cap > 0 else VerdictKind.BLOCK
        notional = cap if cap > 0 else None
        return Verdict(kind=kind, reason=Reason.RISK_PILOT_SIZE, detail=detail, notional=notional)
