"""Events of the user data stream of USD-M futures. Pure.

Source: Binance developer documentation, USD-M futures user data streams, 2026-11.
"""

from decimal import Decimal
from typing import Final

import msgspec

from arbcore.errors import ExchangeError
from arbcore.model.money import ZERO
from arbcore_exchange_binance.protocol.exact import Exact, Number, SideWord
from arbcore_exchange_binance.protocol.values import Millis


class OrderChange(Exact, rename={
    "symbol": "s", "client_id": "c", "side": "S", "kind": "o", "life": "f", "execution": "x", "status": "X",
    "order_id": "i", "last": "l", "filled": "z", "price": "L", "fee_asset": "N", "fee": "n", "time": "T", "trade": "t",
    "maker": "m", "original_kind": "ot", "expiry": "er",
}):  # fmt: skip
    """``o`` of ``ORDER_TRADE_UPDATE``: an order, and the execution that changed it where there is one."""

    symbol: str
    client_id: str
    side: SideWord
    execution: str
    status: str
    order_id: Number
    filled: Decimal
    time: Millis
    kind: str = ""
    life: str = ""
    original_kind: str = ""
    last: Decimal = ZERO
    price: Decimal = ZERO
    fee_asset: str | None = None
    fee: Decimal | None = None
    trade: Number = 0
    maker: bool = False
    expiry: str = "0"


class TradeLite(Exact, rename={
    "symbol": "s", "client_id": "c", "side": "S", "quantity": "l", "trade": "t", "order_id": "i", "time": "T",
}):  # fmt: skip
    """``TRADE_LITE``: a trade ahead of its full event, without fee and status."""

    symbol: str
    client_id: str
    side: SideWord
    quantity: Decimal
    trade: Number
    order_id: Number
    time: Millis


class WalletChange(Exact, rename={"asset": "a", "wallet": "wb", "change": "bc"}):
    """An entry of ``B``: the wallet of an asset, and what changed it beside profits and fees."""

    asset: str
    wallet: Decimal
    change: Decimal = ZERO


class PositionChange(Exact, rename={"symbol": "s", "amount": "pa", "entry": "ep", "mode": "mt", "side": "ps"}):
    """An entry of ``P``: a position of a symbol and side."""

    symbol: str
    amount: Decimal
    entry: Decimal
    side: str
    mode: str = ""


class Changes(msgspec.Struct, rename={"why": "m", "wallets": "B", "positions": "P", "symbol": "S"}):
    """``a`` of ``ACCOUNT_UPDATE``: only what changed. ``S`` names the symbol of a funding fee since 2026-08."""

    why: str = ""
    wallets: list[WalletChange] = []
    positions: list[PositionChange] = []
    symbol: str = ""


class AccountChange(msgspec.Struct, rename={"time": "T", "event_time": "E", "changes": "a"}):
    """``ACCOUNT_UPDATE``."""

    changes: Changes
    event_time: Millis = 0
    time: Millis = 0


class AlgoChange(Exact, rename={
    "client_id": "caid", "algo_id": "aid", "symbol": "s", "kind": "o", "life": "f", "status": "X", "actual_id": "ai",
    "refusal": "rm",
}):  # fmt: skip
    """``o`` of ``ALGO_UPDATE``: an order with a trigger."""

    client_id: str
    algo_id: Number
    symbol: str
    status: str
    kind: str = ""
    life: str = ""
    actual_id: str | int | None = None
    refusal: str | None = None

    @property
    def actual(self) -> str:
        """The venue's id of the order that it became; empty where it did not."""
        return "" if self.actual_id in {None, "", 0, "0"} else str(self.actual_id)


class AlgoUpdate(msgspec.Struct, rename={"order": "o", "time": "T", "event_time": "E"}):
    """``ALGO_UPDATE``."""

    order: AlgoChange
    event_time: Millis = 0
    time: Millis = 0


class MarginCall(msgspec.Struct):
    """``MARGIN_CALL``: advisory; the account is asked for in its stead."""


class KeyExpired(msgspec.Struct):
    """``listenKeyExpired``: the socket stays open and says nothing any more."""


class Passed(msgspec.Struct):
    """An event that changes no order and no balance, such as ``ACCOUNT_CONFIG_UPDATE``, or one that is new."""


class _OrderUpdate(msgspec.Struct, rename={"order": "o"}):
    order: OrderChange


class _Kind(msgspec.Struct):
    e: str = ""


Event = OrderChange | TradeLite | AccountChange | AlgoUpdate | MarginCall | KeyExpired | Passed
"""What the stream may say."""

_KIND: Final = msgspec.json.Decoder(_Kind)
_ORDER: Final = msgspec.json.Decoder(_OrderUpdate)
_LITE: Final = msgspec.json.Decoder(TradeLite)
_ACCOUNT: Final = msgspec.json.Decoder(AccountChange)
_ALGO: Final = msgspec.json.Decoder(AlgoUpdate)


def read_event(frame: bytes) -> Event:
    """Return what a frame says.

    Raises:
        ExchangeError: The frame is nothing that the venue may send.
    """
    try:
        return _read(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExchangeError(
            f"Binance user stream: a frame that can't be read ({error})", "the connection is opened anew"
        ) from error


def _read(frame: bytes) -> Event:
    kind = _KIND.decode(frame).e
    if kind == "ORDER_TRADE_UPDATE":
        return _ORDER.decode(frame).order
    if kind == "TRADE_LITE":
        return _LITE.decode(frame)
    if kind == "ACCOUNT_UPDATE":
        return _ACCOUNT.decode(frame)
    if kind == "ALGO_UPDATE":
        return _ALGO.decode(frame)
    if kind == "listenKeyExpired":
        return KeyExpired()
    return MarginCall() if kind == "MARGIN_CALL" else Passed()
