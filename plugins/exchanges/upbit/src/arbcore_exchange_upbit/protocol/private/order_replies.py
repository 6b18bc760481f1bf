"""Replies about orders. Source: Upbit developer centre, exchange REST and order semantics, 2026-11."""

from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from arbcore.errors import ExchangeRefused, OutcomeUnknown
from arbcore.model.reason import Reason
from arbcore.net.request import Reply
from arbcore_exchange_upbit.protocol.private.errors import LOOK_UP, answer, receipt
from arbcore_exchange_upbit.protocol.private.numbers import (
    ZERO,
    CurrencyCode,
    Id,
    MarketId,
    Moment,
    check_amounts,
    check_moments,
    check_positive,
)

RowState = Literal["wait", "watch", "done", "cancel"]
"""States of an order in replies. ``cancel`` may come after fills, and usually does for a market buy."""


class TradeRow(msgspec.Struct, kw_only=True):
    """One execution of an order; there is neither its fee nor whether it rested."""

    uuid: Id
    price: Decimal
    volume: Decimal
    funds: Decimal
    created_at: Moment

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_positive(self.price, self.volume)
        check_amounts(self.funds)
        check_moments(self.created_at)


class OrderRow(msgspec.Struct, kw_only=True):
    """An order. Volumes are missing of buys by cost, the price of market sales, trades of lists."""

    uuid: Id
    market: MarketId
    side: Literal["bid", "ask"]
    ord_type: str
    state: RowState
    created_at: Moment
    price: Decimal | None = None
    volume: Decimal | None = None
    remaining_volume: Decimal | None = None
    executed_volume: Decimal = ZERO
    executed_funds: Decimal | None = None
    paid_fee: Decimal = ZERO
    remaining_fee: Decimal | None = None
    locked: Decimal | None = None
    prevented_volume: Decimal | None = None
    prevented_locked: Decimal | None = None
    time_in_force: str | None = None
    identifier: str | None = None
    trades: list[TradeRow] | None = None

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_amounts(self.price, self.volume, self.remaining_volume, self.executed_volume, self.executed_funds)
        check_amounts(self.paid_fee, self.remaining_fee, self.locked, self.prevented_volume, self.prevented_locked)
        check_moments(self.created_at)


class _Side(msgspec.Struct, kw_only=True):
    currency: CurrencyCode
    min_total: Decimal = ZERO

    def __post_init__(self) -> None:
        check_amounts(self.min_total)


class ChanceMarket(msgspec.Struct, kw_only=True):
    """A market as `Chance` states it; totals are in the quote currency."""

    id: MarketId
    bid: _Side
    ask: _Side
    max_total: Decimal | None = None
    state: str = ""

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_amounts(self.max_total)


class Chance(msgspec.Struct, kw_only=True):
    """On which terms the account trades a market."""

    bid_fee: Decimal
    ask_fee: Decimal
    maker_bid_fee: Decimal
    maker_ask_fee: Decimal
    market: ChanceMarket

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_amounts(self.bid_fee, self.ask_fee, self.maker_bid_fee, self.maker_ask_fee)


class Named(msgspec.Struct):
    """An order in the result of a batch."""

    uuid: str = ""
    market: str = ""
    identifier: str | None = None


class BatchPart(msgspec.Struct):
    """Orders that share an outcome."""

    count: int = 0
    orders: list[Named] = []


class Batch(msgspec.Struct):
    """What became of a cancel of several orders."""

    success: BatchPart
    failed: BatchPart


class Replacement(msgspec.Struct, kw_only=True):
    """The answer to a cancel-and-new: the old order, and the ids of the new one."""

    uuid: Id
    new_order_uuid: Id
    new_order_identifier: str | None = None


_ORDER: Final = msgspec.json.Decoder(OrderRow)
_ORDERS: Final = msgspec.json.Decoder(list[OrderRow])
_CHANCE: Final = msgspec.json.Decoder(Chance)
_BATCH: Final = msgspec.json.Decoder(Batch)
_REPLACEMENT: Final = msgspec.json.Decoder(Replacement)
_ANYTHING: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder()


def read_placed(reply: Reply, client_id: str) -> OrderRow:
    """Return the order that the venue accepted. It is an acknowledgement: no fill is ever read from it.

    Raises:
        ExchangeRefused, RateLimited: It was not accepted.
        OutcomeUnknown: Nothing settles it.
    """
    row = receipt(_ORDER, reply, "order")
    if row.identifier not in {None, client_id}:
        raise OutcomeUnknown(f"Upbit order: the answer is about another order, {row.identifier!r}"[:200], LOOK_UP)
    return row


def read_cancelled(reply: Reply, ended_names: frozenset[str]) -> None:
    """Take the answer to a cancel. Good news is that the request was accepted; the order is as it was before.

    Args:
        reply: The reply.
        ended_names: Names of errors, in lower case, that say that the order has ended: which it is, is unconfirmed.

    Raises:
        ExchangeRefused: With ``ORDER_UNKNOWN`` where no such order is open.
        RateLimited: It was not accepted.
        OutcomeUnknown: Nothing settles it.
    """
    try:
        receipt(_ANYTHING, reply, "cancel")
    except ExchangeRefused as error:
        # The name decides; under a 404 one that has no other meaning can say nothing else.
        unnamed = reply.status == 404 and error.reason == Reason.ORDER_REFUSED
        if not (unnamed or error.reason == Reason.ORDER_UNKNOWN or error.code.lower() in ended_names):
            raise
        fix = "it has ended, or never was: look it up"
        raise ExchangeRefused(error.what, fix, reason=Reason.ORDER_UNKNOWN, code=error.code) from error


def read_batch(reply: Reply) -> Batch:
    """Return what became of a cancel of several orders.

    Raises:
        ExchangeError: As `read_cancelled`.
    """
    return receipt(_BATCH, reply, "cancel of several orders")


def read_replacement(reply: Reply) -> Replacement:
    """Return the ids of an amended order. The new one is created once the old one is cancelled, and not before.

    Raises:
        ExchangeError: As `read_placed`.
    """
    return receipt(_REPLACEMENT, reply, "cancel and new order")


def read_tested(reply: Reply) -> None:
    """Take the answer to a test order.

    Raises:
        ExchangeError: The venue would not take it, or did not tell.
    """
    answer(_ANYTHING, reply, "test of an order")


def read_order(reply: Reply) -> OrderRow | None:
    """Return an order with its trades; None where the venue knows none.

    Raises:
        ExchangeError: The venue did not tell.
    """
    try:
        return answer(_ORDER, reply, "order")
    except ExchangeRefused as error:
        if error.reason == Reason.ORDER_UNKNOWN:
            return None
        raise


def read_orders(reply: Reply) -> list[OrderRow]:
    """Return a list of orders, without their trades.

    Raises:
        ExchangeError: The venue did not tell.
    """
    return answer(_ORDERS, reply, "orders")


def read_chance(reply: Reply) -> Chance:
    """Return on which terms the account trades a market.

    Raises:
        ExchangeError: The venue did not tell.
    """
    return answer(_CHANCE, reply, "orders/chance")
