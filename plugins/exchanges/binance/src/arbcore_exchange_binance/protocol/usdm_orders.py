"""Orders of USD-M futures: our requests as the venue's parameters, and its words as our states and reasons. Pure.

Source: Binance developer documentation, USD-M futures trade and common definitions, 2026-11.
"""

from typing import Final

from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore.model.order import (
    TRIGGERED,
    Amendment,
    OrderOrigin,
    OrderRef,
    OrderRequest,
    OrderState,
    OrderType,
    TimeInForce,
)
from arbcore.model.reason import Reason
from arbcore_exchange_binance.protocol.exact import number, symbol_of
from arbcore_exchange_binance.protocol.signing import Params

_R: Final = Reason
_S: Final = OrderState

LIVES: Final = {
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
    TimeInForce.POST_ONLY: "GTX",
}
"""The venue's words for an order's life."""

TYPES: Final = {
    "LIMIT": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP": OrderType.STOP_MARKET,
    "STOP_MARKET": OrderType.STOP_MARKET,
    "TRAILING_STOP_MARKET": OrderType.STOP_MARKET,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT_MARKET": OrderType.TAKE_PROFIT_MARKET,
    "LIQUIDATION": OrderType.LIMIT,
}
"""Our type nearest to the venue's; orders of other clients may be of kinds that we never place."""

STATES: Final = {
    "NEW": _S.ACKNOWLEDGED,
    "NEW_INSURANCE": _S.ACKNOWLEDGED,
    "NEW_ADL": _S.ACKNOWLEDGED,
    "PENDING_NEW": _S.ACKNOWLEDGED,
    "PARTIALLY_FILLED": _S.PARTIALLY_FILLED,
    "FILLED": _S.FILLED,
    "CANCELED": _S.CANCELLED,
    "EXPIRED": _S.EXPIRED,
    "EXPIRED_IN_MATCH": _S.EXPIRED,
    "REJECTED": _S.REJECTED,
}
"""Our state by the venue's status."""

ALGO_STATES: Final = {
    "NEW": _S.ACKNOWLEDGED,
    "TRIGGERING": _S.ACKNOWLEDGED,
    "TRIGGERED": _S.ACKNOWLEDGED,
    "FINISHED": _S.ACKNOWLEDGED,
    "CANCELED": _S.CANCELLED,
    "EXPIRED": _S.EXPIRED,
    "REJECTED": _S.REJECTED,
}
"""Our state by the status of an order with a trigger; once triggered, its market order tells what becomes of it."""

_EXPIRIES: Final = {
    "1": _R.ORDER_SELF_MATCH,
    "2": _R.ORDER_NO_LIQUIDITY,
    "3": _R.ORDER_SELF_MATCH,
    "4": _R.ORDER_NOTHING_TO_REDUCE,
    "5": _R.ORDER_BY_VENUE,
    "6": _R.ORDER_BY_VENUE,
    "7": _R.ORDER_BY_VENUE,
    "8": _R.ORDER_BY_VENUE,
    "9": _R.ORDER_NO_LIQUIDITY,
}
_BY_LIFE: Final = {"IOC": _R.ORDER_NO_LIQUIDITY, "FOK": _R.ORDER_NO_LIQUIDITY, "GTX": _R.ORDER_WOULD_TAKE}
_ORIGINS: Final = (
    ("adl_autoclose", OrderOrigin.ADL),
    ("settlement_autoclose-", OrderOrigin.SETTLEMENT),
    ("autoclose-", OrderOrigin.LIQUIDATION),
)


def order_params(order: OrderRequest, *, response: str, self_trade: str) -> Params:
    """Return the parameters of an order without a trigger, for the account in one-way mode.

    Args:
        order: The order.
        response: ``RESULT`` or ``ACK``.
        self_trade: The venue's word for self-trade prevention.

    Raises:
        ExchangeRefused: The venue takes no such order.
    """
    params: dict[str, str | int] = {"symbol": symbol_of(order.instrument), "side": order.side.value.upper()}
    params["positionSide"] = "BOTH"
    if order.type is OrderType.LIMIT and order.price is not None:
        params |= {"type": "LIMIT", "timeInForce": LIVES[order.time_in_force], "price": number(order.price)}
    elif order.type is OrderType.MARKET and order.price is None:
        params["type"] = "MARKET"
    else:
        raise _unsupported(f"a {order.type} order {'without' if order.price is None else 'with'} a price")
    params |= _common(order)
    return {
        **params,
        "newClientOrderId": order.client_order_id,
        "newOrderRespType": response,
        "selfTradePreventionMode": self_trade,
    }


def algo_params(order: OrderRequest) -> Params:
    """Return the parameters of an order with a trigger; ``/order`` takes none since 2025-12 (-4120).

    Raises:
        ExchangeRefused: The venue takes no such order.
    """
    if order.type not in TRIGGERED or order.trigger_price is None or order.price is not None:
        raise _unsupported(f"a {order.type} order without a trigger price, or with a limit")
    return {
        "algoType": "CONDITIONAL",
        "symbol": symbol_of(order.instrument),
        "side": order.side.value.upper(),
        "positionSide": "BOTH",
        "type": order.type.value.upper(),
        "triggerPrice": number(order.trigger_price),
        **_common(order),
        "clientAlgoId": order.client_order_id,
    }


def order_name(order: OrderRef) -> Params:
    """Return the parameters that name an order: by our id wherever there is one, since the venue's id would win."""
    named = {"origClientOrderId": order.client_order_id} if order.client_order_id else {"orderId": order.venue_order_id}
    return {"symbol": symbol_of(order.instrument), **named}


def algo_name(order: OrderRef) -> Params:
    """Return the parameters that name an order with a trigger."""
    return {"clientAlgoId": order.client_order_id} if order.client_order_id else {"algoId": order.venue_order_id}


def amend_params(order: OrderRef, change: Amendment) -> Params:
    """Return the parameters of a change; the venue wants side, quantity and price together."""
    return {
        **order_name(order),
        "side": change.side.value.upper(),
        "quantity": number(change.quantity),
        "price": number(change.price),
    }


def state_of(status: str, *, algo: bool = False) -> OrderState:
    """Return our state of the venue's status.

    Raises:
        ExchangeError: The status is unknown.
    """
    found = (ALGO_STATES if algo else STATES).get(status)
    if found is None:
        raise ExchangeError(f"Binance: an order with the unknown status {status!r}", "the plugin needs an update")
    return found


def reason_of_end(status: str, *, life: str, kind: str, expiry: str = "") -> Reason | None:
    """Return why an order ended, None where it is open or filled.

    Args:
        status: The venue's status.
        life: The venue's time in force.
        kind: The venue's type.
        expiry: Reason of an expiry (``er``), where the message has one.
    """
    if status == "CANCELED":
        return _R.ORDER_CANCELLED
    if status == "REJECTED":
        return _R.ORDER_REFUSED
    if status == "EXPIRED_IN_MATCH":
        return _R.ORDER_SELF_MATCH
    if status != "EXPIRED":
        return None
    if expiry in _EXPIRIES:
        return _EXPIRIES[expiry]
    return _R.ORDER_NO_LIQUIDITY if kind == "MARKET" else _BY_LIFE.get(life, _R.ORDER_EXPIRED)


def origin_of(client_order_id: str) -> OrderOrigin | None:
    """Return which of the venue's own mechanisms placed an order; None where none did."""
    return next((origin for prefix, origin in _ORIGINS if client_order_id.startswith(prefix)), None)


def _common(order: OrderRequest) -> dict[str, str]:
    if order.cost is not None or order.quantity <= 0:
        raise _unsupported("an order by cost, or without a quantity")
    reduces = {"reduceOnly": "true"} if order.reduce_only else {}
    return {"quantity": number(order.quantity), **reduces}


def _unsupported(what: str) -> ExchangeRefused:
    return ExchangeRefused(
        f"Binance USD-M takes no such order: {what}",
        "use limit, market, stop_market or take_profit_market orders by quantity",
        reason=_R.ORDER_UNSUPPORTED,
    )
