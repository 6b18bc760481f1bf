"""What a venue does a little later than it says."""

from collections.abc import Callable
from heapq import heappop, heappush


class Later:
    """Acts that are due at a time, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._due: list[tuple[int, int, Callable[[], object]]] = []
        self._count = 0

    def at(self, time: int, act: Callable[[], object]) -> None:
        """Act at a time in ns."""
        self._count += 1
        heappush(self._due, (time, self._count, act))

    def run(self, now: int) -> None:
        """Do what is due."""
        while self._due and self._due[0][0] <= now:
            heappop(self._due)[2]()
