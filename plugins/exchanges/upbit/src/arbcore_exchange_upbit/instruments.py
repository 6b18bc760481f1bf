"""Upbit's markets as its developer centre describes them: tick tables, minimum totals, fees. State: 2026-11-20."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from arbcore.errors import ConfigurationError
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickBand, TickTable


def _table(*bands: tuple[str, str]) -> TickTable:
    return TickTable(tuple(TickBand(Decimal(floor), Decimal(tick)) for floor, tick in bands))


KRW_TICKS: Final = _table(
    ("0", "0.00000001"),
    ("0.00001", "0.0000001"),
    ("0.0001", "0.000001"),
    ("0.001", "0.00001"),
    ("0.01", "0.0001"),
    ("0.1", "0.001"),
    ("1", "0.01"),
    ("10", "0.1"),
    ("100", "1"),
    ("1000", "1"),
    ("5000", "5"),
    ("10000", "10"),
    ("50000", "50"),
    ("100000", "100"),
    ("500000", "500"),
    ("1000000", "1000"),
)
"""KRW tick table in force since 2025-07-31 (Upbit developer centre), whole KRW market."""

BTC_TICKS: Final = TickTable.flat(Decimal("0.00000001"))
"""Tick of the BTC market, at every price (Upbit developer centre)."""

USDT_TICKS: Final = _table(
    ("0", "0.00000001"),
    ("0.0001", "0.0000001"),
    ("0.001", "0.000001"),
    ("0.01", "0.00001"),
    ("0.1", "0.0001"),
    ("1", "0.001"),
    ("10", "0.01"),
)
"""USDT tick table in force since 2024-08-19 (Upbit developer centre)."""

LOT: Final = Decimal("0.00000001")
"""Volumes have eight decimals on every market."""

TICKS: Final[Mapping[str, TickTable]] = {"KRW": KRW_TICKS, "BTC": BTC_TICKS, "USDT": USDT_TICKS}
"""Tick table by quote currency."""

MIN_TOTALS: Final[Mapping[str, Decimal]] = {
    "KRW": Decimal(5000),
    "BTC": Decimal("0.00005"),
    "USDT": Decimal("0.5"),
}
"""Smallest order value by quote currency; per market, the account's order chances state it."""

FEES: Final[Mapping[str, Decimal]] = {"KRW": Decimal("0.0005"), "BTC": Decimal("0.0025"), "USDT": Decimal("0.0025")}
"""General fee rate by quote currency, maker = taker, charged in the quote currency."""


def instrument(
    venue: str, market: str, *, fee: Decimal | None = None, ticks: Mapping[str, Decimal] | None = None
) -> Instrument:
    """Return one market.

    Args:
        venue: Exchange instance id to put into the instrument.
        market: The venue's market id, quote first: ``KRW-BTC``.
        fee: Fee rate; None for the general one.
        ticks: Flat tick by market, in place of the table.

    Raises:
        ConfigurationError: The id is not of that form, or its quote currency has no tick table.
    """
    quote, _, base = market.partition("-")
    if quote not in TICKS or not base:
        raise ConfigurationError(
            f"Upbit: {market!r} is no market id", f"write QUOTE-BASE with one of {', '.join(TICKS)}, as in KRW-BTC"
        )
    rate = FEES[quote] if fee is None else fee
    flat = (ticks or {}).get(market)
    return Instrument(
        venue=venue,
        symbol=market,
        kind=InstrumentKind.SPOT,
        base=base,
        quote=quote,
        ticks=TICKS[quote] if flat is None else TickTable.flat(flat),
        lot=LOT,
        min_quantity=LOT,
        min_notional=MIN_TOTALS[quote],
        fees=FeeSchedule(maker=rate, taker=rate),
    )


def reference_instruments(
    venue: str, quote: str, bases: Sequence[str], *, fee: Decimal | None, ticks: Mapping[str, Decimal]
) -> list[Instrument]:
    """Return the markets of coins against one quote currency.

    The rules are the same for every coin, so any coin gets a market here, listed or not.
    """
    return [
        instrument(venue, f"{quote}-{base}", fee=fee, ticks=ticks) for base in dict.fromkeys(bases) if base != quote
    ]
