"""Orders in flight: ids, the state table applied, fills counted once."""

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


class LiveOrder:
    """An order that was intended.

    Args:
        request: The order.
        venue: Exchange instance id.
        owner: Intent that it belongs to.
        leg: Index of the leg in the trade's route.
        cause: Sequence of its `OrderIntended` event.
        reserved: Currency and amount set aside for it.
    """

    __slots__ = (
        "_fills",
        "cause",
        "filled",
        "leg",
        "owner",
        "reported",
        "request",
        "reserved",
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
    ) -> None:
        self.request: Final = request
        self.venue: Final = venue
        self.owner: Final = owner
        self.leg: Final = leg
        self.cause: Final = cause
        self.reserved = reserved
        self.state = OrderState.SUBMITTED
        self.filled = ZERO
        self.reported = ZERO
        self.venue_order_id = ""
        self._fills: set[str] = set()

    @property
    def done(self) -> bool:
        """Whether the order is over and every fill that the venue counts has arrived."""
        return self.state in TERMINAL and self.filled >= self.reported

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
        if report.state is self.state or not may_become(self.state, report.state):
            return False
        self.state = report.state
        return True


class LiveIntent:
    """An intent whose orders are in flight.

    Args:
        intent: The intent.
        trade: The trade that it moves; replaced by a successor where a fill comes after the trade was closed.
        legs: Index in the trade's route of each of the intent's legs.
    """

    __slots__ = ("intent", "legs", "orders", "trade")

    def __init__(self, intent: Intent, trade: LiveTrade, legs: tuple[int, ...]) -> None:
        self.intent: Final = intent
        self.trade = trade
        self.legs: Final = legs
        self.orders: list[LiveOrder] = []

    @property
    def done(self) -> bool:
        """Whether all orders are over."""
        return all(order.done for order in self.orders)

    @property
    def filled(self) -> tuple[Decimal, ...]:
        """Filled quantity of each of the intent's legs."""
        return tuple(order.filled for order in self.orders)
