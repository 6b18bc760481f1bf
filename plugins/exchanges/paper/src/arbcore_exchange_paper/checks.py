"""What a venue refuses before it matches: off the grid, too small, and post-only orders that would take."""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.model.grid import on_grid
from arbcore.model.order import OrderReport, OrderRequest, OrderState, OrderType, Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore_exchange_paper.market import Market


class Refusal(Struct, frozen=True):
    """Why an order ends at the door."""

    reason: Reason
    detail: str
    state: OrderState = OrderState.REJECTED

    def report(self, order: OrderRequest, now: int) -> OrderReport:
        """Return what the venue says of the order."""
        return OrderReport(
            client_order_id=order.client_order_id,
            state=self.state,
            reason=self.reason,
            detail=self.detail,
            ts=now,
            recv_ts=now,
        )


ORDER_TYPES: Final = frozenset({OrderType.LIMIT, OrderType.MARKET})
"""Types of order that the simulated venue takes."""


def check_shape(order: OrderRequest, market: Market, touch: tuple[float, float] | None) -> Refusal | None:
    """Return what is wrong with an order by itself, None where nothing is.

    Args:
        order: The order.
        market: Its market.
        touch: Best bid and ask; None where they are not known, which lets a price-dependent check pass.
    """
    refusal = _check_type(order) or _check_grid(order, market) or _check_limits(order, market, touch)
    if refusal is None and order.time_in_force is TimeInForce.POST_ONLY:
        return _check_takes(order, market, touch)
    return refusal


def price_of(order: OrderRequest, market: Market, touch: tuple[float, float] | None) -> Decimal | None:
    """Return the price that values an order: its own, and for a market order the touch that it meets."""
    if order.type is OrderType.LIMIT:
        return order.price
    return None if touch is None else market.place(touch, order.side)


def _check_type(order: OrderRequest) -> Refusal | None:
    if order.type not in ORDER_TYPES:
        taken = ", ".join(sorted(ORDER_TYPES))
        return Refusal(Reason.ORDER_UNSUPPORTED, f"orders of type {order.type} are not simulated; these are: {taken}")
    if order.cost is not None:
        return Refusal(Reason.ORDER_UNSUPPORTED, "orders by cost are not simulated: state a quantity")
    return None


def _check_grid(order: OrderRequest, market: Market) -> Refusal | None:
    instrument, quantity, price = market.instrument, order.quantity, order.price
    if not quantity.is_finite() or quantity <= 0 or not on_grid(quantity, instrument.lot):
        return Refusal(Reason.ORDER_OFF_GRID, f"quantity {quantity:f} is no positive multiple of {instrument.lot:f}")
    if order.type is OrderType.MARKET:
        return None
    if price is None or not price.is_finite() or price <= 0 or not instrument.ticks.holds(price):
        return Refusal(Reason.ORDER_OFF_GRID, f"price {price} is not on the grid of {market.key}")
    return None


def _check_limits(order: OrderRequest, market: Market, touch: tuple[float, float] | None) -> Refusal | None:
    instrument, quantity = market.instrument, order.quantity
    if quantity < instrument.min_quantity:
        return Refusal(Reason.ORDER_BELOW_MINIMUM, f"quantity {quantity:f} is under {instrument.min_quantity:f}")
    if instrument.max_quantity is not None and quantity > instrument.max_quantity:
        return Refusal(
            Reason.ORDER_ABOVE_MAXIMUM, f"quantity {quantity:f} is above the largest, {instrument.max_quantity:f}"
        )
    # A perpetual's minimum must not keep a position from being closed.
    if order.reduce_only and not market.is_spot:
        return None
    price = price_of(order, market, touch)
    if price is None:
        return None
    value = market.value(quantity, price)
    if value < instrument.min_notional:
        detail = f"value {value:f} {market.quote} is under {instrument.min_notional:f}"
        return Refusal(Reason.ORDER_BELOW_MINIMUM, detail)
    return None


def _check_takes(order: OrderRequest, market: Market, touch: tuple[float, float] | None) -> Refusal | None:
    """Refuse a post-only order that would take."""
    if order.price is None or order.type is OrderType.MARKET:
        return Refusal(Reason.ORDER_WOULD_TAKE, "a market order can't be post-only")
    if touch is None:
        return None
    opposite = market.place(touch, order.side)
    takes = order.price >= opposite if order.side is Side.BUY else order.price <= opposite
    return Refusal(Reason.ORDER_WOULD_TAKE, f"{order.price:f} meets the touch at {opposite:f}") if takes else None
