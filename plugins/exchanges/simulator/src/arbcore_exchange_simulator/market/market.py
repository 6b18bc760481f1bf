"""One listed market: its rules, its book, its trades, and what else the venue tells about it."""

from collections import deque
from typing import Final

from msgspec import Struct

from arbcore_exchange_simulator.market.book import OrderBook
from arbcore_exchange_simulator.market.candles import Candles
from arbcore_exchange_simulator.market.numbers import decimals_of
from arbcore_exchange_simulator.market.ticks import Grid

KEPT_TRADES: Final = 1000
"""Trades that a market remembers."""

KEPT_SETTLEMENTS: Final = 1000
"""Settlements of funding that a market remembers."""


class Listing(Struct, frozen=True):
    """What does not change about a market. Ticks, lots and values are atoms.

    Attributes:
        venue: ``upbit``, ``usdm`` or ``spot``.
        symbol: The venue's name of it.
        base: Coin.
        quote: Currency of its prices.
        grid: Prices that exist.
        tick: The flat tick; on Upbit the one at the starting price.
        lot: Step of quantities.
        notional: Smallest order value, in whole units of the quote currency.
        multiplier: Coins in one quoted unit.
        funding_ns: Time between two settlements; 0 for spot.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    grid: Grid
    tick: int
    lot: int
    notional: int
    multiplier: int = 1
    funding_ns: int = 0

    @property
    def decimals(self) -> tuple[int, int]:
        """Decimals of prices and of quantities."""
        return decimals_of(self.tick), decimals_of(self.lot)


class Trade(Struct, frozen=True):
    """A trade: price and quantity in atoms, time in ns; ``buyer`` tells that the taker bought."""

    number: int
    time: int
    price: int
    quantity: int
    buyer: bool


class Funding(Struct):
    """Funding of a perpetual: rate for the coming settlement, its time in ns, and past settlements.

    A settlement is its time in ns, rate and mark price.
    """

    rate: float = 0.0001
    next: int = 0
    mark: float = 0.0
    average: float = 0.0
    index: float = 0.0
    past: deque[tuple[int, float, float]] = deque(maxlen=KEPT_SETTLEMENTS)


class Market:
    """A market as it stands.

    Attributes:
        listing: What does not change.
        book: Its levels.
        trades: Latest trades, oldest first.
        candles: Trades by second and minute.
        funding: Mark, index and funding; None on spot.
        time: Time of the last change in ns.
        frozen: True while a fault keeps the market from moving.
        warned: True while the venue warns about it.
        delisting: Time in ns at which it will be delisted; 0 where it will not.
        day: Quantity bought, quantity sold and value traded since the start, in whole units.
        day_open: First price since the start, which stands for the day before's close too.
        day_high: Highest price since the start.
        day_low: Lowest price since the start.
    """

    def __init__(self, listing: Listing, book: OrderBook, first_trade: int) -> None:
        self.listing: Final = listing
        self.book: Final = book
        self.trades: Final[deque[Trade]] = deque(maxlen=KEPT_TRADES)
        self.candles: Final = Candles()
        self.funding: Final = Funding(past=deque(maxlen=KEPT_SETTLEMENTS)) if listing.funding_ns else None
        self.time = 0
        self.frozen = False
        self.warned = False
        self.delisting = 0
        self.day = [0.0, 0.0, 0.0]
        self.day_open = self.day_high = self.day_low = 0
        self._number = first_trade
        self.price_decimals, self.quantity_decimals = listing.decimals

    def trade(self, time: int, price: int, quantity: int, buyer: bool) -> Trade:
        """Record a trade and return it with its number."""
        self._number += 1
        trade = Trade(self._number, time, price, quantity, buyer)
        if not self.trades:
            self.day_open = self.day_high = self.day_low = price
        self.trades.append(trade)
        self.day_high, self.day_low = max(self.day_high, price), min(self.day_low, price)
        whole, paid = quantity / 1e8, price / 1e8
        self.candles.add(time // 1_000_000, price, whole, whole * paid)
        self.day[0 if buyer else 1] += whole
        self.day[2] += whole * paid
        return trade
