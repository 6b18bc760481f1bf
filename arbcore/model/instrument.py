"""What can be traded: an instrument with its grid, limits and fees."""

from bisect import bisect_right
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

from msgspec import Struct

from arbcore.model.grid import Rounding, on_grid, to_grid


class InstrumentKind(StrEnum):
    """Kind of contract."""

    SPOT = "spot"
    PERPETUAL = "perpetual"


class TickBand(Struct, frozen=True):
    """One band of a tick table: from ``floor`` (inclusive) upward prices move in steps of ``tick``."""

    floor: Decimal
    tick: Decimal


class TickTable(Struct, frozen=True, dict=True):
    """Price grid by price band.

    Attributes:
        bands: Bands in rising order of ``floor``; the first also holds below its floor. A floor lies on the grids
            of both its neighbours, so that rounding across it ends on a price that is valid there.
    """

    bands: tuple[TickBand, ...]

    def __post_init__(self) -> None:
        """Refuse an empty or unordered table, and floors that rounding would miss."""
        floors = [band.floor for band in self.bands]
        if not floors or floors != sorted(set(floors)) or any(band.tick <= 0 for band in self.bands):
            raise ValueError("a tick table needs at least one band, rising floors and positive ticks")
        for below, band in pairwise(self.bands):
            if not (on_grid(band.floor, below.tick) and on_grid(band.floor, band.tick)):
                raise ValueError(f"the floor {band.floor} must be a multiple of the ticks {below.tick} and {band.tick}")

    @classmethod
    def flat(cls, tick: Decimal) -> "TickTable":
        """Return a table with one tick for every price."""
        return cls((TickBand(Decimal(0), tick),))

    def tick_at(self, price: float | Decimal) -> Decimal:
        """Return the tick that holds at a price."""
        if len(self.bands) == 1:
            return self.bands[0].tick
        return self.bands[max(bisect_right(self._floors, price) - 1, 0)].tick

    @cached_property
    def _floors(self) -> list[Decimal]:
        """Floors of the bands; Python compares them exactly with floats as well."""
        return [band.floor for band in self.bands]

    def place(self, price: float | Decimal, rounding: Rounding) -> Decimal:
        """Return a price on the grid, rounded in the given direction.

        Rounding up across a floor lands on that floor.
        """
        return to_grid(price, self.tick_at(price), rounding)

    def holds(self, price: Decimal) -> bool:
        """Tell whether a price lies on the grid."""
        return on_grid(price, self.tick_at(price))


class FeeSchedule(Struct, frozen=True):
    """Fee rates as fractions of the value traded; negative for a rebate.

    Attributes:
        maker: Rate for an order that rested.
        taker: Rate for an order that took.
        currency: Currency charged where it is fixed (a third coin); empty for the quote or settlement currency.
    """

    maker: Decimal
    taker: Decimal
    currency: str = ""


class PriceBand(Struct, frozen=True, kw_only=True):
    """How far from a perpetual's mark price a venue lets a limit lie; other limits are refused.

    Attributes:
        highest_bid: Largest multiple of the mark price for a buy.
        lowest_ask: Least multiple of it for a sale.
    """

    highest_bid: Decimal
    lowest_ask: Decimal


class Instrument(Struct, frozen=True, kw_only=True, dict=True):
    """One market of one venue.

    Attributes:
        venue: Id of the exchange instance, for example ``upbit``.
        symbol: The venue's own name of the market.
        kind: Spot or perpetual.
        base: Coin that is bought and sold, after the multiplier: ``SHIB`` for ``1000SHIBUSDT``.
        quote: Currency of the price.
        settle: Currency in which profit is paid; the quote currency unless told otherwise.
        ticks: Price grid.
        lot: Step of the order quantity, in contracts or units as the venue counts them.
        min_quantity: Smallest order quantity.
        min_notional: Smallest order value in the quote currency.
        max_quantity: Largest order quantity, None where the venue states none.
        contract_size: Base units (before the multiplier) of one unit of quantity.
        multiplier: Base coins in one quoted unit: 1000 for ``1000SHIBUSDT``.
        price_band: Bounds of limits around the mark price, None where the venue states none.
        fees: Maker and taker rates.
    """

    venue: str
    symbol: str
    kind: InstrumentKind
    base: str
    quote: str
    settle: str = ""
    ticks: TickTable
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    max_quantity: Decimal | None = None
    contract_size: Decimal = Decimal(1)
    multiplier: Decimal = Decimal(1)
    price_band: PriceBand | None = None
    fees: FeeSchedule

    def __post_init__(self) -> None:
        """Refuse numbers that no venue can mean."""
        if self.lot <= 0 or self.contract_size <= 0 or self.multiplier <= 0:
            raise ValueError(f"{self.key}: lot, contract size and multiplier must be positive")

    @cached_property
    def key(self) -> str:
        """Name of the instrument across the system: ``venue:symbol``."""
        return f"{self.venue}:{self.symbol}"

    @cached_property
    def settlement(self) -> str:
        """Currency in which fees and profit are paid."""
        return self.settle or self.quote

    @cached_property
    def unit(self) -> Decimal:
        """Base coins in one unit of order quantity: contract size times multiplier."""
        return self.contract_size * self.multiplier
