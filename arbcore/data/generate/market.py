"""A market of several venues, in chunks of columns. Pure: no file, no clock, no random number but from the seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from arbcore.data._frames import Columns, Flags, Ints, np
from arbcore.data.generate.parameters import MarketParameters
from arbcore.data.generate.paths import Outages, random_stream
from arbcore.data.generate.prices import Prices, Rate
from arbcore.data.generate.quotes import FundingMaker, QuoteMaker, RateMaker
from arbcore.errors import DataError
from arbcore.model.instrument import Instrument, InstrumentKind

STEPS = 32_768
"""Steps in a chunk; what is generated does not depend on it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a stretch of time, in order within each stream.

    Attributes:
        quotes: Columns of quotes by instrument key.
        funding: Columns of settlements by key of the perpetual.
        rates: Columns of rates by name.
    """

    quotes: dict[str, Columns]
    funding: dict[str, Columns]
    rates: dict[str, Columns]


def generate(
    instruments: Sequence[Instrument],
    rates: Sequence[Rate],
    parameters: MarketParameters,
    *,
    quotes: int,
    seed: int,
    steps: int = STEPS,
) -> Iterator[Chunk]:
    """Yield a market, chunk by chunk.

    Each instrument has one quote in every spacing except during its outages; rates and settlements of funding come
    beside them.

    Args:
        instruments: The instruments.
        rates: Conversion rates, among them those that the instruments' currencies need.
        parameters: Parameters of the market.
        quotes: Number of quotes of all instruments together.
        seed: Not negative; the same seed gives the same rows.
        steps: Spacings in a chunk.

    Raises:
        DataError: There is no instrument, a number is out of range, or a currency can't be converted.
    """
    parameters.check()
    keys = [item.key for item in instruments]
    if not keys or len(set(keys)) != len(keys):
        raise DataError("a market needs instruments, each once", "name exchanges and coins that they trade")
    if quotes < 1 or seed < 0:
        raise DataError(f"can't generate {quotes} quotes from seed {seed}", "give a positive number and a seed from 0")
    market = _Market(instruments, rates, parameters, seed)
    while quotes > 0:
        chunk = market.take(steps, quotes)
        quotes -= sum(len(columns["ts"]) for columns in chunk.quotes.values())
        yield chunk


class _Market:
    """The processes of one market and where they stand."""

    def __init__(
        self, instruments: Sequence[Instrument], rates: Sequence[Rate], parameters: MarketParameters, seed: int
    ) -> None:
        self._parameters = parameters
        self._step = 0
        self._prices = Prices(instruments, rates, parameters, seed)
        self._quotes = {
            item.key: QuoteMaker(item, parameters, seed, (number, len(instruments)))
            for number, item in enumerate(instruments)
        }
        self._rates = {rate.name: RateMaker(rate.name, rate.ticks(parameters), parameters, seed) for rate in rates}
        perpetuals = [item.key for item in instruments if item.kind is InstrumentKind.PERPETUAL]
        self._funding = {key: FundingMaker(key, parameters, seed) for key in perpetuals}
        self._outages = {name: self._outage(name, seed) for name in (*self._quotes, *self._rates)}

    def _outage(self, name: str, seed: int) -> Outages:
        given = self._parameters
        return Outages(random_stream(seed, f"{name} outages"), given.gap_every_ns, given.gap_length_ns, given.start_ns)

    def take(self, steps: int, limit: int) -> Chunk:
        """Return the next steps, cut after a number of quotes."""
        spacing, step = self._parameters.spacing_ns, self._step
        times: Ints = self._parameters.start_ns + np.arange(step, step + steps, dtype=np.int64) * spacing
        alive = {name: outage.alive(int(times[0]), spacing, steps) for name, outage in self._outages.items()}
        length = _cut([alive[key] for key in self._quotes], limit)
        prices, values, levels = self._prices.take(steps)
        quotes = {
            key: _kept(maker.quotes(times, prices[key], values[key]), alive[key]) for key, maker in self._quotes.items()
        }
        every = max(1, self._parameters.rate_spacing_ns // spacing)
        due = (np.arange(step, step + steps) % every == 0) & (np.arange(steps) < length)
        rates = {name: _kept(maker.rows(times, levels[name]), alive[name] & due) for name, maker in self._rates.items()}
        end = int(times[0]) + length * spacing
        funding = {key: maker.settlements(int(times[0]), end) for key, maker in self._funding.items()}
        self._step += steps
        return Chunk(quotes, funding, rates)


def _kept(columns: Columns, rows: Flags) -> Columns:
    return {name: column[rows] for name, column in columns.items()}


def _cut(alive: Sequence[Flags], limit: int) -> int:
    """Silence the instruments after a number of quotes, counted step by step; return the steps that are left."""
    steps = len(alive[0])
    counted = np.cumsum(np.stack(alive, axis=1).ravel())
    if counted[-1] <= limit:
        return steps
    last = int(np.searchsorted(counted, limit))
    whole, among = divmod(last, len(alive))
    for number, flags in enumerate(alive):
        flags[whole + (number <= among) :] = False
    return whole + 1
