"""The condition of a faulty exchange and of the line to it: what a fault makes last for a while."""

from collections.abc import Callable
from functools import partial
from typing import Final

from arbcore.model.input import AccountSnapshot, ConnectionChanged, Input, InstrumentStatus, VenueHealth
from arbcore.model.state import ConnectionState, HealthState
from arbcore.runtime.timers import NEVER
from arbcore.testing.faulty.desk import News
from arbcore.testing.faulty.line import Line
from arbcore.testing.faulty.plan import Fault

_CONNECTION: Final = "private-1"


class Condition:
    """Which lasting faults are in force, and what is told of their beginning and end.

    Args:
        name: Exchange instance id.
        instruments: Keys of what it lists.
        line: Where it is told.
        snapshot: Returns the account, which follows every reconnection.
    """

    def __init__(
        self, name: str, instruments: tuple[str, ...], line: Line, snapshot: Callable[[int], AccountSnapshot]
    ) -> None:
        self._name: Final = name
        self._instruments: Final = instruments
        self._line: Final = line
        self._snapshot: Final = snapshot
        self._until: Final[dict[Fault, int]] = {}

    def begin(self, fault: Fault, lasts_ns: int, now: int, missed: list[News]) -> None:
        """Let a fault last for a while; what is missed by then is told when a lost connection is back."""
        end = now + lasts_ns
        self._until[fault] = max(end, self._until.get(fault, 0))
        if fault in {Fault.DISCONNECT, Fault.OUTAGE}:
            self._tell(self._connection(ConnectionState.RECONNECTING), now)
            self._line.at(end, partial(self._reconnect, fault, missed))
        if fault is Fault.OUTAGE:
            self._tell(self._health(HealthState.DOWN), now)
        if fault is Fault.CLOSED:
            self._tell_status(now, trading=False)
            self._line.at(end, self._reopen)

    def delist(self, now: int) -> None:
        """End trading for good."""
        self._until[Fault.CLOSED] = NEVER
        self._tell_status(now, trading=False, delisting_ts=now)

    def away(self, now: int) -> bool:
        """Tell whether what is sent is lost."""
        return self._lasts(now, Fault.OUTAGE)

    def unreachable(self, now: int) -> bool:
        """Tell whether no request passes."""
        return self._lasts(now, Fault.OUTAGE, Fault.RATE_LIMITED)

    def look_ups_fail(self, now: int) -> bool:
        """Tell whether questions are not answered."""
        return self._lasts(now, Fault.OUTAGE, Fault.RATE_LIMITED, Fault.LOOK_UPS_FAIL)

    def blind(self, now: int) -> bool:
        """Tell whether questions do not bring orders up yet, nor cancels reach them."""
        return self._lasts(now, Fault.LOOK_UPS_BLIND)

    def closed(self, now: int) -> bool:
        """Tell whether the market takes no orders."""
        return self._lasts(now, Fault.CLOSED)

    def mute(self, now: int) -> bool:
        """Tell whether the stream tells nothing and never will."""
        return self._lasts(now, Fault.MUTE)

    def disconnected(self, now: int) -> bool:
        """Tell whether the stream is gone."""
        return self._lasts(now, Fault.DISCONNECT, Fault.OUTAGE)

    def _lasts(self, now: int, *faults: Fault) -> bool:
        return any(self._until.get(fault, 0) > now for fault in faults)

    def _reconnect(self, fault: Fault, missed: list[News], now: int) -> None:
        back = self._line.stream_time(now)
        if not self.disconnected(now):
            self._catch_up(missed, back, now)
        if fault is Fault.OUTAGE and not self.away(now):
            self._line.at(back, partial(self._line.arrive, self._health(HealthState.HEALTHY)))

    def _catch_up(self, missed: list[News], back: int, now: int) -> None:
        for one in missed:
            self._line.at(back, partial(self._line.arrive, one))
        missed.clear()
        self._line.at(back, partial(self._line.arrive, self._connection(ConnectionState.CONNECTED)))
        self._line.at(back, partial(self._line.arrive, self._snapshot(now)))

    def _reopen(self, now: int) -> None:
        if not self.closed(now):
            self._tell_status(now, trading=True)

    def _tell_status(self, now: int, *, trading: bool, delisting_ts: int = 0) -> None:
        for key in self._instruments:
            status = InstrumentStatus(instrument=key, trading=trading, delisting_ts=delisting_ts, ts=now, recv_ts=now)
            self._tell(status, now)

    def _tell(self, item: Input, now: int) -> None:
        self._line.at(now + self._line.delay(), partial(self._line.arrive, item))

    def _connection(self, state: ConnectionState) -> ConnectionChanged:
        return ConnectionChanged(venue=self._name, connection=_CONNECTION, state=state, recv_ts=0)

    def _health(self, state: HealthState) -> VenueHealth:
        return VenueHealth(venue=self._name, state=state, reason="outage", recv_ts=0)
