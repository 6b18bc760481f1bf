"""One route at run time: its baseline, its open trades, and the decisions on a signal."""

from collections.abc import Iterable, Sequence
from math import inf
from typing import Final

from msgspec import Struct

from arbcore.model.instrument import Instrument
from arbcore.model.reason import Reason
from arbcore.model.trade import Trade, TradeState
from arbcore.ports.strategy import Enter, RouteKind, RouteSpec, Signal, Trigger, Wish
from arbcore_strategy_spread.baseline import build_baseline
from arbcore_strategy_spread.exits import ExitRules
from arbcore_strategy_spread.settings import SpreadSettings

_IN_FLIGHT: Final = frozenset({TradeState.OPEN, TradeState.EXITING})
_NOISE: Final = 1e-12
"""Rounding of the conversions between premium and edge stays well below this: a trigger may be early, never late."""


class RouteMemory(Struct, kw_only=True):
    """What a route must remember beyond a restart.

    Attributes:
        samples: Pairs of engine time and premium, oldest first.
        due: Engine time at or after which the next sample is taken.
        now: Latest engine time seen.
        rest_until: End of the pause after a closed trade.
        trades: Trades that are not closed.
    """

    samples: list[tuple[int, float]]
    due: int
    now: int
    rest_until: int
    trades: list[Trade]


def round_trip_cost(settings: SpreadSettings, instruments: Iterable[Instrument]) -> float:
    """Return taker fees and expected slippage of entering and leaving every leg, as a fraction of notional."""
    slippage = settings.expected_slippage_bps / 1e4
    return sum(2.0 * (float(instrument.fees.taker) + slippage) for instrument in instruments)


class SpreadRoute:
    """Decides on the signals of one route.

    Args:
        spec: The route.
        settings: The strategy's settings.
        cost: Fees and slippage of a round trip, as a fraction of notional.
    """

    def __init__(self, spec: RouteSpec, settings: SpreadSettings, cost: float) -> None:
        self.spec = spec
        self._settings = settings
        self._cost = cost
        self._enter = settings.enter_bps / 1e4 + cost
        self._directions = (True,) if settings.kind is RouteKind.FLAT else (True, False)
        self._baseline = build_baseline(settings.reference)
        self._exits = ExitRules(settings, self._enter, cost)
        self._trades: dict[str, Trade] = {}
        self._now = 0
        self._rest_until = 0

    def reconfigure(self, settings: SpreadSettings, cost: float) -> None:
        """Take over thresholds and sizes; what was learnt so far stays.

        Args:
            settings: The strategy's settings, whose reference and kind are those in force.
            cost: Fees and slippage of a round trip by them.
        """
        self._settings = settings
        self._cost = cost
        self._enter = settings.enter_bps / 1e4 + cost
        self._exits = ExitRules(settings, self._enter, cost)

    def decide(self, signal: Signal, trades: Sequence[Trade]) -> Sequence[Wish]:
        """Return the wishes at a signal: exits where there are any, else at most one entry."""
        self._now = max(self._now, signal.time)
        self._trades = {trade.id: trade for trade in trades if trade.state is not TradeState.CLOSED}
        if not (-1.0 < signal.forward < inf and -1.0 < signal.backward < inf):
            return ()
        if signal.rate_fresh:
            self._baseline.observe(signal)
        exits: list[Wish] = []
        for trade in self._hedged():
            wish = self._exits.judge(trade, signal, self._baseline)
            if wish is not None:
                exits.append(wish)
        return exits or self._entries(signal)

    def trigger(self) -> Trigger:
        """Return when to be asked next."""
        at = self._baseline.due
        hedged, has_room = self._hedged(), self._has_room()
        if not hedged and not has_room:
            return Trigger(at=at)
        above = {True: inf, False: inf}
        below = {True: -inf, False: -inf}
        for trade in hedged:
            closing = not trade.forward
            above[closing] = min(above[closing], self._exits.asks_at(trade, self._baseline))
            below[closing] = max(below[closing], self._exits.stops_at(trade))
            at = min(at, self._exits.deadline(trade))
        if has_room:
            if self._now < self._rest_until:
                at = min(at, self._rest_until)
            else:
                for forward in self._directions:
                    above[forward] = min(above[forward], self._baseline.edge_at(self._enter, forward))
        return Trigger(
            forward=_earlier(above[True]),
            backward=_earlier(above[False]),
            forward_below=-_earlier(-below[True]),
            backward_below=-_earlier(-below[False]),
            at=at,
        )

    def learn(self, trade: Trade) -> None:
        """Take over a trade's new state; a close starts the pause, except where the route reverses."""
        if trade.state is not TradeState.CLOSED:
            self._trades[trade.id] = trade
            return
        self._trades.pop(trade.id, None)
        self._now = max(self._now, trade.closed_at)
        if trade.exit_reason != Reason.EXIT_REVERSAL:
            self._rest_until = max(self._rest_until, trade.closed_at + self._settings.cooldown)

    def memory(self) -> RouteMemory:
        """Return what `load` needs."""
        return RouteMemory(
            samples=self._baseline.samples(),
            due=self._baseline.due,
            now=self._now,
            rest_until=self._rest_until,
            trades=list(self._trades.values()),
        )

    def load(self, memory: RouteMemory) -> None:
        """Take over what an earlier `memory` returned."""
        self._baseline.load(memory.samples, memory.due)
        self._now = memory.now
        self._rest_until = memory.rest_until
        self._trades = {trade.id: trade for trade in memory.trades}

    def _hedged(self) -> list[Trade]:
        return [trade for trade in self._trades.values() if trade.state is TradeState.HEDGED]

    def _has_room(self) -> bool:
        """Whether another trade may open: a place is free, and no order of the route is on its way."""
        trades = self._trades.values()
        return len(trades) < self._settings.max_open and not any(trade.state in _IN_FLIGHT for trade in trades)

    def _entries(self, signal: Signal) -> Sequence[Wish]:
        if not signal.rate_fresh or signal.time < self._rest_until or not self._has_room():
            return ()
        for forward in self._directions:
            gain = self._baseline.gain(signal, forward)
            if gain is not None and gain >= self._enter:
                return (self._enter_wish(forward, gain),)
        return ()

    def _enter_wish(self, forward: bool, gain: float) -> Enter:
        settings = self._settings
        return Enter(
            forward=forward,
            notional=settings.notional,
            slippage_bps=settings.slippage_bps,
            edge_bps=(gain - self._cost) * 1e4,
            reason=Reason.EDGE_ENTER,
            depth_share=settings.depth_share,
        )


def _earlier(edge: float) -> float:
    return edge - _NOISE * max(1.0, abs(edge)) if edge < inf else inf
