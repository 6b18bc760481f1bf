"""The strategy port: routes that a strategy watches, signals that it gets, wishes that it answers with."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from math import inf
from typing import Protocol, runtime_checkable

from msgspec import Struct

from arbcore.model.instrument import Instrument
from arbcore.model.order import Side
from arbcore.model.trade import Trade


class RouteKind(StrEnum):
    """How a route is opened.

    ``FLAT`` opens in its forward direction only and closes by the reverse; ``INVENTORY`` draws on a declared,
    hedged stock, so either direction may open.
    """

    FLAT = "flat"
    INVENTORY = "inventory"


class LegSpec(Struct, frozen=True):
    """One leg of a route.

    Attributes:
        instrument: Key of the instrument.
        side: Side in the route's forward direction.
        rate: Name of the rate that converts the quote currency; empty where that is the base currency.
    """

    instrument: str
    side: Side
    rate: str = ""


class RouteSpec(Struct, frozen=True, kw_only=True):
    """A combination of instruments that a strategy watches.

    Attributes:
        id: Id, unique in the session; by convention ``strategy/symbol/venue-venue``.
        symbol: Symbol that results, limits and switches are grouped by.
        kind: How it is opened.
        legs: The legs; two for a spread, three for a triangle, one for a directional rule.
        max_age_ns: Oldest quote of a leg on which anything is decided.
        max_skew_ns: Largest distance of receive times between legs; None for no bound.
    """

    id: str
    symbol: str
    kind: RouteKind
    legs: tuple[LegSpec, ...]
    max_age_ns: int
    max_skew_ns: int | None = None


class Trigger(Struct, frozen=True):
    """When a strategy must be asked. It may fire too often, never too rarely.

    Attributes:
        forward: Ask when the forward edge is at or above this fraction.
        backward: Ask when the backward edge is at or above this fraction.
        forward_below: Ask when the forward edge is at or below this fraction.
        backward_below: Ask when the backward edge is at or below this fraction.
        at: Ask at the first input at or after this engine time (UTC nanoseconds).
    """

    forward: float = inf
    backward: float = inf
    forward_below: float = -inf
    backward_below: float = -inf
    at: int = 2**63 - 1


class LegQuote(Struct, frozen=True):
    """What a leg looks like at a signal.

    Attributes:
        instrument: Key of the instrument.
        bid: Best bid in the quote currency.
        ask: Best ask in the quote currency.
        bid_size: Quantity at the bid.
        ask_size: Quantity at the ask.
        age_ns: Age of the quote.
        pay_rate: Units of base currency that one unit of the quote currency costs.
        get_rate: Units of base currency that one unit of the quote currency yields.
    """

    instrument: str
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    age_ns: int
    pay_rate: float
    get_rate: float


class Signal(Struct, frozen=True):
    """State of a route at one moment, valid and fresh.

    The edge of a direction is what selling its sell legs yields over what buying its buy legs costs, minus one,
    all in base currency at the touch: for two legs ``bid_b * r_b / (ask_a * r_a) - 1``. It is NaN for a route
    that has no leg on one of the sides.

    Attributes:
        route: The route.
        time: Engine time.
        forward: Edge of the forward direction, before costs.
        backward: Edge of the backward direction, before costs.
        legs: The legs' quotes, in the route's order.
        rate_fresh: False where a rate is too old for entries.
    """

    route: RouteSpec
    time: int
    forward: float
    backward: float
    legs: tuple[LegQuote, ...]
    rate_fresh: bool

    @property
    def premium_paid(self) -> float:
        """Premium paid by the forward direction: ``buy ask / (sell bid x rate) - 1``."""
        return 1.0 / (1.0 + self.forward) - 1.0

    @property
    def premium_got(self) -> float:
        """Premium got by the backward direction: ``sell bid / (buy ask x rate) - 1``."""
        return self.backward


class Enter(Struct, frozen=True, kw_only=True):
    """Wish to open a trade.

    Attributes:
        forward: Direction.
        notional: Value of one leg wanted, in base currency; sizing may shrink it, never enlarge it.
        slippage_bps: How far beyond the touch the worst price may lie, in basis points.
        edge_bps: Edge expected after all costs, for the record.
        reason: Reason code.
        depth_share: Share of the quantity at the touch that may be taken.
    """

    forward: bool = True
    notional: Decimal
    slippage_bps: float
    edge_bps: float
    reason: str
    depth_share: float = 1.0


class Exit(Struct, frozen=True, kw_only=True):
    """Wish to close a trade, in whole or in part.

    Attributes:
        trade: Id of the trade.
        share: Part of the open quantity to close; one closes everything.
        slippage_bps: How far beyond the touch the worst price may lie, in basis points.
        edge_bps: Edge expected, for the record.
        reason: Reason code.
    """

    trade: str
    share: Decimal = Decimal(1)
    slippage_bps: float
    edge_bps: float = 0.0
    reason: str


Wish = Enter | Exit


@runtime_checkable
class Strategy(Protocol):
    """A pure decision rule: no I/O, no clock, no randomness; the same calls give the same answers.

    An exception stops this strategy only: nothing is opened for it any more, an alert is raised, and its open
    trades are still managed by execution and by the operator.
    """

    def plan(self, instruments: Sequence[Instrument]) -> Sequence[RouteSpec]:
        """Return the routes to watch, given every instrument of the session. Called once, at the start.

        Raises:
            ConfigurationError: The settings name a venue or symbol that is not there.
        """
        ...

    def trigger(self, route: str) -> Trigger | None:
        """Return when to be asked next about a route; None to be asked at every quote."""
        ...

    def on_signal(self, signal: Signal, trades: Sequence[Trade]) -> Sequence[Wish]:
        """Answer a signal with wishes; usually none.

        Args:
            signal: The route's state, valid and fresh.
            trades: The strategy's trades on this route that are not closed, oldest first.
        """
        ...

    def on_trade(self, trade: Trade) -> None:
        """Learn that a trade of this strategy changed its state."""
        ...

    def state(self) -> bytes:
        """Return everything that `restore` needs, in the strategy's own format."""
        ...

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        ...
