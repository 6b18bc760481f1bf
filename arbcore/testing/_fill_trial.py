"""A fill model on trial: random quotes, orders and cancels, and the rules that every execution must keep."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import strategies
from msgspec import Struct

from arbcore.model.grid import Rounding, to_grid
from arbcore.model.instrument import Instrument
from arbcore.model.market import Quote
from arbcore.model.order import Liquidity, OrderRequest, OrderType, Side, TimeInForce
from arbcore.ports.fill import Execution, FillModel

_TICK = 0.1


class SetQuote(Struct, frozen=True):
    """A new quote, in ticks and lots."""

    bid: int
    spread: int
    bid_lots: int
    ask_lots: int


class Send(Struct, frozen=True):
    """A new order, in ticks and lots."""

    side: Side
    type: OrderType
    time_in_force: TimeInForce
    ticks: int
    lots: int


class Remove(Struct, frozen=True):
    """A cancel of the n-th order that still rests."""

    number: int


def steps() -> strategies.SearchStrategy[list[object]]:
    """Return random steps around a price that hardly moves, so that orders meet."""
    ticks, lots = strategies.integers(900, 908), strategies.integers(0, 30)
    return strategies.lists(
        strategies.one_of(
            strategies.builds(SetQuote, ticks, strategies.integers(1, 3), lots, lots),
            strategies.builds(
                Send,
                strategies.sampled_from(Side),
                strategies.sampled_from((OrderType.LIMIT, OrderType.MARKET)),
                strategies.sampled_from(TimeInForce),
                ticks,
                strategies.integers(1, 40),
            ),
            strategies.builds(Remove, strategies.integers(0, 3)),
        ),
        min_size=20,
        max_size=60,
    )


class FillTrial:
    """Plays steps on a model as a venue would, and holds every execution to the rules.

    Args:
        model: The model.
        instrument: Instrument of all quotes and orders; its tick is 0.1 at prices near 90.
        sparing: Whether quotes that the model does not watch are kept back, as the runtime does.
    """

    def __init__(self, model: FillModel, instrument: Instrument, *, sparing: bool = False) -> None:
        self.model = model
        self._sparing = sparing
        self._kept: Quote | None = None
        self._instrument = instrument
        self._quote: Quote | None = None
        self._orders: dict[str, OrderRequest] = {}
        self._left: dict[str, Decimal] = {}
        self._taken = {Side.BUY: Decimal(0), Side.SELL: Decimal(0)}
        self._clock = 0
        self._sent = 0
        model.list_instrument(instrument)

    def fork(self, model: FillModel) -> "FillTrial":
        """Return a trial of another model that takes over this one's state."""
        other = FillTrial(model, self._instrument)
        model.restore(self.model.state())
        other._quote, other._clock, other._sent = self._quote, self._clock, self._sent
        other._orders, other._left, other._taken = dict(self._orders), dict(self._left), dict(self._taken)
        return other

    def play(self, step: object) -> list[Execution]:
        """Play one step and return its executions, once they are found to keep the rules."""
        self._clock += 1
        if isinstance(step, SetQuote):
            return self._set_quote(step)
        self._hand_over()
        if isinstance(step, Send):
            return self._send(step)
        if isinstance(step, Remove) and step.number < len(self._left):
            name = list(self._left)[step.number]
            self.model.remove(name)
            del self._left[name]
        return []

    def _set_quote(self, step: SetQuote) -> list[Execution]:
        lot, bid = float(self._instrument.lot), step.bid * _TICK
        sizes = step.bid_lots * lot, step.ask_lots * lot
        key, ask = self._instrument.key, (step.bid + step.spread) * _TICK
        self._quote = Quote(key, self._clock, self._clock, bid, ask, *sizes)
        self._taken = {Side.BUY: Decimal(0), Side.SELL: Decimal(0)}
        if self._sparing and not self.model.watches(key):
            self._kept = self._quote
            return []
        executions = list(self.model.on_market(self._quote))
        self._hold_to_rules(executions, Liquidity.MAKER)
        return executions

    def _hand_over(self) -> None:
        if self._kept is not None:
            assert not self.model.on_market(self._kept), "a quote that was not watched filled something"
            self._kept = None

    def _send(self, step: Send) -> list[Execution]:
        self._sent += 1
        quantity = self._instrument.lot * step.lots
        price = Decimal(step.ticks) / 10 if step.type is OrderType.LIMIT else None
        order = OrderRequest(
            client_order_id=f"o{self._sent}",
            instrument=self._instrument.key,
            side=step.side,
            type=step.type,
            quantity=quantity,
            price=price,
            time_in_force=step.time_in_force,
        )
        self._orders[order.client_order_id], self._left[order.client_order_id] = order, quantity
        executions = list(self.model.execute(order, quantity, self._clock) or ())
        self._hold_to_rules(executions, Liquidity.TAKER)
        left = self._left.get(order.client_order_id, Decimal(0))
        assert order.time_in_force is not TimeInForce.FOK or left in {Decimal(0), quantity}, "FOK filled in part"
        rests = order.time_in_force in {TimeInForce.GTC, TimeInForce.POST_ONLY} and price is not None
        if left and rests and not (order.time_in_force is TimeInForce.POST_ONLY and self._would_take(order)):
            self.model.rest(order, left, self._clock)
        else:
            self._left.pop(order.client_order_id, None)
        return executions

    def _would_take(self, order: OrderRequest) -> bool:
        if self._quote is None or order.price is None:
            return False
        touch = self._touch(order.side)
        return order.price >= touch if order.side is Side.BUY else order.price <= touch

    def _touch(self, side: Side) -> Decimal:
        assert self._quote is not None, "an execution before the first quote"
        if side is Side.BUY:
            return self._instrument.ticks.place(self._quote.ask, Rounding.UP)
        return self._instrument.ticks.place(self._quote.bid, Rounding.DOWN)

    def _hold_to_rules(self, executions: Sequence[Execution], liquidity: Liquidity) -> None:
        for execution in executions:
            order = self._orders[execution.client_order_id]
            touch = self._touch(order.side)
            assert execution.liquidity is liquidity
            assert execution.quantity > 0
            assert execution.quantity % self._instrument.lot == 0, "quantity off the lot"
            assert self._instrument.ticks.holds(execution.price), "price off the grid"
            if liquidity is Liquidity.MAKER:
                assert execution.price == order.price, "a maker fills at its own price"
                beyond = touch > execution.price if order.side is Side.BUY else touch < execution.price
                assert not beyond, "made where the market did not come"
            else:
                better = execution.price < touch if order.side is Side.BUY else execution.price > touch
                assert not better, "better than the touch"
            self._hold_to_worst(execution, order)
            self._count(execution, order)

    def _hold_to_worst(self, execution: Execution, order: OrderRequest) -> None:
        if order.price is not None:
            worse = execution.price > order.price if order.side is Side.BUY else execution.price < order.price
            assert not worse, "beyond the worst price"

    def _count(self, execution: Execution, order: OrderRequest) -> None:
        assert self._quote is not None
        self._taken[order.side] += execution.quantity
        shown = self._quote.ask_size if order.side is Side.BUY else self._quote.bid_size
        displayed = to_grid(shown, self._instrument.lot, Rounding.DOWN)
        assert self._taken[order.side] <= displayed, "more than displayed"
        left = self._left[execution.client_order_id] - execution.quantity
        assert left >= 0, "more than ordered"
        if left:
            self._left[execution.client_order_id] = left
        else:
            del self._left[execution.client_order_id]
