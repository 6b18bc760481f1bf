"""Orders, intents and trades as values: what a snapshot keeps of them, and how they are made again."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import islice
from typing import Final

from msgspec import Struct

from arbcore.engine.execution import Execution
from arbcore.engine.inquiry import Inquiries
from arbcore.engine.orders import LiveIntent, LiveOrder
from arbcore.engine.route import Route
from arbcore.engine.trades import LiveTrade, Portion
from arbcore.model.intent import Intent
from arbcore.model.order import OrderRequest, OrderState
from arbcore.model.trade import TradeLeg, TradeState


class TradeRecord(Struct, frozen=True, kw_only=True):
    """A trade: the fields of `LiveTrade` under their names."""

    intent: Intent
    aim: Intent
    grows: bool
    premium: float
    state: TradeState
    legs: list[TradeLeg]
    parted_at: int
    called: bool
    hedged_at: int
    closed_at: int
    exit_reason: str
    repairs: int
    excused: int
    denied: dict[int, int]
    paused: bool
    shut_until: dict[int, int]
    closing: str
    closes: int
    cut: bool
    was: tuple[Decimal, ...]
    slices: list[Portion]
    whole: Intent
    wanted_edge: float


class IntentRecord(Struct, frozen=True, kw_only=True):
    """An intent: the fields of `LiveIntent`, its trade and orders by their ids."""

    intent: Intent
    trade: str
    legs: tuple[int, ...]
    lead: int | None


class OrderRecord(Struct, frozen=True, kw_only=True):
    """An order: the fields of `LiveOrder` under their names, its owner by the intent's id."""

    request: OrderRequest
    venue: str
    intent: str
    leg: int
    cause: int
    sent_at: int
    reserved: tuple[str, Decimal] | None
    state: OrderState
    filled: Decimal
    reported: Decimal
    venue_order_id: str
    looks: int
    absences: int
    absent: bool
    late: bool
    refusal: str
    fills: list[str]


class ExecutionState(Struct, frozen=True, kw_only=True):
    """What execution and its inquiries hold.

    Attributes:
        trades: Every trade that is open or that an order belongs to, by id.
        open: Ids of the trades that are not closed, in order.
        intents: Every intent that an order belongs to, by id.
        active: Ids of the intents that are not over, in order.
        live: Orders of intents that are not over.
        ended: Orders of intents that are over and still known, the latest of them.
        doubted: Since when an order is looked up, by its id.
        quarantined: Ids of orders whose venue does not know them, with what they have set aside.
        heirs: How many successors a closed trade has had, by its id.
    """

    trades: dict[str, TradeRecord]
    open: list[str]
    intents: dict[str, IntentRecord]
    active: list[str]
    live: list[OrderRecord]
    ended: list[OrderRecord]
    doubted: dict[str, int]
    quarantined: list[str]
    heirs: dict[str, int]


_ENDED: Final = 200
"""Ended orders in a snapshot: each costs a kilobyte, and fills that come later than after so many are drift."""

_TRADE = TradeRecord.__struct_fields__
_ORDER_BUILT = ("state", "filled", "reported", "venue_order_id", "looks", "absences", "absent", "late", "refusal")
_TRADE_BUILT = tuple(name for name in _TRADE if name not in {"intent", "premium"})


def state_of(execution: Execution, inquiries: Inquiries) -> ExecutionState:
    """Return what execution holds."""
    latest = {order.id: order for order in islice(reversed(execution.ended.values()), _ENDED)}
    ended = [order for key, order in execution.ended.items() if key in latest or key in inquiries.quarantined]
    orders = (*execution.orders.values(), *ended)
    owners = {order.owner.intent.id: order.owner for order in orders} | execution.intents
    trades = {live.trade.id: live.trade for live in owners.values()} | execution.trades
    return ExecutionState(
        trades={key: _trade(trade) for key, trade in trades.items()},
        open=list(execution.trades),
        intents={key: _intent(live) for key, live in owners.items()},
        active=list(execution.intents),
        live=_orders(execution.orders.values()),
        ended=_orders(ended),
        doubted=dict(inquiries.doubted),
        quarantined=list(inquiries.quarantined),
        heirs=dict(execution.heirs),
    )


def restore(
    state: ExecutionState, execution: Execution, inquiries: Inquiries, route_of: Callable[[Intent], Route]
) -> None:
    """Make orders, intents and trades again; execution holds none yet.

    Args:
        state: What an earlier `state_of` returned.
        execution: Takes them over.
        inquiries: Takes over which of them are looked up.
        route_of: Returns the route of an intent.
    """
    trades = {key: _live_trade(record, route_of(record.intent)) for key, record in state.trades.items()}
    owners = {
        key: LiveIntent(record.intent, trades[record.trade], record.legs, record.lead)
        for key, record in state.intents.items()
    }
    for key in owners.keys() - set(state.active):
        owners[key].noted = True
    execution.heirs.update(state.heirs)
    execution.trades.update({key: trades[key] for key in state.open})
    execution.intents.update({key: owners[key] for key in state.active})
    for records, orders in ((state.live, execution.orders), (state.ended, execution.ended)):
        for record in records:
            orders[record.request.client_order_id] = _live_order(record, owners[record.intent])
    inquiries.doubted.update(state.doubted)
    inquiries.quarantined.update({key: execution.ended[key] for key in state.quarantined})


def _trade(trade: LiveTrade) -> TradeRecord:
    fields = {name: getattr(trade, name) for name in _TRADE}
    return TradeRecord(
        **{**fields, "legs": list(trade.legs), "shut_until": dict(trade.shut_until), "denied": dict(trade.denied)}
    )


def _live_trade(record: TradeRecord, route: Route) -> LiveTrade:
    trade = LiveTrade(record.intent, route, record.premium)
    for name in _TRADE_BUILT:
        setattr(trade, name, getattr(record, name))
    trade.legs, trade.slices = list(record.legs), list(record.slices)
    trade.shut_until, trade.denied = dict(record.shut_until), dict(record.denied)
    return trade


def _intent(live: LiveIntent) -> IntentRecord:
    return IntentRecord(intent=live.intent, trade=live.trade.id, legs=live.legs, lead=live.lead)


def _orders(orders: Iterable[LiveOrder]) -> list[OrderRecord]:
    return [
        OrderRecord(
            request=order.request,
            venue=order.venue,
            intent=order.owner.intent.id,
            leg=order.leg,
            cause=order.cause,
            sent_at=order.sent_at,
            reserved=order.reserved,
            fills=sorted(order.fills),
            **{name: getattr(order, name) for name in _ORDER_BUILT},
        )
        for order in orders
    ]


def _live_order(record: OrderRecord, owner: LiveIntent) -> LiveOrder:
    order = LiveOrder(record.request, record.venue, owner, record.leg, record.cause, record.reserved, record.sent_at)
    for name in _ORDER_BUILT:
        setattr(order, name, getattr(record, name))
    for fill in record.fills:
        order.first_time(fill)
    owner.orders.append(order)
    return order
