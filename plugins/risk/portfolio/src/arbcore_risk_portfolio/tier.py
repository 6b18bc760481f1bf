"""The portfolio tier on the risk port: judges entries by count and size, and the session by its equity."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from arbcore.model.intent import Intent, IntentKind
from arbcore.model.money import multiply, subtract, total
from arbcore.model.reason import Reason
from arbcore.ports.risk import ALLOW, RiskView, TierReport, Verdict, VerdictKind
from arbcore_risk_portfolio.limits import DAY, Memory, breaches, hardest, observe
from arbcore_risk_portfolio.report import used
from arbcore_risk_portfolio.settings import PortfolioSettings


class PortfolioTier:
    """Limits over all strategies and symbols of a session.

    A breach that a review found also blocks entries until a later review finds it gone. While the session can't
    be valued, reviews allow: nothing is halted or flattened on a guess, and what blocked entries still does.

    Args:
        settings: Validated settings.

    Attributes:
        review_interval_ns: Engine time between reviews.
    """

    def __init__(self, settings: PortfolioSettings) -> None:
        self.review_interval_ns: int = settings.review_interval
        self._settings = settings
        self._memory = Memory()

    def changeable(self) -> frozenset[str]:
        """Return the keys that may change while a session runs: all of them."""
        return frozenset(PortfolioSettings.model_fields) - {"use", "order"}

    def reconfigure(self, settings: Mapping[str, Any]) -> None:
        """Take over limits; the day's start, the peak and a pause stay. A standing breach is judged anew.

        Args:
            settings: All settings as JSON values.
        """
        self._settings = PortfolioSettings.model_validate(settings)
        self.review_interval_ns = self._settings.review_interval

    def assess(self, intent: Intent, view: RiskView) -> Verdict:
        """Judge an entry. A top-up passes: it completes a trade that was judged when it was entered."""
        if intent.kind is not IntentKind.ENTRY:
            return ALLOW
        return self._pause(view.now) or self._full(view, intent.trade) or self._size(intent, view) or ALLOW

    def review(self, view: RiskView) -> Verdict:
        """Judge the session by its equity, and by the switch in the settings."""
        found = [self._switch()] if self._settings.kill else []
        result = observe(self._memory, self._settings, view)
        if result is not None:
            breached = breaches(self._memory, self._settings, result, view.now)
            lasting = [verdict for verdict in breached if verdict.kind is not VerdictKind.COOL_DOWN]
            self._memory.standing = hardest(lasting) if lasting else None
            found += breached
        if not found:
            return ALLOW
        verdict = hardest(found)
        if verdict.kind is VerdictKind.FLATTEN and not view.open_trades():
            return msgspec.structs.replace(verdict, kind=VerdictKind.HALT)
        return verdict

    def report(self, view: RiskView) -> TierReport:
        """Return the limits with what is used of them, and what blocks entries now."""
        blocked = self._pause(view.now) or self._full(view) or ALLOW
        limits = tuple(used(self._memory, self._settings, view))
        return TierReport(blocks=blocked.reason, detail=blocked.detail, limits=limits)

    def state(self) -> bytes:
        """Return day, peak, pause and standing breach as JSON."""
        return msgspec.json.encode(self._memory)

    def restore(self, state: bytes) -> None:
        """Take over an earlier state.

        Raises:
            msgspec.DecodeError: The bytes are not such a state.
        """
        self._memory = msgspec.json.decode(state, type=Memory)

    def _switch(self) -> Verdict:
        kind = VerdictKind(self._settings.on_kill)
        return Verdict(kind=kind, reason=Reason.RISK_KILL, detail="the switch `kill` is on in the settings")

    def _pause(self, now: int) -> Verdict | None:
        if self._settings.kill:
            return _block(Reason.RISK_KILL, "the switch `kill` is on in the settings")
        if (standing := self._memory.standing) is not None:
            return _block(standing.reason, standing.detail)
        if now < self._memory.rest_until:
            left = (self._memory.rest_until - now) / 1e9
            return _block(Reason.RISK_COOLDOWN, f"{left:.0f} s of the pause are left")
        return None

    def _full(self, view: RiskView, beside: str = "") -> Verdict | None:
        limit = self._settings.open_trades
        if limit is not None:
            count = sum(1 for trade in view.open_trades() if trade.id != beside)
            if count >= limit:
                return _block(Reason.RISK_OPEN_TRADES, f"{count} open of {limit}")
        limit = self._settings.trades_per_day
        if limit is not None:
            count = view.trades_opened_since(view.now // DAY * DAY)
            if count >= limit:
                return _block(Reason.RISK_TRADES_PER_DAY, f"{count} opened today of {limit}")
        return None

    def _size(self, intent: Intent, view: RiskView) -> Verdict | None:
        settings = self._settings
        room, why, reason = settings.trade_notional, "trade_notional", Reason.RISK_TRADE_SIZE
        share = self._symbol_room(intent, view)
        if share is not None and (room is None or share < room):
            room, why, reason = share, f"symbol_share left for {intent.symbol}", Reason.RISK_SYMBOL_SHARE
        if room is None or intent.notional <= room:
            return None
        detail = f"{intent.notional:f} asked, {room:f} by {why}"
        if settings.oversize == "block" or room <= 0:
            return _block(reason, detail)
        return Verdict(kind=VerdictKind.RESIZE, reason=reason, detail=detail, notional=room)

    def _symbol_room(self, intent: Intent, view: RiskView) -> Decimal | None:
        """Return the value that may still open in the intent's symbol; None where no limit applies or is known.

        The share is of the equity that the last review saw: a valuation per intent would cost more than it tells.
        """
        share = self._settings.symbol_share
        if share is None:
            return None
        equity = self._memory.equity
        if equity is None:
            equity = view.equity()
            if equity is None:
                return None
            self._memory.equity = equity
        symbol, trade = intent.symbol, intent.trade
        held = [other.notional for other in view.open_trades() if other.symbol == symbol and other.id != trade]
        limit = multiply(share, equity)
        return subtract(limit, total(held)) if held else limit


def _block(reason: Reason | str, detail: str) -> Verdict:
    return Verdict(kind=VerdictKind.BLOCK, reason=reason, detail=detail)
