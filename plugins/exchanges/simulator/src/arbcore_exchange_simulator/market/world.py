"""All markets together in virtual time. Nothing here reads a clock: whoever steps the world tells it the time."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from arbcore_exchange_simulator.market.market import Market, Trade

QUANTUM: Final = 10_000_000
"""Longest step in ns: what happens by time alone (windows, marks, settlements) happens at most this late."""


class Listener(Protocol):
    """Who hears of changes, in the moment of the change."""

    def on_book(self, market: Market) -> None:
        """A book changed, or a frozen market said again what it said."""
        ...

    def on_trade(self, market: Market, trade: Trade) -> None:
        """A trade took place; the book has changed already."""
        ...

    def on_time(self, now: int) -> None:
        """A step is over."""
        ...


class Source(Protocol):
    """Where a world's changes come from.

    Attributes:
        ended: Whether no change will come any more.
    """

    ended: bool

    def markets(self) -> Iterable[Market]:
        """Return all markets, with books."""
        ...

    def step(self, world: "World", until: int) -> None:
        """Let everything happen that happens up to and at a time."""
        ...

    def stand(self, until: int, now: int) -> None:
        """Let the markets stand still from one time to another: all that is due comes that much later."""
        ...


class World:
    """Markets and their time.

    Attributes:
        now: Time in UTC ns.
        markets: Markets by venue and symbol.
        listeners: Who hears of changes.
        on_settled: Called with a market when its funding settles.
    """

    def __init__(self, source: Source, start: int) -> None:
        self.start: Final = start
        self.now = start
        self._source = source
        found = list(source.markets())
        self.markets: Final[Mapping[str, Mapping[str, Market]]] = {
            venue: {one.listing.symbol: one for one in found if one.listing.venue == venue}
            for venue in ("upbit", "usdm", "spot")
        }
        self.listeners: Final[list[Listener]] = []
        self.on_settled: Callable[[Market], None] = lambda _market: None
        for market in found:
            market.time = start
            self._schedule(market)

    @property
    def time_ms(self) -> int:
        """Time in UTC ms."""
        return self.now // 1_000_000

    def symbols(self) -> list[str]:
        """Return the coins that have a perpetual, in their order."""
        return [one.listing.base for one in self.markets["usdm"].values()]

    def skip(self, now: int) -> None:
        """Set the time forward while the markets stand still."""
        self.now = max(self.now, now)

    def step(self, until: int) -> None:
        """Go on to a time, in quanta."""
        while self.now < until:
            end = min(until, self.now - self.now % QUANTUM + QUANTUM)
            self._source.step(self, end)
            self.now = end
            self._settle()
            for listener in self.listeners:
                listener.on_time(end)

    def changed(self, market: Market, now: int) -> None:
        """Tell that a book changed."""
        self.now = market.time = now
        for listener in self.listeners:
            listener.on_book(market)

    def traded(self, market: Market, trade: Trade) -> None:
        """Tell that a trade took place."""
        self.now = market.time = trade.time
        for listener in self.listeners:
            listener.on_trade(market, trade)

    def _settle(self) -> None:
        for market in self.markets["usdm"].values():
            funding = market.funding
            if funding is not None and self.now >= funding.next:
                funding.past.append((funding.next, funding.rate, funding.mark))
                self._schedule(market)
                self.on_settled(market)

    def _schedule(self, market: Market) -> None:
        if market.funding is not None:
            every = market.listing.funding_ns
            market.funding.next = self.now - self.now % every + every
