"""Effects: what the engine asks the runtime to do. It does nothing itself."""

from msgspec import Struct

from arbcore.model.order import OrderRequest


class Submit(Struct, frozen=True):
    """Send an order. The runtime stores the events of the same step before it does.

    Attributes:
        venue: Exchange instance id.
        order: The order.
    """

    venue: str
    order: OrderRequest


class Cancel(Struct, frozen=True):
    """Ask a venue to cancel an order."""

    venue: str
    client_order_id: str


class SetTimer(Struct, frozen=True):
    """Ask for a `TimerFired` input; a second timer of the same name replaces the first."""

    timer: str
    at: int


class CancelTimer(Struct, frozen=True):
    """Drop a timer; unknown names are ignored."""

    timer: str


Effect = Submit | Cancel | SetTimer | CancelTimer
"""Everything that the engine may ask for. Alerts are events (`AlertRaised`); observers deliver them."""
