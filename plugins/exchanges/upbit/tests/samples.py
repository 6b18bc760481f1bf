"""Frames and replies as Upbit's developer centre shows them, and a protocol layer to feed them to."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arbcore.model.market import Book
from arbcore.net.protocol import Fetch, Heard, Send
from arbcore.net.request import Reply
from arbcore.net.settings import NetworkSettings
from arbcore_exchange_upbit.protocol.stream import Subscription, UpbitStream

S = 10**9
MS = 10**6
T0 = 1_795_143_845_404
"""Time of the first frame, milliseconds."""
NOW = T0 * MS + 20 * MS
"""When it is received."""

Levels = tuple[tuple[float, float], ...]
BIDS: Levels = ((148_960_000.0, 0.03754714), (148_959_000.0, 0.5))
ASKS: Levels = ((148_961_000.0, 0.07029618), (148_962_000.0, 1.25))

OTHER: Levels = ((148_950_000.0, 0.4), (148_949_000.0, 0.5))
"""Other bids."""
KEY = "upbit:KRW-BTC"


def units(bids: Levels = BIDS, asks: Levels = ASKS) -> list[dict[str, float]]:
    """Pairs of levels; a side that is shorter is filled up with zeros."""
    empty = (0.0, 0.0)
    pairs = [
        (bids[n] if n < len(bids) else empty, asks[n] if n < len(asks) else empty)
        for n in range(max(len(bids), len(asks)))
    ]
    return [{"ask_price": ask[0], "bid_price": bid[0], "ask_size": ask[1], "bid_size": bid[1]} for bid, ask in pairs]


def book_frame(
    code: str = "KRW-BTC", ms: int = T0, bids: Levels = BIDS, asks: Levels = ASKS, stream: str = "REALTIME"
) -> dict[str, Any]:
    return {
        "type": "orderbook",
        "code": code,
        "timestamp": ms,
        "total_ask_size": 5.62,
        "total_bid_size": 2.05,
        "orderbook_units": units(bids, asks),
        "stream_type": stream,
        "level": 0,
    }


def trade_frame(code: str = "KRW-BTC", number: int = 17_951_438_453_360_000, side: str = "BID") -> dict[str, Any]:
    return {
        "type": "trade",
        "code": code,
        "timestamp": T0 + 2,
        "trade_date": "2026-11-20",
        "trade_time": "03:04:05",
        "trade_timestamp": T0,
        "trade_price": 148_961_000.0,
        "trade_volume": 0.00006043,
        "ask_bid": side,
        "prev_closing_price": 146_852_000.0,
        "change": "RISE",
        "change_price": 2_109_000.0,
        "sequential_id": number,
        "best_ask_price": 148_961_000,
        "best_ask_size": 0.07,
        "best_bid_price": 148_960_000,
        "best_bid_size": 0.03,
        "stream_type": "REALTIME",
    }


def ticker_frame(code: str = "KRW-BTC", state: str = "ACTIVE", delisting: Any = None) -> dict[str, Any]:
    return {
        "type": "ticker",
        "code": code,
        "opening_price": 148_000_000.0,
        "trade_price": 148_961_000.0,
        "trade_date": "20261120",
        "trade_time": "030405",
        "acc_ask_volume": 10.5,
        "acc_bid_volume": 11.5,
        "market_state": state,
        "delisting_date": delisting,
        "timestamp": T0,
        "stream_type": "SNAPSHOT",
    }


def market(code: str = "KRW-BTC", *, warning: bool = False, cautions: Iterable[str] = ()) -> dict[str, Any]:
    kinds = (
        "PRICE_FLUCTUATIONS",
        "TRADING_VOLUME_SOARING",
        "DEPOSIT_AMOUNT_SOARING",
        "GLOBAL_PRICE_DIFFERENCES",
        "CONCENTRATION_OF_SMALL_ACCOUNTS",
    )
    on = set(cautions)
    return {
        "market": code,
        "korean_name": "비트코인",
        "english_name": "Bitcoin",
        "market_event": {"warning": warning, "caution": {kind: kind in on for kind in kinds}},
    }


def orderbook(code: str = "KRW-BTC", ms: int = T0, bids: Levels = BIDS, asks: Levels = ASKS) -> dict[str, Any]:
    return {
        "market": code,
        "timestamp": ms,
        "total_ask_size": 9.51,
        "total_bid_size": 11.2,
        "orderbook_units": units(bids, asks),
        "level": 0,
    }


def raw(message: object) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


def reply(message: object, status: int = 200, headers: Mapping[str, str] | None = None, sent: int = NOW) -> Reply:
    body = message if isinstance(message, bytes) else raw(message)
    return Reply(status=status, headers=headers or {}, body=body, sent_ts=sent, recv_ts=sent + 5 * MS)


def stream(
    codes: Sequence[str] = ("KRW-BTC",), gone: set[str] | None = None, *, units: int = 5, **changes: Any
) -> UpbitStream:
    subscription = Subscription(
        url="ws://venue/websocket/v1",
        keys={code: f"upbit:{code}" for code in codes},
        units=units,
        trades=changes.pop("trades", True),
        statuses=changes.pop("statuses", True),
        refresh=changes.pop("refresh", 600 * S),
        network=NetworkSettings(**changes),
    )
    return UpbitStream(subscription, "a-ticket", set() if gone is None else gone)


def opened(codes: Sequence[str] = ("KRW-BTC",), **changes: Any) -> UpbitStream:
    """A stream with an open socket that has had the first frame of every book."""
    found = stream(codes, **changes)
    found.opened(NOW - S)
    for code in codes:
        found.received(raw(book_frame(code, stream="SNAPSHOT")), NOW)
    found.tick(NOW, connected=True)
    return found


def fetches(heard: Sequence[Heard], tag: str) -> list[Fetch]:
    return [item for item in heard if isinstance(item, Fetch) and item.tag == tag]


def books(heard: Sequence[Heard]) -> list[Book]:
    return [item for item in heard if isinstance(item, Book)]


def sent(heard: Sequence[Heard]) -> list[list[dict[str, Any]]]:
    return [json.loads(item.data) for item in heard if isinstance(item, Send)]
