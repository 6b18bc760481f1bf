"""Private requests of USD-M futures as values. They are signed when they are sent.

Placing and changing orders draws on the order counts and weighs nothing, algo orders too since 2026-06-20; everything
else draws on the request weight. Source: Binance developer documentation, USD-M futures trade and account, 2026-11.
"""

from typing import Final

from arbcore.net.request import Request
from arbcore_exchange_binance.protocol.private_requests import change, question
from arbcore_exchange_binance.protocol.requests import FUNDING, ORDERS, REQUEST_WEIGHT
from arbcore_exchange_binance.protocol.signing import Params, encoded

MOST_TRADES: Final = 1000
"""Rows of ``userTrades``, ``allOrders`` and ``income`` at most."""

WEEK_NS: Final = 7 * 24 * 3600 * 10**9
"""Longest span of one request for trades, orders or income."""

_V1: Final = "/fapi/v1"
_V3: Final = "/fapi/v3"
_MS: Final = 10**6
_ALL_SYMBOLS: Final = 40


def account() -> Request:
    """Return the request for balances, margin and positions."""
    return question(f"{_V3}/account", {}, 5)


def balance() -> Request:
    """Return the request for balances alone."""
    return question(f"{_V3}/balance", {}, 5)


def position_risk(symbol: str = "") -> Request:
    """Return the request for positions with their entry prices: of one symbol, or of all that have any."""
    return question(f"{_V3}/positionRisk", _maybe(symbol), 5)


def account_config() -> Request:
    """Return the request for hedge mode, multi-assets mode and the permission to trade."""
    return question(f"{_V1}/accountConfig", {}, 5)


def symbol_config(symbol: str) -> Request:
    """Return the request for leverage and margin mode of a symbol."""
    return question(f"{_V1}/symbolConfig", {"symbol": symbol}, 5)


def leverage_bracket(symbol: str) -> Request:
    """Return the request for the leverage table of a symbol."""
    return question(f"{_V1}/leverageBracket", {"symbol": symbol}, 1)


def commission_rate(symbol: str) -> Request:
    """Return the request for the fee rates of a symbol."""
    return question(f"{_V1}/commissionRate", {"symbol": symbol}, 20)


def fee_burn() -> Request:
    """Return the request for whether fees are paid in BNB at a discount."""
    return question(f"{_V1}/feeBurn", {}, 30)


def open_orders(symbol: str = "") -> Request:
    """Return the request for the open orders of one symbol, or of all; orders that wait for a trigger are apart."""
    return question(f"{_V1}/openOrders", _maybe(symbol), 1 if symbol else _ALL_SYMBOLS)


def open_algo_orders(symbol: str = "") -> Request:
    """Return the request for the orders that wait for a trigger, of one symbol or of all."""
    return question(f"{_V1}/openAlgoOrders", _maybe(symbol), 1 if symbol else _ALL_SYMBOLS)


def all_orders(symbol: str, start: int, end: int) -> Request:
    """Return the request for every order of a symbol in a span of at most a week.

    Args:
        symbol: The symbol.
        start: UTC nanoseconds.
        end: UTC nanoseconds.
    """
    return question(f"{_V1}/allOrders", _span(symbol, start, end), 5)


def orders_since(symbol: str, order_id: int) -> Request:
    """Return the request for every order of a symbol from an order id on."""
    return question(f"{_V1}/allOrders", {"symbol": symbol, "orderId": order_id, "limit": MOST_TRADES}, 5)


def user_trades(symbol: str, start: int, end: int) -> Request:
    """Return the request for our trades in a symbol in a span of at most a week; they are kept for three months.

    Args:
        symbol: The symbol.
        start: UTC nanoseconds.
        end: UTC nanoseconds.
    """
    return question(f"{_V1}/userTrades", _span(symbol, start, end), 5)


def trades_since(symbol: str, trade_id: int) -> Request:
    """Return the request for our trades in a symbol from a trade id on."""
    return question(f"{_V1}/userTrades", {"symbol": symbol, "fromId": trade_id, "limit": MOST_TRADES}, 5)


def trades_of(symbol: str, order_id: str) -> Request:
    """Return the request for the trades of one order."""
    return question(f"{_V1}/userTrades", {"symbol": symbol, "orderId": order_id, "limit": MOST_TRADES}, 5)


def income(kind: str, symbol: str, start: int, end: int) -> Request:
    """Return the request for what was booked, such as ``FUNDING_FEE``, in a span.

    Args:
        kind: The venue's word for the kind of income.
        symbol: The symbol; empty for all.
        start: UTC nanoseconds.
        end: UTC nanoseconds.
    """
    return question(f"{_V1}/income", {"incomeType": kind, **_span(symbol, start, end)}, 30)


def settled_rates(symbol: str, start: int, end: int) -> Request:
    """Return the public request for the funding rates that were settled in a span of at most a week."""
    return Request(
        path=f"{_V1}/fundingRate", query=encoded(_span(symbol, start, end)), counter=FUNDING, repeatable=True
    )


def query(params: Params) -> Request:
    """Return the request for one order, by what `order_name` returned."""
    return question(f"{_V1}/order", params, 1)


def query_algo(params: Params) -> Request:
    """Return the request for one order with a trigger, by what `algo_name` returned."""
    return question(f"{_V1}/algoOrder", params, 1)


def place(params: Params, expires_at: int) -> Request:
    """Return the request that places an order.

    Args:
        params: What `order_params` returned.
        expires_at: UTC nanoseconds after which it must not be sent; 0 for none.
    """
    return change("POST", f"{_V1}/order", params, counter=ORDERS, expires_at=expires_at)


def place_algo(params: Params, expires_at: int) -> Request:
    """Return the request that places an order with a trigger; the arguments are those of `place`."""
    return change("POST", f"{_V1}/algoOrder", params, counter=ORDERS, expires_at=expires_at)


def amend(params: Params) -> Request:
    """Return the request that changes a resting limit order."""
    return change("PUT", f"{_V1}/order", params, counter=ORDERS)


def cancel(params: Params) -> Request:
    """Return the request that cancels an order, by what `order_name` returned."""
    return change("DELETE", f"{_V1}/order", params, urgent=True)


def cancel_algo(params: Params) -> Request:
    """Return the request that cancels an order with a trigger, by what `algo_name` returned."""
    return change("DELETE", f"{_V1}/algoOrder", params, urgent=True)


def cancel_open(symbol: str) -> Request:
    """Return the request that cancels every open order of a symbol but those with a trigger."""
    return change("DELETE", f"{_V1}/allOpenOrders", {"symbol": symbol}, urgent=True)


def cancel_open_algo(symbol: str) -> Request:
    """Return the request that cancels every order of a symbol that waits for a trigger."""
    return change("DELETE", f"{_V1}/algoOpenOrders", {"symbol": symbol}, urgent=True)


def countdown(symbol: str, after_ns: int) -> Request:
    """Return the request that has all orders of a symbol cancelled after a time; 0 switches that off."""
    after = -(-after_ns // _MS)
    return change(
        "POST", f"{_V1}/countdownCancelAll", {"symbol": symbol, "countdownTime": after}, weight=10, urgent=True
    )


def set_leverage(symbol: str, leverage: int) -> Request:
    """Return the request that sets the leverage of a symbol."""
    return change("POST", f"{_V1}/leverage", {"symbol": symbol, "leverage": leverage})


def set_margin_type(symbol: str, *, isolated: bool) -> Request:
    """Return the request that sets the margin mode of a symbol."""
    params = {"symbol": symbol, "marginType": "ISOLATED" if isolated else "CROSSED"}
    return change("POST", f"{_V1}/marginType", params)


def set_hedge_mode(*, on: bool) -> Request:
    """Return the request that keeps long and short positions apart, or nets them."""
    return change("POST", f"{_V1}/positionSide/dual", {"dualSidePosition": _flag(on)})


def set_multi_assets(*, on: bool) -> Request:
    """Return the request that lets several currencies stand for margin together, or not."""
    return change("POST", f"{_V1}/multiAssetsMargin", {"multiAssetsMargin": _flag(on)})


def make_listen_key() -> Request:
    """Return the request for the key of the user stream; while one is alive it is the same one, extended."""
    return _listen_key("POST")


def extend_listen_key() -> Request:
    """Return the request that lets the key of the user stream live another hour."""
    return _listen_key("PUT")


def end_listen_key() -> Request:
    """Return the request that ends the key of the user stream."""
    return _listen_key("DELETE")


def _listen_key(method: str) -> Request:
    """It needs the API key and no signature, takes no parameters, and may be repeated."""
    return Request(method=method, path=f"{_V1}/listenKey", counter=REQUEST_WEIGHT, repeatable=True)


def _span(symbol: str, start: int, end: int) -> Params:
    first, last = start // _MS, min(end, start + WEEK_NS) // _MS
    return {**_maybe(symbol), "startTime": first, "endTime": last, "limit": MOST_TRADES}


def _maybe(symbol: str) -> Params:
    return {"symbol": symbol} if symbol else {}


def _flag(on: bool) -> str:
    return "true" if on else "false"
