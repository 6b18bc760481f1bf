"""Samples of what the venue sends, shaped as its documentation shows them, and short ways to build more."""

from collections.abc import Mapping
from typing import Any

import msgspec

from arbcore.net.request import Reply

S = 10**9
START = 1_795_143_845_000 * 10**6
KEYS = {"BTCUSDT": "binance:BTCUSDT", "ETHUSDT": "binance:ETHUSDT"}

TICKER: dict[str, Any] = {
    "e": "bookTicker", "u": 400900217, "E": 1795143845160, "T": 1795143845158, "s": "BTCUSDT", "b": "109950.10",
    "B": "3.210", "a": "109950.20", "A": "1.066", "ps": "BTCUSDT", "st": 1,
}  # fmt: skip
SPOT_TICKER: dict[str, Any] = {
    "u": 400900217, "s": "BTCUSDT", "b": "25.35190000", "B": "31.21", "a": "25.36520000", "A": "40.66"
}  # fmt: skip
DEPTH: dict[str, Any] = {
    "e": "depthUpdate", "E": 1795143845160, "T": 1795143845158, "s": "BTCUSDT", "U": 390497796, "u": 390497878,
    "pu": 390497794, "b": [["109950.10", "0.002"]], "a": [["109950.20", "0.7"]], "ps": "BTCUSDT", "st": 1,
}  # fmt: skip
SPOT_PARTIAL: dict[str, Any] = {"lastUpdateId": 160, "bids": [["0.0024", "10"]], "asks": [["0.0026", "100"]]}
MARK: dict[str, Any] = {
    "e": "markPriceUpdate", "E": 1795143845000, "s": "BTCUSDT", "p": "109940.12", "ap": "109939.80",
    "i": "109982.30", "P": "109970.10", "r": "0.00010000", "T": 1795161600000, "st": 1,
}  # fmt: skip
TRADE: dict[str, Any] = {
    "e": "aggTrade", "E": 1795143845160, "s": "BTCUSDT", "a": 309917647, "p": "109950.10", "q": "0.001", "nq": "0.001",
    "f": 1, "l": 1, "T": 1795143845158, "m": True, "st": 1,
}  # fmt: skip
SPOT_TRADE: dict[str, Any] = {
    "e": "trade", "E": 1795143845160, "s": "BTCUSDT", "t": 12345, "p": "0.001", "q": "100", "T": 1795143845158,
    "m": False, "M": True,
}  # fmt: skip

SNAPSHOT: dict[str, Any] = {
    "lastUpdateId": 390497800, "E": 1795143845100, "T": 1795143845098, "bids": [["109950.10", "1.234"]],
    "asks": [["109950.20", "0.500"]],
}  # fmt: skip
TOUCH: dict[str, Any] = {
    "symbol": "BTCUSDT", "bidPrice": "109950.10", "bidQty": "3.210", "askPrice": "109950.20", "askQty": "1.066",
    "time": 1795143845158,
}  # fmt: skip
PREMIUM: dict[str, Any] = {
    "symbol": "BTCUSDT", "markPrice": "109940.12", "indexPrice": "109982.3", "estimatedSettlePrice": "109970.1",
    "lastFundingRate": "0.00010000", "interestRate": "0.00010000", "nextFundingTime": 1795161600000,
    "time": 1795143845000,
}  # fmt: skip
DATED_PREMIUM: dict[str, Any] = PREMIUM | {"symbol": "BTCUSDT_261225", "lastFundingRate": "", "nextFundingTime": 0}
SETTLEMENTS: list[dict[str, Any]] = [
    {
        "symbol": "BTCUSDT",
        "fundingRate": "0.0001",
        "fundingTime": 1795132800004,
        "markPrice": "1",
        "rateType": "Regular",
    },
    {
        "symbol": "BTCUSDT",
        "fundingRate": "-0.0002",
        "fundingTime": 1795161600002,
        "markPrice": "1",
        "rateType": "Regular",
    },
]
INTERVALS: list[dict[str, Any]] = [
    {"symbol": "ETHUSDT", "adjustedFundingRateCap": "0.02", "adjustedFundingRateFloor": "-0.02",
     "fundingIntervalHours": 4, "disclaimer": False}
]  # fmt: skip


def listed(symbol: str, **changes: Any) -> dict[str, Any]:
    """A symbol of the listing."""
    return {
        "symbol": symbol, "pair": symbol, "contractType": "PERPETUAL", "status": "TRADING",
        "deliveryDate": 4133404800000, "onboardDate": 1569398400000, "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT", "marginAsset": "USDT", "pricePrecision": 2, "quantityPrecision": 3,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
            {"filterType": "MIN_NOTIONAL", "notional": "100"},
        ],
        **changes,
    }  # fmt: skip


def encode(value: Any) -> bytes:
    """A frame or body."""
    return msgspec.json.encode(value)


def framed(stream: str, data: Any) -> bytes:
    """A frame of a combined stream."""
    return encode({"stream": stream, "data": data})


def reply(value: Any, status: int = 200, *, now: int = START, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer; a body of bytes is taken as it is."""
    body = value if isinstance(value, bytes) else encode(value)
    return Reply(status=status, headers=headers or {}, body=body, sent_ts=now, recv_ts=now)
