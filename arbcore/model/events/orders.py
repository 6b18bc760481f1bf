"""Events of orders, intents and trades."""

from decimal import Decimal
from typing import ClassVar

from arbcore.model.events.base import Event
from arbcore.model.intent import Intent, IntentKind, IntentState
from arbcore.model.order import Liquidity, OrderOrigin, OrderRequest, OrderState, Side
from arbcore.model.trade import Pnl, Trade


class OrderIntended(Event, frozen=True):
    """An order is about to be sent; stored before it leaves.

    Attributes:
        order: The order as it will be sent.
        venue: Exchange instance id.
        intent: Id of the intent.
        leg: Index of the leg.
        attempt: Number of the attempt, from 0.
    """

    KEY: ClassVar[str] = "our id of the order"
    order: OrderRequest
    venue: str
    intent: str
    leg: int
    attempt: int


class OrderPlaced(Event, frozen=True):
    """The venue accepted an order."""

    KEY: ClassVar[str] = "the venue's id of the order"
    client_order_id: str
    venue_order_id: str
    venue_time: int


class OrderRejected(Event, frozen=True):
    """The venue or the gateway refused an order."""

    KEY: ClassVar[str] = "our id of the order"
    client_order_id: str
    reason: str
    detail: str = ""


class OrderCancelled(Event, frozen=True):
    """An order ended without filling completely, by cancel or expiry."""

    KEY: ClassVar[str] = "our id of the order"
    client_order_id: str
    state: OrderState
    filled: Decimal
    reason: str = ""


class OrderUpdated(Event, frozen=True):
    """An order moved to another state."""

    KEY: ClassVar[str] = "our id of the order"
    client_order_id: str
    before: OrderState
    after: OrderState
    filled: Decimal


class TradeExecuted(Event, frozen=True, omit_defaults=True):
    """A fill.

    Attributes:
        fill_id: The venue's id of the execution.
        client_order_id: Our id of the order.
        venue_order_id: The venue's id of the order.
        trade: Id of the trade that it moves; empty for stock and dust.
        instrument: Key of the instrument.
        side: Buy or sell.
        quantity: Executed quantity; of an execution that moves several trades, the part of this one.
        price: Execution price.
        touch: Price of the touch at the decision; the price itself where the venue decided.
        liquidity: Taker or maker.
        rate: Units of base currency for one unit of the quote currency at the fill.
        rate_name: Name of that rate, empty for the base currency itself.
        venue_time: Venue time.
        origin: Who placed the order: ours, or one of the venue's own that closed a position.
    """

    KEY: ClassVar[str] = "`VENUE:FILL_ID`"
    fill_id: str
    client_order_id: str
    venue_order_id: str
    trade: str
    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal
    touch: Decimal
    liquidity: Liquidity
    rate: Decimal
    rate_name: str
    venue_time: int
    origin: OrderOrigin = OrderOrigin.OURS


class IntentApproved(Event, frozen=True):
    """The risk chain let an intent through, perhaps smaller than asked.

    Attributes:
        intent: The intent as it will be executed.
        asked_notional: Value before the risk chain resized it, in base currency.
        resized_by: Instance id of the tier that resized it, empty where none did.
    """

    KEY: ClassVar[str] = "the intent's id"
    intent: Intent
    asked_notional: Decimal
    resized_by: str = ""


class IntentEnded(Event, frozen=True):
    """An intent is over.

    Attributes:
        intent: Id of the intent.
        kind: Its kind.
        state: Filled, partial, failed or frozen.
        filled: Filled quantity of each leg, in the route's order.
        reason: Why, where it did not fill completely.
    """

    KEY: ClassVar[str] = "the intent's id"
    intent: str
    kind: IntentKind
    state: IntentState
    filled: tuple[Decimal, ...]
    reason: str = ""


class TradeOpened(Event, frozen=True):
    """A trade began: its entry is on its way."""

    KEY: ClassVar[str] = "the trade's id"
    trade: Trade


class TradeHedged(Event, frozen=True):
    """All legs of a trade match, for the first time or again after a part of it was closed or repaired.

    Attributes:
        trade: Id of the trade.
        unhedged_ns: Time from the first fill since they last matched until now.
    """

    KEY: ClassVar[str] = "the trade's id"
    trade: str
    unhedged_ns: int


class TradeExiting(Event, frozen=True):
    """A trade is being closed, in whole or in part."""

    KEY: ClassVar[str] = "the trade's id"
    trade: str
    reason: str


class TradeClosed(Event, frozen=True):
    """A trade is over.

    Attributes:
        trade: The trade with its final legs and realised PnL.
    """

    KEY: ClassVar[str] = "the trade's id"
    trade: Trade


class TradeFrozen(Event, frozen=True):
    """A trade could not be repaired and waits for the operator."""

    KEY: ClassVar[str] = "the trade's id"
    trade: str
    reason: str


class PnlReported(Event, frozen=True):
    """Profit and loss at the end of a session, by parts, beside the ledger's own change.

    Attributes:
        pnl: Parts from their own postings, in base currency.
        ledger_change: End value minus start value of all balances and open lots, computed independently.
    """

    pnl: Pnl
    ledger_change: Decimal
