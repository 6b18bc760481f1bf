"""Columns of one instrument, one rate, and of funding, from paths of prices."""

from arbcore.data._frames import Columns, Floats, Ints, np
from arbcore.data.generate.grid import PriceGrid, SizeGrid
from arbcore.data.generate.parameters import HOUR_NS, MarketParameters
from arbcore.data.generate.paths import random_stream
from arbcore.model.instrument import Instrument, TickTable

FUNDING_EVERY_NS = 8 * HOUR_NS

_SPREAD_SIGMA = 0.3
_SIZE_SIGMA = 0.8
_LATENCY_SIGMA = 0.4
_MICROSECOND_NS = 1_000
_FUNDING_KEEP = 0.8
"""Correlation of a funding rate with the one before: rates of real perpetuals persist for days."""


class Receiver:
    """Turns venue times into receive times, which never go back.

    Args:
        seed: Seed of the market.
        name: Name of the stream.
        latency_ns: Median latency.
    """

    def __init__(self, seed: int, name: str, latency_ns: int) -> None:
        self._random = random_stream(seed, f"{name} latency")
        self._median = latency_ns / _MICROSECOND_NS
        self._last = 0

    def times(self, ts: Ints) -> Ints:
        """Return the receive times of coming rows."""
        latency = self._median * np.exp(_LATENCY_SIGMA * self._random.standard_normal(len(ts)))
        received = ts + np.rint(latency).astype(np.int64) * _MICROSECOND_NS
        if len(received):
            received[0] = max(int(received[0]), self._last)
            received = np.maximum.accumulate(received)
            self._last = int(received[-1])
        return received


class QuoteMaker:
    """Makes the quotes of one instrument around its price.

    Args:
        instrument: The instrument.
        parameters: Parameters of the market.
        seed: Seed of the market.
        place: Number of the instrument, and of all instruments: within one spacing each has its turn.
    """

    def __init__(self, instrument: Instrument, parameters: MarketParameters, seed: int, place: tuple[int, int]) -> None:
        number, among = place
        self._turn = parameters.spacing_ns // among
        self._offset = number * self._turn
        self._unit = float(instrument.unit)
        self._half = parameters.half_spread_bps / 10_000
        self._notional = parameters.notional
        self._prices = PriceGrid(instrument.ticks)
        self._sizes = SizeGrid(instrument.lot)
        self._random = random_stream(seed, f"{instrument.key} quotes")
        self._receiver = Receiver(seed, instrument.key, parameters.latency_ns)

    def quotes(self, steps: Ints, prices: Floats, values: Floats) -> Columns:
        """Return quotes.

        Args:
            steps: Times at which the steps begin.
            prices: Price of one quoted unit at each step.
            values: Value of one quoted unit at each step, in the currency of the notional.
        """
        # One call for all: the numbers of a row do not depend on how the steps are cut.
        noise = self._random.standard_normal((len(steps), 4))
        half = prices * self._half * np.exp(_SPREAD_SIGMA * noise[:, 0])
        bid, ask = self._prices.touch(prices - half, prices + half)
        size = self._notional / (values * self._unit)
        early = self._turn * (0.5 + 0.49 * np.tanh(noise[:, 1]))
        ts = steps + self._offset + (early // _MICROSECOND_NS).astype(np.int64) * _MICROSECOND_NS
        return {
            "ts": ts,
            "recv_ts": self._receiver.times(ts),
            "bid": bid,
            "ask": ask,
            "bid_size": self._sizes.place(size * np.exp(_SIZE_SIGMA * noise[:, 2])),
            "ask_size": self._sizes.place(size * np.exp(_SIZE_SIGMA * noise[:, 3])),
        }


class RateMaker:
    """Makes the rows of one conversion rate.

    Args:
        name: Name of the rate.
        ticks: Grid of the rate.
        parameters: Parameters of the market.
        seed: Seed of the market.
    """

    def __init__(self, name: str, ticks: TickTable, parameters: MarketParameters, seed: int) -> None:
        self._half = parameters.rate_half_spread_bps / 10_000
        self._grid = PriceGrid(ticks)
        self._receiver = Receiver(seed, f"rate {name}", parameters.latency_ns)

    def rows(self, steps: Ints, levels: Floats) -> Columns:
        """Return the rate at each step."""
        bid, ask = self._grid.touch(levels * (1 - self._half), levels * (1 + self._half))
        return {"ts": steps, "recv_ts": self._receiver.times(steps), "bid": bid, "ask": ask}


class FundingMaker:
    """Makes the settlements of one perpetual, every eight hours of UTC.

    Args:
        key: Key of the instrument.
        parameters: Parameters of the market.
        seed: Seed of the market.
    """

    def __init__(self, key: str, parameters: MarketParameters, seed: int) -> None:
        self._random = random_stream(seed, f"{key} funding")
        self._mean, self._sd, self._latency = parameters.funding_mean, parameters.funding_sd, parameters.latency_ns
        self._deviation = float(self._random.standard_normal())

    def settlements(self, first_ns: int, end_ns: int) -> Columns:
        """Return the settlements from a time on and before another."""
        start = -(-first_ns // FUNDING_EVERY_NS) * FUNDING_EVERY_NS
        ts = np.arange(start, end_ns, FUNDING_EVERY_NS, dtype=np.int64)
        rates = np.array([self._next() for _ in range(len(ts))], dtype=np.float64)
        return {
            "ts": ts,
            "recv_ts": ts + self._latency,
            "rate": np.rint(rates * 1e8) / 1e8,
            "settled": np.ones(len(ts), dtype=np.bool_),
            "next_ts": ts + FUNDING_EVERY_NS,
        }

    def _next(self) -> float:
        rate = self._mean + self._sd * self._deviation
        fresh = (1 - _FUNDING_KEEP**2) ** 0.5
        self._deviation = _FUNDING_KEEP * self._deviation + fresh * float(self._random.standard_normal())
        return rate
