"""The line between engine and venue in virtual time: what is under way, and what has arrived."""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Final

from msgspec.structs import replace

from arbcore.model.input import Input
from arbcore.runtime.timers import NEVER

Work = Callable[[int], None]
"""Something that happens at a time, which it is told."""


class Line:
    """A queue of what happens later. What is due at one time happens in the order in which it was put.

    Args:
        delay_ns: Time that a message takes one way.
        random: Lets messages take up to twice that time; None for none.

    Attributes:
        arrived: What reached the engine, in order.
    """

    def __init__(self, delay_ns: int, random: Random | None = None) -> None:
        self._delay: Final = delay_ns
        self._random: Final = random
        self._queue: Final[list[tuple[int, int, Work]]] = []
        self._number = 0
        self._last_news = 0
        self.arrived: Final[list[Input]] = []

    def delay(self) -> int:
        """Return what the next message takes."""
        return self._delay if self._random is None else self._delay + self._random.randrange(self._delay)

    def at(self, time: int, work: Work) -> None:
        """Let something happen at a time."""
        self._number += 1
        heappush(self._queue, (time, self._number, work))

    def stream_time(self, now: int) -> int:
        """Return when the stream's next message arrives: never before the one before it."""
        self._last_news = max(self._last_news, now + self.delay())
        return self._last_news

    def arrive(self, item: Input, now: int) -> None:
        """Hand an input over to the engine."""
        self.arrived.append(replace(item, recv_ts=now))

    def next_time(self) -> int:
        """Return when something happens next."""
        return self._queue[0][0] if self._queue else NEVER

    def advance(self, now: int) -> list[Input]:
        """Let everything happen that is due; return what reached the engine."""
        while self._queue and self._queue[0][0] <= now:
            time, _, work = heappop(self._queue)
            work(time)
        taken = self.arrived[:]
        self.arrived.clear()
        return taken
