"""Random processes in pieces of any length: what they give does not depend on how it is cut."""

from itertools import accumulate
from math import exp, expm1, log, sqrt
from zlib import crc32

from arbcore.data._frames import Flags, Floats, np
from arbcore.data.instant import DAY_NS

YEAR_NS = 365 * DAY_NS


def random_stream(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one process: adding another process changes none of them."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, crc32(name.encode())])))


class RandomWalk:
    """Logarithm of a price without memory of where it was.

    Args:
        random: Its random numbers.
        volatility: Standard deviation of a year's change.
        step_ns: Time between two values.
    """

    def __init__(self, random: np.random.Generator, volatility: float, step_ns: int) -> None:
        self._random = random
        self._scale = volatility * sqrt(step_ns / YEAR_NS)
        self._last = 0.0

    def take(self, count: int) -> Floats:
        """Return the next values."""
        steps = self._random.standard_normal(count) * self._scale
        if count:
            steps[0] += self._last
        path: Floats = np.cumsum(steps)
        self._last = float(path[-1]) if count else self._last
        return path


class Reverting:
    """A process that reverts to 0: x' = a x + sd sqrt(1 - a^2) e, with a = 2^(-step / half-life).

    This is the exact discretisation of dx = -theta x dt + sigma dW (Uhlenbeck and Ornstein, 1930); it starts in its
    stationary distribution.

    Args:
        random: Its random numbers.
        sd: Standard deviation of its stationary distribution.
        half_life_ns: Time in which half of a deviation is gone.
        step_ns: Time between two values.
    """

    def __init__(self, random: np.random.Generator, sd: float, half_life_ns: int, step_ns: int) -> None:
        self._random = random
        exponent = -log(2) * step_ns / half_life_ns
        self._keep = exp(exponent)
        self._scale = sd * sqrt(-expm1(2 * exponent))
        self._last = sd * float(random.standard_normal())

    def take(self, count: int) -> Floats:
        """Return the next values."""
        keep = self._keep
        shocks = (self._random.standard_normal(count) * self._scale).tolist()
        # A loop in the order of time gives the same last bit on every machine, which a matrix product does not.
        path = list(accumulate(shocks, lambda value, shock: keep * value + shock, initial=self._last))
        self._last = path[-1]
        return np.array(path[1:], dtype=np.float64)


class Outages:
    """Times without data: exponential times between them, and exponential lengths.

    Args:
        random: Its random numbers.
        every_ns: Mean time between two outages; 0 for none.
        length_ns: Mean length.
        start_ns: Time from which they may happen.
    """

    def __init__(self, random: np.random.Generator, every_ns: int, length_ns: int, start_ns: int) -> None:
        self._random = random
        self._every = every_ns
        self._length = length_ns
        self._next = self._draw(start_ns) if every_ns else (0, 0)

    def alive(self, first_ns: int, step_ns: int, count: int) -> Flags:
        """Return at which of the coming times there is data: ``count`` of them from ``first_ns`` on."""
        flags = np.ones(count, dtype=np.bool_)
        end = first_ns + count * step_ns
        while self._every and self._next[0] < end:
            down, up = self._next
            flags[max(0, -((first_ns - down) // step_ns)) : max(0, -((first_ns - up) // step_ns))] = False
            if up >= end:
                break
            self._next = self._draw(up)
        return flags

    def _draw(self, after_ns: int) -> tuple[int, int]:
        wait, length = self._random.exponential(size=2).tolist()
        down = after_ns + round(wait * self._every)
        return down, down + round(length * self._length)
