"""Deciding: asks strategies when their trigger fires, and carries their wishes through sizing and the risk chain."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from arbcore.engine.approval import ApprovedIntent, Refusal, RiskChain, approve_reduction
from arbcore.engine.episodes import Skips
from arbcore.engine.execution import Execution
from arbcore.engine.intents import cut
from arbcore.engine.isolation import Failure, isolated
from arbcore.engine.output import Outbox
from arbcore.engine.route import Route
from arbcore.engine.sizing import Sizing
from arbcore.engine.slicing import Slicing
from arbcore.engine.switches import Switches
from arbcore.engine.trades import LiveTrade
from arbcore.engine.view import SessionView
from arbcore.engine.wishes import trigger_of, wishes_of
from arbcore.model.events import RiskGuardRejected
from arbcore.model.intent import Intent, IntentKind
from arbcore.model.reason import Reason
from arbcore.model.state import Action, Severity
from arbcore.model.trade import TradeState
from arbcore.ports.risk import RiskTier
from arbcore.ports.strategy import Enter, Exit, Signal, Strategy, Wish

Refused = Callable[[Refusal], None]
"""Called when the risk chain refused an entry; acts on verdicts that concern the whole session."""


class Deciding:
    """Strategies and their routes.

    Args:
        strategies: Strategy by instance id.
        sizing: Sizes entries by the accounts' free balances.
        execution: Takes approved intents.
        view: The session as tiers see it.
        switches: What may be done now.
        outbox: Where events go.
        slicing: Sends entries, in parts where they are large, and builds intents.
        tiers: Risk tiers by instance id, in order.
    """

    def __init__(
        self,
        strategies: Mapping[str, Strategy],
        sizing: Sizing,
        execution: Execution,
        view: SessionView,
        switches: Switches,
        outbox: Outbox,
        slicing: Slicing,
        tiers: tuple[tuple[str, RiskTier], ...],
    ) -> None:
        self.strategies: Final = strategies
        self._accounts: Final = sizing.accounts
        self._execution: Final = execution
        self._view: Final = view
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._intents: Final = slicing.intents
        self._sizing: Final = sizing
        self.failed: Final[set[str]] = set()
        """Strategies that raised: they are not asked again."""
        self.skips: Final = Skips()
        self.routes: Final[dict[str, Route]] = {}
        self._chain: Final = RiskChain(tiers, self._cut)
        self.refused: Refused = _nothing
        self.slicing: Final = slicing

    def ask(self, route: Route) -> None:
        """Ask a route's strategy, unless something forbids any decision on the route."""
        now = self._outbox.now
        obstacle = route.obstacle(now)
        if obstacle:
            forward, backward = route.edges()
            if forward >= route.forward or backward >= route.backward:
                self._skip(route, obstacle, max(forward, backward))
            return
        signal = route.signal(now)
        for wish in self._wishes(route, signal):
            if isinstance(wish, Enter):
                self._enter(route, signal, wish)
            else:
                self._exit(route, signal, wish)
        self.arm(route)

    def arm(self, route: Route) -> None:
        """Ask a route's strategy when it wants to be asked next."""
        if route.owner in self.failed:
            route.disarm()
            return
        trigger = isolated(trigger_of, self.strategies[route.owner].trigger, route.spec.id)
        if isinstance(trigger, Failure):
            self.fail(route.owner, trigger.error)
        else:
            route.arm(trigger)

    def revised(self, strategy: str) -> None:
        """Arm a strategy's routes anew, after it took settings over."""
        for route in self.routes.values():
            if route.owner == strategy:
                self.arm(route)

    def told(self, trade: LiveTrade) -> None:
        """Tell a trade's strategy that its state changed, and arm its route anew."""
        if trade.route.owner not in self.strategies:
            return  # an order by hand
        if trade.route.owner not in self.failed:
            strategy = self.strategies[trade.route.owner]
            answer = isolated(strategy.on_trade, trade.view(self._accounts))
            if isinstance(answer, Failure):
                self.fail(trade.route.owner, answer.error)
        self.arm(trade.route)

    def _wishes(self, route: Route, signal: Signal) -> Sequence[Wish]:
        trades = [trade.view(self._accounts) for trade in self._execution.trades.values() if trade.route is route]
        wishes = isolated(wishes_of, self.strategies[route.owner].on_signal, signal, trades)
        if isinstance(wishes, Failure):
            self.fail(route.owner, wishes.error)
            return ()
        return wishes

    def fail(self, strategy: str, error: Exception) -> None:
        """Stop a strategy that raised, and tell people."""
        self.failed.add(strategy)
        for route in self.routes.values():
            if route.owner == strategy:
                route.disarm()
        self._switches.stop_strategy(strategy, Reason.STRATEGY_ERROR, repr(error))
        text = (
            f"strategy {strategy} raised {error!r} and is stopped: it opens and closes nothing any more; "
            "its open trades are kept; mend it and start a new session, or close them by command"
        )
        self._switches.alert("strategy_error", Severity.P1, strategy, text)

    def _skip(self, route: Route, reason: str, edge: float) -> None:
        for episode in self.skips.note(route.owner, route.spec.id, reason, self._outbox.now, edge):
            self._outbox.emit(episode)

    def _enter(self, route: Route, signal: Signal, wish: Enter) -> None:
        edge = signal.forward if wish.forward else signal.backward
        obstacle = self._switches.obstacle(route.owner, route.spec.symbol)
        if not obstacle and not signal.rate_fresh:
            obstacle = Reason.RATE_STALE
        if obstacle:
            self._skip(route, obstacle, edge)
            return
        legs = self._sizing.entry(route, wish, signal.time, whole=self.slicing.slicer is not None)
        if not isinstance(legs, Reason) and self._execution.crosses(legs):
            legs = Reason.ORDER_SELF_MATCH
        if isinstance(legs, Reason):
            self._skip(route, legs, edge)
            return
        self._pursue(route, signal, self._intents.entry(route, legs, wish), edge)

    def _pursue(self, route: Route, signal: Signal, intent: Intent, edge: float) -> None:
        outcome = self._chain.assess(intent, self._view)
        if isinstance(outcome, Refusal):
            self._reject(route, intent, outcome, edge)
            return
        premium = signal.premium_paid if intent.forward else signal.premium_got
        trade = self.slicing.open(outcome, route, premium, edge)
        self._view.note_opened()
        self.told(trade)

    def _reject(self, route: Route, intent: Intent, refusal: Refusal, edge: float) -> None:
        verdict = refusal.verdict
        if not self.skips.running(route.owner, route.spec.id, verdict.reason, self._outbox.now):
            event = RiskGuardRejected(
                tier=refusal.tier,
                first_tier=refusal.first_tier,
                verdict=verdict.kind,
                reason=verdict.reason,
                strategy=route.owner,
                route=route.spec.id,
                notional=str(intent.notional),
            )
            self._outbox.emit(event)
        self._skip(route, verdict.reason, edge)
        self.refused(refusal)

    def _cut(self, intent: Intent, limit: Decimal) -> Intent | None:
        route = self.routes.get(intent.route)
        return None if route is None else cut(route, intent, limit)

    def _exit(self, route: Route, signal: Signal, wish: Exit) -> None:
        trade = self._execution.trades.get(wish.trade)
        if trade is None or trade.route is not route:
            return
        if trade.state is not TradeState.HEDGED or self._execution.busy(trade.id):
            return
        edge = signal.backward if trade.intent.forward else signal.forward
        if not self._switches.allows(Action.EXIT):
            self._skip(route, Reason.STATE_NO_EXIT, edge)
        elif not self.close(trade, wish.reason, wish.slippage_bps, wish.share, wish.edge_bps):
            self._skip(route, Reason.SIZE_BELOW_MINIMUM, edge)

    def note_opened(self) -> None:
        """Count a trade that is opened now by nobody's strategy."""
        self._view.note_opened()

    def assess(self, intent: Intent) -> ApprovedIntent | Refusal:
        """Return what the risk chain says of an intent that no strategy asked for."""
        return self._chain.assess(intent, self._view)

    def approve(self, intent: Intent) -> ApprovedIntent | None:
        """Return a top-up as the risk chain approves it, None where it refuses or cuts it: its legs must match."""
        outcome = self._chain.assess(intent, self._view)
        return None if isinstance(outcome, Refusal) or outcome.resized_by else outcome

    def close(
        self,
        trade: LiveTrade,
        reason: str,
        slippage_bps: float,
        share: Decimal = Decimal(1),
        edge_bps: float = 0.0,
    ) -> bool:
        """Close a trade, or a share of it, at the present touch; tell whether its venues take orders of its size."""
        legs = self._intents.exit_legs(trade, share, slippage_bps)
        if not legs:
            return False
        intent = self._intents.following(trade, IntentKind.EXIT, legs, reason, edge_bps)
        self._execution.exit(approve_reduction(intent), trade)
        self.told(trade)
        return True


def _nothing(refusal: Refusal) -> None:
    """Do nothing: replaced when the engine is wired."""
