"""Orders of a drill."""

from dataclasses import dataclass

from arbcore.model.order import OrderRef, OrderRequest


@dataclass(slots=True)
class Placed:
    """An order that was sent. Mutable.

    Attributes:
        request: The order.
        venue_order_id: The venue's id of it, empty while none is known.
        ended: Whether its end was seen.
    """

    request: OrderRequest
    venue_order_id: str = ""
    ended: bool = False

    @property
    def id(self) -> str:
        """Our id of it."""
        return self.request.client_order_id

    @property
    def ref(self) -> OrderRef:
        """Its name towards the venue."""
        request = self.request
        return OrderRef(
            client_order_id=request.client_order_id,
            instrument=request.instrument,
            venue_order_id=self.venue_order_id,
            type=request.type,
        )
