"""What a route's edge is measured against: nothing, a fixed premium, or a quantile of the premiums seen lately.

The gain of a direction is how much better its touch is than the baseline, as a fraction of notional. It rises with
the direction's edge, so that a threshold of the gain is also a threshold of the edge.
"""

from bisect import bisect_left, insort
from collections import deque
from math import inf
from typing import Final

from arbcore.ports.strategy import Signal
from arbcore_strategy_spread.settings import Reference

NEVER: Final = 2**63 - 1
_LEAST: Final = 1e-9
"""Smallest ``1 + premium`` that is told apart from zero; below it the edge is beyond any market's."""


def edge_of_premium(premium: float, forward: bool) -> float:
    """Return the edge at which a direction trades at a premium: paid going forward, got going backward."""
    return 1.0 / max(1.0 + premium, _LEAST) - 1.0 if forward else premium


class PlainEdge:
    """No reference: the gain is the edge itself.

    Attributes:
        due: Engine time at or after which the next sample is taken.
    """

    due: int = NEVER

    def observe(self, signal: Signal) -> None:
        """Take a sample where one is due."""

    def gain(self, signal: Signal, forward: bool) -> float | None:
        """Return a direction's gain at a signal; None while the baseline is not known."""
        return signal.forward if forward else signal.backward

    def edge_at(self, gain: float, forward: bool) -> float:
        """Return the edge at which a direction has this gain; infinite while the baseline is not known."""
        return gain

    def samples(self) -> list[tuple[int, float]]:
        """Return the samples held, as pairs of engine time and premium, oldest first."""
        return []

    def load(self, samples: list[tuple[int, float]], due: int) -> None:
        """Take over what an earlier baseline held."""


class FixedPremium(PlainEdge):
    """A premium that never moves.

    Args:
        value: The premium as a fraction; None while it is not known.
    """

    def __init__(self, value: float | None) -> None:
        self.value = value

    def gain(self, signal: Signal, forward: bool) -> float | None:
        """Return reference minus premium paid going forward, premium got minus reference going backward."""
        if self.value is None:
            return None
        return self.value - signal.premium_paid if forward else signal.premium_got - self.value

    def edge_at(self, gain: float, forward: bool) -> float:
        """Return the edge at which a direction has this gain; infinite while the baseline is not known."""
        if self.value is None:
            return inf
        return edge_of_premium(self.value - gain if forward else self.value + gain, forward)


class RollingPremium(FixedPremium):
    """A quantile of the premiums sampled within a window.

    The first signal at or after each multiple of the spacing gives one sample, halfway between the premium paid
    and the premium got. So the samples do not depend on how often the route is looked at in between.

    Args:
        reference: Window, spacing, quantile, and the number of samples below which nothing is known.
    """

    def __init__(self, reference: Reference) -> None:
        super().__init__(None)
        self.due = 0
        self._reference = reference
        self._share = 0.5 if reference.kind == "rolling_median" else reference.quantile
        self._queue: deque[tuple[int, float]] = deque()
        self._sorted: list[float] = []

    def observe(self, signal: Signal) -> None:
        """Take a sample where one is due, and drop those that left the window."""
        if signal.time < self.due:
            return
        self.due = (signal.time // self._reference.sample + 1) * self._reference.sample
        self._add(signal.time, (signal.premium_paid + signal.premium_got) / 2.0)
        self._forget(signal.time - self._reference.window)
        self.value = self._quantile()

    def samples(self) -> list[tuple[int, float]]:
        """Return the samples held, as pairs of engine time and premium, oldest first."""
        return list(self._queue)

    def load(self, samples: list[tuple[int, float]], due: int) -> None:
        """Take over what an earlier baseline held."""
        self.due = due
        self._queue.clear()
        self._sorted.clear()
        for time, premium in samples:
            self._add(time, premium)
        self.value = self._quantile()

    def _add(self, time: int, premium: float) -> None:
        self._queue.append((time, premium))
        insort(self._sorted, premium)

    def _forget(self, until: int) -> None:
        while self._queue[0][0] <= until:
            del self._sorted[bisect_left(self._sorted, self._queue.popleft()[1])]

    def _quantile(self) -> float | None:
        """Return the quantile, interpolated linearly between neighbours."""
        count = len(self._sorted)
        if count < self._reference.min_samples:
            return None
        place = self._share * (count - 1)
        low = int(place)
        below, above = self._sorted[low], self._sorted[min(low + 1, count - 1)]
        return below + (above - below) * (place - low)


def build_baseline(reference: Reference | None) -> PlainEdge:
    """Return the baseline that the settings ask for."""
    if reference is None:
        return PlainEdge()
    if reference.kind == "fixed":
        return FixedPremium(reference.value_bps / 1e4)
    return RollingPremium(reference)
