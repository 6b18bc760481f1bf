"""Upbit's rows of orders, over REST and as ``myOrder`` (Upbit developer centre, 2026-11).

They follow the venue's arithmetic: a limit bid locks ``remaining_volume * price + remaining_fee``; a market bid shows
what is left of its money and of its fee, also when it has ended and they are free again. An ask locks its volume and
reserves no fee (unconfirmed: one sample of the documentation shows one).
"""

from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from arbcore_exchange_simulator.trading.money import ROOMY, ZERO, minus, plain, plus, times, value, whole
from arbcore_exchange_simulator.trading.order import Execution, Order
from arbcore_exchange_simulator.upbit.clock import KST, moment
from arbcore_exchange_simulator.upbit.ids import order_uuid, trade_uuid

Row = dict[str, Any]

_STATES: Final = {"open": "wait", "filled": "done"}


class Seen(Struct, frozen=True):
    """An order as the venue shows it: a fault may keep fills from view.

    Attributes:
        state: ``wait``, ``done`` or ``cancel``.
        executions: The fills that are shown.
        filled: Their atoms.
        funds: Their value.
        paid: Their fees.
    """

    state: str
    executions: list[Execution]
    filled: int
    funds: Decimal
    paid: Decimal


def seen(order: Order, now: int) -> Seen:
    """Return what is shown of an order at a time in ns."""
    state = _STATES.get(order.state, "cancel")
    hidden = [one for one in order.executions if one.hidden_until > now]
    if not hidden:
        return Seen(state, order.executions, order.filled, order.funds, order.fees)
    shown = [one for one in order.executions if one.hidden_until <= now]
    filled = sum(one.quantity for one in shown)
    funds = sum((one.value for one in shown), start=ZERO)
    paid = sum((one.fee for one in shown), start=ZERO)
    return Seen("wait", shown, filled, funds, paid)


def _amounts(order: Order, view: Seen) -> dict[str, Decimal | None]:
    """Return an order's numbers; None for those that its type does not have."""
    rate = order.extra["rate"]
    rest = (order.quantity or 0) - view.filled - order.prevented
    price = None if order.price is None else whole(order.price)
    if order.budget is not None:
        price = order.extra["budget"]
        reserved = times(price, rate)
        left = minus(minus(reserved, view.paid), times(minus(price, order.budget), rate))
        locked = plus(minus(order.budget, view.funds), left)
    elif order.buy:
        reserved = times(value(order.price or 0, order.quantity or 0), rate)
        left = times(value(order.price or 0, rest), rate)
        locked = plus(value(order.price or 0, rest), left)
    else:
        reserved = left = ZERO
        locked = whole(rest)
        price = None if order.extra["type"] != "limit" else price
    by_cost = order.budget is not None
    return {
        "price": price,
        "volume": None if by_cost else whole(order.quantity or 0),
        "remaining_volume": None if by_cost else whole(rest),
        "executed_volume": whole(view.filled),
        "reserved_fee": reserved,
        "remaining_fee": left,
        "paid_fee": view.paid,
        "locked": locked,
        "prevented_volume": whole(order.prevented),
        "prevented_locked": order.prevented_money,
    }


def order_row(order: Order, now: int, *, trades: bool = False) -> Row:
    """Return an order as REST shows it: numbers as text, without the keys that its type does not have."""
    view = seen(order, now)
    row: Row = {
        "market": order.symbol,
        "uuid": order_uuid(order),
        "side": "bid" if order.buy else "ask",
        "ord_type": order.extra["type"],
        "state": view.state,
        "created_at": f"{moment(order.created // 1_000_000).astimezone(KST):%Y-%m-%dT%H:%M:%S}+09:00",
        **{name: plain(number) for name, number in _amounts(order, view).items() if number is not None},
        "trades_count": len(view.executions),
        "smp_type": order.smp,
    }
    if order.extra["life"]:
        row["time_in_force"] = order.extra["life"]
    if order.client_id:
        row["identifier"] = order.client_id
    if trades:
        row["trades"] = [_trade_row(order, one) for one in view.executions]
    return row


def _trade_row(order: Order, execution: Execution) -> Row:
    created = moment(execution.time // 1_000_000).astimezone(KST)
    micros = execution.time // 1000 % 1_000_000
    return {
        "market": order.symbol,
        "uuid": trade_uuid(order, execution),
        "price": plain(whole(execution.price)),
        "volume": plain(whole(execution.quantity)),
        "funds": plain(execution.value),
        "trend": "up" if order.buy is not execution.maker else "down",
        "created_at": f"{created:%Y-%m-%dT%H:%M:%S}.{micros:06d}+09:00",
        "side": "bid" if order.buy else "ask",
    }


def my_order(order: Order, state: str, now: int, execution: Execution | None, *, told: int) -> Row:
    """Return an order as ``myOrder`` tells it: numbers as doubles; of a trade, price and volume are the trade's.

    Args:
        order: The order.
        state: ``wait``, ``trade``, ``done``, ``cancel`` or ``prevented``.
        now: UTC ns of the event.
        execution: The trade.
        told: UTC ns of the telling: fills that are hidden until then show.
    """
    view = seen(order, told)
    numbers: Row = {name: None if one is None else float(one) for name, one in _amounts(order, view).items()}
    average = float(ROOMY.divide(view.funds, whole(view.filled))) if view.filled else 0.0
    row: Row = {
        "type": "myOrder",
        "code": order.symbol,
        "uuid": order_uuid(order),
        "ask_bid": "BID" if order.buy else "ASK",
        "order_type": order.extra["type"],
        "state": state,
        "trade_uuid": None,
        **numbers,
        "avg_price": average,
        "trades_count": len(view.executions),
        "executed_funds": float(view.funds),
        "time_in_force": order.extra["life"] or None,
        "trade_fee": None,
        "is_maker": None,
        "identifier": order.client_id or None,
        "smp_type": order.smp,
        "trade_timestamp": None,
        "order_timestamp": order.created // 1_000_000,
        "timestamp": now // 1_000_000,
        "stream_type": "REALTIME",
    }
    if execution is not None:
        row |= {
            "trade_uuid": trade_uuid(order, execution),
            "price": float(whole(execution.price)),
            "volume": float(whole(execution.quantity)),
            "trade_fee": float(execution.fee),
            "is_maker": execution.maker,
            "trade_timestamp": execution.time // 1_000_000,
        }
    return row
