"""How far a venue's clock stands from ours, from questions about its time. Pure."""

from collections import deque
from typing import Final

from msgspec import Struct

_KEPT = 8
_DRIFT = 20_000  # two clocks may part by a second in so many: 50 parts in a million


class _Sample(Struct, frozen=True):
    """One measurement: the offset, the most that it could be off by, and when it was made."""

    offset: int
    error: int
    at: int


class ClockOffset:
    """The offset that the quickest of the latest answers told: Cristian's algorithm (Distributed Computing 3, 1989).

    A venue that answers with its time has read its clock at some moment of the round trip; the middle is the best
    guess, and half of the round trip the most that it can be off by, but for what the clocks drift apart later.

    Args:
        lasts: Nanoseconds after which a measurement counts no more, since clocks drift.
        resolution: Nanoseconds between two times that the venue can tell; it cuts off what lies between them.
    """

    def __init__(self, lasts: int = 3600 * 10**9, resolution: int = 1) -> None:
        self._lasts: Final = lasts
        self._resolution: Final = resolution
        self._samples: deque[_Sample] = deque(maxlen=_KEPT)

    def learn(self, sent: int, received: int, venue_time: int) -> None:
        """Take a measurement; one whose round trip runs backwards is passed over.

        Args:
            sent: When the question was sent, by our clock.
            received: When the answer was complete, by our clock.
            venue_time: What the venue said, UTC nanoseconds.
        """
        if received < sent:
            return
        while self._samples and received - self._samples[0].at > self._lasts:
            self._samples.popleft()
        # The venue's clock showed a time from venue_time up to the next one that it can tell.
        lowest, highest = venue_time - received, venue_time + self._resolution - 1 - sent
        offset = (lowest + highest) // 2
        self._samples.append(_Sample(offset, highest - offset, received))

    def forget(self) -> None:
        """Drop all measurements: a clock was set, and what was known is wrong."""
        self._samples.clear()

    @property
    def known(self) -> bool:
        """Whether anything was measured."""
        return bool(self._samples)

    @property
    def value(self) -> int:
        """Nanoseconds to add to our time to get the venue's; 0 where nothing was measured."""
        return self._best.offset if self._samples else 0

    @property
    def error(self) -> int:
        """The most that `value` can have been off by at the latest measurement, 0 where nothing was measured."""
        return self._error_of(self._best) if self._samples else 0

    @property
    def _best(self) -> _Sample:
        return min(self._samples, key=self._error_of)

    def _error_of(self, sample: _Sample) -> int:
        """Return its error with what the clocks may have drifted apart since."""
        return sample.error + max(0, self._samples[-1].at - sample.at) // _DRIFT
