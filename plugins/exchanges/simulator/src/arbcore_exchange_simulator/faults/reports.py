"""What a venue tells a client about its own orders and money, and what faults make of it."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

from arbcore_exchange_simulator.faults.plan import FaultPlan


class Reports:
    """Sends the events of a venue's private streams, in their order: now, later, twice, or never.

    ``order_report_delay`` makes them late, ``fill_silence`` holds back those of fills until it ends, ``user_mute``
    swallows them, and ``duplicate_event`` sends them twice. Whoever owns it calls `release` as time passes.

    Args:
        venue: The venue.
        faults: The faults.
    """

    def __init__(self, venue: str, faults: FaultPlan) -> None:
        self._venue: Final = venue
        self._faults = faults
        self._held: list[tuple[int, int, str, Callable[[], None]]] = []
        self._count = 0
        self._last = 0

    def silence(self, symbol: str) -> int:
        """Return until when, in UTC ns, the venue is silent about a fill that happens now; 0 where it is not."""
        fault = self._faults.strikes("fill_silence", self._venue, symbol)
        return self._faults.ends(fault) if fault is not None else 0

    def post(self, now: int, symbol: str, send: Callable[[], None], *, hidden_until: int = 0, delay: int = 0) -> None:
        """Send an event.

        Args:
            now: UTC ns.
            symbol: The market, or empty.
            send: Writes it to the client's sockets.
            hidden_until: UTC ns until which nothing is said about it.
            delay: The venue's own delay in ns.
        """
        late = self._faults.strikes("order_report_delay", self._venue, symbol)
        due = max(now + delay + (self._faults.delay(late) if late is not None else 0), hidden_until)
        if not hidden_until:  # what is hidden does not hold up the rest
            due = self._last = max(due, self._last)
        copies = 2 if self._faults.strikes("duplicate_event", self._venue, symbol) is not None else 1
        for _ in range(copies):
            self._count += 1
            heappush(self._held, (due, self._count, symbol, send))
        self.release(now)

    def release(self, now: int) -> None:
        """Send what is due."""
        while self._held and self._held[0][0] <= now:
            _, _, symbol, send = heappop(self._held)
            if self._faults.holds("user_mute", self._venue, symbol) is None:
                send()
