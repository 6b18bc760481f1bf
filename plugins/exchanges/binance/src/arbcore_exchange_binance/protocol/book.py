"""A local order book: sorted levels with absolute quantities, and the limit of what is known. Pure."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Final

Level = tuple[float, float]

MOST_LEVELS: Final = 2000
"""Levels kept per side at most."""


class _Side:
    """Levels of one side.

    Keys are prices, negated for bids, so that the best comes first. Beyond ``bound`` nothing is known: a level that
    the snapshot did not reach may be there unseen, so none is kept from there.
    """

    __slots__ = ("_sign", "bound", "keys", "sizes")

    def __init__(self, sign: float, levels: Iterable[Level], whole_below: int) -> None:
        self._sign: Final = sign
        self.sizes: Final = {sign * price: size for price, size in levels if size > 0}
        self.keys: Final = sorted(self.sizes)
        self.bound = self.keys[-1] if len(self.keys) >= whole_below else float("inf")

    def change(self, levels: Iterable[Level]) -> None:
        sign, sizes, keys, bound = self._sign, self.sizes, self.keys, self.bound
        for price, size in levels:
            key = sign * price
            if key in sizes:
                if size > 0:
                    sizes[key] = size
                else:
                    del sizes[key]
                    del keys[bisect_left(keys, key)]
            elif size > 0 and key <= bound:
                sizes[key] = size
                insort(keys, key)
        if len(keys) > MOST_LEVELS:
            self._trim()

    def _trim(self) -> None:
        for key in self.keys[MOST_LEVELS:]:
            del self.sizes[key]
        del self.keys[MOST_LEVELS:]
        self.bound = self.keys[-1]

    def top(self, count: int) -> tuple[Level, ...]:
        sign, sizes = self._sign, self.sizes
        return tuple([(sign * key, sizes[key]) for key in self.keys[:count]])


class LocalBook:
    """One book, from a snapshot and the changes after it.

    Args:
        bids: Levels of the snapshot.
        asks: Levels of the snapshot.
        whole_below: A side with fewer levels is the whole side; one with as many may go on beyond what was told.
    """

    __slots__ = ("_asks", "_bids")

    def __init__(self, bids: Iterable[Level], asks: Iterable[Level], whole_below: int) -> None:
        self._bids: Final = _Side(-1.0, bids, whole_below)
        self._asks: Final = _Side(1.0, asks, whole_below)

    def change(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Take changed levels with absolute quantities; 0 removes a level."""
        self._bids.change(bids)
        self._asks.change(asks)

    def top(self, count: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Return the best bids and asks, best first: as many as asked for, or all that are known."""
        return self._bids.top(count), self._asks.top(count)

    def knows(self, count: int) -> bool:
        """Tell whether the best levels are surely known: as many are here, or the side has no more."""
        return all(len(side.keys) >= count or side.bound == float("inf") for side in (self._bids, self._asks))

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        return bool(self._bids.keys and self._asks.keys) and -self._bids.keys[0] >= self._asks.keys[0]

    @property
    def one_sided(self) -> bool:
        """Whether a side is empty."""
        return not (self._bids.keys and self._asks.keys)

    def __len__(self) -> int:
        """Number of levels kept."""
        return len(self._bids.keys) + len(self._asks.keys)
