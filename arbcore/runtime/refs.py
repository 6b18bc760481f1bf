"""Names of orders towards their venues: instrument, type, and the venue's own id as soon as it is told."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from arbcore.model.input import VenueReport
from arbcore.model.order import Fill, OrderRef, OrderReport, OrderRequest

KEPT: Final = 20_000
"""Orders remembered, the latest ones; older ones are asked for."""

Find = Callable[[str], OrderRef | None]
"""Returns the name of an order that an earlier start had sent, None where nobody knows it."""


def ref_of(order: OrderRequest, venue_order_id: str = "") -> OrderRef:
    """Return the name of an order."""
    return OrderRef(
        client_order_id=order.client_order_id,
        instrument=order.instrument,
        venue_order_id=venue_order_id,
        type=order.type,
    )


class OrderRefs:
    """Names the orders that were sent.

    Args:
        find: Asked for an order that was not sent here.
    """

    def __init__(self, find: Find) -> None:
        self._find: Final = find
        self._refs: Final[dict[str, OrderRef]] = {}

    def sent(self, order: OrderRequest) -> None:
        """Note an order on its way."""
        self._refs[order.client_order_id] = ref_of(order)
        if len(self._refs) > KEPT:
            del self._refs[next(iter(self._refs))]

    def learn(self, item: VenueReport) -> None:
        """Take the venue's id out of what a venue tells of an order of ours."""
        if isinstance(item, OrderReport | Fill) and item.venue_order_id:
            known = self._refs.get(item.client_order_id)
            if known is not None and known.venue_order_id != item.venue_order_id:
                self._refs[item.client_order_id] = replace(known, venue_order_id=item.venue_order_id)

    def of(self, client_order_id: str) -> OrderRef | None:
        """Return the name of an order, None where nobody knows it."""
        return self._refs.get(client_order_id) or self._find(client_order_id)
