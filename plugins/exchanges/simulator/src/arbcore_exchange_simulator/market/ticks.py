"""Price grids. The tables are written down here again, apart from the adapters', from the venues' own pages."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from arbcore_exchange_simulator.market.numbers import atoms


class Grid:
    """Ticks by price band; prices and ticks in atoms.

    Args:
        bands: Pairs of the lowest price and the tick from there on, rising, the first from 0.
    """

    __slots__ = ("_floors", "_ticks")

    def __init__(self, bands: Sequence[tuple[int, int]]) -> None:
        self._floors = [floor for floor, _ in bands]
        self._ticks = [tick for _, tick in bands]

    def tick(self, price: int) -> int:
        """Return the tick at a price."""
        return self._ticks[bisect_right(self._floors, price) - 1]

    def down(self, price: int) -> int:
        """Return the nearest price of the grid at or below a price, and at least one tick."""
        tick = self.tick(price)
        return max(price - price % tick, tick)

    def up(self, price: int) -> int:
        """Return the nearest price of the grid at or above a price."""
        tick = self.tick(price)
        found = -(-price // tick) * tick
        higher = self.tick(found)
        return -(-found // higher) * higher

    def ladder(self, touch: int, count: int, direction: int, stride: int) -> list[int]:
        """Return prices from the touch outwards.

        Behind the touch stand multiples of the stride, so that a moving touch leaves the prices behind it alone.

        Args:
            touch: Best price, on the grid.
            count: Prices wanted; fewer come where bids would reach zero.
            direction: 1 for asks, -1 for bids.
            stride: Distance between two levels: a multiple of the tick at the touch.
        """
        first = (touch // stride + 1) * stride if direction > 0 else (-(-touch // stride) - 1) * stride
        far = first + direction * stride * (count - 2)
        prices = range(first, far + direction, direction * stride)
        if self.tick(touch) != self.tick(max(far, 0)):
            snap = self.up if direction > 0 else self.down
            prices = dict.fromkeys(snap(price) for price in prices if price > 0)  # type: ignore[assignment]
        return [touch, *(price for price in prices if price > 0 and price != touch)]


def _grid(*bands: tuple[str, str]) -> Grid:
    return Grid([(atoms(floor), atoms(tick)) for floor, tick in bands])


KRW: Final = _grid(
    ("0", "0.00000001"),
    ("0.00001", "0.0000001"),
    ("0.0001", "0.000001"),
    ("0.001", "0.00001"),
    ("0.01", "0.0001"),
    ("0.1", "0.001"),
    ("1", "0.01"),
    ("10", "0.1"),
    ("100", "1"),
    ("5000", "5"),
    ("10000", "10"),
    ("50000", "50"),
    ("100000", "100"),
    ("500000", "500"),
    ("1000000", "1000"),
)
"""Upbit's KRW market since 2025-07-31 (Upbit developer centre)."""


def flat(tick: int) -> Grid:
    """Return the grid of one tick at every price."""
    return Grid([(0, tick)])
