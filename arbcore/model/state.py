"""States of the engine, of positions, commands and connections, as the catalogue names them."""

from enum import StrEnum
from typing import Final


class EngineState(StrEnum):
    """What the engine may do; `ALLOWED` is the whole rule."""

    BOOTING = "BOOTING"
    RUNNING = "RUNNING"
    REDUCING = "REDUCING"
    PAUSED = "PAUSED"
    HALTED = "HALTED"
    SAFE = "HALTED"  # alias: the catalogue's older name


class Action(StrEnum):
    """Kinds of order that a state may allow."""

    ENTRY = "entry"
    REPAIR = "repair"
    """Top-up, hedge or unwind of a trade that is already open."""
    EXIT = "exit"
    MANUAL = "manual"


ALLOWED: Final[dict[EngineState, frozenset[Action]]] = {
    EngineState.BOOTING: frozenset(),
    EngineState.RUNNING: frozenset(Action),
    EngineState.REDUCING: frozenset({Action.REPAIR, Action.EXIT, Action.MANUAL}),
    EngineState.PAUSED: frozenset({Action.REPAIR, Action.MANUAL}),
    EngineState.HALTED: frozenset({Action.REPAIR, Action.MANUAL}),
}
"""What each state lets through. What stops entries never stops a repair."""


class PositionState(StrEnum):
    """The catalogue's position states; a trade's states map onto them."""

    FLAT = "FLAT"
    ENTERING = "ENTERING"
    OPEN = "OPEN"
    EXITING = "EXITING"


class CommandState(StrEnum):
    """Life of a command in the control store."""

    NEW = "NEW"
    SENT = "SENT"
    ACK = "ACK"
    FAILED = "FAILED"


class ConnectionState(StrEnum):
    """State of a WebSocket connection."""

    DISCONNECTED = "DISCONNECTED"
    CONNECTING = "CONNECTING"
    CONNECTED = "CONNECTED"
    RECONNECTING = "RECONNECTING"
    MUTE = "MUTE"
    RESYNCING = "RESYNCING"


class HealthState(StrEnum):
    """Health of a venue; down and frozen take it out of every route."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"
    FROZEN = "frozen"
    """It answers, and its market data stands still."""


class Severity(StrEnum):
    """Urgency of an alert; P0 is never throttled."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
