"""A strategy and a risk tier that do what a test tells them, and remember what they were told."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from arbcore.model.instrument import Instrument
from arbcore.model.intent import Intent
from arbcore.model.order import Side
from arbcore.model.trade import Trade
from arbcore.ports.risk import ALLOW, RiskView, Verdict
from arbcore.ports.strategy import Enter, Exit, LegSpec, RouteKind, RouteSpec, Signal, Trigger, Wish

Answer = Callable[[Signal, Sequence[Trade]], Sequence[Wish]]
"""What a strategy answers to a signal."""

SECOND = 10**9
"""Nanoseconds of a second."""


class ScriptedStrategy:
    """Watches given routes and answers the next signal of a route with the wishes that a test left for it.

    Args:
        *routes: The routes to watch.
        answer: What it answers where no wish was left; nothing where it is not given.
        trigger: When it wants to be asked; at every quote where it is not given.

    Attributes:
        signals: Every signal, in order.
        shown: The trades that came with the last signal.
        told: Every trade that it was told of, in order.
    """

    def __init__(self, *routes: RouteSpec, answer: Answer | None = None, trigger: Trigger | None = None) -> None:
        self._routes = routes
        self._answer = answer
        self._trigger = trigger
        self._left: dict[str, deque[Wish | Exception]] = {route.id: deque() for route in routes}
        self.signals: list[Signal] = []
        self.shown: Sequence[Trade] = ()
        self.told: list[Trade] = []

    def leave(self, *wishes: Wish | Exception, route: str = "") -> None:
        """Leave wishes for the next signal of a route, the first one where none is named; an exception is raised."""
        self._left[route or self._routes[0].id].extend(wishes)

    def plan(self, instruments: Sequence[Instrument]) -> Sequence[RouteSpec]:
        """Return the routes."""
        return self._routes

    def trigger(self, route: str) -> Trigger | None:
        """Return when to be asked."""
        return self._trigger

    def on_signal(self, signal: Signal, trades: Sequence[Trade]) -> Sequence[Wish]:
        """Answer with what was left."""
        self.signals.append(signal)
        self.shown = tuple(trades)
        left = self._left[signal.route.id]
        wishes: list[Wish] = []
        while left:
            wish = left.popleft()
            if isinstance(wish, Exception):
                raise wish
            wishes.append(wish)
        return wishes or (self._answer(signal, trades) if self._answer else ())

    def on_trade(self, trade: Trade) -> None:
        """Remember a trade."""
        self.told.append(trade)

    def state(self) -> bytes:
        """Return nothing: a script is not restored."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take nothing over."""


class ScriptedTier:
    """A risk tier that answers with the verdicts that a test sets.

    Args:
        judgement: Verdict on every entry, or an exception that is raised.
        opinion: Verdict of every review, or an exception that is raised.
        every_ns: Engine time between reviews.

    Attributes:
        judgement: May be set anew.
        opinion: May be set anew.
        assessed: Every intent that it was asked about.
        views: Engine time of every review.
    """

    def __init__(
        self, judgement: Verdict | Exception = ALLOW, opinion: Verdict | Exception = ALLOW, every_ns: int = 0
    ) -> None:
        self.review_interval_ns = every_ns
        self.judgement = judgement
        self.opinion = opinion
        self.assessed: list[Intent] = []
        self.reviews: list[int] = []

    def assess(self, intent: Intent, view: RiskView) -> Verdict:
        """Judge an entry."""
        self.assessed.append(intent)
        return _answered(self.judgement)

    def review(self, view: RiskView) -> Verdict:
        """Judge the session."""
        self.reviews.append(view.now)
        return _answered(self.opinion)

    def state(self) -> bytes:
        """Return nothing: a script is not restored."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take nothing over."""


def pair(
    buy: Instrument,
    sell: Instrument,
    *,
    name: str = "",
    rates: Mapping[str, str] | None = None,
    kind: RouteKind = RouteKind.FLAT,
    max_age_ns: int = 10 * SECOND,
    max_skew_ns: int | None = None,
) -> RouteSpec:
    """Return a route that buys one instrument and sells another.

    Args:
        buy: Bought in the forward direction.
        sell: Sold in the forward direction.
        name: Id of the route; made from coin and venues where it is not given.
        rates: Name of the rate by quote currency; the others are the base currency.
        kind: How it is opened.
        max_age_ns: Oldest quote on which anything is decided.
        max_skew_ns: Largest distance of the legs' receive times.
    """
    known = rates or {}
    return RouteSpec(
        id=name or f"test/{buy.base}/{buy.venue}-{sell.venue}",
        symbol=buy.base,
        kind=kind,
        legs=(
            LegSpec(buy.key, Side.BUY, known.get(buy.quote, "")),
            LegSpec(sell.key, Side.SELL, known.get(sell.quote, "")),
        ),
        max_age_ns=max_age_ns,
        max_skew_ns=max_skew_ns,
    )


def enter(
    notional: str | Decimal = "1000", *, forward: bool = True, slippage_bps: float = 10.0, depth_share: float = 1.0
) -> Enter:
    """Return a wish to open a trade."""
    return Enter(
        forward=forward,
        notional=Decimal(notional),
        slippage_bps=slippage_bps,
        edge_bps=0.0,
        reason="EDGE_ENTER",
        depth_share=depth_share,
    )


def leave(trade: str, share: str | Decimal = "1", *, slippage_bps: float = 10.0) -> Exit:
    """Return a wish to close a trade or a share of it."""
    return Exit(trade=trade, share=Decimal(share), slippage_bps=slippage_bps, reason="EDGE_REVERTED")


def _answered(verdict: Verdict | Exception) -> Verdict:
    if isinstance(verdict, Exception):
        raise verdict
    return verdict
