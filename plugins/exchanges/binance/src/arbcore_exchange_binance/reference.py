"""Trading rules as known without a network, for generated data, imports and tests. State: 2026-11-20.

BTCUSDT on USD-M is the sample of the API documentation's exchangeInfo. All other rows are reference values: ticks
and steps as commonly listed, minimum values as last announced, none read from the venue on that day. They are good
for simulations; what is really in force is in the venue's own listing (`arbcore_exchange_binance.exchange_info`), and
the setting ``rules`` replaces single values.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickTable

if TYPE_CHECKING:
    from arbcore_exchange_binance.settings import BinanceSettings, Rules


class Reference(Struct, frozen=True):
    """Rules of one market.

    Attributes:
        base: Coin, after the multiplier.
        tick: Price step.
        lot: Quantity step and smallest quantity.
        min_notional: Smallest order value in the quote currency.
        multiplier: Coins in one quoted unit; above 1 it is part of the symbol.
        max_quantity: Largest quantity that both limit and market orders may have, where it is known.
    """

    base: str
    tick: str
    lot: str
    min_notional: str
    multiplier: int = 1
    max_quantity: str = ""

    def symbol(self, quote: str) -> str:
        """Return the venue's name of the market."""
        return f"{self.multiplier if self.multiplier > 1 else ''}{self.base}{quote}"


USDM: Final = (
    Reference("BTC", "0.1", "0.001", "100", max_quantity="120"),
    Reference("ETH", "0.01", "0.001", "20"),
    Reference("XRP", "0.0001", "0.1", "5"),
    Reference("SOL", "0.01", "0.01", "5"),
    Reference("BNB", "0.01", "0.01", "5"),
    Reference("DOGE", "0.00001", "1", "5"),
    Reference("ADA", "0.0001", "1", "5"),
    Reference("TRX", "0.00001", "1", "5"),
    Reference("LINK", "0.001", "0.01", "20"),
    Reference("AVAX", "0.001", "1", "5"),
    Reference("DOT", "0.001", "0.1", "5"),
    Reference("SUI", "0.0001", "0.1", "5"),
    Reference("SHIB", "0.000001", "1", "5", multiplier=1000),
    Reference("PEPE", "0.0000001", "1", "5", multiplier=1000),
)
"""USD-M perpetuals."""

SPOT: Final = (
    Reference("BTC", "0.01", "0.00001", "5"),
    Reference("ETH", "0.01", "0.0001", "5"),
    Reference("XRP", "0.0001", "0.1", "5"),
    Reference("SOL", "0.01", "0.001", "5"),
    Reference("BNB", "0.01", "0.001", "5"),
    Reference("DOGE", "0.00001", "1", "5"),
    Reference("SHIB", "0.00000001", "1", "5"),
)
"""Spot markets."""

TABLES: Final[Mapping[str, Sequence[Reference]]] = {"usdm": USDM, "spot": SPOT}
"""Reference rules by product."""

FEES: Final[Mapping[str, FeeSchedule]] = {
    "usdm": FeeSchedule(maker=Decimal("0.0002"), taker=Decimal("0.0005")),
    "spot": FeeSchedule(maker=Decimal("0.001"), taker=Decimal("0.001")),
}
"""Fee rates of the lowest tier (VIP 0) without any discount, by product; the account's own may differ."""


def fees_of(settings: "BinanceSettings") -> FeeSchedule:
    """Return the settings' fee rates, and the product's general ones where they state none."""
    general = FEES[settings.product]
    return FeeSchedule(
        maker=general.maker if settings.maker_fee is None else settings.maker_fee,
        taker=general.taker if settings.taker_fee is None else settings.taker_fee,
    )


def reference_instruments(
    venue: str, product: str, quote: str, bases: Sequence[str], *, fees: FeeSchedule, rules: "Mapping[str, Rules]"
) -> list[Instrument]:
    """Return the known markets of coins against one quote currency; unknown coins are left out."""
    known = {one.base: one for one in TABLES[product]}
    return [
        _instrument(venue, product, quote, known[base], fees, rules.get(known[base].symbol(quote)))
        for base in dict.fromkeys(bases)
        if base in known
    ]


def _instrument(
    venue: str, product: str, quote: str, row: Reference, fees: FeeSchedule, rules: "Rules | None"
) -> Instrument:
    lot = (rules and rules.lot) or Decimal(row.lot)
    largest = (rules and rules.max_quantity) or (Decimal(row.max_quantity) if row.max_quantity else None)
    stated = rules.min_notional if rules is not None else None
    return Instrument(
        venue=venue,
        symbol=row.symbol(quote),
        kind=InstrumentKind.SPOT if product == "spot" else InstrumentKind.PERPETUAL,
        base=row.base,
        quote=quote,
        ticks=TickTable.flat((rules and rules.tick) or Decimal(row.tick)),
        lot=lot,
        min_quantity=(rules and rules.min_quantity) or lot,
        min_notional=Decimal(row.min_notional) if stated is None else stated,
        max_quantity=largest,
        multiplier=Decimal(row.multiplier),
        fees=fees,
    )
