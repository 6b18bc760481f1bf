"""Columns of prices and sizes on the grid of an instrument, as the nearest float64 of the exact multiple."""

from decimal import Decimal

from arbcore.data._frames import Floats, np
from arbcore.model.instrument import TickTable


def as_fraction(step: Decimal) -> tuple[int, int]:
    """Return a decimal step as a whole number over a power of ten."""
    return step.normalize().as_integer_ratio() if step == step.to_integral_value() else _over_ten(step)


def _over_ten(step: Decimal) -> tuple[int, int]:
    exponent = step.normalize().as_tuple().exponent
    scale = 10 ** -int(exponent)
    return int(step * scale), scale


class PriceGrid:
    """A tick table for whole columns.

    Args:
        ticks: The table.
    """

    def __init__(self, ticks: TickTable) -> None:
        fractions = [as_fraction(band.tick) for band in ticks.bands]
        self._floors = np.array([float(band.floor) for band in ticks.bands])
        self._over = np.array([float(over) for over, _ in fractions])
        self._under = np.array([float(under) for _, under in fractions])

    def touch(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Return bid and ask around two columns of prices: on the grid, positive, at least a tick apart."""
        over, under = self._steps(low)
        # Both factors are whole numbers below 2^53, so the division gives the float nearest to the exact multiple.
        bid: Floats = np.maximum(np.floor(low * under / over), 1) * over / under
        over, under = self._steps(high)
        ask: Floats = np.ceil(high * under / over) * over / under
        over, under = self._steps(bid)
        above: Floats = (np.rint(bid * under / over) + 1) * over / under
        return bid, np.maximum(ask, above)

    def _steps(self, prices: Floats) -> tuple[Floats, Floats]:
        if len(self._floors) == 1:
            return self._over, self._under
        band = np.maximum(np.searchsorted(self._floors, prices, side="right") - 1, 0)
        return self._over[band], self._under[band]


class SizeGrid:
    """A lot for whole columns.

    Args:
        lot: Step of quantities.
    """

    def __init__(self, lot: Decimal) -> None:
        self._over, self._under = (float(part) for part in as_fraction(lot))

    def place(self, sizes: Floats) -> Floats:
        """Return the sizes rounded to the lot, at least one lot."""
        placed: Floats = np.maximum(np.rint(sizes * self._under / self._over), 1) * self._over / self._under
        return placed
