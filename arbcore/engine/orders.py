"""Orders in flight: ids, the state table applied, fills counted once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from arbcore.engine.trades import LiveTrade
from arbcore.model.intent import Intent
from arbcore.model.money import ZERO
from arbcore.model.order import TERMINAL, OrderReport, OrderRequest, OrderState, may_become

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"


def base32(number: int) -> str:
    """Return a whole number in Crockford's base 32, lower case: short, and safe in client order ids."""
    digits = []
    while True:
        number, digit = divmod(number, 32)
        digits.append(_DIGITS[digit])
        if not number:
            return "".join(reversed(digits))


def number_of(text: str) -> int:
    """Return the number that `base32` wrote."""
    number = 0
    for digit in text:
        number = number * 32 + _DIGITS.index(digit)
    return number


def epoch_of(now: int) -> str:
    """Return the epoch of a start at a time in UTC nanoseconds: its millisecond, in base 32."""
    return base32(now // 10**6)


class LiveOrder:
    """An order that was intended.

    Args:
        request: The order.
        venue: Exchange instance id.
        owner: Intent that it belongs to.
        leg: Index of the leg in the trade's route.
        cause: Sequence of its `OrderIntended` event.
        reserved: Currency and amount set aside for it.
        sent_at: Engine time at which it was handed over.

    Attributes:
        state: What is known of it.
        filled: Quantity of the fills that arrived.
        reported: Largest quantity that its venue counts as filled.
        venue_order_id: The venue's id, empty until it is known.
        looks: Look-ups so far.
        absences: Look-ups that found nothing although the venue could no longer take it in.
        absent: Whether it ended because its venue does not know it.
        late: Whether it turned up after that, and its venue may still work on it.
        refusal: Reason code of its rejection, empty where there was none.
    """

    __slots__ = (
        "_fills",
        "absences",
        "absent",
        "cause",
        "filled",
        "late",
        "leg",
        "looks",
        "owner",
        "refusal",
        "reported",
        "request",
        "reserved",
        "sent_at",
        "state",
        "venue",
        "venue_order_id",
    )

    def __init__(
        self,
        request: OrderRequest,
        venue: str,
        owner: "LiveIntent",
        leg: int,
        cause: int,
        reserved: tuple[str, Decimal] | None,
        sent_at: int,
    ) -> None:
        self.request: Final = request
        self.venue: Final = venue
        self.owner: Final = owner
        self.leg: Final = leg
        self.cause: Final = cause
        self.sent_at: Final = sent_at
        self.reserved = reserved
        self.state = OrderState.SUBMITTED
        self.filled = ZERO
        self.reported = ZERO
        self.venue_order_id = ""
        self.looks = 0
        self.absences = 0
        self.absent = False
        self.late = False
        self.refusal = ""
        self._fills: set[str] = set()

    @property
    def id(self) -> str:
        """Our id of it."""
        return self.request.client_order_id

    @property
    def lost(self) -> bool:
        """Whether it was taken for one that never arrived, and nothing has told otherwise yet."""
        return self.absent and self.state is OrderState.REJECTED and not self.late

    @property
    def over(self) -> bool:
        """Whether the venue no longer works on it; fills may still be missing."""
        return self.state in TERMINAL

    @property
    def done(self) -> bool:
        """Whether the order is over and every fill that the venue counts has arrived."""
        return self.state in TERMINAL and not self.late and self.filled >= self.reported

    @property
    def fills(self) -> frozenset[str]:
        """Ids of the fills that arrived."""
        return frozenset(self._fills)

    def first_time(self, fill_id: str) -> bool:
        """Tell whether a fill is new, and remember it."""
        if fill_id in self._fills:
            return False
        self._fills.add(fill_id)
        return True

    def take(self, report: OrderReport) -> bool:
        """Apply a report; tell whether it changed the state."""
        self.venue_order_id = report.venue_order_id or self.venue_order_id
        self.reported = max(self.reported, report.filled)
        refused = self.state is OrderState.REJECTED and not self.absent
        if report.state is self.state or refused or not may_become(self.state, report.state):
            return False
        self.state = report.state
        self.late = self.late and not self.over
        if report.state is OrderState.REJECTED:
            self.refusal = report.reason
        return True


class LiveIntent:
    """An intent whose orders are in flight.

    Args:
        intent: The intent.
        trade: The trade that it moves; replaced by a successor where a fill comes after the trade was closed.
        legs: Index in the trade's route of each of the intent's legs.
        lead: Index among the intent's legs of the one that goes first; None where all are sent at once.

    Attributes:
        noted: Whether its trade has taken its end into account; what comes after that is late.
        orders: Its orders.
    """

    __slots__ = ("intent", "lead", "legs", "noted", "orders", "trade")

    def __init__(self, intent: Intent, trade: LiveTrade, legs: tuple[int, ...], lead: int | None = None) -> None:
        self.intent: Final = intent
        self.trade = trade
        self.legs: Final = legs
        self.lead: Final = lead
        self.noted = False
        self.orders: list[LiveOrder] = []

    @property
    def done(self) -> bool:
        """Whether all orders are over."""
        return all(order.done for order in self.orders)

    @property
    def filled(self) -> tuple[Decimal, ...]:
        """Filled quantity of each of the intent's legs."""
        return tuple(self._sum(leg, lambda order: order.filled) for leg in self.legs)

    def leading(self) -> list[LiveOrder]:
        """Return the orders of the leg that goes first."""
        return [] if self.lead is None else [one for one in self.orders if one.leg == self.legs[self.lead]]

    def tried(self, index: int) -> Decimal:
        """Return what the orders of one of the intent's legs were sent for: what they miss is the repairs' affair."""
        return self._sum(self.legs[index], lambda order: order.request.quantity)

    def attempts(self, leg: int) -> int:
        """Return how many orders a leg of the route has had."""
        return sum(order.leg == leg for order in self.orders)

    def _sum(self, leg: int, amount: Callable[[LiveOrder], Decimal]) -> Decimal:
        return sum((amount(order) for order in self.orders if order.leg == leg), ZERO)
