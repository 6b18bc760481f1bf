"""Private replies and frames as Upbit's developer centre shows them."""

from typing import Any

UUID = "5d303952-8be9-41e6-915b-121a90026248"
TRADE = "68315169-fba4-4175-ade3-aff14a616657"
MS = 1_795_143_845_421


def order_row(**changes: Any) -> dict[str, Any]:
    """A limit order that rests; a value of None leaves a key out."""
    row = {
        "market": "KRW-BTC",
        "uuid": UUID,
        "side": "bid",
        "ord_type": "limit",
        "price": "155772000",
        "state": "wait",
        "created_at": "2026-11-20T16:52:49+09:00",
        "volume": "0.0001",
        "remaining_volume": "0.0001",
        "executed_volume": "0",
        "reserved_fee": "7.7886",
        "remaining_fee": "7.7886",
        "paid_fee": "0",
        "locked": "15584.9886",
        "prevented_volume": "0",
        "prevented_locked": "0",
        "trades_count": 0,
        "smp_type": "cancel_maker",
        "identifier": "ae-1",
        **changes,
    }
    return {name: value for name, value in row.items() if value is not None}


def trade_row(**changes: Any) -> dict[str, Any]:
    return {
        "market": "KRW-BTC",
        "uuid": TRADE,
        "price": "155772000",
        "volume": "0.0001",
        "funds": "15577.2",
        "trend": "up",
        "created_at": "2026-11-20T16:52:50.176073+09:00",
        "side": "bid",
        **changes,
    }


def market_buy(**changes: Any) -> dict[str, Any]:
    """The market buy of the fact sheet: cancelled, with a remainder of money that buys nothing."""
    row = {
        "ord_type": "price",
        "price": "6000",
        "volume": None,
        "remaining_volume": None,
        "state": "cancel",
        "executed_volume": "0.00003736",
        "reserved_fee": "3",
        "remaining_fee": "0.00010408",
        "paid_fee": "2.99989592",
        "locked": "0.20826408",
        "trades_count": 1,
        "trades": [trade_row(price="160594000", volume="0.00003736", funds="5999.79184")],
    }
    return order_row(**{**row, **changes})


def order_frame(**changes: Any) -> dict[str, Any]:
    """A fill of a resting order."""
    return {
        "type": "myOrder",
        "code": "KRW-BTC",
        "uuid": UUID,
        "ask_bid": "BID",
        "order_type": "limit",
        "state": "trade",
        "trade_uuid": TRADE,
        "price": 148960000,
        "avg_price": 148960000,
        "volume": 0.004,
        "remaining_volume": 0.006,
        "executed_volume": 0.004,
        "trades_count": 1,
        "reserved_fee": 744.8,
        "remaining_fee": 446.88,
        "paid_fee": 297.92,
        "locked": 894206.88,
        "executed_funds": 595840,
        "time_in_force": None,
        "trade_fee": 297.92,
        "is_maker": True,
        "identifier": "ae-1",
        "smp_type": "cancel_maker",
        "prevented_volume": 0,
        "prevented_locked": 0,
        "trade_timestamp": MS,
        "order_timestamp": MS - 421,
        "timestamp": MS + 79,
        "stream_type": "REALTIME",
        **changes,
    }


def asset_frame(**changes: Any) -> dict[str, Any]:
    return {
        "type": "myAsset",
        "asset_uuid": "e635f223-1609-4969-8fb6-4376937baad6",
        "assets": [{"currency": "KRW", "balance": 1386929.37231, "locked": 10329.67}],
        "asset_timestamp": MS,
        "timestamp": MS + 8,
        "stream_type": "REALTIME",
        **changes,
    }


def account_row(currency: str = "KRW", balance: str = "1000000.0", locked: str = "0.0") -> dict[str, Any]:
    return {
        "currency": currency,
        "balance": balance,
        "locked": locked,
        "avg_buy_price": "0",
        "avg_buy_price_modified": False,
        "unit_currency": "KRW",
    }


CHANCE: dict[str, Any] = {
    "bid_fee": "0.0005",
    "ask_fee": "0.0005",
    "maker_bid_fee": "0.0005",
    "maker_ask_fee": "0.0005",
    "market": {
        "id": "KRW-BTC",
        "name": "BTC/KRW",
        "order_types": ["limit"],
        "order_sides": ["ask", "bid"],
        "bid_types": ["limit", "limit_ioc", "limit_fok", "best_ioc", "best_fok", "price"],
        "ask_types": ["limit", "limit_ioc", "limit_fok", "best_ioc", "best_fok", "market"],
        "bid": {"currency": "KRW", "min_total": "5000"},
        "ask": {"currency": "BTC", "min_total": "5000"},
        "max_total": "1000000000",
        "state": "active",
    },
    "bid_account": account_row(),
    "ask_account": account_row("BTC", "0.5"),
}
WALLET: dict[str, Any] = {
    "currency": "XRP",
    "wallet_state": "working",
    "block_state": "normal",
    "block_height": 97241570,
    "block_updated_at": "2026-11-20T08:06:53.213+00:00",
    "block_elapsed_minutes": 2,
    "net_type": "XRP",
    "network_name": "XRP Ledger",
}
WITHDRAWAL: dict[str, Any] = {
    "type": "withdraw",
    "uuid": "9f432943-54e0-40b7-825f-b6fec8b42b79",
    "currency": "XRP",
    "net_type": "XRP",
    "txid": None,
    "state": "WAITING",
    "created_at": "2026-11-20T16:52:49+09:00",
    "done_at": None,
    "amount": "100.5",
    "fee": "0.4",
    "transaction_type": "default",
    "is_cancelable": True,
}
TRANSFER: dict[str, Any] = {
    "uuid": "t-1",
    "from": "p-1",
    "to": "p-2",
    "currency": "KRW",
    "amount": "1000",
    "identifier": "mine",
    "state": "processing",
    "created_at": "2026-11-20T16:52:49+09:00",
}
BATCH: dict[str, Any] = {
    "success": {"count": 1, "orders": [{"uuid": UUID, "market": "KRW-BTC", "identifier": "ae-1"}]},
    "failed": {"count": 0, "orders": []},
}
