"""Candles from trades: one by second and minute, longer ones put together when asked for."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

MINUTE: Final = 60_000
"""Milliseconds in a minute."""

KEPT: Final = 3000
"""Candles of each length that a market remembers."""


class Candle(Struct):
    """A candle: start in ms, prices in atoms, volume in coins, value in the quote currency, and trades in it."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: float
    value: float
    count: int
    last: int

    def add(self, other: "Candle") -> None:
        """Join a later candle to this one."""
        self.high = max(self.high, other.high)
        self.low = min(self.low, other.low)
        self.close = other.close
        self.volume += other.volume
        self.value += other.value
        self.count += other.count
        self.last = other.last


class Candles:
    """Candles of one market, by second and by minute. Times without trades have none."""

    def __init__(self) -> None:
        self._series: dict[int, deque[Candle]] = {1000: deque(maxlen=KEPT), MINUTE: deque(maxlen=KEPT)}

    def add(self, time: int, price: int, volume: float, value: float) -> None:
        """Add a trade at a time in ms."""
        for length, series in self._series.items():
            start = time - time % length
            fresh = Candle(start, price, price, price, price, volume, value, 1, time)
            if series and series[-1].start == start:
                series[-1].add(fresh)
            else:
                series.append(fresh)

    def of(self, length: int, count: int, before: int | None = None) -> list[Candle]:
        """Return the latest candles of a length in ms, oldest first.

        Args:
            length: Any multiple of a second; from a minute on it is put together from minutes.
            count: Candles at most.
            before: Only candles that start before this time in ms.
        """
        kept = self._series[MINUTE if length % MINUTE == 0 else 1000]
        found = list(_joined((one for one in kept if before is None or one.start < before), length))
        return found[-count:]


def _joined(candles: Iterable[Candle], length: int) -> Iterable[Candle]:
    current: Candle | None = None
    for one in candles:
        start = one.start - one.start % length
        if current is not None and current.start == start:
            current.add(one)
            continue
        if current is not None:
            yield current
        current = Candle(start, one.open, one.high, one.low, one.close, one.volume, one.value, one.count, one.last)
    if current is not None:
        yield current
