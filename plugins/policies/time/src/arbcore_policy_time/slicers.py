"""The slicers. An entry is cut when it is approved, so they remember nothing."""

from collections.abc import Sequence
from decimal import Decimal
from math import ceil, inf, isfinite
from typing import Final

from arbcore.errors import ConfigurationError
from arbcore.model.intent import Intent
from arbcore.model.money import multiply, subtract
from arbcore.ports.policy import Depth, Slice, Slicer
from arbcore.settings import PluginSettings
from arbcore_policy_time.settings import TimeSettings, VolumeSettings

_DECIMALS: Final = 12
_SECOND: Final = 10**9


class _Stateless:
    """A slicer that remembers nothing."""

    def state(self) -> bytes:
        """Return nothing."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take over nothing."""


class ByTime(_Stateless):
    """A number of equal parts, evenly over a span.

    Args:
        settings: Number, span, smallest part.
    """

    def __init__(self, settings: TimeSettings) -> None:
        self._settings: Final = settings

    def slices(self, intent: Intent, depth: Sequence[Depth], now: int) -> Sequence[Slice]:
        """Return the parts; there are fewer, further apart, where they would be too small."""
        number = at_most(self._settings.slices, intent.notional, self._settings.min_notional)
        return equal(number, self._settings.span // number, now)


class ByVolume(_Stateless):
    """Equal parts, none larger than a share of what is offered, no more often than a share of what trades allows.

    Both limits give way where the number of parts or their span would pass its bound.

    Args:
        settings: Shares and bounds.
    """

    def __init__(self, settings: VolumeSettings) -> None:
        self._settings: Final = settings

    def slices(self, intent: Intent, depth: Sequence[Depth], now: int) -> Sequence[Slice]:
        """Return the parts that the scarcest leg allows."""
        wanted = _wanted(intent, depth)
        takes = [self._settings.offered_share * leg.offered for leg in depth]
        fit = min((_ratio(take, coins) for take, coins in zip(takes, wanted, strict=True)), default=0.0)
        fitting = ceil(1 / fit) if fit * self._settings.slices > 1 else self._settings.slices
        number = at_most(fitting, intent.notional, self._settings.min_notional)
        return equal(number, self._interval(depth, wanted, number), now)

    def _interval(self, depth: Sequence[Depth], wanted: Sequence[float], number: int) -> int:
        """Return the time in which as much trades as a part needs, within bounds."""
        seconds = [
            _ratio(coins / number, self._settings.traded_share * leg.traded_per_s)
            for leg, coins in zip(depth, wanted, strict=True)
        ]
        longest = self._settings.span // number
        needed = max(seconds, default=0.0) * _SECOND
        return max(self._settings.interval, min(round(min(needed, float(longest))), longest))


def build(settings: PluginSettings) -> Slicer:
    """Return the slicer of some settings.

    Raises:
        ConfigurationError: The settings are of no slicer of this distribution.
    """
    match settings:
        case TimeSettings():
            return ByTime(settings)
        case VolumeSettings():
            return ByVolume(settings)
    raise ConfigurationError(f"{type(settings).__name__} are settings of no slicer here", "use its own model")


def at_most(number: int, notional: Decimal, smallest: Decimal) -> int:
    """Return the largest number of equal parts up to one given, none of them below a value; at least one."""
    if multiply(smallest, Decimal(number)) <= notional:
        return number
    return max(int(notional // smallest), 1)


def equal(number: int, interval: int, now: int) -> Sequence[Slice]:
    """Return equal parts, the first now; the last one takes what rounding left."""
    share = _share(number)
    last = subtract(Decimal(1), multiply(share, Decimal(number - 1)))
    return [Slice(share if place < number - 1 else last, now + place * interval) for place in range(number)]


def _share(number: int) -> Decimal:
    # Few decimals, so that a product with a quantity is exact.
    return Decimal(10**_DECIMALS // number).scaleb(-_DECIMALS)


def _wanted(intent: Intent, depth: Sequence[Depth]) -> list[float]:
    """Return the base coins that each leg is to trade."""
    return [leg.wanted or float(part.quantity) for leg, part in zip(depth, intent.legs, strict=True)]


def _ratio(part: float, whole: float) -> float:
    """Return a quotient, 0 where it says nothing: one of both is unknown or no number."""
    return part / whole if 0 < part < inf and 0 < whole < inf and isfinite(part / whole) else 0.0
