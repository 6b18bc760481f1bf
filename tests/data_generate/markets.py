"""A won leg and two dollar legs for tests of generated markets."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from arbcore.data._frames import Columns, np
from arbcore.data.generate.market import Chunk, generate
from arbcore.data.generate.parameters import MarketParameters
from arbcore.data.generate.prices import Rate
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickBand, TickTable

WON_TICKS = TickTable(
    tuple(
        TickBand(Decimal(floor), Decimal(tick))
        for floor, tick in ((0, "0.01"), (10, "0.1"), (100, 1), (1_000, 5), (100_000, 50), (1_000_000, 1_000))
    )
)
FEES = FeeSchedule(Decimal("0.0005"), Decimal("0.0005"))
RATES = [Rate.named("usdt_krw")]


def market(venue: str, quote: str, kind: InstrumentKind, ticks: TickTable, lot: str) -> Instrument:
    return Instrument(
        venue=venue,
        symbol=f"BTC{quote}",
        kind=kind,
        base="BTC",
        quote=quote,
        ticks=ticks,
        lot=Decimal(lot),
        min_quantity=Decimal(lot),
        min_notional=Decimal(0),
        fees=FEES,
    )


WON = market("won", "KRW", InstrumentKind.SPOT, WON_TICKS, "0.00000001")
PERPETUAL = market("perp", "USDT", InstrumentKind.PERPETUAL, TickTable.flat(Decimal("0.1")), "0.001")
SPOT = market("spot", "USDT", InstrumentKind.SPOT, TickTable.flat(Decimal("0.01")), "0.00001")
PAIR = [WON, PERPETUAL]


def chunks(
    instruments: Sequence[Instrument] = PAIR,
    quotes: int = 20_000,
    seed: int = 1,
    steps: int = 32_768,
    **parameters: Any,
) -> list[Chunk]:
    given = MarketParameters(**parameters)
    return list(generate(instruments, RATES, given, quotes=quotes, seed=seed, steps=steps))


def joined(found: Sequence[Chunk], name: str, kind: str = "quotes") -> Columns:
    """Return all rows of one stream."""
    parts = [getattr(chunk, kind)[name] for chunk in found]
    return {column: np.concatenate([part[column] for part in parts]) for column in parts[0]}


def middles(columns: Columns) -> Any:
    return (columns["bid"] + columns["ask"]) / 2
