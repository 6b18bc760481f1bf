"""Frames of the public WebSocket in the format DEFAULT, text or binary.

Source: Upbit developer centre, WebSocket, 2026-11.
"""

from typing import Any, Final, Literal

import msgspec

from arbcore_exchange_upbit.protocol.decoding import Millis, Price
from arbcore_exchange_upbit.protocol.ladders import Unit
from arbcore_exchange_upbit.protocol.refusals import error_of, read_notice


class OrderbookFrame(msgspec.Struct, tag_field="type", tag="orderbook"):
    """A whole book of the subscribed depth. There are no deltas and no sequence number, only a time."""

    code: str
    timestamp: Millis
    orderbook_units: list[Unit]


class TradeFrame(msgspec.Struct, tag_field="type", tag="trade"):
    """A trade; ``ask_bid`` is the side of the taker."""

    code: str
    trade_timestamp: Millis
    trade_price: Price
    trade_volume: Price
    ask_bid: Literal["ASK", "BID"]
    sequential_id: int


class TickerFrame(msgspec.Struct, tag_field="type", tag="ticker"):
    """What a ticker says beside prices: whether the market is open, and when it ends.

    Attributes:
        code: Market id.
        timestamp: Time.
        market_state: PREVIEW, ACTIVE, PREDELISTING or DELISTED; empty where nothing is said.
        delisting_date: A date in a form that is unconfirmed; None where nothing is announced.
    """

    code: str
    timestamp: Millis
    market_state: str = ""
    delisting_date: Any = None


Frame = OrderbookFrame | TradeFrame | TickerFrame
"""Frames that carry market data."""


_FRAME: Final[msgspec.json.Decoder[Frame]] = msgspec.json.Decoder(Frame)


def read_frame(frame: bytes) -> Frame | None:
    """Return what a frame carries; None for one without market data.

    Raises:
        ExchangeError: It is nothing that the venue may send, or it tells an error: then its own kind of error.
    """
    try:
        return _FRAME.decode(frame)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        refusal = read_notice(frame, _FRAME)
    if refusal is not None:
        raise error_of(refusal, "stream")
    return None
