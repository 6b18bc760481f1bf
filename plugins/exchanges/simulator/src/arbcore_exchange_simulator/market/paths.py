"""Prices before there is a book: a coin's fair price, its premium in won, and the won for one USDT."""

from math import exp, expm1, log, sqrt
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Premium

YEAR: Final = 365 * 86_400.0
"""Seconds in a year, for volatilities."""

_RISE: Final = 0.25  # seconds in which a kick reaches two thirds of its size
_BASIS: Final = (0.00015, 20.0)  # standard deviation of perpetual against spot, and its half-life in seconds
_RATE: Final = (0.0008, 300.0)  # the same of USDT/KRW around its start


def _pull(value: float, deviation: float, half_life: float, seconds: float, random: Random) -> float:
    """Return an Ornstein-Uhlenbeck process around zero some seconds later, exactly as its law says."""
    keep = exp(-log(2) * seconds / half_life)
    return value * keep + deviation * sqrt(1 - keep * keep) * random.gauss(0.0, 1.0)


class PremiumPath:
    """Premium of a coin's KRW market over its perpetual, as a fraction; see `Premium` for what it is made of.

    Attributes:
        kicks: Whether kicks still come.
    """

    def __init__(self, settings: "Premium", random: Random) -> None:
        self.kicks = True
        self._settings = settings
        self._random = random
        self._half_life = max(settings.half_life / 1e9, 1e-3)
        self._level = self._noise = self._impulse = self._kick = 0.0
        self._next = self._wait()

    @property
    def value(self) -> float:
        """The premium now."""
        return self._settings.level_bps * 1e-4 + self._level + self._noise + self._kick

    def move(self, seconds: float) -> None:
        """Let time pass."""
        settings, random = self._settings, self._random
        self._noise = _pull(self._noise, settings.volatility_bps * 1e-4, self._half_life, seconds, random)
        self._level *= exp(-log(2) * seconds / max(settings.level_half_life / 1e9, 1e-3))
        self._impulse *= exp(-log(2) * seconds / self._half_life)
        self._kick -= (self._impulse - self._kick) * expm1(-seconds / _RISE)
        self._next -= seconds
        while self._next <= 0:
            if self.kicks:
                self._strike()
            self._next += self._wait()

    def _strike(self) -> None:
        size = self._random.uniform(*self._settings.kick_bps) * 1e-4 * self._random.choice((-1, 1))
        if self._random.random() < self._settings.shift_share:
            self._level += size / 2
        else:
            self._impulse += size

    def _wait(self) -> float:
        every = self._settings.kick_every / 1e9
        return self._random.expovariate(1 / every) if every else float("inf")


class CoinPath:
    """A coin's prices.

    Attributes:
        index: USDT for one coin.
        basis: Perpetual over index, as a fraction.
        premium: KRW market over the perpetual.
    """

    def __init__(self, price: float, volatility: float, premium: "Premium", random: Random) -> None:
        self.index = price
        self.basis = 0.0
        self.premium: Final = PremiumPath(premium, random)
        self._deviation = volatility / sqrt(YEAR)
        self._random = random
        self._time = 0.0

    @property
    def perpetual(self) -> float:
        """USDT for one coin by way of the perpetual."""
        return self.index * (1 + self.basis)

    def move(self, time: float) -> None:
        """Go on to a market time in seconds; a time that has passed changes nothing."""
        seconds = time - self._time
        if seconds <= 0:
            return
        self._time = time
        deviation = self._deviation * sqrt(seconds)
        self.index *= exp(deviation * self._random.gauss(0.0, 1.0) - deviation * deviation / 2)
        self.basis = _pull(self.basis, *_BASIS, seconds, self._random)
        self.premium.move(seconds)


class RatePath:
    """Won for one USDT."""

    def __init__(self, start: float, random: Random) -> None:
        self._start = start
        self._random = random
        self._away = 0.0
        self._time = 0.0

    @property
    def value(self) -> float:
        """The rate now."""
        return self._start * (1 + self._away)

    def move(self, time: float) -> None:
        """Go on to a market time in seconds; a time that has passed changes nothing."""
        if time > self._time:
            self._away = _pull(self._away, *_RATE, time - self._time, self._random)
            self._time = time
