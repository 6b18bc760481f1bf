"""Private requests of spot as values: orders, questions, the account. Signed when they are sent.

Weights as the documentation states them: account 20, an order that succeeds nothing since 2026-04-02 but one of the
order count. Those that the fact sheet does not state are the commonly known ones; the replies' headers correct what
is used. Source: Binance developer documentation, spot trading and account, 2026-11.
"""

from typing import Final

from arbcore.errors import ExchangeRefused
from arbcore.model.order import Amendment, OrderRef, OrderRequest, OrderType, TimeInForce
from arbcore.model.reason import Reason
from arbcore.net.request import Request
from arbcore_exchange_binance.protocol.exact import number, symbol_of
from arbcore_exchange_binance.protocol.private_requests import change, question
from arbcore_exchange_binance.protocol.requests import ORDERS, REQUEST_WEIGHT
from arbcore_exchange_binance.protocol.signing import encoded

PREFIX: Final = "/api/v3"
MOST_ROWS: Final = 1000
"""Rows of a list of orders or trades at most."""

SPAN_NS: Final = 23 * 3600 * 10**9
"""Time between start and end of a question about the past; the venue takes 24 hours (unconfirmed)."""

_MS: Final = 10**6
_LIVES: Final = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}
_FIX: Final = "use an order of a kind that the capabilities of the exchange name"


def order_params(order: OrderRequest, self_trade: str) -> dict[str, str]:
    """Return the parameters of an order, for a request and for a call alike.

    Post-only orders are ``LIMIT_MAKER``; a market order is counted by quantity or by cost (``quoteOrderQty``). The
    answer is asked for in full, with the fills.

    Args:
        order: The order.
        self_trade: The venue's word for which of two orders of the account gives way.

    Raises:
        ExchangeRefused: The venue does not take this combination; nothing was sent.
    """
    return {
        "symbol": symbol_of(order.instrument),
        "side": order.side.value.upper(),
        **_terms(order),
        "newClientOrderId": order.client_order_id,
        "newOrderRespType": "FULL",
        "selfTradePreventionMode": self_trade,
    }


def place(params: dict[str, str], expires_at: int) -> Request:
    """Return the request that places an order.

    Args:
        params: What `order_params` returned.
        expires_at: UTC nanoseconds after which it must not be sent any more; 0 for none.
    """
    return change("POST", f"{PREFIX}/order", params, ORDERS, expires_at=expires_at)


def cancel_params(order: OrderRef) -> dict[str, str]:
    """Return the parameters of a cancel, for a request and for a call alike; they name an order in a question too."""
    named = {"origClientOrderId": order.client_order_id} if order.client_order_id else {"orderId": order.venue_order_id}
    return {"symbol": symbol_of(order.instrument), **named}


def cancel(order: OrderRef) -> Request:
    """Return the request that cancels an order."""
    return change("DELETE", f"{PREFIX}/order", cancel_params(order), REQUEST_WEIGHT, urgent=True)


def cancel_all(symbol: str) -> Request:
    """Return the request that cancels every open order of a symbol; -2011 where there are none."""
    return change("DELETE", f"{PREFIX}/openOrders", {"symbol": symbol}, REQUEST_WEIGHT, urgent=True)


def replace_order(order: OrderRef, amendment: Amendment, self_trade: str) -> Request:
    """Return the request that cancels an order and places another one, where nothing of it has filled.

    ``STOP_ON_FAILURE``: without the cancel nothing is placed. ``ONLY_NEW``: an order that has begun to fill is not
    cancelled, since the new one's quantity would count what filled a second time.

    Args:
        order: The order that gives way.
        amendment: New terms, with the new order's id.
        self_trade: As for `order_params`.
    """
    named = {f"cancelO{name[1:]}": value for name, value in cancel_params(order).items() if name != "symbol"}
    params = {
        "symbol": symbol_of(order.instrument),
        "side": amendment.side.value.upper(),
        "type": "LIMIT",
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelRestrictions": "ONLY_NEW",
        "timeInForce": "GTC",
        "quantity": number(amendment.quantity),
        "price": number(amendment.price),
        **named,
        "newClientOrderId": amendment.new_client_order_id,
        "newOrderRespType": "FULL",
        "selfTradePreventionMode": self_trade,
    }
    return change("POST", f"{PREFIX}/order/cancelReplace", params, ORDERS)


def order_status(order: OrderRef) -> Request:
    """Return the question about one order, by its client id where it has one."""
    return question(f"{PREFIX}/order", cancel_params(order), 4)


def open_orders(symbol: str = "") -> Request:
    """Return the question about the open orders of a symbol, or of all."""
    query = {"symbol": symbol} if symbol else {}
    return question(f"{PREFIX}/openOrders", query, 6 if symbol else 80)


def all_orders(symbol: str, *, since: int = 0, until: int = 0, from_id: int = 0) -> Request:
    """Return the question about orders of a symbol, open or ended, the oldest first.

    Args:
        symbol: The venue's name of the market.
        since: UTC nanoseconds at which they begin; 0 for none.
        until: UTC nanoseconds at which they end; 0 for none.
        from_id: Order id at which they begin, in place of times.
    """
    params: dict[str, str | int] = {"symbol": symbol, **_span(since, until, "orderId", from_id), "limit": MOST_ROWS}
    return question(f"{PREFIX}/allOrders", params, 20)


def trades(symbol: str, *, since: int = 0, until: int = 0, from_id: int = 0) -> Request:
    """Return the question about fills of a symbol, the oldest first.

    Args:
        symbol: The venue's name of the market.
        since: UTC nanoseconds at which they begin; 0 for none.
        until: UTC nanoseconds at which they end; 0 for none.
        from_id: Trade id at which they begin, in place of times.
    """
    params: dict[str, str | int] = {"symbol": symbol, **_span(since, until, "fromId", from_id), "limit": MOST_ROWS}
    return question(f"{PREFIX}/myTrades", params, 20)


def order_trades(symbol: str, order_id: str) -> Request:
    """Return the question about the fills of one order."""
    return question(f"{PREFIX}/myTrades", {"symbol": symbol, "orderId": order_id, "limit": MOST_ROWS}, 5)


def account() -> Request:
    """Return the question about balances and permissions."""
    return question(f"{PREFIX}/account", {"omitZeroBalances": "true"}, 20)


def commission(symbol: str) -> Request:
    """Return the question about the account's fee rates on a symbol."""
    return question(f"{PREFIX}/account/commission", {"symbol": symbol}, 20)


def listed(symbol: str) -> Request:
    """Return the question about one symbol's filters and state; it needs no signature."""
    query = encoded({"symbol": symbol})
    return Request(path=f"{PREFIX}/exchangeInfo", query=query, counter=REQUEST_WEIGHT, weight=20, repeatable=True)


def _terms(order: OrderRequest) -> dict[str, str]:
    limit, market = order.type is OrderType.LIMIT, order.type is OrderType.MARKET
    if not (limit or market) or order.reduce_only or (order.cost is not None and not market):
        raise _unsupported(order)
    if limit:
        return _limit_terms(order)
    if order.time_in_force is TimeInForce.POST_ONLY or order.price is not None:
        raise _unsupported(order)
    if order.cost is not None:
        return {"type": "MARKET", "quoteOrderQty": number(order.cost)}
    return {"type": "MARKET", "quantity": number(order.quantity)}


def _limit_terms(order: OrderRequest) -> dict[str, str]:
    if order.price is None:
        raise _unsupported(order)
    terms = {"quantity": number(order.quantity), "price": number(order.price)}
    if order.time_in_force is TimeInForce.POST_ONLY:
        return {"type": "LIMIT_MAKER", **terms}
    return {"type": "LIMIT", "timeInForce": _LIVES[order.time_in_force], **terms}


def _unsupported(order: OrderRequest) -> ExchangeRefused:
    flags = f"{order.side.value} {order.type.value} {order.time_in_force.value}"
    flags += " reduce-only" if order.reduce_only else ""
    what = f"Binance spot takes no order {order.client_order_id!r} of this kind: {flags}; it was not sent"
    return ExchangeRefused(what, _FIX, reason=Reason.ORDER_UNSUPPORTED)


def _span(since: int, until: int, name: str, from_id: int) -> dict[str, int]:
    if from_id:
        return {name: from_id}
    times = {"startTime": since // _MS, "endTime": -(-until // _MS)}
    return {key: value for key, value in times.items() if value}
