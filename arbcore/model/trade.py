"""A trade: the position of several legs that entries opened and exits close, and what it earned."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct

from arbcore.model.money import ZERO, total
from arbcore.model.state import PositionState


class TradeState(StrEnum):
    """Life of a trade."""

    OPEN = "open"
    """Legs are missing."""
    HEDGED = "hedged"
    """All legs match."""
    EXITING = "exiting"
    CLOSED = "closed"
    FROZEN = "frozen"
    """Kept, alarmed, waiting for the operator."""


_T = TradeState

TRADE_TRANSITIONS: Final[dict[TradeState, frozenset[TradeState]]] = {
    _T.OPEN: frozenset({_T.HEDGED, _T.EXITING, _T.CLOSED, _T.FROZEN}),
    _T.HEDGED: frozenset({_T.OPEN, _T.EXITING, _T.FROZEN}),
    _T.EXITING: frozenset({_T.HEDGED, _T.CLOSED, _T.FROZEN}),
    _T.FROZEN: frozenset({_T.HEDGED, _T.EXITING, _T.CLOSED}),
    _T.CLOSED: frozenset(),
}
"""Every move a trade may make."""

POSITION_OF: Final[dict[TradeState, PositionState]] = {
    _T.OPEN: PositionState.ENTERING,
    _T.HEDGED: PositionState.OPEN,
    _T.EXITING: PositionState.EXITING,
    _T.CLOSED: PositionState.FLAT,
    _T.FROZEN: PositionState.OPEN,
}
"""The catalogue's position state of a trade's state."""


class Pnl(Struct, frozen=True, kw_only=True):
    """Profit and loss by its parts, in the base currency. Each part comes from its own postings.

    Attributes:
        spread: Closed lots at the touch of the decisions that opened and closed them.
        slippage: Fills of closed lots against those touches.
        fees: Fees, negative when paid.
        funding: Funding payments, positive when received.
        fx: Cash balances times rate changes.
        unrealised: Open lots at the touch that would close them, against their fills.
    """

    spread: Decimal = ZERO
    slippage: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    fx: Decimal = ZERO
    unrealised: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Exact sum of the parts."""
        return total((self.spread, self.slippage, self.fees, self.funding, self.fx, self.unrealised))


class TradeLeg(Struct, frozen=True, kw_only=True):
    """What one leg of a trade holds or held.

    Attributes:
        instrument: Key of the instrument.
        quantity: Signed open quantity in order units, negative when short.
        bought: Quantity bought over the trade's life.
        sold: Quantity sold over the trade's life.
        bought_value: Sum of price times quantity of the buys, in the quote currency before the contract size.
        sold_value: Sum of price times quantity of the sells, likewise.
    """

    instrument: str
    quantity: Decimal = ZERO
    bought: Decimal = ZERO
    sold: Decimal = ZERO
    bought_value: Decimal = ZERO
    sold_value: Decimal = ZERO


class Trade(Struct, frozen=True, kw_only=True):
    """A trade as strategies, risk tiers and reports see it.

    Attributes:
        id: Id within the session.
        strategy: Instance id of the strategy.
        route: Id of the route.
        symbol: Symbol that results are grouped by.
        state: State of the trade.
        forward: True where it was opened in the route's forward direction.
        legs: The legs, in the route's order.
        opened_at: Engine time of the entry decision.
        hedged_at: Engine time at which all legs first matched, 0 before.
        closed_at: Engine time of the close, 0 while open.
        notional: Value of the largest leg at entry, in the base currency.
        entry_edge_bps: Edge at the entry decision.
        entry_premium: Premium at the entry decision, as a fraction.
        entry_reason: Why it was opened.
        exit_reason: Why it was closed, empty while open.
        pnl: Realised parts, in the base currency; ``fx`` stays zero, it belongs to balances.
    """

    id: str
    strategy: str
    route: str
    symbol: str
    state: TradeState
    forward: bool
    legs: tuple[TradeLeg, ...]
    opened_at: int
    hedged_at: int = 0
    closed_at: int = 0
    notional: Decimal
    entry_edge_bps: float
    entry_premium: float = 0.0
    entry_reason: str = ""
    exit_reason: str = ""
    pnl: Pnl = Pnl()
