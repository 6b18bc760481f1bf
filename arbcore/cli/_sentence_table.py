"""The events that tell all about themselves, as sentences."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from arbcore.cli._words import code_words
from arbcore.model.events import (
    AlertRaised,
    CommandAccepted,
    CommandFailed,
    ConfigChanged,
    DriftDetected,
    EngineModeChanged,
    EngineStopped,
    Event,
    FxStateChanged,
    InputsRejected,
    InstrumentStatusChanged,
    IntentEnded,
    ManualOverrideExecuted,
    OrderRejected,
    QuarantineStarted,
    RiskGuardRejected,
    RiskVerdictIssued,
    StrategyStopped,
    SymbolDisabled,
    SymbolEnabled,
    VenueHealthChanged,
    WebSocketConnected,
    WebSocketDisconnected,
    WebSocketReconnected,
    WebSocketStateChanged,
)
from arbcore.model.intent import IntentState
from arbcore.model.state import EngineState, HealthState

Told = tuple[str, str]
"""A sentence, as yet with what venues wrote, and its colour."""

GOOD: Final = "green"
BAD: Final = "red"
CALM: Final = ""


def why(*reasons: str) -> str:
    """Return reasons behind a colon, nothing where none was given."""
    words = " ".join(code_words(reason) for reason in reasons if reason)
    return f": {words}" if words else ""


def _ended(event: IntentEnded) -> Told | None:
    if event.state is IntentState.FILLED:
        return None
    return f"{event.kind} of intent {event.intent} {event.state}{why(event.reason)}", BAD


def _mode(event: EngineModeChanged) -> Told:
    return f"engine {event.after}{why(event.reason)}", CALM if event.after is EngineState.RUNNING else BAD


def _health(event: VenueHealthChanged) -> Told:
    tone = GOOD if event.after == HealthState.HEALTHY else BAD
    return f"{event.venue} is {event.after}, it was {event.before}{why(event.reason)}", tone


def _rate(event: FxStateChanged) -> Told:
    word = "usable" if event.usable else "unusable for entries"
    return f"rate {event.name} is {word}{why(event.reason)}", GOOD if event.usable else BAD


def _status(event: InstrumentStatusChanged) -> Told:
    warnings = f", warnings {', '.join(event.warnings)}" if event.warnings else ""
    delisting = ", its delisting is announced" if event.delisting_ts else ""
    word = "may be traded" if event.trading else "may not be traded"
    return f"{event.instrument} {word}{warnings}{delisting}", CALM if event.trading else BAD


def _back(event: WebSocketReconnected) -> Told:
    outage = event.outage_ns / 1e9
    return f"{event.venue} {event.connection} is back after {outage:.1f} s, attempt {event.attempts}", CALM


def _accepted(event: CommandAccepted) -> Told:
    return f"command {type(event.command).__name__} by {event.issued_by} applied", CALM


def _failed(event: CommandFailed) -> Told:
    return f"command {type(event.command).__name__} by {event.issued_by} refused{why(event.reason)}", BAD


TABLE: Final[Mapping[type[Event], Callable[[Any], Told | None]]] = {
    EngineStopped: lambda event: (f"session ended{why(event.reason)}", CALM),
    EngineModeChanged: _mode,
    IntentEnded: _ended,
    OrderRejected: lambda event: (f"order {event.client_order_id} refused{why(event.reason, event.detail)}", BAD),
    AlertRaised: lambda event: (f"{event.severity} {event.rule} ({event.source}): {event.text}", BAD),
    RiskGuardRejected: lambda event: (f"risk {event.tier}: {event.verdict} on {event.route}{why(event.reason)}", BAD),
    RiskVerdictIssued: lambda event: (f"risk {event.tier}: {event.verdict}{why(event.reason, event.detail)}", BAD),
    StrategyStopped: lambda event: (f"strategy {event.strategy} stopped{why(event.reason, event.detail)}", BAD),
    SymbolDisabled: lambda event: (f"{event.symbol} is switched off{why(event.reason)}", BAD),
    SymbolEnabled: lambda event: (f"{event.symbol} is switched on", CALM),
    ConfigChanged: lambda event: (f"config version {event.version} is in force", CALM),
    CommandAccepted: _accepted,
    CommandFailed: _failed,
    ManualOverrideExecuted: lambda event: (f"{event.issued_by} overrode {event.rule}{why(event.reason)}", BAD),
    WebSocketConnected: lambda event: (f"{event.venue} {event.connection} connected", CALM),
    WebSocketReconnected: _back,
    WebSocketDisconnected: lambda event: (f"{event.venue} {event.connection} disconnected{why(event.reason)}", BAD),
    WebSocketStateChanged: lambda event: (
        f"{event.venue} {event.connection} {event.state.value.lower()}{why(event.reason)}",
        CALM,
    ),
    VenueHealthChanged: _health,
    FxStateChanged: _rate,
    InstrumentStatusChanged: _status,
    InputsRejected: lambda event: (f"{event.source}: {event.count:,} inputs refused{why(event.reason)}", CALM),
    DriftDetected: lambda event: (f"{event.subject}: ours {event.expected}, the venue's {event.actual}", BAD),
    QuarantineStarted: lambda event: (f"{event.subject} is set aside{why(event.reason)}", BAD),
}
"""By type. What is not in it people don't want to hear of while they watch."""
