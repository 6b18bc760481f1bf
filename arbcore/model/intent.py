"""Intents: what a strategy wants done, as legs with quantities and worst prices."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from arbcore.model.order import Side
from arbcore.model.state import Action


class IntentKind(StrEnum):
    """What an intent does to its trade."""

    ENTRY = "entry"
    TOP_UP = "top_up"
    EXIT = "exit"
    UNWIND = "unwind"

    @property
    def action(self) -> Action:
        """The kind of action that the engine's state must allow."""
        return _ACTIONS[self]


_ACTIONS = {
    IntentKind.ENTRY: Action.ENTRY,
    IntentKind.TOP_UP: Action.REPAIR,
    IntentKind.UNWIND: Action.REPAIR,
    IntentKind.EXIT: Action.EXIT,
}


class IntentState(StrEnum):
    """Life of an intent."""

    ACTIVE = "active"
    FILLED = "filled"
    PARTIAL = "partial"
    FAILED = "failed"
    FROZEN = "frozen"


class RateUse(Struct, frozen=True):
    """A conversion rate as a decision used it.

    Attributes:
        name: Name of the rate in the config.
        rate: Units of base currency for one unit of the leg's currency.
        source: Id of the source.
        age_ns: Age at the decision.
    """

    name: str
    rate: float
    source: str
    age_ns: int


class IntentLeg(Struct, frozen=True, kw_only=True):
    """One leg of an intent.

    Attributes:
        instrument: Key of the instrument.
        side: Buy or sell.
        quantity: Order quantity on the lot grid.
        price: Worst price, on the price grid.
        touch: Price of the touch at the decision, on the price grid as recorded: the base of slippage.
        quote_age_ns: Age of the quote at the decision.
    """

    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal
    touch: Decimal
    quote_age_ns: int = 0


class Intent(Struct, frozen=True, kw_only=True):
    """A wish to trade N legs together.

    Attributes:
        id: Number of the intent in its session, in base 32.
        trade: Id of the trade that owns it.
        strategy: Instance id of the strategy.
        route: Id of the route.
        symbol: Symbol that results are grouped by.
        kind: Entry, top-up, exit or unwind.
        forward: True for the route's forward direction.
        legs: The legs, in the route's order.
        edge_bps: Edge after the costs that the strategy counted, at the decision.
        notional: Value of the largest leg in the base currency.
        reason: Why the strategy wants it.
        rates: Conversion rates that the decision used.
        decided_at: Engine time of the decision.
    """

    id: str
    trade: str
    strategy: str
    route: str
    symbol: str
    kind: IntentKind
    forward: bool
    legs: tuple[IntentLeg, ...]
    edge_bps: float
    notional: Decimal
    reason: str
    rates: tuple[RateUse, ...] = ()
    decided_at: int
