"""The prospect: which orders closing everything would send now, so that a person can look at them first."""

from decimal import Decimal

from msgspec import Struct

from arbcore.engine.parts import Parts
from arbcore.engine.reducing import reduces
from arbcore.engine.trades import LiveTrade
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.order import Side


class PlannedCancel(Struct, frozen=True, kw_only=True):
    """A cancel of an order of the session that is not over.

    Attributes:
        client_order_id: Our id of the order.
        instrument: Key of its instrument.
        side: Its side.
        quantity: Its quantity, in order units.
        filled: How much of that is known to have filled.
        state: What is known of it.
    """

    client_order_id: str
    instrument: str
    side: Side
    quantity: Decimal
    filled: Decimal
    state: str


class PlannedOrder(Struct, frozen=True, kw_only=True):
    """An order that takes off what a trade holds of one instrument.

    Attributes:
        trade: Id of the trade.
        instrument: Key of the instrument.
        side: Side that shrinks what is held.
        quantity: All that the trade holds of it, cut to the lot, in order units.
        worst: Worst price of the first attempt at the present touch.
        reduces: Whether the venue is told that it may only shrink a position.
    """

    trade: str
    instrument: str
    side: Side
    quantity: Decimal
    worst: Decimal
    reduces: bool


class PlannedRest(Struct, frozen=True, kw_only=True):
    """What stays, because its venue takes no order that small.

    Attributes:
        trade: Id of the trade that holds it.
        instrument: Key of the instrument.
        quantity: Signed quantity in order units.
    """

    trade: str
    instrument: str
    quantity: Decimal


class Prospect(Struct, frozen=True, kw_only=True):
    """What closing everything does.

    Attributes:
        cancels: Orders that are cancelled first.
        orders: What is then sold or bought back; a fill that is under way changes it.
        rests: What stays.
        short: Of what a venue holds less than the session counts as its own, with the cause.
    """

    cancels: tuple[PlannedCancel, ...] = ()
    orders: tuple[PlannedOrder, ...] = ()
    rests: tuple[PlannedRest, ...] = ()
    short: dict[str, str] = {}

    @property
    def empty(self) -> bool:
        """Whether nothing would be sent."""
        return not (self.cancels or self.orders)


def prospect(parts: Parts) -> Prospect:
    """Return what closing every trade would do now. Nothing is changed, and every leg must have a price.

    Args:
        parts: The engine's parts, between two steps.
    """
    cancels = tuple(
        PlannedCancel(
            client_order_id=order.id,
            instrument=order.request.instrument,
            side=order.request.side,
            quantity=order.request.quantity,
            filled=order.filled,
            state=str(order.state),
        )
        for order in parts.execution.in_flight()
        if not order.over
    )
    orders: list[PlannedOrder] = []
    rests: list[PlannedRest] = []
    for trade in parts.execution.trades.values():
        _add(parts, trade, orders, rests)
    short = dict(parts.reconciler.drifts.quarantined)
    return Prospect(cancels=cancels, orders=tuple(orders), rests=tuple(rests), short=short)


def _add(parts: Parts, trade: LiveTrade, orders: list[PlannedOrder], rests: list[PlannedRest]) -> None:
    slippage = parts.execution_settings.slippage_bps(0)
    moves = parts.deciding.slicing.intents.whole(trade, slippage)
    for index, (leg, own) in enumerate(zip(trade.route.legs, trade.legs, strict=True)):
        instrument = leg.state.instrument
        if (move := moves.get(index)) is not None:
            orders.append(
                PlannedOrder(
                    trade=trade.id,
                    instrument=leg.state.key,
                    side=move.side,
                    quantity=move.quantity,
                    worst=leg.state.worst_price(move.side, slippage),
                    reduces=reduces(parts.accounts, instrument, move.side, move.quantity),
                )
            )
        elif to_grid(abs(own.quantity), instrument.lot, Rounding.DOWN):
            rests.append(PlannedRest(trade=trade.id, instrument=leg.state.key, quantity=own.quantity))
