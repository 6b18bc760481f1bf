"""Facts: the inputs of a session that its journal tells, so that a replay can give them again."""

from arbcore.model.command import CommandRequest
from arbcore.model.events import (
    CommandAccepted,
    CommandFailed,
    Envelope,
    InstrumentStatusChanged,
    ManualOverrideExecuted,
    TradingTermsStated,
    VenueHealthChanged,
    WebSocketConnected,
    WebSocketDisconnected,
    WebSocketReconnected,
    WebSocketStateChanged,
)
from arbcore.model.input import Condition, ConnectionChanged, InstrumentStatus, RuleOverridden, TermsStated, VenueHealth
from arbcore.model.state import ConnectionState, HealthState


def fact_of(envelope: Envelope) -> Condition | TermsStated | CommandRequest | None:
    """Return the input that an event tells, None for an event that follows from other inputs."""
    event, now = envelope.event, envelope.time
    match event:
        case CommandAccepted() | CommandFailed():
            return CommandRequest(
                id=event.command_id,
                command=event.command,
                issued_by=event.issued_by,
                override=event.override,
                recv_ts=now,
            )
        case ManualOverrideExecuted(command_id=""):
            return RuleOverridden(rule=event.rule, issued_by=event.issued_by, reason=event.reason, recv_ts=now)
        case VenueHealthChanged():
            return VenueHealth(venue=event.venue, state=HealthState(event.after), reason=event.reason, recv_ts=now)
        case InstrumentStatusChanged():
            return InstrumentStatus(
                instrument=event.instrument,
                trading=event.trading,
                warnings=event.warnings,
                delisting_ts=event.delisting_ts,
                ts=now,
                recv_ts=now,
            )
        case TradingTermsStated():
            return TermsStated(
                terms=event.terms, hedge_mode=event.hedge_mode, multi_assets=event.multi_assets, recv_ts=now
            )
        case _:
            return _connection(envelope)


def _connection(envelope: Envelope) -> ConnectionChanged | None:
    event, now = envelope.event, envelope.time
    match event:
        case WebSocketConnected(venue=venue, connection=name):
            return ConnectionChanged(venue=venue, connection=name, state=ConnectionState.CONNECTED, recv_ts=now)
        case WebSocketReconnected(venue=venue, connection=name):
            return ConnectionChanged(
                venue=venue,
                connection=name,
                state=ConnectionState.CONNECTED,
                attempts=event.attempts,
                outage_ns=event.outage_ns,
                recv_ts=now,
            )
        case WebSocketDisconnected(venue=venue, connection=name):
            state = ConnectionState.DISCONNECTED
        case WebSocketStateChanged(venue=venue, connection=name):
            state = event.state
        case _:
            return None
    return ConnectionChanged(venue=venue, connection=name, state=state, reason=event.reason, recv_ts=now)
