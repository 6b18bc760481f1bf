"""A two-venue market in columns for benchmarks: a won spot, a perpetual, and the rate between them."""

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickTable
from arbcore.model.market import FxRate, MarketInput, Quote

START = 1_750_000_000 * 10**9
SPACING = 250 * 10**6
CHUNK = 8_000

SPOT = Instrument(
    venue="seoul",
    symbol="KRW-BTC",
    kind=InstrumentKind.SPOT,
    base="BTC",
    quote="KRW",
    ticks=TickTable.flat(Decimal(1000)),
    lot=Decimal("0.00000001"),
    min_quantity=Decimal("0.00000001"),
    min_notional=Decimal(5000),
    fees=FeeSchedule(Decimal("0.0005"), Decimal("0.0005")),
)
PERPETUAL = Instrument(
    venue="world",
    symbol="BTCUSDT",
    kind=InstrumentKind.PERPETUAL,
    base="BTC",
    quote="USDT",
    ticks=TickTable.flat(Decimal("0.1")),
    lot=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    min_notional=Decimal(100),
    fees=FeeSchedule(Decimal("0.0002"), Decimal("0.0005")),
)


class Columns:
    """Columns of quotes (instrument, time, bid, ask, sizes), with a conversion rate before each chunk.

    Args:
        count: Number of quotes.
        seed: Seed of the paths.
        trips: Round trips that are wanted for every million quotes; 0 for a market in which nothing happens.
    """

    def __init__(self, count: int, seed: int = 1, trips: int = 1100) -> None:
        random = np.random.default_rng(seed)
        world = 100_000.0 * np.exp(np.cumsum(random.normal(0.0, 2e-6, count)))
        phase = np.arange(count) * (2 * np.pi * trips / 1e6)
        premium = (0.0030 * np.sin(phase) if trips else np.zeros(count)) + random.normal(0.0, 2e-5, count)
        won = world * 1380.0 * (1.0 + premium)
        self.is_spot = np.arange(count) % 2 == 0
        mid = np.where(self.is_spot, won, world)
        tick = np.where(self.is_spot, 1000.0, 0.1)
        self.bid = np.round(np.floor(mid / tick) * tick, 1)
        self.ask = np.round(self.bid + tick, 1)
        self.size = np.round(random.lognormal(0.0, 0.5, count) + 0.05, 3)
        self.time = START + np.arange(count, dtype=np.int64) * SPACING
        self.count = count

    def rows(self, first: int, last: int) -> Iterator[tuple[str, int, int, float, float, float, float]]:
        """Return rows of quotes as plain values."""
        part = slice(first, last)
        spot_key, perpetual_key = SPOT.key, PERPETUAL.key
        keys = [spot_key if spot else perpetual_key for spot in self.is_spot[part].tolist()]
        times = self.time[part].tolist()
        sizes = self.size[part].tolist()
        return zip(keys, times, times, self.bid[part].tolist(), self.ask[part].tolist(), sizes, sizes, strict=True)

    def chunks(self) -> Iterator[list[MarketInput]]:
        """Yield quotes and rates in order, in lists."""
        for first in range(0, self.count, CHUNK):
            time = int(self.time[first])
            chunk: list[MarketInput] = [FxRate("usdt_krw", time, time, 1379.5, 1380.5, "seoul")]
            chunk += [Quote(*row) for row in self.rows(first, min(first + CHUNK, self.count))]
            yield chunk
