"""Frames of the private WebSocket in the format DEFAULT. Source: Upbit developer centre, WebSocket, 2026-11.

Their numbers are JSON doubles, read as they are written; `exact` tells whether they can be what the venue means.
"""

from decimal import Decimal
from typing import Final, Literal

import msgspec

from arbcore_exchange_upbit.protocol.decoding import Millis
from arbcore_exchange_upbit.protocol.private.errors import error_of
from arbcore_exchange_upbit.protocol.private.numbers import (
    EXACT_PRICE,
    EXACT_VOLUME,
    CurrencyCode,
    Id,
    MarketId,
    check_amounts,
    check_positive,
    survives_double,
)
from arbcore_exchange_upbit.protocol.refusals import read_notice


class OrderFrame(msgspec.Struct, tag_field="type", tag="myOrder", kw_only=True):
    """Something happened to an order. On the state ``trade``, price and volume are of this one fill."""

    code: MarketId
    uuid: Id
    ask_bid: Literal["ASK", "BID"]
    order_type: str
    state: Literal["wait", "watch", "trade", "done", "cancel", "prevented"]
    timestamp: Millis
    trade_uuid: str | None = None
    price: Decimal | None = None
    avg_price: Decimal | None = None
    volume: Decimal | None = None
    remaining_volume: Decimal | None = None
    executed_volume: Decimal | None = None
    remaining_fee: Decimal | None = None
    locked: Decimal | None = None
    executed_funds: Decimal | None = None
    time_in_force: str | None = None
    trade_fee: Decimal | None = None
    is_maker: bool | None = None
    identifier: str | None = None
    prevented_volume: Decimal | None = None
    prevented_locked: Decimal | None = None
    trade_timestamp: Millis | None = None
    order_timestamp: Millis | None = None

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_amounts(self.price, self.avg_price, self.volume, self.remaining_volume, self.executed_volume)
        check_amounts(self.remaining_fee, self.locked, self.executed_funds, self.trade_fee)
        check_amounts(self.prevented_volume, self.prevented_locked)
        if self.state == "trade":
            if not self.trade_uuid or self.price is None or self.volume is None:
                raise ValueError("a trade without its id, price or volume")
            check_positive(self.price, self.volume)

    @property
    def exact(self) -> bool:
        """Whether the numbers that fills and sums are made from are what the venue means."""
        if not survives_double(self.executed_volume, EXACT_VOLUME):
            return False
        if self.state != "trade":
            return True
        whole = survives_double(self.volume, EXACT_VOLUME) and survives_double(self.price, EXACT_PRICE)
        return whole and self.trade_fee is not None


class Asset(msgspec.Struct):
    """A balance after a change; it excludes what is locked."""

    currency: CurrencyCode
    balance: Decimal
    locked: Decimal

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_amounts(self.balance, self.locked)


class AssetFrame(msgspec.Struct, tag_field="type", tag="myAsset", kw_only=True):
    """Balances that changed, in absolute numbers."""

    assets: list[Asset]
    asset_timestamp: Millis
    timestamp: Millis


_FRAME: Final[msgspec.json.Decoder[OrderFrame | AssetFrame]] = msgspec.json.Decoder(OrderFrame | AssetFrame)


def read_frame(frame: bytes) -> OrderFrame | AssetFrame | None:
    """Return what a frame tells; None for one that only shows that the socket lives.

    Raises:
        ExchangeError: It is nothing that the venue may send, or it tells an error: then its own kind of error.
    """
    try:
        return _FRAME.decode(frame)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        refusal = read_notice(frame, _FRAME)
    if refusal is not None:
        raise error_of(refusal, "user stream")
    return None
