"""Samples of spot's private side, shaped as its documentation shows them, and short ways to build more."""

from decimal import Decimal
from typing import Any

from arbcore.model.order import OrderRequest, OrderType, Side, TimeInForce
from plugins.exchanges.binance.tests.samples import encode

KEY = "binance:BTCUSDT"

ROW: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": "ae-1", "price": "109950.10",
    "origQty": "0.30000000", "executedQty": "0.10000000", "cummulativeQuoteQty": "10995.01000000",
    "status": "PARTIALLY_FILLED", "timeInForce": "GTC", "type": "LIMIT", "side": "BUY", "stopPrice": "0.00000000",
    "icebergQty": "0.0", "time": 1795143845012, "updateTime": 1795143845312, "isWorking": True,
    "origQuoteOrderQty": "0.000000", "selfTradePreventionMode": "EXPIRE_MAKER",
}  # fmt: skip
FULL: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": "ae-1", "transactTime": 1795143845012,
    "price": "0.00000000", "origQty": "0.30000000", "executedQty": "0.30000000", "cummulativeQuoteQty": "32985.03",
    "status": "FILLED", "timeInForce": "GTC", "type": "MARKET", "side": "BUY",
    "fills": [
        {"price": "109950.10", "qty": "0.10000000", "commission": "0.00000912", "commissionAsset": "BNB",
         "tradeId": 56},
        {"price": "109950.20", "qty": "0.20000000", "commission": "0.00020000", "commissionAsset": "BTC",
         "tradeId": 57},
    ],
}  # fmt: skip
CANCELLED: dict[str, Any] = {
    "symbol": "BTCUSDT", "origClientOrderId": "ae-1", "orderId": 28, "orderListId": -1, "clientOrderId": "cancel-9",
    "transactTime": 1795143846000, "price": "109950.10", "origQty": "0.30000000", "executedQty": "0.10000000",
    "status": "CANCELED", "timeInForce": "GTC", "type": "LIMIT", "side": "BUY",
}  # fmt: skip
MY_TRADE: dict[str, Any] = {
    "symbol": "BTCUSDT", "id": 56, "orderId": 28, "orderListId": -1, "price": "109950.10", "qty": "0.10000000",
    "quoteQty": "10995.01", "commission": "0.00000912", "commissionAsset": "BNB", "time": 1795143845012,
    "isBuyer": True, "isMaker": False, "isBestMatch": True,
}  # fmt: skip
ACCOUNT: dict[str, Any] = {
    "makerCommission": 10, "canTrade": True, "canWithdraw": False, "updateTime": 1795143845012, "accountType": "SPOT",
    "balances": [
        {"asset": "BTC", "free": "4723846.89208129", "locked": "0.10000001"},
        {"asset": "BNB", "free": "12.50000000", "locked": "0.00000000"},
        {"asset": "XRP", "free": "0.00000000", "locked": "0.00000000"},
    ],
    "permissions": ["SPOT"], "uid": 354937868,
}  # fmt: skip
COMMISSION: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "standardCommission": {"maker": "0.00100000", "taker": "0.00120000", "buyer": "0.0001", "seller": "0.00000000"},
    "specialCommission": {"maker": "0.0", "taker": "0.0", "buyer": "0.0", "seller": "0.0"},
    "taxCommission": {"maker": "0.00000112", "taker": "0.00000114", "buyer": "0.0", "seller": "0.0"},
    "discount": {"enabledForAccount": True, "enabledForSymbol": True, "discountAsset": "BNB", "discount": "0.75"},
}
LISTED: dict[str, Any] = {
    "symbols": [
        {"symbol": "BTCUSDT", "status": "TRADING", "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True,
             "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
        ]},
    ],
}  # fmt: skip

EXECUTION: dict[str, Any] = {
    "e": "executionReport", "E": 1795143845650, "s": "BTCUSDT", "c": "ae-1", "S": "BUY", "o": "LIMIT", "f": "GTC",
    "q": "0.30000000", "p": "109950.10", "P": "0.0", "F": "0.0", "g": -1, "C": "", "x": "TRADE",
    "X": "PARTIALLY_FILLED", "r": "NONE", "i": 28, "l": "0.10000000", "z": "0.10000000", "L": "109950.10",
    "n": "0.00000912", "N": "BNB", "T": 1795143845648, "t": 56, "v": 3, "I": 8641984, "w": True, "m": False, "M": False,
    "O": 1795143845012, "Z": "10995.01", "Y": "10995.01", "Q": "0.0", "W": 1795143845012, "V": "EXPIRE_MAKER",
}  # fmt: skip
NEW_EVENT: dict[str, Any] = {
    **EXECUTION, "x": "NEW", "X": "NEW", "l": "0.0", "z": "0.0", "L": "0.0", "n": "0", "N": None, "t": -1,
    "T": 1795143845012,
}  # fmt: skip
CANCEL_EVENT: dict[str, Any] = {
    **NEW_EVENT, "c": "cancel-9", "C": "ae-1", "x": "CANCELED", "X": "CANCELED", "z": "0.10000000",
    "T": 1795143846000,
}  # fmt: skip
POSITION: dict[str, Any] = {
    "e": "outboundAccountPosition", "E": 1795143845651, "u": 1795143845650,
    "B": [{"a": "BTC", "f": "1.10000000", "l": "0.20000000"}, {"a": "BNB", "f": "12.4", "l": "0.0"}],
}  # fmt: skip
MOVED: dict[str, Any] = {"e": "balanceUpdate", "E": 1795143845651, "a": "BTC", "d": "100.00000000", "T": 1795143845650}


def event(message: dict[str, Any]) -> bytes:
    """An event as it comes: wrapped with the id of its subscription."""
    return encode({"subscriptionId": 0, "event": message})


def order(**changes: Any) -> OrderRequest:
    """A buy of 0.3 BTC, changed."""
    given: dict[str, Any] = {
        "client_order_id": "ae-1",
        "instrument": KEY,
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "quantity": Decimal("0.30000000"),
        "price": Decimal("109950.10"),
        "time_in_force": TimeInForce.GTC,
    }
    return OrderRequest(**{**given, **changes})
