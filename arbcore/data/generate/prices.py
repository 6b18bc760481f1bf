"""Prices of all instruments of a market, step by step: a walk per coin, seen through premium, basis and rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from arbcore.data._frames import Floats, np
from arbcore.data.generate.parameters import LEVELS, RATE_LEVELS, MarketParameters
from arbcore.data.generate.paths import RandomWalk, Reverting, random_stream
from arbcore.errors import DataError
from arbcore.model.instrument import Instrument, InstrumentKind, TickTable


@dataclass(frozen=True, slots=True)
class Rate:
    """A conversion rate: units of the second currency for one of the first.

    Attributes:
        name: Name in the config, ``usdt_krw``.
        first: Currency that has a price.
        second: Currency of the price.
    """

    name: str
    first: str
    second: str

    @classmethod
    def named(cls, name: str) -> "Rate":
        """Return the rate whose name is its two currencies.

        Raises:
            DataError: The name is not of the form ``usdt_krw``.
        """
        first, _, second = name.upper().partition("_")
        if not first or not second or "_" in second:
            raise DataError(f"the rate '{name}' names no pair of currencies", "name it as usdt_krw")
        return cls(name, first, second)

    def level(self, parameters: MarketParameters) -> float:
        """Return the level around which the rate reverts."""
        usual = RATE_LEVELS.get(self.second, 1.0) / RATE_LEVELS.get(self.first, 1.0)
        return parameters.rates.get(self.name, usual)

    def ticks(self, parameters: MarketParameters) -> TickTable:
        """Return the grid of the rate: five significant digits of its level."""
        return TickTable.flat(Decimal(1).scaleb(Decimal(repr(self.level(parameters))).adjusted() - 4))


def numeraire(instruments: Sequence[Instrument]) -> str:
    """Return the currency in which coins are priced: that of the first perpetual, else of the first instrument."""
    ranked = sorted(instruments, key=lambda instrument: instrument.kind is not InstrumentKind.PERPETUAL)
    return ranked[0].quote


class Prices:
    """Paths of all prices and rates.

    Args:
        instruments: The instruments.
        rates: The rates.
        parameters: Parameters of the market.
        seed: Seed of the market.

    Raises:
        DataError: An instrument's currency can't be converted by any of the rates.
    """

    def __init__(
        self, instruments: Sequence[Instrument], rates: Sequence[Rate], parameters: MarketParameters, seed: int
    ) -> None:
        self._instruments = tuple(instruments)
        self._numeraire = numeraire(instruments)
        self._rates = {rate.name: (rate, rate.level(parameters)) for rate in rates}
        self._conversions = {item.key: self._conversion(item) for item in self._instruments}
        self._levels = {
            base: parameters.prices.get(base, LEVELS.get(base, 100.0)) for base in {item.base for item in instruments}
        }
        step = parameters.spacing_ns
        self._walks = {
            base: RandomWalk(random_stream(seed, f"{base} price"), parameters.volatility, step) for base in self._levels
        }
        self._moves = {
            rate.name: Reverting(
                random_stream(seed, f"rate {rate.name}"), parameters.rate_sd, parameters.rate_half_life_ns, step
            )
            for rate in rates
        }
        self._seen = {item.key: self._deviations(item, parameters, seed) for item in self._instruments}

    def take(self, count: int) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, Floats]]:
        """Return the coming prices, values and rates.

        Returns:
            Prices by instrument key, in its currency; values by instrument key, in the common currency; rates by
            name. Each has one number per step.
        """
        rates = {name: self._rates[name][1] * np.exp(move.take(count)) for name, move in self._moves.items()}
        walks = {base: walk.take(count) for base, walk in self._walks.items()}
        prices: dict[str, Floats] = {}
        values: dict[str, Floats] = {}
        for item in self._instruments:
            logarithm = walks[item.base]
            for mean, deviation in self._seen[item.key]:
                logarithm = logarithm + mean + deviation.take(count)
            values[item.key] = np.exp(logarithm) * (self._levels[item.base] * float(item.multiplier))
            name, inverse = self._conversions[item.key]
            rate = rates[name] if name else 1.0
            prices[item.key] = values[item.key] / rate if inverse else values[item.key] * rate
        return prices, values, rates

    def _conversion(self, item: Instrument) -> tuple[str, bool]:
        """Return the name of the rate into the instrument's currency, and whether it is to be divided by."""
        if item.quote == self._numeraire:
            return "", False
        for rate, _ in self._rates.values():
            if (rate.first, rate.second) == (self._numeraire, item.quote):
                return rate.name, False
            if (rate.second, rate.first) == (self._numeraire, item.quote):
                return rate.name, True
        wanted = f"{self._numeraire.lower()}_{item.quote.lower()}"
        raise DataError(
            f"{item.key} is priced in {item.quote}, and no rate converts {self._numeraire} to it",
            f"add a rate named {wanted} to the config's section rates",
        )

    def _deviations(self, item: Instrument, parameters: MarketParameters, seed: int) -> list[tuple[float, Reverting]]:
        """Return what the instrument adds to the coin's common price: means, and processes around them."""
        same = [other for other in self._instruments if (other.base, other.quote) == (item.base, self._numeraire)]
        deviations = []
        for name, mean_bps, sd_bps, half_life_ns in _parts(item, same, parameters):
            stream = random_stream(seed, f"{item.key} {name}")
            process = Reverting(stream, sd_bps / 10_000, half_life_ns, parameters.spacing_ns)
            deviations.append((mean_bps / 10_000, process))
        return deviations


def _parts(
    item: Instrument, same: Sequence[Instrument], parameters: MarketParameters
) -> list[tuple[str, float, float, int]]:
    """Return name, mean, standard deviation and half-life of an instrument's deviations.

    Args:
        item: The instrument.
        same: The instruments of its coin in the common currency, of which the first deviates by its basis only.
        parameters: Parameters of the market.
    """
    parts: list[tuple[str, float, float, int]] = []
    if item not in same:
        premium = parameters.premium_mean_bps, parameters.premium_sd_bps, parameters.premium_half_life_ns
        parts.append(("premium", *premium))
    elif item != same[0]:
        parts.append(("venue", 0.0, parameters.venue_sd_bps, parameters.venue_half_life_ns))
    if item.kind is InstrumentKind.PERPETUAL:
        basis = parameters.basis_mean_bps, parameters.basis_sd_bps, parameters.basis_half_life_ns
        parts.append(("basis", *basis))
    return parts
