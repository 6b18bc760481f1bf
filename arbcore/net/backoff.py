"""How long to wait before the next attempt. Pure."""

from random import Random
from typing import Final


class Backoff:
    """Exponential back-off with full jitter: a random wait below a ceiling that doubles with every attempt.

    It starts anew only after what was reached held for a while: a connection that opens and breaks at once is no
    success.

    Args:
        first: Ceiling of the first wait, nanoseconds.
        longest: Highest ceiling.
        settle: How long a success must hold.
        random: Source of the jitter.
    """

    def __init__(self, first: int, longest: int, settle: int, random: Random) -> None:
        self._first: Final = first
        self._longest: Final = longest
        self._settle: Final = settle
        self._random: Final = random
        self._since: int | None = None
        self._failures = 0

    def succeeded(self, now: int) -> None:
        """Note that it works from now on."""
        if self._since is None:
            self._since = now

    def failed(self, now: int) -> int:
        """Note that an attempt failed or that what worked broke; return the nanoseconds to wait."""
        if self._since is not None and now - self._since >= self._settle:
            self._failures = 0
        self._since = None
        ceiling = min(self._longest, self._first << min(self._failures, 40))
        self._failures += 1
        return self._random.randint(0, ceiling)
