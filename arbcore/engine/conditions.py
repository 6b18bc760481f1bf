"""Conditions of a running session: health of venues, states of connections, what venues say about instruments."""

from typing import Final

from arbcore.engine.market import Market
from arbcore.engine.output import Outbox
from arbcore.engine.switches import Switches
from arbcore.model.events import (
    Event,
    InstrumentStatusChanged,
    VenueHealthChanged,
    WebSocketConnected,
    WebSocketDisconnected,
    WebSocketReconnected,
    WebSocketStateChanged,
)
from arbcore.model.input import ConnectionChanged, InstrumentStatus, VenueHealth
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState, HealthState, Severity

BARS: Final = {HealthState.DOWN: Reason.VENUE_DOWN, HealthState.FROZEN: Reason.VENUE_FROZEN}
"""States that take a venue out of every route, and why."""

_SEVERITIES: Final = {
    HealthState.DEGRADED: Severity.P2,
    HealthState.DOWN: Severity.P1,
    HealthState.FROZEN: Severity.P0,
}


class Conditions:
    """Keeps what bars instruments up to date, and tells every change.

    A barred instrument is in no decision: its routes open and close nothing until the bar falls. Repairs of trades
    that are already open go on.

    Args:
        market: Instruments of the session.
        switches: Where alerts go.
        outbox: Where events go.
    """

    def __init__(self, market: Market, switches: Switches, outbox: Outbox) -> None:
        self._market: Final = market
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._health: Final[dict[str, HealthState]] = {}
        self._statuses: Final[dict[str, InstrumentStatus]] = {}

    def health(self, venue: str) -> HealthState:
        """Return a venue's health; a venue of which nothing was told is healthy."""
        return self._health.get(venue, HealthState.HEALTHY)

    def on_health(self, item: VenueHealth) -> None:
        """Take a venue's health."""
        before = self.health(item.venue)
        if item.state is before:
            return
        self._set(item.venue, item.state)
        self._outbox.emit(
            VenueHealthChanged(venue=item.venue, before=before, after=item.state, reason=item.reason),
        )
        severity = _SEVERITIES.get(item.state)
        if severity is not None:
            text = f"venue {item.venue} is {item.state}: {item.reason}"
            self._switches.alert(f"venue_{item.state}", severity, item.venue, text)

    def state(self) -> dict[str, HealthState]:
        """Return the health of venues; what they say of instruments they say again at every start of a feed."""
        return dict(self._health)

    def restore(self, state: dict[str, HealthState]) -> None:
        """Take over what an earlier `state` returned."""
        for venue, health in state.items():
            self._set(venue, health)

    def absorb(self, event: VenueHealthChanged) -> None:
        """Take over what a journal tells, without telling it again."""
        self._set(event.venue, HealthState(event.after))

    def _set(self, venue: str, health: HealthState) -> None:
        self._health[venue] = health
        for state in self._market.instruments.values():
            if state.instrument.venue == venue:
                self._bar(state.key)

    def on_connection(self, item: ConnectionChanged) -> None:
        """Tell a connection's change of state."""
        self._outbox.emit(_connection_event(item))

    def on_status(self, item: InstrumentStatus) -> None:
        """Take what a venue says about an instrument; tell it where it is news."""
        if item.instrument not in self._market.instruments:
            return
        before = self._statuses.get(item.instrument)
        self._statuses[item.instrument] = item
        if before is None and item.trading and not item.warnings and not item.delisting_ts:
            return
        if before is not None and _said(before) == _said(item):
            return
        self._outbox.emit(
            InstrumentStatusChanged(
                instrument=item.instrument,
                trading=item.trading,
                warnings=item.warnings,
                delisting_ts=item.delisting_ts,
            )
        )
        self._bar(item.instrument)

    def _bar(self, key: str) -> None:
        state = self._market.instruments[key]
        status = self._statuses.get(key)
        closed = status is not None and not status.trading
        state.barred = Reason.MARKET_CLOSED if closed else BARS.get(self.health(state.instrument.venue), "")


def _said(status: InstrumentStatus) -> tuple[bool, tuple[str, ...], int]:
    return status.trading, status.warnings, status.delisting_ts


def _connection_event(item: ConnectionChanged) -> Event:
    """Return the event of a change; `arbcore.runtime.facts` turns it back into the input."""
    match item.state:
        case ConnectionState.CONNECTED if item.attempts:
            return WebSocketReconnected(
                venue=item.venue, connection=item.connection, attempts=item.attempts, outage_ns=item.outage_ns
            )
        case ConnectionState.CONNECTED:
            return WebSocketConnected(venue=item.venue, connection=item.connection)
        case ConnectionState.DISCONNECTED:
            return WebSocketDisconnected(venue=item.venue, connection=item.connection, reason=item.reason)
        case _:
            return WebSocketStateChanged(
                venue=item.venue, connection=item.connection, state=item.state, reason=item.reason
            )
