"""A simulated venue under random orders, quotes, bars, cancels and funding, held to the fold of its reports."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from hypothesis import strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from arbcore.model.input import VenueReport
from arbcore.model.instrument import Instrument
from arbcore.model.market import BookInvalid, FundingRate, Quote
from arbcore.model.order import TERMINAL, OrderRequest, OrderType, Side, TimeInForce
from arbcore.ports.venue import SimVenue
from arbcore.testing._samples import PERPETUAL, SPOT, closing, opening
from arbcore.testing._venue_desk import Desk

OpenVenue = Callable[[Sequence[Instrument], Mapping[str, Decimal]], SimVenue]

_MARKETS = strategies.sampled_from((SPOT, PERPETUAL))
_TICKS = strategies.integers(0, 12)
_LOTS = strategies.integers(1, 400)
_MONEY = {"CASH": Decimal(2000), "COIN": Decimal(3)}


class VenueMachine(RuleBasedStateMachine):
    """One venue, and from some moment on a twin that was restored from it and must answer alike.

    Attributes:
        open_venue: How to make a venue; set by `venue_machine`.
    """

    open_venue: OpenVenue

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(self._opened(), (SPOT, PERPETUAL), _MONEY)
        self.twin: Desk | None = None
        self.sent: list[str] = []
        self.closed_at = 0

    @rule(market=_MARKETS, bid=_TICKS, spread=strategies.integers(1, 4), sizes=strategies.tuples(_LOTS, _LOTS))
    def quote(self, market: Instrument, bid: int, spread: int, sizes: tuple[int, int]) -> None:
        """The touch moves."""
        lot, touch = float(market.lot), _price(market, bid), _price(market, bid + spread)
        at = self._later()
        self._both(lambda desk: desk.market(_quote(market, at, float(touch[0]), float(touch[1]), sizes, lot)))

    @rule(
        market=_MARKETS,
        side=strategies.sampled_from(Side),
        kind=strategies.sampled_from(OrderType),
        life=strategies.sampled_from(TimeInForce),
        tick=_TICKS,
        lots=_LOTS,
        reduce_only=strategies.booleans(),
    )
    def send(
        self,
        market: Instrument,
        side: Side,
        kind: OrderType,
        life: TimeInForce,
        tick: int,
        lots: int,
        reduce_only: bool,
    ) -> None:
        """An order is sent: mostly a good one."""
        order = OrderRequest(
            client_order_id=f"o{len(self.sent)}",
            instrument=market.key,
            side=side,
            type=kind,
            quantity=market.lot * lots,
            price=_price(market, tick)[0] if kind is OrderType.LIMIT else None,
            time_in_force=life,
            reduce_only=reduce_only,
        )
        self.sent.append(order.client_order_id)
        self._both(lambda desk: desk.submit(order))

    @precondition(lambda self: self.sent)
    @rule(number=strategies.integers(0, 10**6))
    def cancel(self, number: int) -> None:
        """One of the last orders is cancelled, whether it has ended or not."""
        name = self.sent[-1 - number % min(len(self.sent), 6)]
        self._both(lambda desk: desk.cancel(name))
