"""Repairs: brings the legs of a trade to one size after an intent ended, or freezes the trade and calls for help."""

from collections.abc import Callable, Mapping
from typing import Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.approval import ApprovedIntent, approve_reduction
from arbcore.engine.execution import Execution
from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.gaps import Gap, Gaps, Move, shut
from arbcore.engine.intents import Intents
from arbcore.engine.orders import LiveIntent
from arbcore.engine.output import Outbox
from arbcore.engine.planning import Planning
from arbcore.engine.trades import LiveTrade
from arbcore.model.effect import SetTimer
from arbcore.model.events import AlertRaised, TradeClosed, TradeFrozen, TradeHedged
from arbcore.model.intent import Intent, IntentKind
from arbcore.model.reason import Reason
from arbcore.model.state import Severity
from arbcore.model.trade import TradeState
from arbcore.ports.policy import Repair, RepairPlan

_TROUBLE: Final = {
    Reason.LEG_ATTEMPTS_SPENT: "its legs differ, and {repairs} repairs did not help",
    Reason.LEG_POLICY_FROZE: "its legs differ, and its leg policy wants a person to look at it",
    Reason.EXIT_ATTEMPTS_SPENT: "it was to be closed, and {closes} attempts did not do it",
}

_EXCUSED: Final = frozenset({Reason.MARKET_CLOSED, Reason.ORDER_NOT_SENT, Reason.ORDER_TOO_MANY, Reason.ORDER_ABSENT})
"""Refusals that say nothing against the order: its venue took none at that moment."""

_DENIALS: Final = 3
"""Repairs of a leg refused in a row on their merits, after which the other way is gone where it is open."""

_LONGEST_WAIT_NS: Final = 30 * 10**9

UNHEDGED: Final = "trade_unhedged"
"""Rule of the alert that the legs of a trade, whose id is its key, have differed for long."""

_LONG_NS: Final = 60 * 10**9

Told = Callable[[LiveTrade], None]
"""Called after a trade changed its state."""

Approve = Callable[[Intent], ApprovedIntent | None]
"""Asks the risk chain about a top-up."""


class Repairs:
    """What becomes of a trade when an intent is over.

    Args:
        execution: Sends repairs.
        accounts: Profit of closed trades, and money for top-ups.
        outbox: Where events and effects go.
        settings: Numbers.
        intents: Builds repairs.
        planning: Asks leg policies.
        approve: Asks the risk chain about top-ups.
        told: Learns every change of a trade's state.
    """

    def __init__(
        self,
        execution: Execution,
        accounts: Accounts,
        outbox: Outbox,
        settings: ExecutionSettings,
        intents: Intents,
        planning: Planning,
        approve: Approve,
        told: Told,
    ) -> None:
        self._execution: Final = execution
        self._accounts: Final = accounts
        self._outbox: Final = outbox
        self._settings: Final = settings
        self._intents: Final = intents
        self._planning: Final = planning
        self._approve: Final = approve
        self._told: Final = told
        self._gaps: Final = Gaps(accounts)
        execution.settled = self.settle

    def settle(self, trade: LiveTrade, live: LiveIntent) -> None:
        """Decide after an intent ended: hedged, closed, or to be repaired."""
        self.note(trade, live)
        self.balance(trade, wait=self._rest(trade, live))

    def note(self, trade: LiveTrade, live: LiveIntent) -> None:
        """Keep in mind how an intent ended; a recovery does the same with what the journal tells.

        A fill that comes after that end says nothing new about it.
        """
        trade.touched()
        if live.noted:
            return
        live.noted = True
        if live.intent.kind in {IntentKind.ENTRY, IntentKind.EXIT}:
            trade.repairs = trade.excused = 0
            trade.denied.clear()
            trade.aim = live.intent
        self._count_refusals(trade, live)
        self._excuse(trade, live)

    def balance(self, trade: LiveTrade, *, wait: int = 0) -> None:
        """Bring the legs to one size, or find that they already are.

        What is too little for any order is dust, and a trade that holds nothing else is closed with it.

        Args:
            trade: The trade; nothing of it is in flight.
            wait: Nanoseconds to pause before the repair.
        """
        slippage = self._settings.slippage_bps(trade.repairs)
        gap = self._gaps.measure(trade, slippage, self._outbox.now)
        if gap.down or gap.up:
            self._repair(trade, gap, wait=wait)
        elif gap.matched > 0 and self._intents.closable(trade, self._settings.repair_slippage_bps):
            self._hedged(trade)
        else:
            self._closed(trade)

    def take_up(self, trade: LiveTrade) -> None:
        """Go on with a trade after a restart.

        A leg whose order proved not to have arrived is as good as before. Where nothing proves it, the leg is left
        alone for a while, which begins anew: nothing could be sent meanwhile.
        """
        for leg in trade.shut_until:
            if not self._execution.bounds(trade, leg):
                trade.shut_until[leg] = self._outbox.now + self._pause(trade)
        self.balance(trade)

    def _count_refusals(self, trade: LiveTrade, live: LiveIntent) -> None:
        for order in live.orders:
            if order.filled:
                trade.denied.pop(order.leg, None)
            elif order.refusal and order.refusal not in _EXCUSED:
                trade.denied[order.leg] = trade.denied.get(order.leg, 0) + 1

    def _excuse(self, trade: LiveTrade, live: LiveIntent) -> None:
        """Leave a leg alone for a while where its venue took no order at all."""
        refused = [order for order in live.orders if order.refusal in _EXCUSED and not order.filled]
        if not refused:
            trade.excused = 0
            return
        wait = self._pause(trade)
        for order in refused:
            trade.shut_until[order.leg] = self._outbox.now + wait
        trade.excused += 1
        if live.intent.kind not in {IntentKind.ENTRY, IntentKind.EXIT}:
            trade.repairs = max(trade.repairs - 1, 0)

    def _repair(self, trade: LiveTrade, gap: Gap, *, wait: int) -> None:
        if trade.state is TradeState.FROZEN:
            return
        if trade.state is TradeState.HEDGED:
            trade.move(TradeState.OPEN)
            self._told(trade)
        self._warn(trade, gap)
        if trade.repairs >= self._settings.repair_attempts:
            self.freeze(trade, Reason.LEG_ATTEMPTS_SPENT)
        elif not (gap.told.can_chase or gap.told.can_unwind):
            self._later(trade, self._pause(trade))
        elif wait and not trade.excused:
            self._later(trade, wait)
        else:
            self._carry_out(trade, gap, self._planning.plan(trade, gap.told))

    def _warn(self, trade: LiveTrade, gap: Gap) -> None:
        """Call for people, once, where legs have differed for long: no market of them may be there to mend it."""
        if gap.told.elapsed_ns < _LONG_NS or trade.called:
            return
        trade.called = True
        text = (
            f"the legs of trade {trade.id} of {trade.intent.symbol} differ by {gap.told.unhedged:f} for "
            f"{gap.told.elapsed_ns // 10**9} s: {trade.repairs} repairs did not help yet, or its venues take none now; "
            "see both venues, and hedge it by hand where it can't wait"
        )
        self._outbox.emit(
            AlertRaised(rule=UNHEDGED, severity=Severity.P0, source=trade.intent.route, text=text), trade.id
        )

    def _carry_out(self, trade: LiveTrade, gap: Gap, plan: RepairPlan) -> None:
        if plan.repair is Repair.FREEZE:
            self.freeze(trade, Reason.LEG_POLICY_FROZE)
        elif plan.repair is Repair.HOLD:
            self._later(trade, max(plan.wait_ns, self._settings.first_look_ns))
        elif plan.wait_ns and not trade.paused:
            trade.paused = True
            self._later(trade, plan.wait_ns)
        elif plan.repair is not Repair.REVERSE or not self._send(trade, self._back(trade, gap), plan.slippage_bps):
            chase = self._chases(trade, gap, plan)
            ways = (gap.moves(chase=chase), gap.moves(chase=not chase))
            if not any(self._send(trade, moves, plan.slippage_bps) for moves in ways):
                self._later(trade, self._pause(trade))

    def _chases(self, trade: LiveTrade, gap: Gap, plan: RepairPlan) -> bool:
        """Tell which way is gone: the plan's, unless only the other one is open or it was refused again and again."""
        if not (gap.told.can_chase and gap.told.can_unwind):
            return gap.told.can_chase
        chase = plan.repair is Repair.CHASE
        turns = _denied(trade, gap.moves(chase=chase)) and not _denied(trade, gap.moves(chase=not chase))
        return chase is not turns

    def _back(self, trade: LiveTrade, gap: Gap) -> dict[int, Move]:
        """Return the orders that take all of an entry or exit back; none where a leg of them can't be reached now.

        What an exit closed is not opened again for a rest that is too small to be brought up.
        """
        slippage, now = self._settings.repair_slippage_cap_bps, self._outbox.now
        if gap.told.intent.kind is IntentKind.EXIT:
            moves = self._gaps.reopening(trade, slippage) if gap.up else {}
        else:
            moves = self._intents.whole(trade, slippage)
        barred = any(shut(trade, index, now) for index in moves) or _denied(trade, moves)
        return {} if barred else moves

    def _send(self, trade: LiveTrade, moves: Mapping[int, Move], slippage_bps: float) -> bool:
        """Send a repair; tell whether there was anything to send that may be sent."""
        if not moves:
            return False
        adds = all(move.side is trade.opening_side(index) for index, move in moves.items()) and trade.grows
        kind = IntentKind.TOP_UP if adds else IntentKind.UNWIND
        legs = self._intents.moving_legs(trade, moves, slippage_bps)
        intent = self._intents.following(trade, kind, legs, Reason.LEG_UNHEDGED)
        approved = self._approve(intent) if adds else approve_reduction(intent)
        if approved is None:
            return False
        trade.repairs += 1
        trade.paused = False
        self._execution.send(approved, trade, tuple(moves))
        return True

    def _pause(self, trade: LiveTrade) -> int:
        return min(self._settings.repair_wait_ns << trade.excused, _LONGEST_WAIT_NS)

    def _rest(self, trade: LiveTrade, live: LiveIntent) -> int:
        """Return what is left of the pause between repairs, which counts from the sending of the last one."""
        if not trade.repairs + trade.excused:
            return 0
        sent = max(order.sent_at for order in live.orders)
        return max(sent + self._pause(trade) - self._outbox.now, 0)

    def _later(self, trade: LiveTrade, wait: int) -> None:
        self._outbox.effect(SetTimer(f"repair:{trade.id}", self._outbox.now + wait))

    def _hedged(self, trade: LiveTrade) -> None:
        trade.repairs = trade.excused = 0
        trade.shut_until.clear()
        trade.denied.clear()
        if trade.state is TradeState.HEDGED:
            return
        trade.move(TradeState.HEDGED)
        trade.cut = trade.called = False
        now = self._outbox.now
        trade.hedged_at = trade.hedged_at or now
        unhedged = now - (trade.parted_at or now)
        trade.parted_at = 0
        self._outbox.emit(TradeHedged(trade=trade.id, unhedged_ns=unhedged), trade.id)
        self._told(trade)

    def _closed(self, trade: LiveTrade) -> None:
        if trade.state is TradeState.HEDGED:
            trade.move(TradeState.OPEN)
        trade.move(TradeState.CLOSED)
        trade.closed_at = self._outbox.now
        trade.touched()
        self._outbox.emit(TradeClosed(trade=trade.view(self._accounts)), trade.id)
        del self._execution.trades[trade.id]
        self._told(trade)
        self._accounts.forget(trade.id, [leg.instrument for leg in trade.legs])

    def freeze(self, trade: LiveTrade, reason: Reason) -> None:
        """Leave a trade as it is, and call for help."""
        trade.move(TradeState.FROZEN)
        self._outbox.emit(TradeFrozen(trade=trade.id, reason=reason), trade.id)
        what = _TROUBLE[reason].format(repairs=trade.repairs, closes=trade.closes)
        text = f"trade {trade.id} of {trade.intent.symbol} is frozen: {what}; it waits for an order to close it"
        self._outbox.emit(
            AlertRaised(rule="trade_frozen", severity=Severity.P0, source=trade.intent.route, text=text), trade.id
        )
        self._told(trade)


def _denied(trade: LiveTrade, moves: Mapping[int, Move]) -> bool:
    """Tell whether a venue refused a leg of these again and again."""
    return any(trade.denied.get(index, 0) >= _DENIALS for index in moves)
