"""What an event looks like to people: one line each."""

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from typing import Any, Final

from msgspec import Struct

from arbcore.journal.text import iso
from arbcore.model.events import (
    AlertRaised,
    BalanceChanged,
    CommandFailed,
    DriftDetected,
    EngineModeChanged,
    EngineStarted,
    EngineStopped,
    Envelope,
    Event,
    FeeCharged,
    FundingApplied,
    FxStateChanged,
    InputsRejected,
    OpportunitySkipped,
    OrderCancelled,
    OrderIntended,
    OrderRejected,
    PnlReported,
    RiskGuardRejected,
    RiskVerdictIssued,
    StrategyStopped,
    SymbolDisabled,
    TradeClosed,
    TradeExecuted,
    TradeExiting,
    TradeFrozen,
    TradeHedged,
    TradeOpened,
    VenueHealthChanged,
    WebSocketDisconnected,
    WebSocketReconnected,
)
from arbcore.model.money import format_money
from arbcore.model.trade import Pnl
from arbcore_sink_console.settings import Group

_DIGITS: Final = 30


class Line(Struct, frozen=True):
    """An event in words.

    Attributes:
        group: Kind of event.
        time: Its time.
        text: What happened.
        style: Colour, empty for none.
    """

    group: Group
    time: str
    text: str
    style: str = ""

    @property
    def plain(self) -> str:
        """The whole line."""
        return f"{self.time}  {self.group:<11}  {self.text}"


def line_of(envelope: Envelope, currency: str) -> Line | None:
    """Return an event in words, None for one that is no news to people.

    Args:
        envelope: The event.
        currency: The base currency.
    """
    rule = _RULES.get(type(envelope.event))
    if rule is None:
        return None
    group, style, words = rule
    return Line(group, f"{iso(envelope.time)[:23]}Z", printable(words(envelope.event, currency)), style)


def printable(text: str) -> str:
    """Return text on one line without terminal codes: a venue's words may hold anything."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def exact(amount: Decimal) -> str:
    """Return an amount in plain digits, in powers of ten only where they would fill the screen."""
    return f"{amount:f}" if abs(amount.adjusted()) < _DIGITS else str(amount)


def rounded(amount: Decimal, currency: str) -> str:
    """Return an amount of a currency as people read it."""
    return format_money(amount, currency) if abs(amount.adjusted()) < _DIGITS else f"{amount} {currency}"


def _opened(event: TradeOpened, currency: str) -> str:
    trade = event.trade
    way, value = "forward" if trade.forward else "backward", rounded(trade.notional, currency)
    edge = f"edge {trade.entry_edge_bps:.1f} bps"
    return f"{trade.id} opens {trade.symbol} {way} on {trade.route}: {value}, {edge} ({trade.entry_reason})"


def _closed(event: TradeClosed, currency: str) -> str:
    trade, pnl = event.trade, event.trade.pnl
    parts = {"spread": pnl.spread, "slippage": pnl.slippage, "fees": pnl.fees, "funding": pnl.funding}
    listed = ", ".join(f"{name} {rounded(part, currency)}" for name, part in parts.items())
    return f"{trade.id} closed {trade.symbol}: {rounded(_total(pnl), currency)} ({listed}; {trade.exit_reason})"


def _reported(event: PnlReported, currency: str) -> str:
    return f"session result {rounded(_total(event.pnl), currency)}, ledger {rounded(event.ledger_change, currency)}"


def _executed(event: TradeExecuted, _: str) -> str:
    price = exact(event.price)
    return f"{event.trade} {event.side} {exact(event.quantity)} {event.instrument} at {price} ({event.liquidity})"


def _intended(event: OrderIntended, _: str) -> str:
    order = event.order
    price = "market" if order.price is None else exact(order.price)
    return f"{order.client_order_id} {order.side} {exact(order.quantity)} {order.instrument} at {price}"


def _skipped(event: OpportunitySkipped, _: str) -> str:
    what = f"{event.strategy} skipped {event.route} {event.count} times ({event.reason})"
    return f"{what}, best {event.best_edge_bps:.1f} bps"


def _cancelled(event: OrderCancelled, _: str) -> str:
    return f"{event.client_order_id} {event.state.lower()} with {exact(event.filled)} filled {event.reason}"


def _funding(event: FundingApplied, _: str) -> str:
    return f"funding of {event.instrument}: {exact(event.amount)} {event.currency} at {exact(event.rate)}"


def _balance(event: BalanceChanged, _: str) -> str:
    return f"{event.venue} {exact(event.change)} {event.currency} ({event.reason}), now {exact(event.after)}"


def _started(event: EngineStarted, _: str) -> str:
    return f"session {event.session} starts ({event.mode}): {', '.join(event.strategies)}"


def _refused(event: RiskGuardRejected, _: str) -> str:
    return f"{event.tier} refuses {event.strategy} on {event.route}: {event.verdict}, {event.reason}"


def _inputs(event: InputsRejected, _: str) -> str:
    return f"{event.count} inputs of {event.source} refused ({event.reason}), such as {event.sample}"


def _back(event: WebSocketReconnected, _: str) -> str:
    return f"{event.venue} {event.connection} is back after {event.outage_ns / 10**9:.1f} s"


def _rate(event: FxStateChanged, _: str) -> str:
    return f"rate {event.name} is {'usable' if event.usable else 'unusable'}: {event.reason}"


def _hedged(event: TradeHedged, _: str) -> str:
    return f"{event.trade} hedged after {event.unhedged_ns / 10**6:.1f} ms"


def _drift(event: DriftDetected, _: str) -> str:
    return f"{event.subject}: the venue has {event.actual}, we have {event.expected}"


def _fee(event: FeeCharged, _: str) -> str:
    return f"fee {exact(event.amount)} {event.currency}"


def _total(pnl: Pnl) -> Decimal:
    with localcontext(prec=60):
        return pnl.spread + pnl.slippage + pnl.fees + pnl.funding + pnl.fx + pnl.unrealised


def _words(template: str) -> Callable[[Event, str], str]:
    """Return a rule that only puts an event's fields into a text."""
    return lambda event, _: template.format(e=event)


_Rule = tuple[Group, str, Callable[[Any, str], str]]

_RULES: Final[Mapping[type[Event], _Rule]] = {
    TradeOpened: ("trades", "cyan", _opened),
    TradeHedged: ("trades", "", _hedged),
    TradeExiting: ("trades", "", _words("{e.trade} exits ({e.reason})")),
    TradeClosed: ("trades", "green", _closed),
    TradeFrozen: ("trades", "bold red", _words("{e.trade} is frozen and waits for you ({e.reason})")),
    PnlReported: ("trades", "bold", _reported),
    TradeExecuted: ("fills", "", _executed),
    OrderIntended: ("orders", "", _intended),
    OrderRejected: ("orders", "yellow", _words("{e.client_order_id} refused: {e.reason} {e.detail}")),
    OrderCancelled: ("orders", "yellow", _cancelled),
    BalanceChanged: ("money", "", _balance),
    FeeCharged: ("money", "", _fee),
    FundingApplied: ("money", "", _funding),
    AlertRaised: ("alerts", "bold red", _words("{e.severity} {e.rule} ({e.source}): {e.text}")),
    RiskGuardRejected: ("alerts", "yellow", _refused),
    RiskVerdictIssued: ("alerts", "red", _words("{e.tier}: {e.verdict}, {e.reason} {e.detail}")),
    DriftDetected: ("alerts", "red", _drift),
    EngineStarted: ("engine", "bold", _started),
    EngineStopped: ("engine", "bold", _words("session stops: {e.reason}")),
    EngineModeChanged: ("engine", "bold", _words("{e.before} to {e.after}: {e.reason}")),
    CommandFailed: ("engine", "yellow", _words("command {e.command_id} refused: {e.reason}")),
    StrategyStopped: ("engine", "yellow", _words("strategy {e.strategy} stopped: {e.reason} {e.detail}")),
    SymbolDisabled: ("engine", "yellow", _words("{e.symbol} is switched off: {e.reason}")),
    OpportunitySkipped: ("engine", "", _skipped),
    InputsRejected: ("connections", "yellow", _inputs),
    VenueHealthChanged: ("connections", "yellow", _words("{e.venue} from {e.before} to {e.after}: {e.reason}")),
    WebSocketDisconnected: ("connections", "yellow", _words("{e.venue} {e.connection} is lost: {e.reason}")),
    WebSocketReconnected: ("connections", "", _back),
    FxStateChanged: ("connections", "yellow", _rate),
}
