"""Frames of spot's user stream on the WebSocket API, as values. Pure.

Events come wrapped, ``{"subscriptionId": 0, "event": {"e": "executionReport", ...}}``; answers to what was sent carry
its id. Source: Binance developer documentation, user data streams and WebSocket API of spot, 2026-11.
"""

from decimal import Decimal
from typing import Final

import msgspec

from arbcore.errors import ExchangeError
from arbcore.model.account import AccountUpdate, BalanceUpdate
from arbcore.model.money import ZERO, add
from arbcore.model.order import Fill, Liquidity, OrderOrigin, OrderReport
from arbcore.model.reason import Reason
from arbcore_exchange_binance.protocol.exact import SIDES, Exact, Number, SideWord, fill_id
from arbcore_exchange_binance.protocol.failures import Failure
from arbcore_exchange_binance.protocol.spot_values import end_reason, state_of
from arbcore_exchange_binance.protocol.values import MS, Millis

_FIX: Final = "compare the frame with the venue's documentation"
_NONE: Final = ("", "NONE")


class Execution(
    Exact,
    rename={
        "event_ms": "E", "symbol": "s", "own_id": "c", "original_id": "C", "side": "S", "kind": "o", "life": "f",
        "execution": "x", "status": "X", "reject": "r", "order_id": "i", "last_qty": "l", "filled": "z",
        "last_price": "L", "fee": "n", "fee_asset": "N", "transact_ms": "T", "trade_id": "t", "is_maker": "m",
    },
):  # fmt: skip
    """``executionReport``: an order was taken, filled, cancelled, or ended otherwise."""

    event_ms: Millis
    symbol: str
    side: SideWord
    kind: str
    execution: str
    status: str
    order_id: Number
    filled: Decimal
    transact_ms: Millis
    own_id: str = ""
    original_id: str | None = ""
    life: str = ""
    reject: str = "NONE"
    last_qty: Decimal = ZERO
    last_price: Decimal = ZERO
    fee: Decimal | None = None
    fee_asset: str | None = None
    trade_id: Number = -1
    is_maker: bool = False

    @property
    def client_id(self) -> str:
        """Client id of the order: in a cancel ``C`` is the order's and ``c`` the cancel's own."""
        return self.original_id if self.original_id and self.original_id != "null" else self.own_id


class AssetRow(Exact, rename={"asset": "a", "free": "f", "locked": "l"}):
    """What the account has of one asset from now on."""

    asset: str
    free: Decimal
    locked: Decimal


class Balances(msgspec.Struct, rename={"event_ms": "E", "changed_ms": "u", "rows": "B"}):
    """``outboundAccountPosition``: assets that may have changed, in absolute numbers."""

    event_ms: Millis
    rows: list[AssetRow]
    changed_ms: Millis = 0


class Moved(msgspec.Struct):
    """``balanceUpdate`` or ``externalLockUpdate``: money came, went or was locked; told as a difference only."""


class Ended(msgspec.Struct):
    """``eventStreamTerminated`` or ``serverShutdown``: nothing more comes.

    Attributes:
        name: The event's name.
    """

    name: str


class Ignored(msgspec.Struct):
    """An event that says nothing of orders and balances."""


class Answer(msgspec.Struct):
    """The answer to what was sent.

    Attributes:
        id: Id of what was sent.
        status: 200 where it was done.
        error: Why not.
    """

    id: str
    status: int
    error: Failure | None = None


Message = Execution | Balances | Moved | Ended | Ignored | Answer
"""What a frame may be."""


class _Frame(msgspec.Struct):
    id: str | int | None = None
    status: int = 0
    error: Failure | None = None
    event: msgspec.Raw = msgspec.Raw()


class _Kind(msgspec.Struct, rename={"kind": "e"}):
    kind: str


_FRAME: Final = msgspec.json.Decoder(_Frame)
_KIND: Final = msgspec.json.Decoder(_Kind)
_EXECUTION: Final = msgspec.json.Decoder(Execution)
_BALANCES: Final = msgspec.json.Decoder(Balances)
_MOVED: Final = frozenset({"balanceUpdate", "externalLockUpdate"})
_ENDED: Final = frozenset({"eventStreamTerminated", "serverShutdown"})


def read_user_frame(frame: bytes) -> Message:
    """Return what a frame says.

    Raises:
        ExchangeError: It is nothing that the venue may send.
    """
    try:
        return _read(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExchangeError(f"Binance user stream: a frame that can't be read ({error})", _FIX) from error


def execution_report(event: Execution, venue: str, origin: OrderOrigin, recv_ts: int) -> OrderReport:
    """Return what an execution says of its order.

    Args:
        event: The event.
        venue: Exchange instance id.
        origin: Who placed the order.
        recv_ts: Receive time.

    Raises:
        ExchangeError: The status is none of the venue's.
    """
    rejected = event.status == "REJECTED"
    return OrderReport(
        client_order_id=event.client_id,
        state=state_of(event.status, event.filled),
        venue_order_id=str(event.order_id),
        filled=event.filled,
        reason=_rejection(event.reject) if rejected else end_reason(event.status, event.kind, event.life),
        detail=event.status if event.reject in _NONE else f"{event.status} {event.reject}"[:200],
        instrument=f"{venue}:{event.symbol}",
        origin=origin,
        ts=event.transact_ms * MS,
        recv_ts=recv_ts,
    )


def execution_fill(event: Execution, venue: str, origin: OrderOrigin, recv_ts: int) -> Fill | None:
    """Return the fill of an execution, None where nothing filled. The fee comes in whichever asset was charged.

    Args:
        event: The event.
        venue: Exchange instance id.
        origin: Who placed the order.
        recv_ts: Receive time.
    """
    if event.execution != "TRADE" or event.trade_id < 0 or not (event.last_qty > 0 and event.last_price > 0):
        return None
    return Fill(
        fill_id=fill_id(event.symbol, event.trade_id),
        client_order_id=event.client_id,
        instrument=f"{venue}:{event.symbol}",
        side=SIDES[event.side],
        quantity=event.last_qty,
        price=event.last_price,
        fee=event.fee or ZERO,
        fee_currency=event.fee_asset or "",
        liquidity=Liquidity.MAKER if event.is_maker else Liquidity.TAKER,
        venue_order_id=str(event.order_id),
        origin=origin,
        ts=event.transact_ms * MS,
        recv_ts=recv_ts,
    )


def balances_update(event: Balances, venue: str, recv_ts: int) -> AccountUpdate:
    """Return the balances that changed.

    Args:
        event: The event.
        venue: Exchange instance id.
        recv_ts: Receive time.
    """
    rows = (BalanceUpdate(currency=one.asset, total=add(one.free, one.locked), locked=one.locked) for one in event.rows)
    return AccountUpdate(
        venue=venue, balances=tuple(rows), ts=(event.changed_ms or event.event_ms) * MS, recv_ts=recv_ts
    )


def _read(frame: bytes) -> Message:
    outer = _FRAME.decode(frame)
    if outer.id is not None:
        return Answer(str(outer.id), outer.status, outer.error)
    event = outer.event or frame
    kind = _KIND.decode(event).kind
    if kind == "executionReport":
        return _EXECUTION.decode(event)
    if kind == "outboundAccountPosition":
        return _BALANCES.decode(event)
    if kind in _MOVED:
        return Moved()
    return Ended(kind) if kind in _ENDED else Ignored()


def _rejection(word: str) -> str:
    return Reason.ORDER_INSUFFICIENT_BALANCE if "INSUFFICIENT" in word.upper() else Reason.ORDER_REFUSED
