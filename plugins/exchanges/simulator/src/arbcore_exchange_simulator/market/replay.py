"""Recorded markets, served again: touches, books, trades, marks and funding from arbcore data sets."""

from collections.abc import Iterable, Iterator
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, Final

from arbcore.data.source import open_source
from arbcore.errors import ConfigurationError
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.market import (
    Book,
    ClosingQuote,
    FundingRate,
    FxRate,
    MarketInput,
    MarkPrice,
    OpeningQuote,
    PublicTrade,
    Quote,
)
from arbcore_exchange_simulator.market.book import OrderBook
from arbcore_exchange_simulator.market.listings import RATE_SYMBOL, krw
from arbcore_exchange_simulator.market.market import Listing, Market
from arbcore_exchange_simulator.market.numbers import atoms
from arbcore_exchange_simulator.market.ticks import Grid
from arbcore_exchange_simulator.market.world import World

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import SimulatorSettings

_EIGHT_HOURS: Final = 8 * 3600 * 1_000_000_000
_LOOK_AHEAD: Final = 200_000  # inputs read at the start to find every market's first touch

Touch = Quote | ClosingQuote | OpeningQuote


def _venue(instrument: Instrument) -> str:
    """Return the venue that can serve an instrument; empty where none can."""
    if instrument.kind is InstrumentKind.PERPETUAL:
        return "usdm" if instrument.quote == "USDT" else ""
    return "upbit" if "-" in instrument.symbol else "spot"


def _listing(instrument: Instrument, venue: str, settings: "SimulatorSettings", price: float) -> Listing:
    grid = Grid([(atoms(str(band.floor)), atoms(str(band.tick))) for band in instrument.ticks.bands])
    unit = f"{instrument.multiplier:f}" if instrument.multiplier > 1 else ""
    return Listing(
        venue,
        instrument.symbol,
        f"{unit}{instrument.base}",
        instrument.quote,
        grid,
        grid.tick(atoms(price)),
        max(atoms(str(instrument.lot)), 1),
        int(instrument.min_notional),
        int(instrument.multiplier),
        (settings.funding_interval or _EIGHT_HOURS) if venue == "usdm" else 0,
    )


class Replay:
    """Feeds a world from data sets, at the pace of their receive times divided by the speed.

    Quotes give the touch; the levels behind it are made up, as no recording has them. Stamps are those of the clock,
    not of the recording. When the data ends, the markets stand still.

    Attributes:
        ended: Whether the data is used up.

    Raises:
        DataError: The folder holds no data set, or one can't be read.
        ConfigurationError: No instrument of the data can be served.
    """

    def __init__(self, settings: "SimulatorSettings", start: int) -> None:
        if settings.replay is None:
            raise ConfigurationError("simulator: replay without a folder", "set replay to a folder of data sets")
        source = open_source(settings.replay)
        self.ended = False
        self._settings = settings
        self._start = start
        self._inputs: Iterator[MarketInput] = (one for chunk in source.chunks() for one in chunk)
        self._markets: dict[str, Market] = {}
        self._rate: Market | None = None
        self._open({one.key: one for one in source.instruments if _venue(one)}, bool(source.rates))
        self._next: MarketInput | None = next(self._inputs, None)
        self._first = self._next.recv_ts if self._next is not None else 0

    def _open(self, instruments: dict[str, Instrument], rates: bool) -> None:
        """Read ahead until every market has a touch, so that each starts with a book; what was read is served too."""
        ahead: list[MarketInput] = []
        waiting = set(instruments) | ({"rate"} if rates else set())
        for one in self._inputs:
            ahead.append(one)
            self._begin(one, instruments, waiting)
            if not waiting or len(ahead) >= _LOOK_AHEAD:
                break
        if not self._markets:
            raise ConfigurationError(
                f"simulator: {self._settings.replay} holds no market that can be replayed",
                "give data sets with quotes of Upbit's or Binance's markets",
            )
        if not any(one.listing.symbol == RATE_SYMBOL for one in self._markets.values()) and self._rate is None:
            self._rate = self._rate_market(self._settings.usdt_krw, self._settings.usdt_krw)
        self._inputs = chain(ahead, self._inputs)

    def _begin(self, one: MarketInput, instruments: dict[str, Instrument], waiting: set[str]) -> None:
        if isinstance(one, FxRate):
            if "rate" in waiting and one.name == "usdt_krw":
                waiting.discard("rate")
                self._rate = self._rate_market(one.bid, one.ask)
        elif one.instrument in waiting and isinstance(one, Touch) and 0 < one.bid < one.ask:
            waiting.discard(one.instrument)
            instrument = instruments[one.instrument]
            listing = _listing(instrument, _venue(instrument), self._settings, one.bid)
            self._markets[one.instrument] = self._market(listing, one.bid, one.ask, one.bid_size)

    def _market(self, listing: Listing, bid: float, ask: float, size: float) -> Market:
        random = Random(f"{self._settings.seed}:{listing.venue}:{listing.symbol}")  # noqa: S311 - reproducible
        usual = max(atoms(size) // listing.lot, 1) * listing.lot
        book = OrderBook(listing.grid, listing.lot, usual, self._settings.levels, random, 1_000_000)
        market = Market(listing, book, 1_000_000)
        _place(market, bid, ask, None)
        (price, quantity), _ = book.touch
        market.trade(self._start, price, quantity, buyer=False)
        return market

    def _rate_market(self, bid: float, ask: float) -> Market:
        return self._market(krw("USDT", bid, self._settings.krw_usdt_tick), bid, ask, 20_000.0)

    def markets(self) -> Iterable[Market]:
        """Return all markets, with books."""
        return [*self._markets.values(), *([self._rate] if self._rate is not None else [])]

    def stand(self, until: int, now: int) -> None:
        """Let the markets stand still from one time to another: all that is due comes that much later."""
        self._start += until - now

    def step(self, world: World, until: int) -> None:
        """Let everything happen that happens up to and at a time."""
        while self._next is not None:
            due = self._start + round((self._next.recv_ts - self._first) / self._settings.speed)
            if due > until:
                return
            self._apply(world, self._next, max(due, world.now))
            self._next = next(self._inputs, None)
        self.ended = True

    def _apply(self, world: World, one: MarketInput, now: int) -> None:
        if isinstance(one, FxRate):
            if self._rate is not None and one.name == "usdt_krw":
                _place(self._rate, one.bid, one.ask, None)
                world.changed(self._rate, now)
            return
        market = self._markets.get(one.instrument)
        if market is None:
            return
        if market.frozen:
            world.changed(market, now)
        elif isinstance(one, Touch):
            _place(market, one.bid, one.ask, (atoms(one.bid_size), atoms(one.ask_size)))
            world.changed(market, now)
        elif isinstance(one, Book):
            market.book.show(_side(market, one.bids), _side(market, one.asks))
            world.changed(market, now)
        elif isinstance(one, PublicTrade):
            world.traded(market, market.trade(now, _near(market, one.price), atoms(one.size), one.buyer_took))
        else:
            _fund(market, one)


def _fund(market: Market, one: MarketInput) -> None:
    if market.funding is None:
        return
    if isinstance(one, MarkPrice):
        market.funding.mark = market.funding.average = one.mark
        market.funding.index = one.index
    elif isinstance(one, FundingRate):
        market.funding.rate = one.rate


def _near(market: Market, price: float) -> int:
    grid, told = market.listing.grid, atoms(price)
    return grid.down(told + grid.tick(told) // 2)


def _side(market: Market, levels: Iterable[tuple[float, float]]) -> dict[int, int]:
    lot = market.listing.lot
    return {_near(market, price): max(atoms(size) // lot, 1) * lot for price, size in levels if size > 0}


def _place(market: Market, bid: float, ask: float, sizes: tuple[int, int] | None) -> None:
    """Move the touch; a crossed one is left out, since no venue shows it."""
    if not 0 < bid < ask:
        return
    listing = market.listing
    below = _near(market, bid)
    above = max(_near(market, ask), listing.grid.up(below + 1))
    lots = sizes and (_lots(sizes[0], listing.lot), _lots(sizes[1], listing.lot))
    market.book.place(below, above, lots)
    funding = market.funding
    if funding is not None and not funding.mark:
        funding.mark = funding.average = funding.index = (bid + ask) / 2


def _lots(size: int, lot: int) -> int:
    return max(size // lot, 1) * lot
