"""Changes of an order's state as the events that tell them."""

from arbcore.engine.orders import LiveOrder
from arbcore.model.events import OrderCancelled, OrderPlaced, OrderRejected, OrderUpdated
from arbcore.model.order import TERMINAL, OrderReport, OrderState

Change = OrderPlaced | OrderRejected | OrderCancelled | OrderUpdated


def change_of(order: LiveOrder, before: OrderState, report: OrderReport) -> tuple[Change, str]:
    """Return the event that tells what a report changed, and its key.

    Args:
        order: The order, in its new state.
        before: The state that it had.
        report: What its venue said.
    """
    ours = order.id
    if order.state is OrderState.ACKNOWLEDGED and before is OrderState.SUBMITTED:
        placed = OrderPlaced(client_order_id=ours, venue_order_id=order.venue_order_id, venue_time=report.ts)
        return placed, order.venue_order_id
    if order.state is OrderState.REJECTED:
        return OrderRejected(client_order_id=ours, reason=report.reason, detail=report.detail), ours
    if order.state in {OrderState.CANCELLED, OrderState.EXPIRED} and before not in TERMINAL:
        cancelled = OrderCancelled(client_order_id=ours, state=order.state, filled=report.filled, reason=report.reason)
        return cancelled, ours
    return OrderUpdated(client_order_id=ours, before=before, after=order.state, filled=report.filled), ours
