"""Events of audit and connections: drift, quarantine, reconciliation, sockets, venue and rate health."""

from typing import ClassVar

from arbcore.model.account import TradingTerms
from arbcore.model.events.base import Event
from arbcore.model.state import ConnectionState


class DriftDetected(Event, frozen=True):
    """The venue's truth differs from ours.

    Attributes:
        subject: What differs: a balance, position, order or fill, and of whom.
        expected: Our value, as text.
        actual: The venue's value, as text.
        cause_class: Class of the likely cause, of `arbcore.model.drift.CauseClass`.
        venue: Exchange instance id; empty where the subject's owner names it.
    """

    KEY: ClassVar[str] = "`VENUE:ID` of the order or fill that it is about, where it is about one"
    subject: str
    expected: str
    actual: str
    cause_class: str
    venue: str = ""


class ReconciliationPerformed(Event, frozen=True):
    """Our state was compared with a venue's.

    Attributes:
        venue: Exchange instance id.
        checked: Balances, positions and orders that were compared.
        drifts: How many of them differ.
        reason: What led to it: ``period``, ``reconnect``, ``command``, ``resume`` or ``stall``.
    """

    venue: str
    checked: int
    drifts: int
    reason: str = ""


class QuarantineStarted(Event, frozen=True):
    """Something is set aside until a person or a rule clears it."""

    KEY: ClassVar[str] = "the id of what is set aside, where it has one"
    subject: str
    reason: str


class QuarantineCompleted(Event, frozen=True):
    """Something set aside was cleared."""

    KEY: ClassVar[str] = "the id of what is set aside, where it has one"
    subject: str
    outcome: str


class WebSocketConnected(Event, frozen=True):
    """A connection delivers data."""

    venue: str
    connection: str


class WebSocketDisconnected(Event, frozen=True):
    """A connection was lost or closed."""

    venue: str
    connection: str
    reason: str


class WebSocketReconnected(Event, frozen=True):
    """A connection delivers data again after a loss."""

    venue: str
    connection: str
    attempts: int
    outage_ns: int


class WebSocketStateChanged(Event, frozen=True):
    """A connection took a state that has no event of its own: connecting, reconnecting, mute, resyncing."""

    venue: str
    connection: str
    state: ConnectionState
    reason: str


class InstrumentStatusChanged(Event, frozen=True):
    """A venue said something new about an instrument: whether it trades, warnings, an announced delisting.

    Attributes:
        instrument: Key of the instrument.
        trading: Whether it may be traded.
        warnings: The venue's own names of the warnings in force.
        delisting_ts: When its trading ends, 0 where nothing is announced.
    """

    instrument: str
    trading: bool
    warnings: tuple[str, ...]
    delisting_ts: int


class TradingTermsStated(Event, frozen=True):
    """A venue told on which terms the account trades an instrument, or that they changed.

    Attributes:
        terms: The terms.
        hedge_mode: Whether the venue keeps long and short positions apart; None on spot.
        multi_assets: Whether several currencies stand for margin together; None on spot.
    """

    terms: TradingTerms
    hedge_mode: bool | None = None
    multi_assets: bool | None = None


class VenueHealthChanged(Event, frozen=True):
    """A venue moved between healthy, degraded, down and frozen."""

    venue: str
    before: str
    after: str
    reason: str


class FxStateChanged(Event, frozen=True):
    """A conversion rate became usable or unusable for entries."""

    name: str
    usable: bool
    reason: str
