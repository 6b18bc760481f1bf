"""How far a venue's clock stands from ours, from questions about its time. Pure."""

from collections import deque
from typing import Final

from msgspec import Struct

_KEPT = 8


class _Sample(Struct, frozen=True):
    """One measurement: the offset, and half of the round trip, which bounds its error."""

    offset: int
    error: int
    at: int


class ClockOffset:
    """The offset that the quickest of the latest answers told: Cristian's algorithm (Distributed Computing 3, 1989).

    A venue that answers with its time has read its clock at some moment of the round trip; the middle is the best
    guess, and half of the round trip the most that it can be off by.

    Args:
        lasts: Nanoseconds after which a measurement counts no more, since clocks drift.
    """

    def __init__(self, lasts: int = 3600 * 10**9) -> None:
        self._lasts: Final = lasts
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
        middle = sent + (received - sent) // 2
        self._samples.append(_Sample(venue_time - middle, (received - sent) // 2, received))

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
        """The most that `value` can be off by, 0 where nothing was measured."""
        return self._best.error if self._samples else 0

    @property
    def _best(self) -> _Sample:
        return min(self._samples, key=lambda sample: sample.error)
