"""The life of a connection: its states, which may follow which, and what is told of each change. Pure."""

from typing import Final

from arbcore.model.input import ConnectionChanged
from arbcore.model.state import ConnectionState

_S = ConnectionState

NEXT: Final[dict[ConnectionState, frozenset[ConnectionState]]] = {
    _S.DISCONNECTED: frozenset({_S.CONNECTING}),
    _S.CONNECTING: frozenset({_S.CONNECTED, _S.MUTE, _S.RECONNECTING, _S.DISCONNECTED}),
    _S.CONNECTED: frozenset({_S.RESYNCING, _S.MUTE, _S.RECONNECTING, _S.DISCONNECTED}),
    _S.RESYNCING: frozenset({_S.CONNECTED, _S.MUTE, _S.RECONNECTING, _S.DISCONNECTED}),
    _S.MUTE: frozenset({_S.RECONNECTING, _S.DISCONNECTED}),
    _S.RECONNECTING: frozenset({_S.CONNECTED, _S.MUTE, _S.DISCONNECTED}),
}
"""What may follow each state. A connection that is being opened again stays RECONNECTING until it delivers."""


class Connection:
    """State of one connection. A change that the table does not allow changes nothing.

    Args:
        venue: Exchange instance id, or name of the rate.
        name: Name of the connection.
    """

    def __init__(self, venue: str, name: str) -> None:
        self._venue: Final = venue
        self._name: Final = name
        self.state = ConnectionState.DISCONNECTED
        self._attempts = 0
        self._lost_at: int | None = None

    def attempt(self) -> None:
        """Count an attempt to open it."""
        self._attempts += 1

    def move(self, state: ConnectionState, reason: str, now: int, heard_at: int = 0) -> list[ConnectionChanged]:
        """Take another state; return what to tell, nothing where the state may not follow.

        Args:
            state: The state.
            reason: What led to it.
            now: Time.
            heard_at: When data came last, for the length of an outage; 0 where none came.
        """
        if state not in NEXT[self.state]:
            return []
        if self.state in {_S.CONNECTED, _S.RESYNCING} and state in {_S.MUTE, _S.RECONNECTING}:
            self._lost_at = heard_at or now
            self._attempts = 0
        recovered = self.state is _S.RECONNECTING and state is _S.CONNECTED
        self.state = state
        return [
            ConnectionChanged(
                venue=self._venue,
                connection=self._name,
                state=state,
                reason=reason,
                attempts=self._attempts if recovered else 0,
                outage_ns=now - self._lost_at if recovered and self._lost_at is not None else 0,
                recv_ts=now,
            )
        ]
