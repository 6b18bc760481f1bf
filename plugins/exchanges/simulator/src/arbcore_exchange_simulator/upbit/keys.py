"""Short names of fields, for the formats SIMPLE and SIMPLE_LIST (Upbit developer centre, 2026-11)."""

from typing import Any, Final

_COMMON: Final = {"type": "ty", "code": "cd", "timestamp": "tms", "stream_type": "st"}
_LAST: Final = {
    "trade_price": "tp",
    "trade_volume": "tv",
    "ask_bid": "ab",
    "prev_closing_price": "pcp",
    "change": "c",
    "change_price": "cp",
    "trade_time": "ttm",
    "trade_timestamp": "ttms",
}
_PRICES: Final = {"opening_price": "op", "high_price": "hp", "low_price": "lp"}

SHORT: Final[dict[str, dict[str, str]]] = {
    "orderbook": {
        **_COMMON,
        "total_ask_size": "tas",
        "total_bid_size": "tbs",
        "orderbook_units": "obu",
        "level": "lv",
    },
    "units": {"ask_price": "ap", "bid_price": "bp", "ask_size": "as", "bid_size": "bs"},
    "trade": {
        **_COMMON,
        **_LAST,
        "trade_date": "td",
        "sequential_id": "sid",
        "best_ask_price": "bap",
        "best_ask_size": "bas",
        "best_bid_price": "bbp",
        "best_bid_size": "bbs",
    },
    "ticker": {
        **_COMMON,
        **_LAST,
        **_PRICES,
        "trade_date": "tdt",
        "signed_change_price": "scp",
        "change_rate": "cr",
        "signed_change_rate": "scr",
        "acc_trade_volume": "atv",
        "acc_trade_volume_24h": "atv24h",
        "acc_trade_price": "atp",
        "acc_trade_price_24h": "atp24h",
        "acc_ask_volume": "aav",
        "acc_bid_volume": "abv",
        "highest_52_week_price": "h52wp",
        "highest_52_week_date": "h52wdt",
        "lowest_52_week_price": "l52wp",
        "lowest_52_week_date": "l52wdt",
        "market_state": "ms",
        "is_trading_suspended": "its",
        "delisting_date": "dd",
        "market_warning": "mw",
    },
    "candle": {
        **_COMMON,
        **_PRICES,
        "trade_price": "tp",
        "candle_date_time_utc": "cdttmu",
        "candle_date_time_kst": "cdttmk",
        "candle_acc_trade_volume": "catv",
        "candle_acc_trade_price": "catp",
    },
}
"""Short name by long name, by type of message."""


def short(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a message with short names."""
    names = SHORT[kind.partition(".")[0]]
    found = {names[key]: value for key, value in row.items()}
    if kind == "orderbook":
        units = SHORT["units"]
        found["obu"] = [{units[key]: value for key, value in unit.items()} for unit in row["orderbook_units"]]
    return found
