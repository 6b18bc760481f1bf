"""Events as short sentences for people who watch a session."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from arbcore.cli._sentence_table import BAD, CALM, GOOD, TABLE, Told, why
from arbcore.cli._words import PARTS, code_words, harmless, pnl_parts, signed, span
from arbcore.model.events import (
    EngineStarted,
    Event,
    FundingApplied,
    IntentApproved,
    TradeClosed,
    TradeFrozen,
    TradeHedged,
    TradeOpened,
)
from arbcore.model.intent import IntentKind
from arbcore.model.money import format_money, plain

if TYPE_CHECKING:
    from decimal import Decimal

    from arbcore.model.events import Envelope

MAX_TRADES: Final = 1_000
"""Open trades whose symbol is remembered; of an older one only the id is told."""

MAX_TEXT: Final = 300
"""Longest sentence: some reasons quote whole frames of a venue."""

_DOING: Final = {
    IntentKind.ENTRY: "enters",
    IntentKind.EXIT: "exits",
    IntentKind.TOP_UP: "tops up",
    IntentKind.UNWIND: "unwinds",
}


class Sentence(Struct, frozen=True):
    """What happened.

    Attributes:
        time: Engine time in UTC nanoseconds.
        text: One line without control characters.
        tone: Colour that it is shown in; empty for the terminal's own.
    """

    time: int
    text: str
    tone: str


class Sentences:
    """Tells events, and how many it was not given. It remembers what open trades are about, no more."""

    def __init__(self) -> None:
        self._base = ""
        self._symbols: Final[dict[str, str]] = {}
        self._last = 0
        self._table: Final[Mapping[type[Event], Callable[[Any], Told | None]]] = {
            **TABLE,
            EngineStarted: self._started,
            TradeOpened: self._opened,
            IntentApproved: self._approved,
            TradeHedged: self._hedged,
            TradeFrozen: self._frozen,
            TradeClosed: self._closed,
            FundingApplied: lambda event: (f"funding {event.instrument}: {self._money(event.value)}", CALM),
        }

    def tell(self, events: "Iterable[Envelope]") -> Iterator[Sentence]:
        """Yield a sentence for every event that people want to hear of, in order."""
        for envelope in events:
            missed = envelope.sequence - self._last - 1
            if self._last and missed > 0:
                yield Sentence(
                    envelope.time, f"{missed:,} events went by too fast to be told; the journal has them", ""
                )
            self._last = envelope.sequence
            rule = self._table.get(type(envelope.event))
            told = rule(envelope.event) if rule else None
            if told:
                yield Sentence(envelope.time, _short(harmless(told[0])), told[1])

    def _started(self, event: EngineStarted) -> Told:
        self._base = event.base_currency
        self._symbols.clear()
        return f"session {event.session} started ({event.mode}), {len(event.instruments)} instruments", CALM

    def _opened(self, event: TradeOpened) -> None:
        # What it is about is told by the intent that follows, with its legs.
        if len(self._symbols) >= MAX_TRADES:
            del self._symbols[next(iter(self._symbols))]
        self._symbols[event.trade.id] = event.trade.symbol

    def _approved(self, event: IntentApproved) -> Told:
        intent = event.intent
        legs = ", ".join(f"{leg.side} {plain(leg.quantity)} {leg.instrument}" for leg in intent.legs)
        about = f"{intent.symbol} trade {intent.trade} {_DOING[intent.kind]}"
        if intent.kind is not IntentKind.ENTRY:
            return f"{about} ({code_words(intent.reason)}): {legs}", CALM
        worth = format_money(intent.notional, self._base) if self._base else plain(intent.notional)
        return f"{about} {worth} at {intent.edge_bps:.1f} bps: {legs}", CALM

    def _hedged(self, event: TradeHedged) -> Told:
        return f"{self._name(event.trade)} hedged after {event.unhedged_ns / 1e9:.2f} s", CALM

    def _frozen(self, event: TradeFrozen) -> Told:
        return f"{self._name(event.trade)} FROZEN, it waits for you{why(event.reason)}", BAD

    def _closed(self, event: TradeClosed) -> Told:
        trade = event.trade
        self._symbols.pop(trade.id, None)
        about = f"{trade.symbol} trade {trade.id}"
        if not any(leg.bought or leg.sold for leg in trade.legs):
            return f"{about} ended without a fill{why(trade.exit_reason)}", CALM
        profit = trade.pnl.total
        parts = f" ({pnl_parts(trade.pnl, self._base, PARTS[:4])})" if self._base and profit else ""
        held = span((trade.closed_at - trade.opened_at) / 1e9)
        text = f"{about} closed {self._money(profit)}{parts} after {held}{why(trade.exit_reason)}"
        return text, GOOD if profit > 0 else BAD

    def _name(self, trade: str) -> str:
        symbol = self._symbols.get(trade)
        return f"{symbol} trade {trade}" if symbol else f"trade {trade}"

    def _money(self, amount: "Decimal") -> str:
        return signed(amount, self._base) if self._base else plain(amount)


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
