"""Repairs: brings the legs of a trade to one size after an intent ended, or freezes the trade and calls for help."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.approval import approve_reduction
from arbcore.engine.execution import Execution, ExecutionSettings
from arbcore.engine.intents import Intents
from arbcore.engine.orders import LiveIntent
from arbcore.engine.output import Outbox
from arbcore.engine.sizing import takes
from arbcore.engine.trades import LiveTrade
from arbcore.model.effect import SetTimer
from arbcore.model.events import AlertRaised, TradeClosed, TradeFrozen, TradeHedged
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.intent import IntentKind
from arbcore.model.order import Side
from arbcore.model.reason import Reason
from arbcore.model.state import Severity
from arbcore.model.trade import TradeState

_TROUBLE: Final = {
    Reason.LEG_ATTEMPTS_SPENT: "its legs differ, and {repairs} repairs did not help",
    Reason.EXIT_ATTEMPTS_SPENT: "it was to be closed, and {closes} attempts did not do it",
}

Told = Callable[[LiveTrade], None]
"""Called after a trade changed its state."""


class Repairs:
    """What becomes of a trade when an intent is over.

    Args:
        execution: Sends repairs.
        accounts: Profit of closed trades.
        outbox: Where events and effects go.
        settings: Numbers.
        intents: Builds repairs.
        told: Learns every change of a trade's state.
    """

    def __init__(
        self,
        execution: Execution,
        accounts: Accounts,
        outbox: Outbox,
        settings: ExecutionSettings,
        intents: Intents,
        told: Told,
    ) -> None:
        self._execution: Final = execution
        self._accounts: Final = accounts
        self._outbox: Final = outbox
        self._settings: Final = settings
        self._intents: Final = intents
        self._told: Final = told
        execution.settled = self.settle

    def settle(self, trade: LiveTrade, live: LiveIntent) -> None:
        """Decide after an intent ended: hedged, closed, or to be repaired."""
        trade.touched()
        if live.intent.kind is not IntentKind.UNWIND:
            trade.repairs = 0
        self.balance(trade, wait=trade.repairs > 0)

    def balance(self, trade: LiveTrade, *, wait: bool = False) -> None:
        """Bring the legs to the largest size that all of them hold, or find that they already are.

        What is too little for any order is dust, and a trade that holds nothing else is closed with it.

        Args:
            trade: The trade; nothing of it is in flight.
            wait: True to pause before the repair, False to make it at once.
        """
        target = to_grid(min(trade.coins()), trade.route.lot, Rounding.DOWN)
        excess = self._excess(trade, target)
        if excess:
            self._repair(trade, excess, wait=wait)
        elif target > 0 and self._intents.closable(trade, self._settings.repair_slippage_bps):
            self._hedged(trade)
        else:
            self._closed(trade)

    def _excess(self, trade: LiveTrade, target: Decimal) -> dict[int, Decimal]:
        """Return the order quantity by which each leg exceeds the target, where a venue would take it."""
        excess = {}
        for index, (coins, leg) in enumerate(zip(trade.coins(), trade.route.legs, strict=True)):
            if coins <= target:
                continue
            instrument = leg.state.instrument
            quantity = to_grid((coins - target) / instrument.unit, instrument.lot, Rounding.DOWN)
            # The order's own price counts at a venue; both sides are worth the same but for the spread.
            worst = leg.state.worst_price(Side.SELL, self._settings.slippage_bps(trade.repairs))
            if takes(instrument, quantity, worst, reducing=True):
                excess[index] = quantity
        return excess

    def _repair(self, trade: LiveTrade, excess: dict[int, Decimal], *, wait: bool) -> None:
        if trade.state is TradeState.FROZEN:
            return
        if trade.state is TradeState.HEDGED:
            trade.move(TradeState.OPEN)
            self._told(trade)
        if trade.repairs >= self._settings.repair_attempts:
            self.freeze(trade, Reason.LEG_ATTEMPTS_SPENT)
        elif wait or any(trade.route.legs[index].state.invalid for index in excess):
            self._outbox.effect(SetTimer(f"repair:{trade.id}", self._outbox.now + self._settings.repair_wait_ns))
        else:
            legs = self._intents.unwind_legs(trade, excess, self._settings.slippage_bps(trade.repairs))
            trade.repairs += 1
            intent = self._intents.reduction(trade, IntentKind.UNWIND, legs, Reason.LEG_UNHEDGED)
            self._execution.send(approve_reduction(intent), trade, tuple(excess))

    def _hedged(self, trade: LiveTrade) -> None:
        trade.repairs = 0
        if trade.state is TradeState.HEDGED:
            return
        trade.move(TradeState.HEDGED)
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
