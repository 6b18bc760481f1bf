"""Events of audit and connections: drift, quarantine, reconciliation, sockets, venue and rate health."""

from arbcore.model.events.base import Event
from arbcore.model.state import ConnectionState


class DriftDetected(Event, frozen=True):
    """The venue's truth differs from ours.

    Attributes:
        subject: What differs: a balance, position or order.
        expected: Our value, as text.
        actual: The venue's value, as text.
        cause_class: Class of the likely cause.
    """

    subject: str
    expected: str
    actual: str
    cause_class: str


class ReconciliationPerformed(Event, frozen=True):
    """Our state was compared with a venue's."""

    venue: str
    checked: int
    drifts: int


class QuarantineStarted(Event, frozen=True):
    """Something is set aside until a person or a rule clears it."""

    subject: str
    reason: str


class QuarantineCompleted(Event, frozen=True):
    """Something set aside was cleared."""

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
