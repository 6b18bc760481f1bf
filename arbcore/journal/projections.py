"""Projections: positions, balances, trades, orders and profit as events add up to them."""

from collections import Counter
from decimal import Decimal
from typing import Protocol, runtime_checkable

from msgspec import Struct, field

from arbcore.model.money import ZERO
from arbcore.model.order import OrderRequest, OrderState
from arbcore.model.state import EngineState
from arbcore.model.trade import Pnl, Trade, TradeState


class OpenOrder(Struct, frozen=True, kw_only=True):
    """An order that may still fill.

    Attributes:
        request: The order as it was sent.
        venue: Exchange instance id.
        state: State as the events tell it.
        filled: Quantity of its fills.
        venue_order_id: The venue's id, empty until it gave one.
    """

    request: OrderRequest
    venue: str
    state: OrderState
    filled: Decimal = ZERO
    venue_order_id: str = ""


class Projections(Struct, kw_only=True):
    """What a journal adds up to so far. Mutable: `Fold` moves it along.

    Attributes:
        sequence: Newest event counted, 0 for none.
        time: Engine time of that event.
        state: State of the engine.
        positions: Signed net quantity by instrument.
        balances: Amount by venue and currency.
        trades: Trades by id, closed ones included.
        orders: Orders that may still fill, by our id.
        finished: Number of orders by the state in which they ended.
        pnl: Realised parts in base currency. Fees and funding count as they are charged, spread and slippage once
            their trade closes; ``fx`` and ``unrealised`` are those of the newest report, zero before one.
    """

    sequence: int = 0
    time: int = 0
    state: EngineState = EngineState.BOOTING
    positions: dict[str, Decimal] = field(default_factory=dict)
    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    trades: dict[str, Trade] = field(default_factory=dict)
    orders: dict[str, OpenOrder] = field(default_factory=dict)
    finished: Counter[OrderState] = field(default_factory=Counter)
    pnl: Pnl = Pnl()

    def open_trades(self) -> list[Trade]:
        """Return the trades that are not closed, oldest first."""
        return [trade for trade in self.trades.values() if trade.state is not TradeState.CLOSED]

    def summary(self) -> "Summary":
        """Return what a store keeps of it."""
        return Summary(
            sequence=self.sequence,
            state=self.state,
            positions=dict(self.positions),
            balances=dict(self.balances),
            trades={trade.id: (trade.state, trade.pnl.total) for trade in self.trades.values()},
            pnl=self.pnl,
        )


class Summary(Struct, frozen=True, kw_only=True):
    """Projections as a store keeps them, for programs that read tables.

    Attributes:
        sequence: Newest event counted.
        state: State of the engine.
        positions: Signed net quantity by instrument.
        balances: Amount by venue and currency.
        trades: State and realised profit by trade, in base currency.
        pnl: Profit by its parts, in base currency.
    """

    sequence: int
    state: EngineState
    positions: dict[str, Decimal]
    balances: dict[tuple[str, str], Decimal]
    trades: dict[str, tuple[TradeState, Decimal]]
    pnl: Pnl


def compare(stored: Summary, folded: Summary) -> list[str]:
    """Return where two summaries of the same events differ, one line each."""
    found = []
    for part in ("state", "pnl"):
        ours, theirs = getattr(folded, part), getattr(stored, part)
        if ours != theirs:
            found.append(f"{part}: stored {theirs}, folded {ours}")
    for part in ("positions", "balances", "trades"):
        ours, theirs = getattr(folded, part), getattr(stored, part)
        found += [
            f"{part} {key}: stored {theirs.get(key)}, folded {ours.get(key)}"
            for key in sorted(ours.keys() | theirs.keys())
            if ours.get(key) != theirs.get(key)
        ]
    return found


@runtime_checkable
class ProjectionStore(Protocol):
    """What a journal offers besides its port where it keeps projections for programs that read tables."""

    def project(self, summary: Summary) -> None:
        """Replace the stored projections, all or none.

        Raises:
            JournalError: They can't be stored.
        """
        ...

    def projected(self) -> Summary | None:
        """Return the stored projections, None where none were stored."""
        ...
