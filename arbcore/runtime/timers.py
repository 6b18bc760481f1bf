"""Timers by name, earliest first."""

from heapq import heappop, heappush
from typing import Final

NEVER: Final = 2**63 - 1


class Timers:
    """Named timers. Setting a name again replaces its time; timers of one time fire in the order they were set."""

    def __init__(self) -> None:
        self._current: dict[str, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, str]] = []
        self._set = 0
        self.next_at = NEVER

    def set(self, name: str, at: int) -> None:
        """Set a timer."""
        self._set += 1
        self._current[name] = (at, self._set)
        heappush(self._heap, (at, self._set, name))
        self._settle()

    def cancel(self, name: str) -> None:
        """Drop a timer; unknown names are ignored."""
        if self._current.pop(name, None) is not None:
            self._settle()

    def pop(self) -> tuple[str, int]:
        """Take the earliest timer off and return its name and time.

        Raises:
            IndexError: There is none.
        """
        at, _, name = heappop(self._heap)
        del self._current[name]
        self._settle()
        return name, at

    def _settle(self) -> None:
        """Drop replaced and cancelled entries from the top of the heap."""
        heap, current = self._heap, self._current
        while heap and current.get(heap[0][2]) != heap[0][:2]:
            heappop(heap)
        self.next_at = heap[0][0] if heap else NEVER
