"""Made markets: every path, size, trade and time drawn from one seed."""

from collections.abc import Iterable
from heapq import heapify, heapreplace
from random import Random
from typing import TYPE_CHECKING, Final

from arbcore_exchange_simulator.market.book import OrderBook
from arbcore_exchange_simulator.market.coins import Coin, coin, coins
from arbcore_exchange_simulator.market.listings import krw, listings, typical
from arbcore_exchange_simulator.market.market import Listing, Market
from arbcore_exchange_simulator.market.numbers import ATOMS
from arbcore_exchange_simulator.market.paths import CoinPath, RatePath
from arbcore_exchange_simulator.market.world import World

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import SimulatorSettings

_HALF_SPREAD: Final = {"upbit": 1.0e-4, "usdm": 0.3e-4, "spot": 0.4e-4}
_FIRST_TRADE: Final = {"upbit": 17_951_438_450_000_000, "usdm": 309_917_000, "spot": 3_400_000_000}
_INTEREST: Final = 0.0001  # of funding, for eight hours (Binance's formula)
_CLAMP: Final = 0.0005
_DAY_THIRD: Final = 8 * 3600 * 1_000_000_000


class _Beat:
    """A market with its own random numbers and the path that it follows."""

    __slots__ = ("market", "path", "random", "rate", "spread")

    def __init__(self, listing: Listing, path: CoinPath | None, rate: RatePath, settings: "SimulatorSettings") -> None:
        self.random = Random(f"{settings.seed}:{listing.venue}:{listing.symbol}")  # noqa: S311 - reproducible
        self.path = path
        self.rate = rate
        self.spread = _HALF_SPREAD[listing.venue]
        size = typical(listing, self._price(listing), settings.usdt_krw)
        book = OrderBook(listing.grid, listing.lot, size, settings.levels, self.random, self.random.randrange(10**9))
        self.market = Market(listing, book, _FIRST_TRADE[listing.venue])

    def _price(self, listing: Listing) -> float:
        if self.path is None:
            return self.rate.value
        if listing.venue == "upbit":
            return self.path.perpetual * self.rate.value * (1 + self.path.premium.value)
        if listing.venue == "usdm":
            return self.path.perpetual * listing.multiplier
        return self.path.index

    def follow(self) -> None:
        """Bring the book's touch to the path's price, and stir it where that moves nothing."""
        listing, book = self.market.listing, self.market.book
        middle = self._price(listing) * ATOMS
        half = middle * self.spread * self.random.uniform(0.6, 1.6)
        bid = listing.grid.down(round(middle - half))
        ask = max(listing.grid.up(round(middle + half)), listing.grid.up(bid + 1))
        before = book.update_id
        book.place(bid, ask)
        if book.update_id == before:
            book.stir()
        self._mark(middle / ATOMS)

    def _mark(self, middle: float) -> None:
        funding = self.market.funding
        if funding is None or self.path is None:
            return
        listing = self.market.listing
        funding.index = self.path.index * listing.multiplier
        funding.mark = middle
        funding.average = funding.average * 0.95 + middle * 0.05 if funding.average else middle
        basis = self.path.basis
        rate = (basis + max(-_CLAMP, min(_INTEREST - basis, _CLAMP))) * listing.funding_ns / _DAY_THIRD
        funding.rate = max(-0.02, min(rate, 0.02))


class Seeded:
    """Makes every change of a world from a seed.

    Events come one after the other in the order of their times, each market's by its own random numbers.

    Attributes:
        ended: Never: made markets have no end.
    """

    ended = False

    def __init__(self, settings: "SimulatorSettings", start: int) -> None:
        self._settings = settings
        self._rate = RatePath(settings.usdt_krw, Random(f"{settings.seed}:rate"))  # noqa: S311
        names = coins(settings.count) if settings.count else settings.symbols
        self._beats = [beat for name in names for beat in self._beats_of(coin(name))]
        tick = krw("USDT", settings.usdt_krw, settings.krw_usdt_tick)
        self._beats.append(_Beat(tick, None, self._rate, settings))
        self._start = start
        self._standing = 0  # ns for which the markets have stood still
        self._due: list[tuple[int, int, int]] = []
        for number, beat in enumerate(self._beats):
            beat.follow()
            self._open(beat, start)
            self._due += [(self._next(beat, start, kind), number, kind) for kind in (0, 1)]
        heapify(self._due)

    def _beats_of(self, one: Coin) -> Iterable[_Beat]:
        settings = self._settings
        path = CoinPath(one.price, settings.volatility, settings.premium, Random(f"{settings.seed}:{one.name}"))  # noqa: S311
        return [_Beat(listing, path, self._rate, settings) for listing in listings(one, settings)]

    def markets(self) -> Iterable[Market]:
        """Return all markets, with books."""
        return [beat.market for beat in self._beats]

    def stand(self, until: int, now: int) -> None:
        """Let the markets stand still from one time to another: all that is due comes that much later."""
        self._standing += until - now
        self._due = [(due + until - now, number, kind) for due, number, kind in self._due]

    def step(self, world: World, until: int) -> None:
        """Let everything happen that happens up to and at a time."""
        while self._due[0][0] <= until:
            due, number, kind = self._due[0]
            beat = self._beats[number]
            self._move(beat, due)
            if beat.market.frozen:
                world.changed(beat.market, due)
            elif kind:
                self._trade(world, beat, due)
            else:
                beat.follow()
                world.changed(beat.market, due)
            heapreplace(self._due, (self._next(beat, due, kind), number, kind))

    def _move(self, beat: _Beat, now: int) -> None:
        time = (now - self._start - self._standing) * 1e-9 * self._settings.speed
        self._rate.move(time)
        if beat.path is not None:
            beat.path.move(time)

    def _next(self, beat: _Beat, now: int, kind: int) -> int:
        a_second = (self._settings.trade_rate if kind else self._settings.rate) * self._settings.speed
        return now + round(beat.random.expovariate(a_second) * 1e9) + 1

    def _trade(self, world: World, beat: _Beat, now: int) -> None:
        market, random = beat.market, beat.random
        buyer = random.random() < 0.5
        touch = market.book.touch[1 if buyer else 0][1]
        wanted = int(touch * random.lognormvariate(-1.0, 1.0))
        lot = market.listing.lot
        for price, quantity in market.book.take(buyer, max(wanted // lot, 1) * lot):
            world.traded(market, market.trade(now, price, quantity, buyer))
        world.changed(market, now)

    @staticmethod
    def _open(beat: _Beat, start: int) -> None:
        """Give a market a first trade, so that it has a last price."""
        (bid, size), _ = beat.market.book.touch
        lot = beat.market.listing.lot
        beat.market.trade(start, bid, max(size // 10 // lot, 1) * lot, buyer=False)
