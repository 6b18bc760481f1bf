"""Compares the price levels of data sets with one another: a won price under a dollar market shows nowhere else."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from msgspec import Struct

from arbcore.data.dataset import DatasetInfo

_MOST_APART: Final = 2.0
_ONE: Final[dict[int, float]] = {}


class Prices(Struct, frozen=True):
    """A price per UTC day of a market or a conversion rate."""

    info: DatasetInfo
    by_day: dict[int, float]


def scale_conflicts(prices: Sequence[Prices]) -> Iterator[tuple[str, int, str]]:
    """Yield pairs of markets in one coin whose prices are far apart: where, on how many days, and an example.

    Markets that quote in different currencies are compared where a conversion rate of the same days links them.
    """
    rates = {entry.info.rate: entry.by_day for entry in prices if entry.info.rate}
    markets = [entry for entry in prices if entry.info.instrument is not None]
    for left, right in combinations(markets, 2):
        rate = _rate(rates, left.info, right.info)
        if rate is None:
            continue
        apart = [
            (day, ratio)
            for day in sorted(left.by_day.keys() & right.by_day.keys() & (rate.keys() or left.by_day.keys()))
            if not 1 / _MOST_APART
            <= (ratio := _unit(left, day) * rate.get(day, 1.0) / _unit(right, day))
            <= _MOST_APART
        ]
        if apart:
            where = f"{left.info.key} and {right.info.key}"
            yield where, len(apart), f"prices differ by a factor of {apart[0][1]:.4g}: units, or a rate upside down?"


def _unit(entry: Prices, day: int) -> float:
    """Return the price of one coin."""
    multiplier = entry.info.instrument.multiplier if entry.info.instrument else 1
    return entry.by_day[day] / float(multiplier)


def _rate(rates: dict[str, dict[int, float]], left: DatasetInfo, right: DatasetInfo) -> dict[int, float] | None:
    """Return what turns prices of one market into those of the other, empty for one to one, None where nothing does."""
    if left.instrument is None or right.instrument is None or left.instrument.base != right.instrument.base:
        return None
    first, second = left.instrument.quote.lower(), right.instrument.quote.lower()
    if first == second:
        return _ONE
    if f"{first}_{second}" in rates:
        return rates[f"{first}_{second}"]
    backward = rates.get(f"{second}_{first}")
    return {day: 1 / rate for day, rate in backward.items()} if backward else None
