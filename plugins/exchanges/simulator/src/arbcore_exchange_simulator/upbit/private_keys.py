"""Short names of the private stream's fields, for SIMPLE and SIMPLE_LIST (Upbit developer centre; unconfirmed)."""

from typing import Any, Final

_COMMON: Final = {"type": "ty", "code": "cd", "timestamp": "tms", "stream_type": "st"}

SHORT: Final[dict[str, str]] = {
    **_COMMON,
    "uuid": "uid",
    "ask_bid": "ab",
    "order_type": "ot",
    "state": "s",
    "trade_uuid": "tuid",
    "price": "p",
    "avg_price": "ap",
    "volume": "v",
    "remaining_volume": "rv",
    "executed_volume": "ev",
    "trades_count": "tc",
    "reserved_fee": "rsf",
    "remaining_fee": "rmf",
    "paid_fee": "pf",
    "locked": "l",
    "executed_funds": "ef",
    "time_in_force": "tif",
    "trade_fee": "tf",
    "is_maker": "im",
    "identifier": "id",
    "smp_type": "smpt",
    "prevented_volume": "pv",
    "prevented_locked": "pl",
    "trade_timestamp": "ttms",
    "order_timestamp": "otms",
    "asset_uuid": "astuid",
    "assets": "ast",
    "asset_timestamp": "asttms",
    "currency": "cu",
    "balance": "b",
}
"""Short name by long name."""


def short(row: dict[str, Any]) -> dict[str, Any]:
    """Return a message with short names."""
    found = {SHORT[name]: value for name, value in row.items()}
    if "assets" in row:
        found["ast"] = [{SHORT[name]: value for name, value in one.items()} for one in row["assets"]]
    return found
