"""Crossing: whether a new order would trade with one of ours that rests. Two strategies never do."""

from collections.abc import Iterable, Sequence
from typing import Final

from arbcore.engine.orders import LiveOrder
from arbcore.model.intent import IntentLeg
from arbcore.model.order import OrderRequest, Side, TimeInForce

_RESTING: Final = frozenset({TimeInForce.GTC, TimeInForce.POST_ONLY})


def rests(order: LiveOrder) -> bool:
    """Tell whether an order waits in a book, as far as is known."""
    return order.request.time_in_force in _RESTING and not order.over


def crosses(orders: Iterable[LiveOrder], legs: Sequence[IntentLeg]) -> bool:
    """Tell whether one of these legs would trade with one of our orders."""
    resting = [order.request for order in orders if rests(order)]
    return any(
        one.instrument == leg.instrument and one.side is not leg.side and _meets(leg, one)
        for one in resting
        for leg in legs
    )


def _meets(leg: IntentLeg, resting: OrderRequest) -> bool:
    """Tell whether a leg's worst price reaches an order of the other side."""
    limit = resting.price or leg.price
    return leg.price >= limit if leg.side is Side.BUY else leg.price <= limit
