"""What a generated market is like."""

from collections.abc import Mapping
from datetime import datetime
from math import inf, isfinite
from typing import Any, Final

from msgspec import Struct

from arbcore.data.instant import SECOND_NS
from arbcore.errors import DataError
from arbcore.settings import parse_duration

MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 60 * MINUTE_NS

LEVELS: Final[Mapping[str, float]] = {"BTC": 100_000.0, "ETH": 4_000.0, "XRP": 2.5, "SOL": 200.0, "DOGE": 0.25}
"""Prices at which coins start, in the currency that all prices are made in; another coin starts at 100."""

RATE_LEVELS: Final[Mapping[str, float]] = {"KRW": 1_380.0, "JPY": 150.0, "EUR": 0.9}
"""Units for one unit of a dollar currency around which conversion rates revert; another currency has 1."""


class MarketParameters(Struct, frozen=True, kw_only=True):
    """Parameters of all processes. Half-lives are those of a mean-reverting (Ornstein-Uhlenbeck) process.

    Attributes:
        start_ns: Time of the first quotes.
        spacing_ns: Time between two quotes of one instrument.
        volatility: Volatility of a coin's price in a year, as a fraction.
        premium_mean_bps: Mean premium of venues whose prices are in another currency, in basis points.
        premium_sd_bps: Its standard deviation.
        premium_half_life_ns: Time in which half of a deviation is gone.
        venue_sd_bps: Standard deviation of the premium of the other venues.
        venue_half_life_ns: Its half-life.
        basis_mean_bps: Mean of perpetual over spot.
        basis_sd_bps: Its standard deviation.
        basis_half_life_ns: Its half-life.
        rate_sd: Standard deviation of a conversion rate, as a fraction of its level.
        rate_half_life_ns: Its half-life.
        rate_spacing_ns: Time between two rows of a rate.
        rate_half_spread_bps: Half of the distance between bid and ask of a rate.
        half_spread_bps: Median half-spread of an instrument.
        notional: Median value at the touch, in the currency that all prices are made in.
        latency_ns: Median time from a venue to the receiver.
        gap_every_ns: Mean time between two outages of one feed; 0 for none.
        gap_length_ns: Mean length of an outage.
        funding_mean: Mean funding rate of eight hours; positive means that longs pay.
        funding_sd: Its standard deviation.
        prices: Starting prices by coin, where they shall differ from the usual ones.
        rates: Levels by rate name, where they shall differ from the usual ones.
    """

    start_ns: int = 1_736_121_600 * SECOND_NS  # 2025-01-06, a Monday
    spacing_ns: int = SECOND_NS // 2
    volatility: float = 0.6
    premium_mean_bps: float = 0.0
    premium_sd_bps: float = 30.0
    premium_half_life_ns: int = 23 * SECOND_NS
    venue_sd_bps: float = 2.0
    venue_half_life_ns: int = 10 * SECOND_NS
    basis_mean_bps: float = -2.0
    basis_sd_bps: float = 2.0
    basis_half_life_ns: int = 30 * MINUTE_NS
    rate_sd: float = 0.004
    rate_half_life_ns: int = 24 * HOUR_NS
    rate_spacing_ns: int = SECOND_NS
    rate_half_spread_bps: float = 0.2
    half_spread_bps: float = 0.5
    notional: float = 50_000.0
    latency_ns: int = 20_000_000
    gap_every_ns: int = 12 * HOUR_NS
    gap_length_ns: int = 30 * SECOND_NS
    funding_mean: float = 0.0001
    funding_sd: float = 0.00005
    prices: Mapping[str, float] = {}
    rates: Mapping[str, float] = {}

    def check(self) -> None:
        """Refuse parameters of no market.

        Raises:
            DataError: A time, price or level is not positive, or a spread or deviation is negative.
        """
        for name in self.__struct_fields__:
            value = getattr(self, name)
            numbers = (
                {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, Mapping) else {name: value}
            )
            for label, number in numbers.items():
                least = -inf if name in _ANY_SIGN else 0
                if not isfinite(number) or number < least or (number == 0 and name not in _ANY_SIGN | _MAY_BE_ZERO):
                    raise DataError(f"the parameter {label} can't be {number}", "give a positive number")

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> "MarketParameters":
        """Return parameters from text as people write it.

        Args:
            texts: Values by name: without ``_ns`` as a duration (``spacing``: ``500ms``), ``start`` as ISO 8601 with
                an offset, ``prices.BTC`` and ``rates.usdt_krw`` as numbers.

        Raises:
            DataError: A name is unknown, or a value can't be read or is out of range.
        """
        values: dict[str, Any] = {"prices": {}, "rates": {}}
        for name, text in texts.items():
            group, _, key = name.partition(".")
            if key and group in values:
                values[group][key] = _number(name, text)
            elif f"{name}_ns" in cls.__struct_fields__:
                values[f"{name}_ns"] = _time(text) if name == "start" else _duration(name, text)
            elif name in cls.__struct_fields__ and name not in values and not name.endswith("_ns"):
                values[name] = _number(name, text)
            else:
                raise DataError(f"there is no parameter '{name}'", f"one of {', '.join(_names(cls))}")
        parameters = cls(**values)
        parameters.check()
        return parameters


def _names(parameters: type[MarketParameters]) -> list[str]:
    pairs = {"prices": "prices.COIN", "rates": "rates.NAME"}
    return [pairs.get(name, name.removesuffix("_ns")) for name in parameters.__struct_fields__]


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(f"the parameter {name}: '{text}' is not a number", "write for example 2.5") from None


def _duration(name: str, text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise DataError(f"the parameter {name}: {error}", "write for example 500ms") from None


def _time(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise DataError(f"the parameter start: '{text}' is not a time with its zone", "for example 2025-01-06T00:00Z")
    return round(moment.timestamp()) * SECOND_NS


_ANY_SIGN: Final = frozenset({"premium_mean_bps", "basis_mean_bps", "funding_mean"})
_MAY_BE_ZERO: Final = frozenset(
    {
        "volatility",
        "premium_sd_bps",
        "venue_sd_bps",
        "basis_sd_bps",
        "rate_sd",
        "rate_half_spread_bps",
        "half_spread_bps",
        "latency_ns",
        "gap_every_ns",
        "funding_sd",
    }
)
