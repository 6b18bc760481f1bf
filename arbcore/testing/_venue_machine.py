"""A simulated venue under random orders, quotes, bars, cancels and funding, held to the fold of its reports."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any

from hypothesis import strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from arbcore.model.input import VenueReport
from arbcore.model.instrument import Instrument
from arbcore.model.market import BookInvalid, ClosingQuote, FundingRate, InstrumentInput, OpeningQuote, Quote
from arbcore.model.order import TERMINAL, OrderRequest, OrderType, Side, TimeInForce
from arbcore.ports.venue import SimVenue
from arbcore.testing.samples import PERPETUAL, SPOT
from arbcore.testing.venue_desk import Desk

OpenVenue = Callable[[Sequence[Instrument], Mapping[str, Decimal]], SimVenue]
"""Makes a venue that stands for ``sim``, given what it will list and its opening balances by currency."""

_MONEY = {"CASH": Decimal(2000), "COIN": Decimal(3)}
_LOWEST = 90

_markets = strategies.sampled_from((SPOT, PERPETUAL))
_prices = strategies.integers(_LOWEST, _LOWEST + 14)
_spreads = strategies.integers(1, 4)
_lots = strategies.integers(0, 150)
_rarely = strategies.sampled_from((False, False, False, True))
_waits = strategies.integers(1, 5)


class VenueMachine(RuleBasedStateMachine):
    """One venue, and from some moment on a twin that was restored from it and must answer alike.

    Attributes:
        open_venue: Makes a venue; `venue_machine` sets it.
        bars: Whether bars are among the data.
    """

    open_venue: OpenVenue
    bars: bool

    @initialize()
    def begin(self) -> None:
        """Open the venue, with a touch on both markets."""
        self.desk = self._opened()
        self.twin: Desk | None = None
        self.sent: list[str] = []
        self.closed_at: dict[str, int] = {}
        for market in (SPOT, PERPETUAL):
            self.quote(market, _LOWEST + 5, 1, 100, 100, 1)

    @rule(market=_markets, bid=_prices, spread=_spreads, bids=_lots, asks=_lots, wait=_waits)
    def quote(self, market: Instrument, bid: int, spread: int, bids: int, asks: int, wait: int) -> None:
        """The touch moves."""
        at = self.desk.now + wait
        self._market(Quote(market.key, at, at, *_touch(market, bid, spread, bids, asks)))

    @precondition(lambda self: self.bars)
    @rule(market=_markets, bid=_prices, spread=_spreads, lots=_lots, wait=_waits)
    def close_bar(self, market: Instrument, bid: int, spread: int, lots: int, wait: int) -> None:
        """A bar closes: what comes now waits."""
        at = self.closed_at[market.key] = self.desk.now + wait
        self._market(ClosingQuote(market.key, at, at, *_touch(market, bid, spread, lots, lots)))

    @precondition(lambda self: self.closed_at)
    @rule(market=_markets, bid=_prices, spread=_spreads, lots=_lots, is_next=strategies.booleans())
    def open_bar(self, market: Instrument, bid: int, spread: int, lots: int, is_next: bool) -> None:
        """The next bar opens, or a later one across a gap."""
        at = self.desk.now + 1
        ts = self.closed_at.get(market.key, at) if is_next else at
        self._market(OpeningQuote(market.key, ts, at, *_touch(market, bid, spread, lots, lots)))

    @rule(market=_markets, happens=_rarely)
    def lose_data(self, market: Instrument, happens: bool) -> None:
        """The data has a hole."""
        if not happens:
            return
        at = self.desk.now + 1
        self._market(BookInvalid(market.key, at, at, "DATA_GAP"))

    @rule(rate=strategies.floats(-0.01, 0.01), settled=strategies.booleans(), back=strategies.integers(0, 1))
    def fund(self, rate: float, settled: bool, back: int) -> None:
        """Funding is settled or estimated; sometimes the same settlement comes again."""
        at = self.desk.now + 1
        self._market(FundingRate(PERPETUAL.key, at // 10 - back, at, rate, settled))

    @rule(
        market=_markets,
        side=strategies.sampled_from(Side),
        kind=strategies.sampled_from(OrderType),
        life=strategies.sampled_from(TimeInForce),
        price=_prices,
        lots=_lots,
        reduce_only=_rarely,
        again=strategies.integers(0, 30),
    )
    def send(
        self,
        market: Instrument,
        side: Side,
        kind: OrderType,
        life: TimeInForce,
        price: int,
        lots: int,
        reduce_only: bool,
        again: int,
    ) -> None:
        """An order is sent, now and then under an id that was used before."""
        name = self.sent[-1] if again == 0 and self.sent else f"o{len(self.sent)}"
        worst = Decimal(price) if kind is OrderType.LIMIT else None
        self._submit(market, side, lots, name, type=kind, time_in_force=life, price=worst, reduce_only=reduce_only)

    @rule(market=_markets, side=strategies.sampled_from(Side), bid=_prices, lots=strategies.integers(12, 90))
    def trade(self, market: Instrument, side: Side, bid: int, lots: int) -> None:
        """A quote that offers enough, and an order that takes it: so that positions build up and turn."""
        self.quote(market, bid, 1, 100, 100, 1)
        self._submit(market, side, lots, f"o{len(self.sent)}", type=OrderType.MARKET)

    @precondition(lambda self: self.sent)
    @rule(number=strategies.integers(0, 10**6))
    def cancel(self, number: int) -> None:
        """One of the last orders is cancelled, whether it has ended or not."""
        name = self.sent[-1 - number % min(len(self.sent), 6)]
        self._both(lambda desk: desk.cancel(name))

    @precondition(lambda self: self.twin is None)
    @rule()
    def restore_a_twin(self) -> None:
        """From here on a restored venue is asked the same, without the quotes that it does not watch."""
        self.twin = self._opened(sparing=True)
        self.twin.venue.restore(self.desk.venue.state())
        self.twin.fold, self.twin.now = deepcopy(self.desk.fold), self.desk.now
        assert self.twin.venue.state() == self.desk.venue.state()

    @invariant()
    def books_agree(self) -> None:
        """What the venue states is what it reported, and nothing is locked beyond it."""
        self.desk.check()
        if self.twin is not None:
            assert self.twin.venue.snapshot(self.desk.now) == self.desk.venue.snapshot(self.desk.now)
            assert self.twin.venue.open_orders() == self.desk.venue.open_orders()

    def teardown(self) -> None:
        """Cancel everything and wait: nothing may stay locked but the margin of positions."""
        if not hasattr(self, "desk"):
            return
        if self.twin is not None:
            for name in self.sent[-5:]:
                assert self.twin.venue.look_up(name, 1) == self.desk.venue.look_up(name, 1)
        for name in self.sent:
            self.desk.cancel(name)
        self.desk.settle()
        self.desk.check()
        assert all(state in TERMINAL for state in self.desk.fold.states.values())
        if not self.desk.fold.positions():
            assert not any(one.locked for one in self.desk.venue.snapshot(self.desk.now).balances)

    def _opened(self, *, sparing: bool = False) -> Desk:
        instruments = (SPOT, PERPETUAL)
        return Desk(type(self).open_venue(instruments, _MONEY), instruments, _MONEY, sparing=sparing)

    def _market(self, item: InstrumentInput) -> None:
        self._both(lambda desk: desk.market(item))

    def _submit(self, market: Instrument, side: Side, lots: int, name: str, **how: Any) -> None:
        self.sent.append(name)
        quantity = market.lot * lots
        order = OrderRequest(client_order_id=name, instrument=market.key, side=side, quantity=quantity, **how)
        self._both(lambda desk: desk.submit(order))

    def _both(self, act: Callable[[Desk], list[VenueReport]]) -> None:
        reports = act(self.desk)
        if self.twin is not None:
            assert act(self.twin) == reports


def venue_machine(opens: OpenVenue, *, bars: bool) -> type[VenueMachine]:
    """Return the machine for one way to make venues."""

    class Machine(VenueMachine):
        open_venue = staticmethod(opens)

    Machine.bars = bars
    return Machine


def _touch(market: Instrument, bid: int, spread: int, bids: int, asks: int) -> tuple[float, float, float, float]:
    lot = float(market.lot)
    return float(bid), float(bid + spread), bids * lot, asks * lot
