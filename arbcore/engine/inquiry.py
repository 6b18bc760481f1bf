"""Inquiries: an order whose outcome nothing settles is looked up until it is known, or until it can't exist any more.

An order is never sent again. A venue that bounds for how long it may take an order in (Binance: timestamp plus
recvWindow) proves by not knowing it after that time that it never arrived. Where nothing bounds it (Upbit), absence
that stays makes it likely only: id and money of the order are set aside for a while, and an order that turns up after
all is drift, which is cancelled, booked and repaired.
"""

from collections.abc import Mapping
from typing import Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.orders import LiveOrder
from arbcore.engine.output import Outbox
from arbcore.model.effect import Cancel, CancelTimer, LookUp, SetTimer
from arbcore.model.events import AlertRaised, OrderRejected, QuarantineCompleted, QuarantineStarted
from arbcore.model.input import LookedUp
from arbcore.model.money import ZERO
from arbcore.model.order import OrderState
from arbcore.model.reason import Reason
from arbcore.model.state import Severity

LOOK: Final = "look"
"""Kind of the timers of look-ups; the id of the order follows."""

_ANSWER_NS: Final = 30 * 10**9
"""Time after which a look-up that nobody answered is made again: a net under the runtime, which answers always."""

_PROOFS: Final = 2
"""Absences in a row that end an order which the venue could no longer take in."""

_SIGNS: Final = 3
"""Absences in a row that end an order where nothing bounds that time."""

_ALARMED: Final = 10
"""Look-ups after which people are told."""


class Inquiries:
    """Looks orders up.

    Args:
        accepts_for: For how long a venue may take an order in, by venue; None or absent where nothing bounds it.
        accounts: What quarantined orders have set aside.
        outbox: Where events and effects go.
        settings: Times.
    """

    def __init__(
        self,
        accepts_for: Mapping[str, int | None],
        accounts: Accounts,
        outbox: Outbox,
        settings: ExecutionSettings,
    ) -> None:
        self._accepts_for: Final = accepts_for
        self._accounts: Final = accounts
        self._outbox: Final = outbox
        self._settings: Final = settings
        self.doubted: Final[dict[str, int]] = {}
        """Since when an order is looked up, by its id."""
        self.quarantined: Final[dict[str, LiveOrder]] = {}
        """Orders that ended because their venue does not know them, with what they have set aside."""

    def bounds(self, venue: str) -> bool:
        """Tell whether a venue bounds for how long it may take an order in, so that absence proves something."""
        return self._accepts_for.get(venue) is not None

    def follow(self, order: LiveOrder) -> None:
        """Begin to look an order up where its state asks for it, and end it where everything is known."""
        if order.done:
            self._settled(order)
        elif order.id in self.doubted:
            return
        elif order.state is OrderState.UNKNOWN or order.over:
            self._doubt(order, self._settings.first_look_ns)
        elif order.state is OrderState.CANCEL_SENT:
            self._doubt(order, self._settings.cancel_patience_ns)

    def resume(self, order: LiveOrder) -> None:
        """Look an order up at once: this process has just started, and nobody waits for its answer any more."""
        self._doubt(order, 0)

    def resume_quarantine(self) -> None:
        """Set aside anew what no venue knew: how long nobody looked is not counted."""
        for name in self.quarantined:
            self._outbox.effect(SetTimer(f"{LOOK}:{name}", self._outbox.now + self._settings.quarantine_ns))

    def look(self, order: LiveOrder) -> None:
        """Ask the venue now."""
        order.looks += 1
        self._outbox.effect(LookUp(order.venue, order.id))
        self._outbox.effect(SetTimer(f"{LOOK}:{order.id}", self._outbox.now + _ANSWER_NS))
        if order.looks == _ALARMED:
            text = (
                f"order {order.id} of {order.request.instrument} is {order.state} after {order.looks} look-ups; "
                "its trade waits for it; see the venue's own page"
            )
            self._outbox.emit(AlertRaised(rule="order_unknown", severity=Severity.P1, source=order.venue, text=text))

    def on_answer(self, order: LiveOrder, answer: LookedUp) -> bool:
        """Decide after a look-up; tell whether it ended the order as one that its venue does not know."""
        if order.late:
            if answer.found:
                self._outbox.effect(Cancel(order.venue, order.id))
            self._later(order, answered=answer.answered)
            return False
        if order.id in self.quarantined:
            return self._release(order, answer)
        if order.done:
            return False
        if answer.answered and not answer.found:
            if self._absent(order):
                self._end(order)
                return True
        elif answer.found and self._known_again(order):
            return False
        self._later(order, answered=answer.answered)
        return False

    def _known_again(self, order: LiveOrder) -> bool:
        """Leave an order that works at its venue alone, unless it should have been cancelled."""
        if order.state is OrderState.UNKNOWN or order.over:
            return False
        # Its life is over, whatever became of the cancel: the venue may have refused it, or never got it.
        if order.state is OrderState.CANCEL_SENT or 0 < order.request.expires_at <= self._outbox.now:
            self._outbox.effect(Cancel(order.venue, order.id))
            return False
        self._settled(order)
        return True

    def _absent(self, order: LiveOrder) -> bool:
        """Count an absence; tell whether the order can be taken for one that never was."""
        if order.venue_order_id or order.reported or order.filled:
            return False
        bound = self._accepts_for.get(order.venue)
        after = self._settings.absence_ns if bound is None else bound
        if self._outbox.now < self.doubted.get(order.id, order.sent_at) + after:
            order.absences = 0
            return False
        order.absences += 1
        return order.absences >= (_SIGNS if bound is None else _PROOFS)

    def _end(self, order: LiveOrder) -> None:
        order.state, order.absent, order.refusal = OrderState.REJECTED, True, Reason.ORDER_ABSENT
        bounded = self.bounds(order.venue)
        detail = "the venue does not know it" + ("" if bounded else "; its id and money are set aside for a while")
        self._outbox.emit(OrderRejected(client_order_id=order.id, reason=Reason.ORDER_ABSENT, detail=detail), order.id)
        self._settled(order)
        if not bounded:
            self.quarantined[order.id] = order
            self._outbox.emit(QuarantineStarted(subject=f"order {order.id}", reason=Reason.ORDER_ABSENT), order.id)
            self._outbox.effect(SetTimer(f"{LOOK}:{order.id}", self._outbox.now + self._settings.quarantine_ns))

    def _release(self, order: LiveOrder, answer: LookedUp) -> bool:
        """End a quarantine after its last look-up: by then the venue knows the order, or never will."""
        if not answer.answered:
            self._later(order, answered=False)
            return False
        del self.quarantined[order.id]
        self._settled(order)
        outcome = "found" if answer.found else "absent"
        self._outbox.emit(QuarantineCompleted(subject=f"order {order.id}", outcome=outcome), order.id)
        self.free(order)
        return False

    def free(self, order: LiveOrder) -> None:
        """Give back what an order had set aside, unless it is quarantined."""
        if order.reserved is not None and order.id not in self.quarantined:
            currency, amount = order.reserved
            self._accounts.reserve(order.venue, currency, ZERO - amount)
            order.reserved = None

    def _doubt(self, order: LiveOrder, wait: int) -> None:
        self.doubted[order.id] = self._outbox.now
        self._outbox.effect(SetTimer(f"{LOOK}:{order.id}", self._outbox.now + wait))

    def _later(self, order: LiveOrder, *, answered: bool) -> None:
        wait = min(self._settings.first_look_ns * 2 ** min(order.looks, 16), self._settings.slowest_look_ns)
        if not answered:
            wait = min(self._settings.first_look_ns * 2 ** min(order.looks, 16), 5 * self._settings.slowest_look_ns)
        self._outbox.effect(SetTimer(f"{LOOK}:{order.id}", self._outbox.now + wait))

    def _settled(self, order: LiveOrder) -> None:
        order.absences = 0
        if self.doubted.pop(order.id, None) is None:
            return
        if order.id in self.quarantined:  # its last look-up is still to come
            self._outbox.effect(SetTimer(f"{LOOK}:{order.id}", self._outbox.now + self._settings.quarantine_ns))
        else:
            self._outbox.effect(CancelTimer(f"{LOOK}:{order.id}"))
