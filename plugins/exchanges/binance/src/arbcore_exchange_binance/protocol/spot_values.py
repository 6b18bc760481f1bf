"""Orders and fills as spot writes them, as values and as what the framework calls them. Pure.

Amounts are decimal strings and stay exact. Source: Binance developer documentation, spot trading, 2026-11.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import field

from arbcore.errors import ExchangeError
from arbcore.model.account import OpenOrder
from arbcore.model.money import ZERO
from arbcore.model.order import Fill, Liquidity, OrderOrigin, OrderReport, OrderState, OrderType, Side
from arbcore.model.reason import Reason
from arbcore_exchange_binance.protocol.exact import SIDES, Exact, Number, SideWord, fill_id
from arbcore_exchange_binance.protocol.values import MS, Millis

_S: Final = OrderState


class FillRow(Exact, rename="camel"):
    """A fill inside the answer to an order."""

    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    trade_id: Number


class OrderRow(Exact, rename="camel"):
    """An order: the answer to placing (``FULL``), cancelling or asking, and a row of lists of orders.

    In an answer to a cancel ``orig_client_order_id`` is the order's id and ``client_order_id`` the cancel's own.
    """

    symbol: str
    order_id: Number
    status: str
    client_order_id: str = ""
    orig_client_order_id: str = ""
    price: Decimal = ZERO
    orig_qty: Decimal = ZERO
    executed_qty: Decimal = ZERO
    type: str = ""
    side: SideWord = "BUY"
    time_in_force: str = ""
    stop_price: Decimal = ZERO
    time: Millis = 0
    update_time: Millis = 0
    transact_time: Millis = 0
    fills: list[FillRow] = field(default_factory=list)

    @property
    def client_id(self) -> str:
        """Client id of the order."""
        return self.orig_client_order_id or self.client_order_id

    @property
    def ts(self) -> int:
        """Time of its latest change, in nanoseconds."""
        return max(self.update_time, self.transact_time, self.time) * MS


class TradeRow(Exact, rename="camel"):
    """A row of ``myTrades``; it does not name the order's client id."""

    symbol: str
    id: Number
    order_id: Number
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    time: Millis
    is_buyer: bool
    is_maker: bool


_STATES: Final[Mapping[str, OrderState]] = {
    "NEW": _S.ACKNOWLEDGED,
    "PENDING_NEW": _S.ACKNOWLEDGED,
    "PENDING_CANCEL": _S.ACKNOWLEDGED,
    "PARTIALLY_FILLED": _S.PARTIALLY_FILLED,
    "FILLED": _S.FILLED,
    "CANCELED": _S.CANCELLED,
    "REJECTED": _S.REJECTED,
    "EXPIRED": _S.EXPIRED,
    "EXPIRED_IN_MATCH": _S.EXPIRED,
}

TYPES: Final[Mapping[str, OrderType]] = {
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP_LOSS": OrderType.STOP_MARKET,
    "STOP_LOSS_LIMIT": OrderType.STOP_MARKET,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT_LIMIT": OrderType.TAKE_PROFIT_MARKET,
}
"""Types by the venue's word; stop-limit orders, which others may have placed, count as the type that is nearest."""


def state_of(status: str, filled: Decimal) -> OrderState:
    """Return the state of an order.

    Args:
        status: The venue's word.
        filled: Filled quantity: an open order of which something filled is partially filled, whatever the word.

    Raises:
        ExchangeError: The word is none of the venue's.
    """
    state = _STATES.get(status)
    if state is None:
        raise ExchangeError(f"Binance: {status[:40]!r} is no status of an order", "compare with the documentation")
    return _S.PARTIALLY_FILLED if state is _S.ACKNOWLEDGED and filled > 0 else state


def end_reason(status: str, kind: str, life: str) -> str:
    """Return why an order ended; empty where it is open, filled or rejected.

    Args:
        status: The venue's word for its status.
        kind: The venue's word for its type.
        life: The venue's word for its time in force.
    """
    if status == "CANCELED":
        return Reason.ORDER_CANCELLED
    if status == "EXPIRED_IN_MATCH":
        return Reason.ORDER_SELF_MATCH
    if status != "EXPIRED":
        return ""
    # What does not rest expires where nothing more is offered; what rests is ended by a rule of the venue.
    return Reason.ORDER_NO_LIQUIDITY if kind == "MARKET" or life in {"IOC", "FOK"} else Reason.ORDER_BY_VENUE


def order_report(row: OrderRow, venue: str, origin: OrderOrigin, recv_ts: int) -> OrderReport:
    """Return what an order's row says.

    Args:
        row: The row.
        venue: Exchange instance id.
        origin: Who placed it.
        recv_ts: Receive time.

    Raises:
        ExchangeError: Its status is none of the venue's.
    """
    rejected = row.status == "REJECTED"
    return OrderReport(
        client_order_id=row.client_id,
        state=state_of(row.status, row.executed_qty),
        venue_order_id=str(row.order_id),
        filled=row.executed_qty,
        reason=Reason.ORDER_REFUSED if rejected else end_reason(row.status, row.type, row.time_in_force),
        detail=row.status,
        instrument=f"{venue}:{row.symbol}",
        origin=origin,
        ts=row.ts,
        recv_ts=recv_ts,
    )


def placed_fills(row: OrderRow, venue: str, side: Side, recv_ts: int) -> list[Fill]:
    """Return the fills of the answer to an order, which took all of them.

    Args:
        row: The answer.
        venue: Exchange instance id.
        side: The order's side.
        recv_ts: Receive time.
    """
    return [
        Fill(
            fill_id=fill_id(row.symbol, one.trade_id),
            client_order_id=row.client_id,
            instrument=f"{venue}:{row.symbol}",
            side=side,
            quantity=one.qty,
            price=one.price,
            fee=one.commission,
            fee_currency=one.commission_asset,
            venue_order_id=str(row.order_id),
            ts=row.ts,
            recv_ts=recv_ts,
        )
        for one in row.fills
    ]


def trade_fill(row: TradeRow, venue: str, client_order_id: str, origin: OrderOrigin, recv_ts: int) -> Fill:
    """Return a row of ``myTrades`` as a fill.

    Args:
        row: The row.
        venue: Exchange instance id.
        client_order_id: Client id of its order.
        origin: Who placed that.
        recv_ts: Receive time.
    """
    return Fill(
        fill_id=fill_id(row.symbol, row.id),
        client_order_id=client_order_id,
        instrument=f"{venue}:{row.symbol}",
        side=Side.BUY if row.is_buyer else Side.SELL,
        quantity=row.qty,
        price=row.price,
        fee=row.commission,
        fee_currency=row.commission_asset,
        liquidity=Liquidity.MAKER if row.is_maker else Liquidity.TAKER,
        venue_order_id=str(row.order_id),
        origin=origin,
        ts=row.time * MS,
        recv_ts=recv_ts,
    )


def open_order(row: OrderRow, venue: str, origin: OrderOrigin) -> OpenOrder:
    """Return a row of ``openOrders``.

    Args:
        row: The row.
        venue: Exchange instance id.
        origin: Who placed it.
    """
    return OpenOrder(
        client_order_id=row.client_id,
        venue_order_id=str(row.order_id),
        instrument=f"{venue}:{row.symbol}",
        side=SIDES[row.side],
        type=TYPES.get(row.type, OrderType.LIMIT),
        quantity=row.orig_qty,
        filled=row.executed_qty,
        price=row.price or None,
        trigger_price=row.stop_price or None,
        origin=origin,
        ts=row.time * MS,
    )
