"""A route at run time: its edges as two products of floats, and the thresholds at which its strategy is asked."""

from functools import reduce
from math import inf, isfinite, nan
from typing import Final

from arbcore.engine.market import NEVER, InstrumentState, Market, RateState
from arbcore.errors import ConfigurationError
from arbcore.model.grid import coarser
from arbcore.model.intent import RateUse
from arbcore.model.order import Side
from arbcore.model.reason import Reason
from arbcore.ports.strategy import LegQuote, RouteSpec, Signal, Trigger

_SAME: Final = (1.0, 1.0)
_LOOSE: Final = 1e-12
"""What rounding may hide: thresholds give way by it, so that a trigger never fires too rarely."""


class RouteLeg:
    """One leg of a route: the instrument's state and the rate of its quote currency."""

    __slots__ = ("rate", "side", "state")

    def __init__(self, state: InstrumentState, side: Side, rate: RateState | None) -> None:
        self.state: Final = state
        self.side: Final = side
        self.rate: Final = rate

    @property
    def rates(self) -> tuple[float, float]:
        """Units of base currency that one unit of the quote currency costs, and that it yields."""
        return _SAME if self.rate is None else (self.rate.pay, self.rate.get)


class Route:
    """A route with its strategy's thresholds.

    For the common case of one buy and one sell leg the edges are
    ``forward = forward_factor * sell.bid / buy.ask - 1`` and ``backward = backward_factor * buy.bid / sell.ask - 1``,
    with rates and multipliers folded into the factors whenever a rate ticks.

    Args:
        spec: What the strategy asked for.
        owner: Instance id of the strategy.
        market: Instruments and rates of the session.

    Raises:
        ConfigurationError: A leg names an unknown instrument or lacks the rate it needs.
    """

    __slots__ = (
        "_pair",
        "_scale",
        "at",
        "backward",
        "backward_factor",
        "backward_high",
        "backward_low",
        "buy",
        "forward",
        "forward_factor",
        "forward_high",
        "forward_low",
        "legs",
        "lot",
        "owner",
        "sell",
        "spec",
    )

    def __init__(self, spec: RouteSpec, owner: str, market: Market) -> None:
        self.spec: Final = spec
        self.owner: Final = owner
        self.legs: Final = tuple(RouteLeg(*_leg(spec, market, leg.instrument, leg.rate, leg.side)) for leg in spec.legs)
        self.lot: Final = reduce(coarser, (leg.state.instrument.lot * leg.state.instrument.unit for leg in self.legs))
        """The coarsest lot of all legs, in coins."""
        buys = [leg for leg in self.legs if leg.side is Side.BUY]
        sells = [leg for leg in self.legs if leg.side is Side.SELL]
        self._pair: Final = (buys[0], sells[0]) if len(buys) == len(sells) == 1 else None
        self.buy: Final = (buys or self.legs)[0].state
        self.sell: Final = (sells or self.legs)[0].state
        self._scale: Final = float(self.buy.instrument.multiplier / self.sell.instrument.multiplier)
        self.forward_factor = nan
        self.backward_factor = nan
        self.forward = -1.0
        self.backward = -1.0
        self.forward_high = self.backward_high = 0.0
        self.forward_low = self.backward_low = -inf
        self.at = 0
        self.fold_rates()

    def fold_rates(self) -> None:
        """Recompute both factors after a rate moved. They stay NaN for anything but one buy and one sell leg."""
        if self._pair is None:
            return
        (pay_buy, get_buy), (pay_sell, get_sell) = self._pair[0].rates, self._pair[1].rates
        self.forward_factor = self._scale * get_sell / pay_buy
        self.backward_factor = get_buy / (self._scale * pay_sell)

    def arm(self, trigger: Trigger | None) -> None:
        """Set when the strategy is asked next; None asks at every quote."""
        if trigger is None:
            self.at = 0
            return
        self.forward = trigger.forward
        self.backward = trigger.backward
        self.forward_high = _loosened(trigger.forward, -_LOOSE)
        self.backward_high = _loosened(trigger.backward, -_LOOSE)
        self.forward_low = _loosened(trigger.forward_below, _LOOSE)
        self.backward_low = _loosened(trigger.backward_below, _LOOSE)
        self.at = trigger.at

    def disarm(self) -> None:
        """Never ask again until armed."""
        self.arm(Trigger(at=NEVER))

    def fires(self, now: int) -> bool:
        """Tell whether the strategy must be asked; the engine's hot path has the same comparison inline.

        Edges are compared without a division: ``edge >= high - 1`` as ``factor * bid >= high * ask``.
        """
        forward, ask = self.forward_factor * self.sell.bid, self.buy.ask
        backward, other_ask = self.backward_factor * self.buy.bid, self.sell.ask
        return (
            forward >= self.forward_high * ask
            or backward >= self.backward_high * other_ask
            or now >= self.at
            or forward <= self.forward_low * ask
            or backward <= self.backward_low * other_ask
        )

    def edges(self) -> tuple[float, float]:
        """Return the forward and the backward edge; NaN where the route has no such pair."""
        buy, sell = self.buy, self.sell
        return (
            self.forward_factor * sell.bid / buy.ask - 1.0,
            self.backward_factor * buy.bid / sell.ask - 1.0,
        )

    def obstacle(self, now: int) -> str:
        """Return the reason code that forbids any decision now, empty where there is none."""
        oldest, newest = NEVER, -1
        for leg in self.legs:
            state = leg.state
            if state.invalid or state.barred:
                return state.invalid or state.barred
            oldest = min(oldest, state.recv_ts)
            newest = max(newest, state.recv_ts)
            if leg.rate is not None and not leg.rate.known:
                return Reason.RATE_MISSING
        if now - oldest > self.spec.max_age_ns:
            return Reason.BOOK_STALE
        if self.spec.max_skew_ns is not None and newest - oldest > self.spec.max_skew_ns:
            return Reason.BOOK_SKEWED
        return ""

    def rate_fresh(self, now: int) -> bool:
        """Tell whether every rate is fresh enough for an entry."""
        return all(leg.rate is None or leg.rate.fresh(now) for leg in self.legs)

    def signal(self, now: int) -> Signal:
        """Return the route's state for its strategy."""
        forward, backward = self.edges()
        return Signal(
            self.spec, now, forward, backward, tuple(_quote(leg, now) for leg in self.legs), self.rate_fresh(now)
        )

    def rates_used(self, now: int) -> tuple[RateUse, ...]:
        """Return the rates behind a decision, with source and age."""
        return tuple(
            RateUse(leg.rate.name, float(leg.rate.valuation()), leg.rate.source, now - leg.rate.recv_ts)
            for leg in self.legs
            if leg.rate is not None
        )


def _loosened(edge: float, by: float) -> float:
    """Return one plus an edge, moved by a share of itself where it is large; an infinite edge stays."""
    level = 1.0 + edge
    return level + by * max(1.0, abs(level)) if isfinite(level) else level


def _leg(
    spec: RouteSpec, market: Market, instrument: str, rate: str, side: Side
) -> tuple[InstrumentState, Side, RateState | None]:
    state = market.instruments.get(instrument)
    if state is None:
        raise ConfigurationError(
            f"route {spec.id} names the instrument {instrument}, which no data or feed offers",
            f"offered are: {', '.join(market.instruments) or 'none'}",
        )
    quote = state.instrument.quote
    if not rate:
        if quote != market.base_currency:
            raise ConfigurationError(
                f"route {spec.id}: {instrument} is quoted in {quote}, and the route names no rate for it",
                "set the strategy's `rate` to a rate of the config",
            )
        return state, side, None
    known = market.rates.get(rate)
    if known is None or known.currency != quote:
        raise ConfigurationError(
            f"route {spec.id}: the rate {rate} does not convert {quote} into {market.base_currency}",
            f"configured rates: {', '.join(market.rates) or 'none'}",
        )
    return state, side, known


def _quote(leg: RouteLeg, now: int) -> LegQuote:
    state = leg.state
    return LegQuote(state.key, state.bid, state.ask, state.bid_size, state.ask_size, now - state.recv_ts, *leg.rates)
