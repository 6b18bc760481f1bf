"""What is measured of one venue: bounded windows of latencies, errors in a row, gaps, connections. Pure."""

from collections import deque
from statistics import median_low
from typing import Final

from arbcore.model.input import ConnectionChanged
from arbcore.model.state import ConnectionState
from arbcore.ports.venue import RequestMeasured

_S = 10**9
_MEMORY_NS = 30 * _S  # latencies older than this say nothing about now
_ERROR_MEMORY_NS = 60 * _S  # errors are forgotten where nothing is asked any more
_GAP_SPAN_NS = 60 * _S
_SAMPLES = 128
_LEAST_SAMPLES = 5
_LOST = frozenset({ConnectionState.RECONNECTING, ConnectionState.DISCONNECTED, ConnectionState.MUTE})
_DELIVERING = frozenset({ConnectionState.CONNECTED, ConnectionState.RESYNCING})


class Vitals:
    """Measurements of a venue."""

    def __init__(self) -> None:
        self.data_at = 0
        self.connected_at = 0
        self.connections: Final[dict[str, ConnectionState]] = {}
        self.lost_since: int | None = None
        self.lost_reason = ""
        self.errors = 0
        self.error = ""
        self._error_at = 0
        self._newest_ts = 0
        self._lag: int | None = None
        self._least_lag: int | None = None
        self._lags: Final[deque[tuple[int, int]]] = deque(maxlen=_SAMPLES)
        self._answers: Final[deque[tuple[int, int]]] = deque(maxlen=_SAMPLES)
        self._gaps: Final[deque[int]] = deque(maxlen=1024)

    @property
    def connected(self) -> bool:
        """Whether any connection delivers."""
        return any(state in _DELIVERING for state in self.connections.values())

    @property
    def lost_connections(self) -> list[str]:
        """Names of the connections that deliver nothing any more."""
        return sorted(name for name, state in self.connections.items() if state in _LOST)

    @property
    def gaps(self) -> int:
        """How many books became invalid within the last minute."""
        return len(self._gaps)

    def on_data(self, ts: int, recv_ts: int) -> None:
        """Take the times of market data; ``ts`` 0 where it is no time of sending.

        Only a venue time newer than all before tells a latency: a snapshot of a quiet book is old and not late. A
        venue time equal to the time of receipt was made up by the adapter.
        """
        self.data_at = recv_ts
        if ts > self._newest_ts and ts != recv_ts:
            self._newest_ts = ts
            self._lag = recv_ts - ts

    def on_gap(self, now: int) -> None:
        """Take that a book became invalid."""
        self._gaps.append(now)

    def on_request(self, item: RequestMeasured) -> None:
        """Take how a request went."""
        if item.ok:
            self.errors = 0
            self._answers.append((item.recv_ts, item.latency_ns))
            return
        self.errors += 1
        self.error, self._error_at = item.reason, item.recv_ts

    def on_connection(self, item: ConnectionChanged) -> None:
        """Take a connection's state."""
        self.connections[item.connection] = item.state
        if item.state is ConnectionState.CONNECTED:
            self.connected_at = item.recv_ts
        if not all(state in _LOST for state in self.connections.values()):
            self.lost_since = None
        elif self.lost_since is None:
            self.lost_since, self.lost_reason = item.recv_ts, item.reason

    def sample(self, now: int) -> None:
        """Keep the latest latency of market data, and forget what is old."""
        if self._lag is not None:
            self._least_lag = self._lag if self._least_lag is None else min(self._lag, self._least_lag)
            self._lags.append((now, self._lag))
            self._lag = None
        for window in (self._lags, self._answers):
            while window and window[0][0] < now - _MEMORY_NS:
                window.popleft()
        while self._gaps and self._gaps[0] < now - _GAP_SPAN_NS:
            self._gaps.popleft()
        if self.errors and self._error_at < now - _ERROR_MEMORY_NS:
            self.errors = 0

    def data_latency(self) -> int:
        """Return the median latency of market data beyond the least one ever seen, 0 where too little is known.

        The least one stands for the difference between the two clocks.
        """
        return _median(self._lags) - (self._least_lag or 0) if len(self._lags) >= _LEAST_SAMPLES else 0

    def request_latency(self) -> int:
        """Return the median latency of answers, 0 where too little is known."""
        return _median(self._answers) if len(self._answers) >= _LEAST_SAMPLES else 0


def _median(window: deque[tuple[int, int]]) -> int:
    return median_low(value for _, value in window)
