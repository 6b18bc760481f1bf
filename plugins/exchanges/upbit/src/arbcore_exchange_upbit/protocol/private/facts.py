"""What a reply or a frame says of an order, and what it means.

Source: Upbit developer centre, order semantics, 2026-11.

``cancel`` is the usual end of a market buy, since a remainder of money buys nothing any more, and of an order that
lives no longer than its arrival. So success is judged by what was executed.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.model.money import total
from arbcore.model.order import OrderState, Side
from arbcore.model.reason import Reason
from arbcore_exchange_upbit.protocol.decoding import MS
from arbcore_exchange_upbit.protocol.private.frames import OrderFrame
from arbcore_exchange_upbit.protocol.private.numbers import EXACT_VOLUME, LOT, WIDE, ZERO, nanoseconds, survives_double
from arbcore_exchange_upbit.protocol.private.order_replies import OrderRow

_AT_ONCE: Final = frozenset({"ioc", "fok"})
_TYPES_AT_ONCE: Final = frozenset({"market", "price", "best"})
_TWO_LOTS: Final = 2 * LOT

Verdict = tuple[OrderState, str, str]
"""State, reason code, and the venue's words."""


class Facts(Struct, frozen=True, kw_only=True):
    """An order as the venue states it, whichever way.

    Attributes:
        uuid: The venue's id.
        client_id: Its identifier, empty where it has none or it is not told.
        market: Market id.
        side: Buy or sell.
        kind: The venue's word for its type.
        life: The venue's word for its life, empty for one that rests.
        state: The venue's word for its state.
        volume: Quantity in all, None for a buy by cost or where it is not told.
        cost: What a buy by cost may spend, None for others or where it is not told.
        executed: Quantity executed.
        funds: Value executed, None where it is not told.
        prevented: Whether the venue kept it from trading with an order of the same account.
        ts: Venue time.
    """

    uuid: str
    client_id: str
    market: str
    side: Side
    kind: str
    life: str
    state: str
    volume: Decimal | None
    cost: Decimal | None
    executed: Decimal
    funds: Decimal | None
    prevented: bool
    ts: int

    @property
    def by_cost(self) -> bool:
        """Whether it is a buy that is counted by what it may spend."""
        return is_by_cost(self.kind, self.side)


def is_by_cost(kind: str, side: Side) -> bool:
    """Tell whether an order of a type and side is counted by what it may spend."""
    return kind == "price" or (kind == "best" and side is Side.BUY)


def facts_of_row(row: OrderRow) -> Facts:
    """Return what a reply says."""
    side = Side.BUY if row.side == "bid" else Side.SELL
    funds = row.executed_funds
    if funds is None and row.trades:
        funds = total(trade.funds for trade in row.trades)
    times = [row.created_at, *(trade.created_at for trade in row.trades or ())]
    return Facts(
        uuid=row.uuid,
        client_id=row.identifier or "",
        market=row.market,
        side=side,
        kind=row.ord_type,
        life=row.time_in_force or "",
        state=row.state,
        volume=row.volume,
        cost=row.price if is_by_cost(row.ord_type, side) else None,
        executed=row.executed_volume,
        funds=funds,
        prevented=bool(row.prevented_volume or row.prevented_locked),
        ts=nanoseconds(max(times)),
    )


def facts_of_frame(frame: OrderFrame) -> Facts:
    """Return what a frame says. On a fill, price and volume are the fill's and not the order's."""
    side = Side.BUY if frame.ask_bid == "BID" else Side.SELL
    of_order = frame.state != "trade"
    return Facts(
        uuid=frame.uuid,
        client_id=frame.identifier or "",
        market=frame.code,
        side=side,
        kind=frame.order_type,
        life=frame.time_in_force or "",
        state=frame.state,
        volume=frame.volume if of_order and survives_double(frame.volume, EXACT_VOLUME) else None,
        cost=frame.price if of_order and is_by_cost(frame.order_type, side) else None,
        executed=frame.executed_volume or ZERO,
        funds=frame.executed_funds,
        prevented=bool(frame.prevented_volume or frame.prevented_locked) or frame.state == "prevented",
        ts=frame.timestamp * MS,
    )


def verdict(facts: Facts, *, asked: bool, prevented: bool) -> Verdict:
    """Return the state that facts stand for.

    A buy by cost that ends with fills is FILLED where what is left of the money buys nothing. Any other order that
    ends with fills and a rest is what ended it: CANCELLED, or EXPIRED where it lived no longer than its arrival.

    Args:
        facts: The facts.
        asked: Whether we asked for a cancel.
        prevented: Whether a self-match was prevented, as far as this or anything earlier told.
    """
    if facts.state == "done" or (facts.state == "cancel" and _is_whole(facts)):
        return OrderState.FILLED, "", ""
    if facts.state != "cancel":
        return (OrderState.PARTIALLY_FILLED if facts.executed else OrderState.ACKNOWLEDGED), "", ""
    return _why_cancelled(facts, asked=asked, prevented=prevented or facts.prevented)


def _why_cancelled(facts: Facts, *, asked: bool, prevented: bool) -> Verdict:
    if prevented:
        return OrderState.CANCELLED, Reason.ORDER_SELF_MATCH, "it would have traded with an order of the same account"
    if asked:
        return OrderState.CANCELLED, Reason.ORDER_CANCELLED, ""
    if facts.life in _AT_ONCE or facts.kind in _TYPES_AT_ONCE:
        return OrderState.EXPIRED, Reason.ORDER_NO_LIQUIDITY, "the venue cancelled what did not fill at once"
    if facts.life == "post_only" and not facts.executed:
        return OrderState.CANCELLED, Reason.ORDER_WOULD_TAKE, "nobody here cancelled it: it would have taken"
    return OrderState.CANCELLED, Reason.ORDER_CANCELLED, "cancelled by another client, or by the venue"


def _is_whole(facts: Facts) -> bool:
    """Tell whether an order that ended cancelled did all that it was to do."""
    if not facts.executed:
        return False
    if not facts.by_cost:
        return facts.volume is not None and facts.executed >= facts.volume
    if facts.cost is None or facts.funds is None:
        return False
    # The venue floors to eight decimals, so what is left is worth less than one lot at the last price; that price was
    # no lower than the average, hence two lots at the average.
    left = WIDE.subtract(facts.cost, facts.funds)
    return WIDE.multiply(left, facts.executed) < WIDE.multiply(facts.funds, _TWO_LOTS)
