"""Orders and fills, and the table of the states an order may pass through."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct


class Side(StrEnum):
    """Side of an order or a fill."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """Plus one for a buy, minus one for a sell."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """How an order is priced."""

    LIMIT = "limit"
    MARKET = "market"
    BEST = "best"
    """Limited by the venue itself to the best opposite price at its arrival."""
    STOP_MARKET = "stop_market"
    """A market order once the price has passed the trigger against the position that it protects."""
    TAKE_PROFIT_MARKET = "take_profit_market"
    """A market order once the price has passed the trigger in the position's favour."""


TRIGGERED: Final = frozenset({OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET})
"""Types that wait at the venue for a trigger price."""


class TimeInForce(StrEnum):
    """How long an order lives."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class Liquidity(StrEnum):
    """Whether a fill took or made liquidity."""

    TAKER = "taker"
    MAKER = "maker"


class OrderOrigin(StrEnum):
    """Who placed an order."""

    OURS = "ours"
    """An id of ours, or nothing that tells otherwise."""
    FOREIGN = "foreign"
    """Another client of the account, or a person: told and never adopted."""
    LIQUIDATION = "liquidation"
    """The venue closed a position that its margin no longer covered."""
    ADL = "adl"
    """Auto-deleveraging: the venue closed a position against somebody's liquidation."""
    SETTLEMENT = "settlement"
    """The venue closed a position at the end of the instrument."""


class OrderState(StrEnum):
    """State of an order as we know it."""

    NEW = "NEW"
    SUBMITTED = "SUBMITTED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    CANCEL_SENT = "CANCEL_SENT"
    UNKNOWN = "UNKNOWN"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


_S = OrderState
_OPEN_ENDS: Final = frozenset({_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED})

TRANSITIONS: Final[dict[OrderState, frozenset[OrderState]]] = {
    _S.NEW: frozenset({_S.SUBMITTED, _S.REJECTED}),
    _S.SUBMITTED: frozenset({_S.ACKNOWLEDGED, _S.PARTIALLY_FILLED, _S.CANCEL_SENT, _S.UNKNOWN}) | _OPEN_ENDS,
    _S.ACKNOWLEDGED: frozenset({_S.PARTIALLY_FILLED, _S.CANCEL_SENT, _S.UNKNOWN}) | _OPEN_ENDS,
    _S.PARTIALLY_FILLED: frozenset({_S.PARTIALLY_FILLED, _S.CANCEL_SENT, _S.UNKNOWN}) | _OPEN_ENDS - {_S.REJECTED},
    _S.CANCEL_SENT: frozenset({_S.PARTIALLY_FILLED, _S.UNKNOWN}) | _OPEN_ENDS,
    _S.UNKNOWN: frozenset({_S.ACKNOWLEDGED, _S.PARTIALLY_FILLED, _S.CANCEL_SENT}) | _OPEN_ENDS,
    # A fill may be reported after the cancel or the expiry was: the venue is right, so both may still end filled.
    _S.CANCELLED: frozenset({_S.FILLED}),
    _S.EXPIRED: frozenset({_S.FILLED}),
    _S.FILLED: frozenset(),
    # So is it of an order that it did not know for so long that it was taken for one that never arrived.
    _S.REJECTED: frozenset({_S.FILLED, _S.CANCELLED, _S.EXPIRED}),
}
"""Every move an order may make. No other code decides this."""

TERMINAL: Final = frozenset({_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED})
"""States in which no further fill is expected."""


def may_become(current: OrderState, target: OrderState) -> bool:
    """Tell whether the table allows a move."""
    return target in TRANSITIONS[current]


class OrderRequest(Struct, frozen=True, kw_only=True):
    """An order as it is sent.

    Attributes:
        client_order_id: Our id, at most 36 characters of ``[A-Za-z0-9_-]``.
        instrument: Key of the instrument.
        side: Buy or sell.
        type: Limit or market.
        quantity: Quantity in order units, a multiple of the instrument's lot; 0 where ``cost`` stands for it.
        price: Worst price; None for every type but a limit order.
        time_in_force: Life of the order.
        reduce_only: True where the order may only shrink the venue's position.
        expires_at: Time in UTC nanoseconds after which it must no longer reach the venue; 0 for none.
        cost: What a market or best buy may spend, in the quote currency and without fees, on a venue that counts
            such orders by cost; None for an order by quantity.
        trigger_price: Price at which a triggered order becomes a market order; None for the other types.
    """

    client_order_id: str
    instrument: str
    side: Side
    type: OrderType = OrderType.LIMIT
    quantity: Decimal
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.IOC
    reduce_only: bool = False
    expires_at: int = 0
    cost: Decimal | None = None
    trigger_price: Decimal | None = None


class OrderRef(Struct, frozen=True, kw_only=True):
    """Names an order that was sent, for questions about it and for cancels.

    Attributes:
        client_order_id: Our id of it; empty for an order of somebody else's, which only ``venue_order_id`` names.
        instrument: Key of the instrument.
        venue_order_id: The venue's id, empty where none is known.
        type: Its type: some venues keep triggered orders apart.
    """

    client_order_id: str = ""
    instrument: str
    venue_order_id: str = ""
    type: OrderType = OrderType.LIMIT


class Amendment(Struct, frozen=True, kw_only=True):
    """New terms of a resting limit order.

    Attributes:
        side: Side of the order, which never changes.
        quantity: New quantity in all, what has filled included.
        price: New limit.
        new_client_order_id: Id of the order that takes its place, on a venue that cancels and places anew; such a
            venue requires it.
    """

    side: Side
    quantity: Decimal
    price: Decimal
    new_client_order_id: str = ""


class OrderReport(Struct, frozen=True, kw_only=True):
    """What a venue says of an order, apart from its fills.

    Attributes:
        client_order_id: Our id of the order.
        state: State that the venue reports.
        venue_order_id: The venue's id, empty where it gave none.
        filled: Cumulative quantity that the venue counts as filled.
        reason: Reason code of a rejection, a cancel or an expiry; empty otherwise.
        detail: The venue's own words, for people.
        instrument: Key of the instrument; empty where the teller left it to the id.
        origin: Who placed the order.
        ts: Venue time.
        recv_ts: Receive time.
    """

    client_order_id: str
    state: OrderState
    venue_order_id: str = ""
    filled: Decimal = Decimal(0)
    reason: str = ""
    detail: str = ""
    instrument: str = ""
    origin: OrderOrigin = OrderOrigin.OURS
    ts: int
    recv_ts: int


class Fill(Struct, frozen=True, kw_only=True):
    """One execution of an order.

    Attributes:
        fill_id: The venue's id of the execution; the dedup key together with the venue.
        client_order_id: Our id of the order.
        instrument: Key of the instrument.
        side: Buy or sell.
        quantity: Executed quantity in order units.
        price: Execution price.
        fee: Amount charged; negative for a rebate.
        fee_currency: Currency of the fee.
        liquidity: Taker or maker.
        venue_order_id: The venue's id of the order, empty where it gave none.
        origin: Who placed the order.
        ts: Venue time.
        recv_ts: Receive time.
    """

    fill_id: str
    client_order_id: str
    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity = Liquidity.TAKER
    venue_order_id: str = ""
    origin: OrderOrigin = OrderOrigin.OURS
    ts: int
    recv_ts: int
