"""The tally: what a session's events add up to, for its report. A fold; it keeps no event."""

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from arbcore.model.events import (
    AlertRaised,
    Envelope,
    FeeCharged,
    InputsRejected,
    IntentEnded,
    OpportunitySkipped,
    PnlReported,
    RiskGuardRejected,
    TradeClosed,
    TradeExecuted,
    TradeHedged,
    TradeOpened,
)
from arbcore.model.intent import IntentKind, IntentState
from arbcore.model.money import EXACT, ZERO

if TYPE_CHECKING:
    from arbcore.model.trade import Trade

MAX_TIMES: Final = 100_000
"""Unhedged times kept for percentiles, the latest ones."""

MAX_ALERTS: Final = 100
"""Alerts kept for the report; the journal has them all."""


class SymbolTally(Struct):
    """Results of one symbol, in base currency. Mutable.

    Attributes:
        entries: Trades opened that filled.
        exits: Trades closed.
        won: Closed trades with a profit.
        pnl: Realised profit of the closed trades.
    """

    entries: int = 0
    exits: int = 0
    won: int = 0
    pnl: Decimal = ZERO


class Tally:
    """Counts of a session."""

    def __init__(self) -> None:
        self.symbols: Final[dict[str, SymbolTally]] = {}
        self.exit_reasons: Final[dict[str, int]] = {}
        self.skipped: Final[dict[str, tuple[int, int]]] = {}
        """Episodes and skips by reason code."""
        self.refused: Final[dict[str, tuple[int, int]]] = {}
        """Episodes and inputs by reason code."""
        self.fees: Final[dict[str, Decimal]] = {}
        self.alerts: Final[list[AlertRaised]] = []
        self.alert_count = 0
        self.fills = 0
        self.guards = 0
        """Entries that a risk tier refused, once per episode."""
        self.unwinds = 0
        self.failed_entries = 0
        self.unhedged_ns: Final[deque[int]] = deque(maxlen=MAX_TIMES)
        self.open: Final[dict[str, Trade]] = {}
        self.report: PnlReported | None = None
        self._entered: Final[set[str]] = set()
        """Open trades that were hedged once."""
        self._folds: Final[dict[type, Callable[[Any], None]]] = {
            TradeOpened: self._opened,
            TradeHedged: self._hedged,
            TradeClosed: self._closed,
            TradeExecuted: self._fill,
            FeeCharged: self._fee,
            IntentEnded: self._ended,
            OpportunitySkipped: self._skip,
            InputsRejected: self._refuse,
            RiskGuardRejected: self._guard,
            AlertRaised: self._alert,
            PnlReported: self._report,
        }

    def watch(self, events: Sequence[Envelope]) -> None:
        """Take stored events."""
        folds = self._folds
        for envelope in events:
            fold = folds.get(type(envelope.event))
            if fold is not None:
                fold(envelope.event)

    def adopt(self, trades: "Sequence[Trade]") -> None:
        """Learn the trades that an earlier start left open."""
        for trade in trades:
            self.open[trade.id] = trade
            if trade.hedged_at:
                self._entered.add(trade.id)

    @property
    def trades(self) -> int:
        """Closed trades."""
        return sum(symbol.exits for symbol in self.symbols.values())

    def _opened(self, event: TradeOpened) -> None:
        self.open[event.trade.id] = event.trade

    def _hedged(self, event: TradeHedged) -> None:
        self.unhedged_ns.append(event.unhedged_ns)
        if event.trade not in self._entered:
            self._entered.add(event.trade)
            self._symbol(self.open[event.trade].symbol).entries += 1

    def _closed(self, event: TradeClosed) -> None:
        trade = event.trade
        del self.open[trade.id]
        self._entered.discard(trade.id)
        if not any(leg.bought or leg.sold for leg in trade.legs):
            self.failed_entries += 1
            return
        symbol = self._symbol(trade.symbol)
        symbol.entries += 0 if trade.hedged_at else 1
        symbol.exits += 1
        profit = trade.pnl.total
        symbol.won += profit > 0
        symbol.pnl = EXACT.add(symbol.pnl, profit)
        reason = trade.exit_reason or "never hedged"
        self.exit_reasons[reason] = self.exit_reasons.get(reason, 0) + 1

    def _fill(self, event: TradeExecuted) -> None:
        self.fills += 1

    def _fee(self, event: FeeCharged) -> None:
        self.fees[event.currency] = EXACT.add(self.fees.get(event.currency, ZERO), event.amount)

    def _ended(self, event: IntentEnded) -> None:
        if event.kind is IntentKind.UNWIND and event.state is not IntentState.FAILED:
            self.unwinds += 1

    def _skip(self, event: OpportunitySkipped) -> None:
        episodes, count = self.skipped.get(event.reason, (0, 0))
        self.skipped[event.reason] = (episodes + 1, count + event.count)

    def _refuse(self, event: InputsRejected) -> None:
        episodes, count = self.refused.get(event.reason, (0, 0))
        self.refused[event.reason] = (episodes + 1, count + event.count)

    def _guard(self, event: RiskGuardRejected) -> None:
        self.guards += 1

    def _alert(self, event: AlertRaised) -> None:
        self.alert_count += 1
        if len(self.alerts) < MAX_ALERTS:
            self.alerts.append(event)

    def _report(self, event: PnlReported) -> None:
        self.report = event

    def _symbol(self, symbol: str) -> SymbolTally:
        return self.symbols.setdefault(symbol, SymbolTally())
