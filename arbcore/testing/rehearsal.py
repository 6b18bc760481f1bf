"""A stage for strategies: plays signals to one, and fills its wishes as simply as can be, without an engine."""

from collections.abc import Iterator, Sequence
from copy import copy
from decimal import Decimal
from math import inf, nan
from random import Random
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickTable
from arbcore.model.order import Side
from arbcore.model.trade import Trade, TradeLeg, TradeState
from arbcore.ports.strategy import Enter, LegQuote, RouteSpec, Signal, Strategy, Wish

_QUANTITY = Decimal(1)
_LOT = Decimal("0.001")


class Step(Struct, frozen=True):
    """One quote of one route.

    Attributes:
        time: Engine time.
        route: Place of the route in the plan, counted round.
        forward: Edge of the forward direction.
        backward: Edge of the backward direction.
        rate_fresh: Whether conversion rates are fresh enough for entries.
        refused: True where the engine refuses whatever is wished here.
    """

    time: int
    route: int
    forward: float
    backward: float
    rate_fresh: bool = True
    refused: bool = False


def walk(seed: int, count: int, *, amplitude: float, spacing_ns: int, routes: int = 1) -> Iterator[Step]:
    """Yield quotes whose premium wanders around zero and jumps at times.

    Args:
        seed: Seed; the same one gives the same steps.
        count: Number of steps.
        amplitude: How far the premium usually strays, as a fraction.
        spacing_ns: Average time between steps.
        routes: Number of routes that the steps are spread over.
    """
    chance = Random(seed)  # noqa: S311 - a reproducible walk, nothing secret
    premium = [0.0] * routes
    time = chance.randrange(spacing_ns)
    for _ in range(count):
        route = chance.randrange(routes)
        pull, jump = -0.05 * premium[route], chance.random() < 0.01
        premium[route] += pull + amplitude * chance.gauss(0.0, 1.0 if jump else 0.2)
        half_spread = amplitude * chance.uniform(0.005, 0.05)
        paid, got = premium[route] + half_spread, premium[route] - half_spread
        fresh, refused = chance.random() > 0.02, chance.random() < 0.1
        yield Step(time, route, 1.0 / (1.0 + paid) - 1.0, got, fresh, refused)
        time += chance.randrange(2 * spacing_ns)


def market(venue: str, base: str, kind: InstrumentKind, quote: str, fee: str = "0.0005") -> Instrument:
    """Return an instrument that takes nearly any order: fine ticks and lots, and one fee rate."""
    return Instrument(
        venue=venue,
        symbol=f"{base}-{quote}",
        kind=kind,
        base=base,
        quote=quote,
        ticks=TickTable.flat(Decimal("0.0001")),
        lot=Decimal("0.000001"),
        min_quantity=Decimal("0.000001"),
        min_notional=Decimal(0),
        fees=FeeSchedule(Decimal(fee), Decimal(fee)),
    )


class Rehearsal:
    """Plays steps to a strategy, and moves its trades through their states.

    A trade is hedged, and a close done, ``delay`` steps after the wish. Nothing is priced; a strategy that needs
    real fills is tested in a backtest.

    Args:
        strategy: A fresh strategy; it is planned here.
        instruments: Every instrument of the session.
        delay: Steps from a wish to its fills.
        by_trigger: Whether the strategy is asked only where its trigger fires, or at every step.

    Attributes:
        routes: The strategy's routes.
        trades: Trades that are not closed, by id.
        wishes: All wishes with the number of their step.
        shown: Trades that the strategy was shown when it was last asked.
        asked: How often it was asked.
    """

    def __init__(
        self, strategy: Strategy, instruments: Sequence[Instrument], *, delay: int = 2, by_trigger: bool = False
    ) -> None:
        self.strategy = strategy
        self.routes: list[RouteSpec] = list(strategy.plan(instruments))
        self.trades: dict[str, Trade] = {}
        self.wishes: list[tuple[int, Wish]] = []
        self.shown: list[Trade] = []
        self.asked = 0
        self._delay = delay
        self._by_trigger = by_trigger
        self._step = 0
        self._opened = 0
        self._coming: tuple[tuple[int, str, Decimal], ...] = ()

    def fork(self, strategy: Strategy, instruments: Sequence[Instrument]) -> Self:
        """Return the same stage with another strategy on it, planned and restored from this one's state."""
        strategy.plan(instruments)
        strategy.restore(self.strategy.state())
        other = copy(self)
        other.strategy = strategy
        other.trades, other.wishes = dict(self.trades), []
        return other

    def play(self, steps: Sequence[Step]) -> list[tuple[int, Wish]]:
        """Play steps and return all wishes so far with the number of their step."""
        for step in steps:
            self._step += 1
            self._fill(step.time)
            spec = self.routes[step.route % len(self.routes)]
            if self._by_trigger and not self._fires(spec, step):
                continue
            self.asked += 1
            for wish in self.answer(step):
                self.wishes.append((self._step, wish))
                if not step.refused and (step.rate_fresh or not isinstance(wish, Enter)):
                    self._follow(wish, spec, step)
        return self.wishes

    def answer(self, step: Step) -> Sequence[Wish]:
        """Ask the strategy about one step and return its wishes, without following them."""
        spec = self.routes[step.route % len(self.routes)]
        self.shown = [trade for trade in self.trades.values() if trade.route == spec.id]
        return self.strategy.on_signal(signal(spec, step), self.shown)

    def _fires(self, spec: RouteSpec, step: Step) -> bool:
        trigger = self.strategy.trigger(spec.id)
        return (
            trigger is None
            or step.time >= trigger.at
            or step.forward >= trigger.forward
            or step.backward >= trigger.backward
            or step.forward <= trigger.forward_below
            or step.backward <= trigger.backward_below
        )

    def _follow(self, wish: Wish, spec: RouteSpec, step: Step) -> None:
        if isinstance(wish, Enter):
            self._opened += 1
            self._move(_opened(f"t{self._opened}", spec, wish, step))
            self._coming += ((self._step + self._delay, f"t{self._opened}", _QUANTITY),)
        elif (trade := self.trades.get(wish.trade)) is not None and trade.state is TradeState.HEDGED:
            self._move(replace(trade, state=TradeState.EXITING, exit_reason=wish.reason))
            self._coming += ((self._step + self._delay, trade.id, -wish.share),)

    def _fill(self, time: int) -> None:
        due = [entry for entry in self._coming if entry[0] <= self._step]
        self._coming = tuple(entry for entry in self._coming if entry[0] > self._step)
        for _, name, change in due:
            trade = self.trades[name]
            spec = next(route for route in self.routes if route.id == trade.route)
            signs = [leg.side.sign if trade.forward else -leg.side.sign for leg in spec.legs]
            legs = tuple(_filled(*pair, change) for pair in zip(trade.legs, signs, strict=True))
            closed = not any(leg.quantity for leg in legs)
            state = TradeState.CLOSED if closed else TradeState.HEDGED
            self._move(replace(trade, legs=legs, state=state, closed_at=time if closed else 0))

    def _move(self, trade: Trade) -> None:
        self.trades[trade.id] = trade
        if trade.state is TradeState.CLOSED:
            del self.trades[trade.id]
        self.strategy.on_trade(trade)


def signal(spec: RouteSpec, step: Step) -> Signal:
    """Return the signal of a step; the touches of a pair agree with its edges."""
    buys = [leg for leg in spec.legs if leg.side is Side.BUY]
    quotes = []
    for leg in spec.legs:
        bid, ask = 99.99, 100.0
        if leg.side is Side.SELL and buys:
            bid, ask = 100.0 * (1.0 + step.forward), 99.99 / ((1.0 + step.backward) or nan)
        quotes.append(LegQuote(leg.instrument, bid, ask, 10.0, 10.0, 0, 1.0, 1.0))
    return Signal(spec, step.time, step.forward, step.backward, tuple(quotes), step.rate_fresh)


def _opened(name: str, spec: RouteSpec, wish: Enter, step: Step) -> Trade:
    paid = 1.0 / (1.0 + step.forward) - 1.0 if step.forward > -1.0 else inf
    return Trade(
        id=name,
        strategy=spec.id.split("/")[0],
        route=spec.id,
        symbol=spec.symbol,
        state=TradeState.OPEN,
        forward=wish.forward,
        legs=tuple(TradeLeg(instrument=leg.instrument) for leg in spec.legs),
        opened_at=step.time,
        notional=wish.notional,
        entry_edge_bps=wish.edge_bps,
        entry_premium=paid if wish.forward else step.backward,
        entry_reason=wish.reason,
    )


def _filled(leg: TradeLeg, sign: int, change: Decimal) -> TradeLeg:
    """Return a leg after an entry of ``change`` lots, or after closing the share ``-change`` of what is open."""
    amount = sign * change
    if change < 0:
        closing = abs(leg.quantity) * -change
        amount = -sign * (closing if change == -1 else closing - closing % _LOT)
    return replace(
        leg,
        quantity=leg.quantity + amount,
        bought=leg.bought + max(amount, Decimal(0)),
        sold=leg.sold + max(-amount, Decimal(0)),
    )
