"""Closing by order: what a person or a verdict wants closed is pursued until it is, or until the attempts are spent."""

from typing import Final

from arbcore.engine.deciding import Deciding
from arbcore.engine.execution import Execution
from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.gaps import blocked
from arbcore.engine.output import Outbox
from arbcore.engine.repair import Repairs
from arbcore.engine.trades import LiveTrade
from arbcore.model.effect import SetTimer
from arbcore.model.order import OrderOrigin
from arbcore.model.reason import Reason
from arbcore.model.trade import TradeState


class Closing:
    """Trades that were ordered to be closed.

    An order to close outlasts what is in flight: an entry that fills later, a close that fills in part, a book that
    is invalid now. Attempts after the first wait, and allow more slippage each time.

    Args:
        execution: Trades, and whether something of them is in flight.
        deciding: Sends closes.
        repairs: Brings the legs of a frozen trade to one size first.
        outbox: Where timers go.
        settings: Number of attempts, and the time between them.
    """

    def __init__(
        self,
        execution: Execution,
        deciding: Deciding,
        repairs: Repairs,
        outbox: Outbox,
        settings: ExecutionSettings,
    ) -> None:
        self._execution: Final = execution
        self._deciding: Final = deciding
        self._repairs: Final = repairs
        self._outbox: Final = outbox
        self._settings: Final = settings

    def order(self, trade: str = "", symbol: str = "", strategy: str = "", reason: str = Reason.EXIT_COMMAND) -> int:
        """Close the trades that match, whatever their state; empty arguments match any. Return how many there are."""
        chosen = self.note(trade, symbol, strategy, reason)
        for live in chosen:
            self._execution.stop_entries(live.id)
            self.pursue(live)
        return len(chosen)

    def note(self, trade: str, symbol: str, strategy: str, reason: str) -> list[LiveTrade]:
        """Note on the trades that match that they are to be closed, and return them."""
        chosen = [
            live
            for live in self._execution.trades.values()
            if trade in {"", live.id} and symbol in {"", live.intent.symbol} and strategy in {"", live.intent.strategy}
        ]
        for live in chosen:
            live.closing, live.closes = reason, 0
        return chosen

    def taken(self, trade: LiveTrade, origin: OrderOrigin) -> None:
        """Go on with a trade of which its venue closed something: that is never bought back.

        After a liquidation or a settlement the rest is closed; after a deleveraging the hedge becomes smaller. One
        that is frozen waits for a person still, who is told.
        """
        trade.hurt(ends=origin is not OrderOrigin.ADL)
        if self._execution.held or trade.state is TradeState.FROZEN:
            return
        self._execution.stop_entries(trade.id)
        if not self._execution.busy(trade.id):
            self._repairs.balance(trade)
        if trade.closing and trade.id in self._execution.trades:
            self.pursue(trade)

    def unordered(self) -> bool:
        """Tell whether a trade is open that nothing has ordered to be closed."""
        return any(not live.closing for live in self._execution.trades.values())

    def pursue(self, trade: LiveTrade) -> None:
        """Go on with a trade that was ordered to be closed, after it changed its state."""
        if self._execution.held or self._execution.busy(trade.id):
            return
        if trade.state is TradeState.FROZEN:
            trade.repairs = 0
            self._execution.leave(trade, trade.closing)
            self._repairs.balance(trade)
        elif trade.closes:
            self._later(trade)
        else:
            self.attempt(trade)

    def attempt(self, trade: LiveTrade) -> None:
        """Close a hedged trade at the present touch; later where a leg of it can't be traded now."""
        if trade.state is not TradeState.HEDGED or self._execution.busy(trade.id):
            return
        if any(blocked(leg.state) for leg in trade.route.legs):
            self._later(trade)
        elif trade.closes >= self._settings.repair_attempts:
            self._repairs.freeze(trade, Reason.EXIT_ATTEMPTS_SPENT)
        else:
            slippage = self._settings.slippage_bps(trade.closes)
            trade.closes += 1
            if not self._deciding.close(trade, trade.closing, slippage):
                self._later(trade)

    def _later(self, trade: LiveTrade) -> None:
        self._outbox.effect(SetTimer(f"close:{trade.id}", self._outbox.now + self._settings.repair_wait_ns))
