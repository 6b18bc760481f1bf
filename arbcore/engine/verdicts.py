"""Verdicts on the session: what risk tiers decide beyond one intent, and the clock of their reviews."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from arbcore.engine.approval import Refusal, verdict_of
from arbcore.engine.closing import Closing
from arbcore.engine.isolation import Failure, isolated
from arbcore.engine.output import Outbox
from arbcore.engine.switches import Switches
from arbcore.engine.view import SessionView
from arbcore.model.effect import SetTimer
from arbcore.model.events import RiskVerdictIssued
from arbcore.model.reason import Reason
from arbcore.model.state import EngineState, Severity
from arbcore.ports.risk import RiskTier, Verdict, VerdictKind

_STATES: Final = {
    VerdictKind.DEGRADE: EngineState.REDUCING,
    VerdictKind.HALT: EngineState.HALTED,
    VerdictKind.FLATTEN: EngineState.HALTED,
}
_MILD: Final = frozenset({VerdictKind.ALLOW, VerdictKind.RESIZE, VerdictKind.BLOCK})
"""Verdicts that concern one intent only."""
_RANK: Final = {EngineState.RUNNING: 0, EngineState.REDUCING: 1, EngineState.PAUSED: 2, EngineState.HALTED: 3}


class VerdictsState(Struct, frozen=True):
    """What `Verdicts` holds: the tier and reason told last, and what each tier has seen at its last review."""

    told: tuple[str, str]
    seen: dict[str, tuple[int, int]]


class Verdicts:
    """Applies what tiers decide about the session.

    Args:
        tiers: Risk tiers by instance id, in order.
        view: The session as tiers see it.
        switches: The engine's state.
        outbox: Where events and timers go.
        closing: Closes every trade.
        last_change: Tells when the newest touch or rate was received.
    """

    def __init__(
        self,
        tiers: tuple[tuple[str, RiskTier], ...],
        view: SessionView,
        switches: Switches,
        outbox: Outbox,
        closing: Closing,
        last_change: Callable[[], int],
    ) -> None:
        self._tiers: Final = tiers
        self._view: Final = view
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._closing: Final = closing
        self._last_change: Final = last_change
        self._told = ("", "")
        self._seen: Final[dict[str, tuple[int, int]]] = {}

    def start(self) -> None:
        """Set the first timer of every tier that reviews on an interval."""
        for name, tier in self._tiers:
            self._again(name, tier)

    def on_timer(self, name: str) -> None:
        """Let a tier review the session, unless nothing changed since its last review, and set its next timer."""
        tier = dict(self._tiers)[name]
        seen = (self._last_change(), self._outbox.sequence)
        if self._seen.get(name) != seen:
            self._review(name, tier)
            self._seen[name] = (seen[0], self._outbox.sequence)
        self._again(name, tier)

    def review_all(self) -> None:
        """Let every tier review the session, after a trade closed."""
        for name, tier in self._tiers:
            self._review(name, tier)

    def revised(self, name: str) -> None:
        """Let a tier review the session after it took settings over, and count its interval anew."""
        tier = dict(self._tiers)[name]
        self._review(name, tier)
        self._again(name, tier)

    def on_refusal(self, refusal: Refusal) -> None:
        """Act on a refusal whose verdict concerns the whole session."""
        if refusal.error is not None:
            self.broken(refusal.broken, refusal.error)
        if refusal.tier != refusal.broken:
            self._apply(refusal.tier, refusal.verdict)

    def state(self) -> VerdictsState:
        """Return all of it; the tiers have states of their own."""
        return VerdictsState(self._told, dict(self._seen))

    def restore(self, state: VerdictsState) -> None:
        """Take over what an earlier `state` returned."""
        self._told = state.told
        self._seen.update(state.seen)

    def absorb(self, event: RiskVerdictIssued) -> None:
        """Take over what a journal tells: a verdict that was told is not told again."""
        self._told = (event.tier, event.reason)

    def _again(self, name: str, tier: RiskTier) -> None:
        if tier.review_interval_ns > 0:
            self._outbox.effect(SetTimer(f"review:{name}", self._outbox.now + tier.review_interval_ns))

    def _review(self, name: str, tier: RiskTier) -> None:
        verdict = isolated(verdict_of, tier.review, self._view)
        if isinstance(verdict, Failure):
            self.broken(name, verdict.error)
        else:
            self._apply(name, verdict)

    def _apply(self, name: str, verdict: Verdict) -> None:
        if verdict.kind in _MILD:
            return
        state = _STATES.get(verdict.kind)
        rises = state is not None and _RANK.get(self._switches.state, 0) < _RANK[state]
        flattens = verdict.kind is VerdictKind.FLATTEN and self._closing.unordered()
        if not rises and not flattens and (name, verdict.reason) == self._told:
            return
        self._told = (name, verdict.reason)
        self._outbox.emit(
            RiskVerdictIssued(tier=name, verdict=verdict.kind, reason=verdict.reason, detail=verdict.detail)
        )
        if state is not None and rises:
            self._switches.move(state, verdict.reason, name)
            text = f"risk tier {name}: {verdict.reason} {verdict.detail}; the engine is {state} until it is resumed"
            self._switches.alert("risk_verdict", Severity.P1, name, text)
        if flattens:
            self._closing.order(reason=Reason.EXIT_RISK)

    def broken(self, name: str, error: Exception) -> None:
        """Stop entries because a tier raised, and tell people."""
        if self._switches.state is not EngineState.RUNNING:
            return
        self._switches.move(EngineState.REDUCING, Reason.RISK_TIER_ERROR, name)
        text = f"risk tier {name} raised {error!r}: entries are stopped until a new session; exits and repairs go on"
        self._switches.alert("risk_tier_error", Severity.P0, name, text)
