"""Resumption: what a restored engine does first. It asks, sends nothing, and goes on once everything is answered.

Every order that was not over is looked up, every venue states its account, and the books of open trades are learned
anew. Then orders whose time is over are cancelled, the legs of every trade are measured, and trades go on, are closed
or are repaired as their policies say.
"""

from typing import Final

from arbcore.engine.actions import Actions
from arbcore.engine.closing import Closing
from arbcore.engine.execution import TTL, Execution
from arbcore.engine.inquiry import Inquiries
from arbcore.engine.orders import LiveIntent
from arbcore.engine.output import Outbox
from arbcore.engine.reconciler import Reconciler
from arbcore.engine.repair import Repairs
from arbcore.engine.switches import Switches
from arbcore.engine.trades import LiveTrade
from arbcore.model.effect import SetTimer
from arbcore.model.trade import TradeState

RESUME: Final = "resume"
"""Reason of the statements that are asked for."""


class Resumption:
    """Holds a restored engine back until it knows what became of everything.

    Args:
        execution: Orders and trades; it sends nothing meanwhile.
        inquiries: Looks orders up.
        reconciler: Asks venues for statements.
        actions: Looks for transfers in the venues' histories.
        repairs: Measures trades afterwards.
        closing: Goes on with trades that were ordered to be closed.
        switches: The engine's state: it boots meanwhile.
        outbox: Engine time and timers.

    Attributes:
        restored: Whether the engine took over a state.
        pending: Whether answers are still missing.
    """

    def __init__(
        self,
        execution: Execution,
        inquiries: Inquiries,
        reconciler: Reconciler,
        actions: Actions,
        repairs: Repairs,
        closing: Closing,
        switches: Switches,
        outbox: Outbox,
    ) -> None:
        self._execution: Final = execution
        self._inquiries: Final = inquiries
        self._reconciler: Final = reconciler
        self._actions: Final = actions
        self._repairs: Final = repairs
        self._closing: Final = closing
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._since = 0
        self.restored = False
        self.pending = False

    def prepare(self) -> None:
        """Note that the engine took over a state, and when that was."""
        self.restored, self._since = True, self._outbox.now

    def begin(self) -> None:
        """Ask for everything; from here on nothing is sent until it is answered."""
        self.pending = self._execution.held = True
        self._execution.settled = self._repairs.note
        self._switches.hold("what became of everything is asked first")
        for order in self._execution.in_flight():
            self._inquiries.resume(order)
        for trade in self._execution.trades.values():
            trade.slices = []  # parts of an entry that are still to be sent belong to books of another hour
        self._inquiries.resume_quarantine()
        self._actions.resume()
        self._reconciler.require(RESUME, self._since)

    def try_end(self) -> bool:
        """Let the engine go on if every answer is there; tell whether it does."""
        if not self._known():
            return False
        self.pending = self._execution.held = False
        self._execution.settled = self._repairs.settle
        self._switches.start("what became of everything is known")
        for live in list(self._execution.intents.values()):
            self._go_on(live)
        for trade in list(self._execution.trades.values()):
            self._take_up(trade)
        return True

    def _known(self) -> bool:
        doubted = self._inquiries.doubted
        if not self._reconciler.ready or any(order.id in doubted for order in self._execution.in_flight()):
            return False
        legs = [leg for trade in self._execution.trades.values() for leg in trade.route.legs]
        booked = all(leg.state.quote is not None and not leg.state.invalid for leg in legs)
        return booked and all(leg.rate is None or leg.rate.known for leg in legs)

    def _go_on(self, live: LiveIntent) -> None:
        """Hedge what a leading leg filled meanwhile, and end what should have ended."""
        self._execution.follow(live)
        ends = [order.request.expires_at for order in live.orders if order.request.expires_at and not order.over]
        if ends:
            self._outbox.effect(SetTimer(f"{TTL}:{live.intent.id}", max(self._outbox.now, *ends)))

    def _take_up(self, trade: LiveTrade) -> None:
        if self._execution.busy(trade.id):
            return
        if trade.state is not TradeState.FROZEN:
            self._repairs.take_up(trade)
        if trade.closing and trade.id in self._execution.trades and not self._execution.busy(trade.id):
            self._closing.pursue(trade)
