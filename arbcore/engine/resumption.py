"""Resumption: what an engine does after a restart or a standstill. It asks, sends nothing, and goes on once it knows.

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
from arbcore.model.input import Standstill
from arbcore.model.trade import TradeState

RESUME: Final = "resume"
STALL: Final = "stall"
"""Reasons of the statements that are asked for."""


class Resumption:
    """Holds an engine back until it knows what became of everything.

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
        pending: Whether answers are still missing, or a person's word.
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
        self._barred = False
        self._waits = False
        self.restored = False
        self.pending = False

    def prepare(self) -> None:
        """Note that the engine took over a state, and when that was."""
        self.restored, self._since = True, self._outbox.now

    def begin(self, *, waits: bool = False) -> None:
        """Ask for everything after a restart; from here on nothing is sent until it is answered.

        Args:
            waits: Whether then nothing is sent either until `release` is called.
        """
        self._waits = waits
        self._hold("what became of everything is asked first")
        for trade in self._execution.trades.values():
            trade.slices = []  # parts of an entry that are still to be sent belong to books of another hour
        self._inquiries.resume_quarantine()
        self._actions.resume()
        self._reconciler.drifts.transit.resume()
        self._reconciler.require(RESUME, self._since)

    def on_standstill(self, item: Standstill) -> None:
        """Ask for everything: nobody read what venues told meanwhile. Go on at the earliest when it is over."""
        self._barred = not item.over
        if self._barred:
            self._hold(f"{item.reason}: what became of everything is asked first")
            self._reconciler.require(STALL)

    def _hold(self, reason: str) -> None:
        self.pending = self._execution.held = True
        self._execution.settled = self._repairs.note
        self._switches.hold(reason)
        for order in self._execution.in_flight():
            self._inquiries.resume(order)

    def try_end(self) -> bool:
        """Let the engine go on if every answer is there; tell whether it does."""
        if self._barred or self._waits or not self.known():
            return False
        self.pending = self._execution.held = False
        self._execution.settled = self._repairs.settle
        self._switches.start("what became of everything is known")
        for live in list(self._execution.intents.values()):
            self._go_on(live)
        for trade in list(self._execution.trades.values()):
            self._take_up(trade)
        return True

    def release(self) -> None:
        """Go on once everything is known, where a person was waited for: to close what is open, and no trade grows."""
        if self._waits:
            self._waits = False
            for trade in self._execution.trades.values():
                trade.grows = False

    def known(self) -> bool:
        """Tell whether everything that was asked is answered, and every leg of a trade has a price."""
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
