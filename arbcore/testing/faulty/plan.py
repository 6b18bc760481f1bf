"""What goes wrong, by name, and at which request it begins. Troubles are composed by listing several."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from arbcore.model.reason import Reason

SECOND = 10**9
"""Nanoseconds of a second."""


class Fault(StrEnum):
    """A way in which a venue, or the line to it, fails."""

    TIMEOUT = "timeout"
    """The order is accepted and the answer lost."""
    LOST = "lost"
    """The request is lost before it arrives, which looks the same to the sender."""
    ERROR_DONE = "error_done"
    """An answer 503 of unknown outcome, of an order that was accepted."""
    ERROR_OPEN = "error_open"
    """An answer 503 of unknown outcome, of an order that was not accepted."""
    ERROR_REFUSED = "error_refused"
    """An answer 503 that says that the order was not accepted."""
    LATE_ARRIVAL = "late_arrival"
    """The request arrives after a while; the answer is lost."""
    SILENT = "silent"
    """The stream tells nothing of the order: only look-ups and statements do."""
    HELD = "held"
    """The order is acknowledged and not matched until it is cancelled."""
    FILL_ON_CANCEL = "fill_on_cancel"
    """Held, and it fills the moment before its cancel arrives, which is refused."""
    PART_ON_CANCEL = "part_on_cancel"
    """Held, and a part of it fills the moment before its cancel arrives, which takes off the rest."""
    CANCEL_REFUSED = "cancel_refused"
    """Held, and its first cancel is refused although it is open."""
    CANCEL_LOST = "cancel_lost"
    """Held, and its first cancel is lost."""
    REJECT = "reject"
    """Refused for a reason of the venue."""
    PARTIAL = "partial"
    """A part fills, the rest expires."""
    NO_FILL = "no_fill"
    """Taken, and expired without a fill."""
    LATE_FILL = "late_fill"
    """The end is told as if nothing had filled; the fill is told after a while."""
    TWICE = "twice"
    """Every fill is told twice."""
    SPLIT = "split"
    """Filled in parts, which are told after the end and in the wrong order."""
    SELF_MATCH = "self_match"
    """Taken, and ended by the venue because it would trade with another order of the account."""
    LOOK_UPS_FAIL = "look_ups_fail"
    """Look-ups are not answered for a while."""
    LOOK_UPS_BLIND = "look_ups_blind"
    """Look-ups do not know the orders of a while yet."""
    MUTE = "mute"
    """The private stream stays connected and tells nothing for a while, and never what it left out."""
    DISCONNECT = "disconnect"
    """The private stream is gone for a while; then what was missed is told."""
    OUTAGE = "outage"
    """Nothing reaches the venue for a while, and nothing comes from it; then what was missed is told."""
    CLOSED = "closed"
    """The market takes no orders for a while, and says so."""
    RATE_LIMITED = "rate_limited"
    """No request passes the limits for a while; the stream goes on."""
    LIQUIDATION = "liquidation"
    """The venue closes the whole position."""
    ADL = "adl"
    """The venue closes a part of the position against somebody's liquidation."""
    MARGIN_CALL = "margin_call"
    """Margin runs out: orders that do not reduce are refused from now on."""
    DELISTING = "delisting"
    """The venue ends the instrument: it cancels what rests, closes the position, and takes no order any more."""
    RESTART = "restart"
    """The engine's process dies, and another one goes on from its journal after a while; `Rig` brings it about."""


LASTING = frozenset(
    {
        Fault.LOOK_UPS_FAIL,
        Fault.LOOK_UPS_BLIND,
        Fault.MUTE,
        Fault.DISCONNECT,
        Fault.OUTAGE,
        Fault.CLOSED,
        Fault.RATE_LIMITED,
    }
)
"""Faults that concern a venue for a while."""

ACCOUNT = frozenset({Fault.LIQUIDATION, Fault.ADL, Fault.MARGIN_CALL, Fault.DELISTING})
"""Faults that strike what the account holds."""


class Request(StrEnum):
    """Kinds of request at which a trouble may begin."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    LOOK_UP = "look_up"


class Trouble(Struct, frozen=True, kw_only=True):
    """A fault at a certain request. What a fault does not use of the numbers is ignored.

    Attributes:
        fault: What goes wrong.
        at: Kind of the request at which it begins. Faults of an order begin at its submit.
        nth: Which of the venue's requests of the kind, from 0.
        after: Whether a fault of the venue begins after the request was worked on, not before.
        lasts_ns: How long a lasting fault lasts, how late an arrival or a fill is.
        share: Part that fills, or that the venue takes off a position.
        quantity: Quantity that fills, in place of a share.
        pieces: Fills into which an order is split.
        reason: Reason code of a refusal.
    """

    fault: Fault
    at: Request = Request.SUBMIT
    nth: int = 0
    after: bool = False
    lasts_ns: int = 2 * SECOND
    share: Decimal = Decimal("0.4")
    quantity: Decimal | None = None
    pieces: int = 3
    reason: Reason = Reason.ORDER_INSUFFICIENT_BALANCE
