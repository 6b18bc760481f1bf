"""The one door from signals (float) to orders (Decimal): a number on a grid, rounded in a stated direction."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from math import ceil, floor, lcm
from typing import Final

from arbcore.model.money import EXACT

_TOLERANCE: Final = 1e-9
"""A float within this share of one step counts as lying on the grid: binary noise must not cost a tick."""

_TOLERANCE_EXACT: Final = Decimal(_TOLERANCE)

_FAST: Final = 1e6
_DOUBT: Final = _TOLERANCE / 2
"""Up to a million steps a float quotient errs by three roundings, less than this share of a step."""

_FAR: Final = 1e12
_DOUBT_PER_STEP: Final = _DOUBT / _FAST
"""Beyond a million steps the error grows with their number; up to this many it stays under a thousandth."""


class Rounding(StrEnum):
    """Direction in which a number is moved onto the grid."""

    DOWN = "down"
    UP = "up"
    NEAREST = "nearest"


_CONTEXTS: Final = {
    Rounding.DOWN: Context(prec=60, rounding=ROUND_FLOOR),
    Rounding.UP: Context(prec=60, rounding=ROUND_CEILING),
    Rounding.NEAREST: Context(prec=60, rounding=ROUND_HALF_EVEN),
}


def to_grid(value: float | Decimal, step: Decimal, rounding: Rounding) -> Decimal:
    """Return a multiple of ``step`` next to ``value`` in the given direction.

    Args:
        value: Number to place; a float that is within a billionth of a step of the grid is taken as on it.
        step: Positive grid width, such as a tick or a lot.
        rounding: Toward minus infinity, plus infinity, or the nearest (half to even).

    Returns:
        The exact multiple, without a float's noise.

    Raises:
        ValueError: ``value`` is not finite or ``step`` is not positive.
    """
    if step <= 0:
        raise ValueError(f"a grid step must be positive, not {step}")
    if isinstance(value, float):
        steps = value / float(step)
        whole = _whole(steps, rounding) if -_FAR < steps < _FAR else None
        if whole is not None:
            return EXACT.multiply(step, whole)
    elif value.is_finite() and not EXACT.remainder(value, step):
        return value
    return _exact_to_grid(value, step, rounding)


def _whole(steps: float, rounding: Rounding) -> int | None:
    """Return a number of steps as a whole number, None where a float's error could decide differently."""
    nearest = round(steps)
    off = abs(steps - nearest)
    near = -_FAST < steps < _FAST
    doubt = _DOUBT if near else abs(steps) * _DOUBT_PER_STEP
    # Far out only what is clearly off the grid is decided here: the exact way writes what is on it with fewer zeros.
    if near and off < _TOLERANCE - _DOUBT:
        return nearest
    if off < _TOLERANCE + doubt:
        return None
    if rounding is Rounding.NEAREST:
        return nearest if off < 0.5 - doubt else None
    return floor(steps) if rounding is Rounding.DOWN else ceil(steps)


def _exact_to_grid(value: float | Decimal, step: Decimal, rounding: Rounding) -> Decimal:
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        raise ValueError(f"cannot place {value} on a grid")
    context = _CONTEXTS[rounding]
    steps = context.divide(exact, step)
    if isinstance(value, float):
        nearest = steps.to_integral_value(ROUND_HALF_EVEN)
        if steps == nearest or abs(steps - nearest) <= _TOLERANCE_EXACT:
            return context.multiply(nearest, step)
    return context.multiply(steps.to_integral_value(context.rounding), step)


def on_grid(value: Decimal, step: Decimal) -> bool:
    """Tell whether ``value`` is an exact multiple of ``step``."""
    return value % step == 0


def coarser(left: Decimal, right: Decimal) -> Decimal:
    """Return the smallest step that is a multiple of both steps: the lot that all legs can trade.

    Raises:
        ValueError: A step is not positive.
    """
    if left <= 0 or right <= 0:
        raise ValueError(f"lots must be positive, not {left} and {right}")
    scale = min(_exponent(left), _exponent(right))
    unit = Decimal(1).scaleb(scale)
    whole_left, whole_right = int(left / unit), int(right / unit)
    return Decimal(lcm(whole_left, whole_right)) * unit


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
