"""The wall's clock for a session: anchored to UTC once, then monotonic."""

import time
from typing import Final


class WallClock:
    """UTC nanoseconds that strictly rise: the system's corrections of its clock never reach a running session."""

    def __init__(self) -> None:
        self._offset: Final = time.time_ns() - time.monotonic_ns()
        self._last = 0

    def now(self) -> int:
        """Return UTC nanoseconds, always more than an earlier answer."""
        now = time.monotonic_ns() + self._offset
        if now <= self._last:
            now = self._last + 1
        self._last = now
        return now
