"""What is known of one order of an account. Pure."""

from decimal import Decimal

from msgspec import Struct

from arbcore.model.money import ZERO
from arbcore.model.order import TERMINAL, OrderOrigin, OrderRef, OrderState, OrderType


class Known(Struct):
    """What is known of one order.

    Attributes:
        instrument: Key of the instrument.
        client_order_id: Client id; empty where it has none.
        venue_order_id: The venue's id; empty as long as none is known.
        type: Its type.
        origin: Who placed it.
        sent_at: When we sent it, or took it for ours; 0 where somebody else did.
        state: The latest state.
        filled: The largest filled quantity that a report stated.
        fills: Sum of the fills that were told.
        told: State and filled quantity of the report that was told last.
        given_up: Whether it is taken for one that never arrived.
        sends: How often it was sent under its id, less the times that were refused.
    """

    instrument: str
    client_order_id: str = ""
    venue_order_id: str = ""
    type: OrderType = OrderType.LIMIT
    origin: OrderOrigin = OrderOrigin.OURS
    sent_at: int = 0
    state: OrderState = OrderState.NEW
    filled: Decimal = ZERO
    fills: Decimal = ZERO
    told: tuple[OrderState, Decimal] | None = None
    given_up: bool = False
    sends: int = 0

    @property
    def ended(self) -> bool:
        """Whether no further fill is expected."""
        return self.state in TERMINAL

    @property
    def settled(self) -> bool:
        """Whether it has ended and every fill of it was told, or never was."""
        return self.given_up or (self.ended and self.fills >= self.filled)

    @property
    def ref(self) -> OrderRef:
        """Its name."""
        return OrderRef(
            client_order_id=self.client_order_id,
            instrument=self.instrument,
            venue_order_id=self.venue_order_id,
            type=self.type,
        )
