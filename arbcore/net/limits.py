"""Rate limits as the venues count them: weights per window, levels, a share for what closes risk, pauses. Pure.

Two counts are kept of each window. What this process sent is counted over every span of the window's length, so it
stays within the capacity wherever the venue's window begins. What others on the same address sent is known from reply
headers only and is forgotten when the venue's window ends.
"""

from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from arbcore.errors import ConfigurationError

_BUCKETS = 64  # what was sent is remembered in at most so many sums per window
_SKEW = 20  # the venue's clock may differ from ours by this fraction of a window


class Level(StrEnum):
    """How near a counter is to its capacity."""

    OK = "ok"
    WARN = "warn"
    SLOW = "slow"
    """Requests that are not urgent are spread out."""
    STOP = "stop"
    """Only urgent requests pass."""


class Window(Struct, frozen=True):
    """A span of time and what may be sent in it.

    Attributes:
        length_ns: Length; the venue's windows begin at multiples of it since 1970.
        capacity: Weight that the venue allows.
    """

    length_ns: int
    capacity: int


class Counter(Struct, frozen=True):
    """What a venue counts.

    Attributes:
        name: Name, as in `Request.counter`.
        windows: Its windows; all of them must have room.
        warn: Share of the capacity from which the level is WARN. The defaults are the catalogue's 1500, 2000 and
            2300 of 2400.
        slow: Share from which it is SLOW.
        stop: Share from which it is STOP.
        reserve: Share that only urgent requests may use; at least one request always passes an empty window.
    """

    name: str
    windows: tuple[Window, ...]
    warn: float = 0.625
    slow: float = 0.83
    stop: float = 0.958
    reserve: float = 0.1


class Usage(Struct, frozen=True):
    """What a reply says about a counter. Counters and windows that nobody set up are passed over.

    Attributes:
        counter: Name of the counter.
        used: Weight used in the venue's window, None where only the rest is told.
        remaining: Weight left in it.
        window_ns: Length of the window that it is about, 0 for the counter's first.
    """

    counter: str
    used: int | None = None
    remaining: int | None = None
    window_ns: int = 0


class RateLimits:
    """The counters of one venue. Not for several threads.

    `wait` and `spend` belong together: spend at once where the wait is 0, before anything else runs.

    Args:
        counters: What the venue counts.
    """

    def __init__(self, counters: Iterable[Counter] = ()) -> None:
        self._counts: Final[dict[str, _Count]] = {}
        self._banned = _Pause()
        self._opening = 0
        self.add(counters)

    def add(self, counters: Iterable[Counter]) -> None:
        """Add counters; equal ones are passed over.

        Raises:
            ConfigurationError: A counter of this name has other windows or shares.
        """
        for counter in counters:
            known = self._counts.setdefault(counter.name, _Count(counter))
            if known.counter != counter:
                raise ConfigurationError(
                    f"the rate limit {counter.name!r} is already counted as {known.counter}",
                    "give all instances of one venue the same limits",
                )

    def wait(self, counter: str, weight: int, now: int, *, urgent: bool = False) -> int:
        """Return the nanoseconds to wait before sending, 0 for none; ask again after them.

        Args:
            counter: Name of the counter; empty for a request that only a ban stops.
            weight: What the request draws.
            now: Time.
            urgent: Whether it may use the reserve.

        Raises:
            ValueError: No such counter, or the weight is more than a whole window holds.
        """
        banned = self._banned.wait(now, urgent=urgent)
        if not counter:
            return banned
        return max(banned, self._count(counter).wait(weight, now, urgent=urgent))

    def spend(self, counter: str, weight: int, now: int) -> None:
        """Count a request that is being sent.

        Raises:
            ValueError: No such counter.
        """
        if counter:
            self._count(counter).spend(weight, now)

    def note(self, usage: Usage, now: int) -> None:
        """Take what a reply says; it can only raise what is known as used.

        Args:
            usage: What it says.
            now: When its request was sent, which tells the window that it is about.
        """
        if usage.counter in self._counts:
            self._counts[usage.counter].note(usage, now)

    def pause(self, counter: str, until: int, *, urgent: int | None = None) -> None:
        """Let nothing pass before a time; a longer pause that is already known stays.

        Args:
            counter: Name of the counter; empty for all of them and for requests without one (a ban).
            until: The time.
            urgent: The time for urgent requests where it is another one.

        Raises:
            ValueError: No such counter.
        """
        paused = self._count(counter).paused if counter else self._banned
        paused.extend(until, until if urgent is None else urgent)

    def level(self, counter: str, now: int) -> Level:
        """Return how near a counter is to its capacity.

        Raises:
            ValueError: No such counter.
        """
        return self._count(counter).level(now)

    def take_opening(self, now: int, stagger: int) -> int:
        """Take the next turn to open a connection; return the nanoseconds until then.

        Args:
            now: Time.
            stagger: Nanoseconds between two openings.
        """
        at = max(now, self._opening)
        self._opening = at + stagger
        return at - now

    def _count(self, name: str) -> "_Count":
        try:
            return self._counts[name]
        except KeyError:
            raise ValueError(f"no rate limit is named {name!r}; there are {', '.join(sorted(self._counts))}") from None


_shared: Final[dict[str, RateLimits]] = {}


def shared_limits(key: str, counters: Iterable[Counter]) -> RateLimits:
    """Return the limits of a venue, one object per key in the process. It outlives the venue's connections.

    Args:
        key: What the venue counts by, such as its name and host.
        counters: What the venue counts.

    Raises:
        ConfigurationError: The key is known with other windows or shares.
    """
    limits = _shared.setdefault(key, RateLimits())
    limits.add(counters)
    return limits


class _Pause:
    """Times before which nothing passes."""

    def __init__(self) -> None:
        self._until = 0
        self._urgent_until = 0

    def extend(self, until: int, urgent: int) -> None:
        self._until = max(self._until, until)
        self._urgent_until = max(self._urgent_until, urgent)

    def wait(self, now: int, *, urgent: bool) -> int:
        return max(0, (self._urgent_until if urgent else self._until) - now)


class _Count:
    """One counter with its windows."""

    def __init__(self, counter: Counter) -> None:
        self.counter: Final = counter
        self.paused: Final = _Pause()
        self._windows: Final = tuple(_Filling(window, counter) for window in counter.windows)

    def wait(self, weight: int, now: int, *, urgent: bool) -> int:
        wait = self.paused.wait(now, urgent=urgent)
        for window in self._windows:
            wait = max(wait, window.wait(weight, now, urgent=urgent))
        return wait

    def spend(self, weight: int, now: int) -> None:
        for window in self._windows:
            window.spend(weight, now)

    def note(self, usage: Usage, now: int) -> None:
        for window in self._windows:
            if usage.window_ns in {0, window.length}:
                window.note(usage, now)
                return

    def level(self, now: int) -> Level:
        share = max((window.used(now) / window.capacity for window in self._windows), default=0.0)
        if share >= self.counter.stop:
            return Level.STOP
        if share >= self.counter.slow:
            return Level.SLOW
        return Level.WARN if share >= self.counter.warn else Level.OK


class _Bucket(Struct):
    """Weight that was sent between two times."""

    first: int
    last: int
    weight: int


class _Filling:
    """What is used of one window."""

    def __init__(self, window: Window, counter: Counter) -> None:
        self.length: Final = window.length_ns
        self.capacity: Final = window.capacity
        self._common: Final = int(min(counter.stop, 1 - counter.reserve) * window.capacity + 1e-9)
        self._slow: Final = counter.slow * window.capacity
        self._sent: Final[deque[_Bucket]] = deque()
        self._last_weight = 0
        self._others = 0
        self._others_since = 0

    def used(self, now: int) -> int:
        """Return what is used; ``now`` may lie ahead."""
        sent = sum(bucket.weight for bucket in self._sent if bucket.last + self.length > now)
        if not self._others or now >= self._others_end():
            return sent
        return max(sent, self._sent_since(self._others_since) + self._others)

    def wait(self, weight: int, now: int, *, urgent: bool) -> int:
        if weight > self.capacity:
            raise ValueError(f"a weight of {weight} never fits into a window of {self.capacity}")
        limit = self.capacity if urgent else self._common
        # A request heavier than the common share passes an empty window, else it never would.
        room = max(0, limit - weight)
        at = next(at for at in self._changes(now) if self.used(at) <= room)
        return max(at - now, 0 if urgent else self._spread(now))

    def spend(self, weight: int, now: int) -> None:
        while self._sent and self._sent[0].last + 2 * self.length < now:
            self._sent.popleft()
        newest = self._sent[-1] if self._sent else None
        if newest and now - newest.first < self.length // _BUCKETS:
            newest.last, newest.weight = now, newest.weight + weight
        else:
            self._sent.append(_Bucket(now, now, weight))
        self._last_weight = weight

    def note(self, usage: Usage, now: int) -> None:
        start = now - now % self.length
        if (usage.remaining is None and usage.used is None) or start < self._others_since:
            return
        used = usage.used if usage.used is not None else self.capacity - (usage.remaining or 0)
        if start > self._others_since:
            self._others, self._others_since = 0, start
        self._others = max(self._others, min(used, self.capacity) - self._sent_since(start))

    def _changes(self, now: int) -> Iterable[int]:
        """Return the times at which less may be used, the last of them with an empty window."""
        yield now
        times = [bucket.last + self.length for bucket in self._sent]
        yield from sorted(at for at in [*times, self._others_end()] if at > now)

    def _spread(self, now: int) -> int:
        """Return the wait at SLOW: what lies between SLOW and the limit is given out over one window's length."""
        if self.used(now) < self._slow or not self._sent or self._common <= self._slow:
            return 0
        pause = int(self.length * self._last_weight / (self._common - self._slow))
        return max(0, self._sent[-1].last + min(pause, self.length) - now)

    def _sent_since(self, start: int) -> int:
        return sum(bucket.weight for bucket in self._sent if bucket.last >= start)

    def _others_end(self) -> int:
        return self._others_since + self.length + self.length // _SKEW
