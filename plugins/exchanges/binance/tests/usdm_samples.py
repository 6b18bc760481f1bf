"""Samples of the private side of USD-M futures, shaped as the documentation shows them."""

from decimal import Decimal
from typing import Any

from arbcore.model.order import OrderRequest, Side
from arbcore.net.offset import ClockOffset
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.usdm_account import Wealth
from arbcore_exchange_binance.protocol.usdm_memory import Memory
from arbcore_exchange_binance.protocol.usdm_news import News
from arbcore_exchange_binance.protocol.usdm_payments import Payments
from plugins.exchanges.binance.tests.samples import START, encode

KEY = "binance:BTCUSDT"
MS = 1795143845650

PLACED: dict[str, Any] = {
    "orderId": 4000123, "symbol": "BTCUSDT", "status": "NEW", "clientOrderId": "ae-1", "price": "0.00",
    "origQty": "0.010", "executedQty": "0.000", "cumQty": "0.000", "timeInForce": "GTC", "type": "MARKET",
    "origType": "MARKET", "reduceOnly": False, "closePosition": False, "side": "SELL", "positionSide": "BOTH",
    "stopPrice": "0.00", "workingType": "CONTRACT_PRICE", "priceProtect": False, "priceMatch": "NONE",
    "selfTradePreventionMode": "EXPIRE_MAKER", "goodTillDate": 0, "updateTime": 1795143845012,
}  # fmt: skip
QUERIED: dict[str, Any] = {
    **PLACED, "status": "FILLED", "executedQty": "0.010", "avgPrice": "109950.10", "cumQuote": "1099.5010",
    "time": 1795143845012, "updateTime": MS,
}  # fmt: skip
ALGO: dict[str, Any] = {
    "algoId": 2146760, "clientAlgoId": "ae-9", "algoType": "CONDITIONAL", "orderType": "STOP_MARKET",
    "symbol": "BTCUSDT", "side": "SELL", "positionSide": "BOTH", "timeInForce": "GTC", "quantity": "0.01",
    "algoStatus": "NEW", "triggerPrice": "97998.0", "price": "0", "workingType": "CONTRACT_PRICE",
    "closePosition": False, "reduceOnly": True, "actualOrderId": "", "createTime": MS, "updateTime": MS,
}  # fmt: skip
TRADE: dict[str, Any] = {
    "symbol": "BTCUSDT", "id": 12345678, "orderId": 4000123, "side": "SELL", "price": "109950.10", "qty": "0.010",
    "realizedPnl": "0", "quoteQty": "1099.5010", "baseQty": "0.010", "commission": "0.54975050",
    "commissionAsset": "USDT", "marginAsset": "USDT", "pair": "BTCUSDT", "time": MS, "positionSide": "BOTH",
    "buyer": False, "maker": False,
}  # fmt: skip
ACCOUNT: dict[str, Any] = {
    "totalWalletBalance": "1226.12", "availableBalance": "1000.12",
    "assets": [
        {"asset": "USDT", "walletBalance": "1226.12345678", "unrealizedProfit": "-0.11", "initialMargin": "219.88",
         "availableBalance": "1006.13", "updateTime": MS},
        {"asset": "BNB", "walletBalance": "0.5", "initialMargin": "0", "availableBalance": "0.5", "updateTime": 0},
        {"asset": "USDC", "walletBalance": "0", "initialMargin": "0", "availableBalance": "0", "updateTime": 0},
    ],
    "positions": [],
}  # fmt: skip
POSITION: dict[str, Any] = {
    "symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": "-0.010", "entryPrice": "109951.2",
    "breakEvenPrice": "109929.2", "markPrice": "109940.12", "unRealizedProfit": "0.1108", "liquidationPrice": "0",
    "isolatedMargin": "0", "notional": "-1099.4012", "marginAsset": "USDT", "updateTime": MS,
}  # fmt: skip
EVENT: dict[str, Any] = {
    "e": "ORDER_TRADE_UPDATE", "E": MS + 1, "T": MS, "o": {
        "s": "BTCUSDT", "c": "ae-1", "S": "SELL", "o": "MARKET", "f": "GTC", "q": "0.010", "p": "0", "ap": "109950.10",
        "sp": "0", "x": "TRADE", "X": "FILLED", "i": 4000123, "l": "0.010", "z": "0.010", "L": "109950.10",
        "N": "USDT", "n": "0.54975050", "T": MS, "t": 12345678, "b": "0", "a": "0", "m": False, "R": False,
        "wt": "CONTRACT_PRICE", "ot": "MARKET", "ps": "BOTH", "cp": False, "pP": False, "si": 0, "ss": 0, "rp": "0",
        "V": "EXPIRE_MAKER", "pm": "NONE", "gtd": 0, "er": "0",
    },
}  # fmt: skip
LITE: dict[str, Any] = {
    "e": "TRADE_LITE", "E": MS, "T": MS, "s": "BTCUSDT", "q": "0.010", "p": "0", "m": False, "c": "ae-1", "S": "SELL",
    "L": "109950.10", "l": "0.010", "t": 12345678, "i": 4000123,
}  # fmt: skip
ACCOUNT_UPDATE: dict[str, Any] = {
    "e": "ACCOUNT_UPDATE", "E": MS + 1, "T": MS, "a": {
        "m": "ORDER", "B": [{"a": "USDT", "wb": "1226.12", "cw": "1226.12", "bc": "0"}],
        "P": [{"s": "BTCUSDT", "pa": "-0.010", "ep": "109950.1", "bep": "109928.1", "cr": "0", "up": "0",
               "mt": "cross", "iw": "0", "ps": "BOTH"}],
    },
}  # fmt: skip
FUNDING: dict[str, Any] = {
    "e": "ACCOUNT_UPDATE", "E": 1795161600812, "T": 1795161600800, "a": {
        "m": "FUNDING_FEE", "B": [{"a": "USDT", "wb": "1226.22", "cw": "1226.22", "bc": "0.10993401"}], "S": "BTCUSDT",
    },
}  # fmt: skip
ALGO_UPDATE: dict[str, Any] = {
    "e": "ALGO_UPDATE", "E": MS + 1, "T": MS, "o": {
        "caid": "ae-9", "aid": 2146760, "at": "CONDITIONAL", "o": "STOP_MARKET", "s": "BTCUSDT", "S": "SELL",
        "ps": "BOTH", "f": "GTC", "q": "0.01", "X": "NEW", "ai": "", "ap": "0", "aq": "0", "tp": "97998.0", "p": "0",
        "rm": "",
    },
}  # fmt: skip
MARGIN_CALL: dict[str, Any] = {
    "e": "MARGIN_CALL", "E": MS, "cw": "3.16", "p": [{"s": "BTCUSDT", "ps": "LONG", "pa": "1.327", "mt": "CROSSED",
    "iw": "0", "mp": "187.17127", "up": "-1.166074", "mm": "1.614445"}],
}  # fmt: skip
KEY_EXPIRED: dict[str, Any] = {
    "e": "listenKeyExpired",
    "E": MS,
    "listenKey": "pqia91ma19a5s61cv6a81va65sdf19v8a65a",
}
CONFIG_UPDATE: dict[str, Any] = {"e": "ACCOUNT_CONFIG_UPDATE", "E": MS, "T": MS, "ac": {"s": "BTCUSDT", "l": 25}}
RATES: list[dict[str, Any]] = [
    {"symbol": "BTCUSDT", "fundingRate": "0.00010000", "fundingTime": 1795132800001, "markPrice": "109000.1"},
    {"symbol": "BTCUSDT", "fundingRate": "0.00010000", "fundingTime": 1795161600000, "markPrice": "109934.01",
     "rateType": "Regular"},
    {"symbol": "BTCUSDT", "fundingRate": "0.5", "fundingTime": 1795161600000, "markPrice": "", "rateType": "Special"},
]  # fmt: skip
INCOME: list[dict[str, Any]] = [
    {"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "0.10993401", "asset": "USDT", "info": "",
     "time": 1795161600000, "tranId": 9689322392, "tradeId": ""},
]  # fmt: skip


def order(**changes: Any) -> OrderRequest:
    given: dict[str, Any] = {
        "client_order_id": "ae-1",
        "instrument": KEY,
        "side": Side.SELL,
        "quantity": Decimal("0.010"),
        "price": Decimal("109950.10"),
    }
    return OrderRequest(**{**given, **changes})


def news() -> News:
    return News("binance", Desk("ae-"), "USDT")


def memory() -> Memory:
    found = Memory(news(), Wealth("binance"), Payments("binance"), ClockOffset(), START)
    found.instruments = (KEY,)
    return found


def event(**changes: Any) -> bytes:
    """An order's event with other values."""
    return encode({**EVENT, "o": {**EVENT["o"], **changes}})
