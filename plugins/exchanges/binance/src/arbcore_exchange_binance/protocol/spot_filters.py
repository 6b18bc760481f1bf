"""Which side of a filter an order broke. Pure.

The venue names the filter only (-1013 "Filter failure: NOTIONAL"), and two of them bound an order from both sides.
Source: Binance developer documentation, filters of spot, 2026-11.
"""

from typing import Final

from arbcore.errors import ExchangeRefused
from arbcore.model.money import multiply
from arbcore.model.order import OrderRequest
from arbcore.model.reason import Reason
from arbcore_exchange_binance.protocol.spot_replies import ListedSymbol

_FAILED: Final = "-1013"
_BOUNDED: Final = ("NOTIONAL", "LOT_SIZE")


def breaks_a_bound(error: ExchangeRefused) -> bool:
    """Tell whether an order broke a filter that bounds it from both sides."""
    return error.code == _FAILED and any(name in error.what for name in _BOUNDED)


def bound_broken(order: OrderRequest, symbol: ListedSymbol) -> Reason | None:
    """Return which bound of its size or value an order is beyond; None where it is within.

    Args:
        order: The order.
        symbol: Its symbol with the filters.
    """
    value = order.cost if order.price is None else multiply(order.price, order.quantity)
    for one in symbol.filters:
        sized = one.filter_type == "LOT_SIZE" or (one.filter_type == "MARKET_LOT_SIZE" and order.price is None)
        if sized and order.quantity:
            if one.max_qty and order.quantity > one.max_qty:
                return Reason.ORDER_ABOVE_MAXIMUM
            if one.min_qty and order.quantity < one.min_qty:
                return Reason.ORDER_BELOW_MINIMUM
        if one.max_notional and value is not None and value > one.max_notional:
            return Reason.ORDER_ABOVE_MAXIMUM
        if one.min_notional and value is not None and value < one.min_notional:
            return Reason.ORDER_BELOW_MINIMUM
    return None
