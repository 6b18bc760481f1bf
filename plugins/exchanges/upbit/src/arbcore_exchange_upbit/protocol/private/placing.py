"""Orders as the venue takes them. Source: Upbit developer centre, order semantics, 2026-11.

What the venue can't do is refused here, before anything is sent.
"""

from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct

from arbcore.errors import ExchangeRefused
from arbcore.model.money import plain
from arbcore.model.order import Amendment, OrderRequest, OrderType, Side, TimeInForce
from arbcore.model.reason import Reason

SelfMatch = Literal["cancel_maker", "cancel_taker", "reduce", "none"]
"""What the venue does before two orders of one account trade with each other; the taker's word counts."""
PostOnlySelfMatch = Literal["absent", "none"]
"""What a post-only order says of it: nothing at all, or ``none``."""

_SIDES: Final = {Side.BUY: "bid", Side.SELL: "ask"}
_LIVES: Final = {
    TimeInForce.GTC: "",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.POST_ONLY: "post_only",
}
_AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK})
_LONGEST_ID: Final = 64


class PlacingRules(Struct, frozen=True):
    """How orders are stated.

    Attributes:
        smp: What every order but a post-only one says of self-matches.
        post_only_smp: What a post-only order says.
    """

    smp: SelfMatch = "cancel_maker"
    post_only_smp: PostOnlySelfMatch = "absent"


def order_fields(order: OrderRequest, market: str, rules: PlacingRules) -> dict[str, str]:
    """Return the fields of a new order, all of them text.

    Args:
        order: The order.
        market: The venue's market id.
        rules: How orders are stated.

    Raises:
        ExchangeRefused: With ``ORDER_UNSUPPORTED``: the venue takes no such order.
    """
    if not 0 < len(order.client_order_id) <= _LONGEST_ID:
        raise _unsupported("an identifier has 1 to 64 characters")
    if order.reduce_only:
        raise _unsupported("a spot venue knows no reduce-only orders", "leave reduce_only out")
    fields = {"market": market, "side": _SIDES[order.side], **_kind(order)}
    if life := _life(order):
        fields["time_in_force"] = life
    return {**fields, **_self_match("smp_type", life, rules), "identifier": order.client_order_id}


def amendment_fields(
    uuid: str, client_id: str, change: Amendment, life: str, volume: Decimal | None, rules: PlacingRules
) -> dict[str, str]:
    """Return the fields of a cancel-and-new.

    Args:
        uuid: The venue's id of the order that goes; empty where only its identifier is known.
        client_id: Its identifier.
        change: What the new one is to be.
        life: The venue's word for the old order's life, empty for one that rests.
        volume: Volume of the new order; None for whatever is left of the old one.
        rules: How orders are stated.

    Raises:
        ExchangeRefused: With ``ORDER_UNSUPPORTED``: there is no id for the new order, or nothing left to order.
    """
    if not change.new_client_order_id:
        raise _unsupported("an amended order is a new one and needs an id of its own", "give new_client_order_id")
    if change.price <= 0 or (volume is not None and volume <= 0):
        raise _unsupported("the new quantity is not above what has filled", "cancel the order instead")
    name = {"prev_order_uuid": uuid} if uuid else {"prev_order_identifier": client_id}
    fields = {**name, "new_ord_type": "limit", "new_price": plain(change.price)}
    fields["new_volume"] = "remain_only" if volume is None else plain(volume)
    if life:
        fields["new_time_in_force"] = life
    return {**fields, **_self_match("new_smp_type", life, rules), "new_identifier": change.new_client_order_id}


def _kind(order: OrderRequest) -> dict[str, str]:
    """Return type, price and volume."""
    if order.trigger_price is not None or order.type not in {OrderType.LIMIT, OrderType.MARKET, OrderType.BEST}:
        raise _unsupported("the venue's interface takes no triggered orders")
    if order.type is OrderType.LIMIT:
        if order.price is None or order.price <= 0 or order.quantity <= 0 or order.cost is not None:
            raise _unsupported("a limit order has a price and a quantity, and no cost")
        return {"ord_type": "limit", "price": plain(order.price), "volume": plain(order.quantity)}
    if order.price is not None:
        raise _unsupported(f"a {order.type} order has no price", "leave the price out, or send a limit order")
    if order.side is Side.BUY:
        if order.cost is None or order.cost <= 0 or order.quantity:
            raise _unsupported(f"a {order.type} buy is counted by cost", "give cost, and a quantity of 0")
        return {"ord_type": "price" if order.type is OrderType.MARKET else "best", "price": plain(order.cost)}
    if order.cost is not None or order.quantity <= 0:
        raise _unsupported(f"a {order.type} sale is counted by quantity", "give a quantity, and no cost")
    return {"ord_type": "market" if order.type is OrderType.MARKET else "best", "volume": plain(order.quantity)}


def _life(order: OrderRequest) -> str:
    """Return the venue's word for an order's life, empty where it takes none."""
    if order.type is OrderType.LIMIT:
        return _LIVES[order.time_in_force]
    if order.type is OrderType.BEST and order.time_in_force in _AT_ONCE:
        return _LIVES[order.time_in_force]
    if order.type is OrderType.MARKET and order.time_in_force is TimeInForce.IOC:
        return ""
    allowed = "ioc" if order.type is OrderType.MARKET else "ioc or fok"
    raise _unsupported(f"a {order.type} order lives no longer than {allowed}")


def _self_match(name: str, life: str, rules: PlacingRules) -> dict[str, str]:
    """Return what is said of self-matches: always something, but for post-only orders, which allow no other mode."""
    if life != "post_only":
        return {name: rules.smp}
    return {name: "none"} if rules.post_only_smp == "none" else {}


def _unsupported(what: str, fix: str = "") -> ExchangeRefused:
    return ExchangeRefused(f"Upbit: {what}", fix, reason=Reason.ORDER_UNSUPPORTED)
