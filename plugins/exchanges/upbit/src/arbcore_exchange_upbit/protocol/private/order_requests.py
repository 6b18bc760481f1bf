"""Requests about orders. Source: Upbit developer centre, exchange REST, 2026-11.

Each draws on its group as the venue counts them per key's pocket. What changes something is shielded, so that whoever
asked hears what it did; cancels are urgent. None is repeatable but the questions.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from arbcore.net.request import Request
from arbcore_exchange_upbit.protocol.private.signing import encode_body, encode_query

IDS_PER_QUESTION: Final = 100
"""Most orders that one question names."""
ORDERS_PER_CANCEL: Final = 300
"""Most orders that one batch cancel reaches."""
OPEN_PER_PAGE: Final = 100
"""Most open orders on one page."""
CLOSED_SPAN_MS: Final = 7 * 86_400_000
"""Longest span of ended orders in one answer: seven days, in milliseconds."""
CLOSED_PER_PAGE: Final = 1000
"""Most ended orders in one answer."""

By = Literal["uuid", "identifier"]
"""What names an order: the venue's id, or the client's."""


def chance(market: str) -> Request:
    """Return the question on which terms the account trades a market."""
    return _question("/orders/chance", [("market", market)])


def place(fields: Mapping[str, str], expires_at: int, *, test: bool = False) -> Request:
    """Return the request for an order.

    Args:
        fields: The order as `placing.order_fields` states it.
        expires_at: Time after which it must not be sent, UTC nanoseconds; 0 for none.
        test: Whether the venue only validates it and creates nothing.
    """
    return Request(
        method="POST",
        path="/orders/test" if test else "/orders",
        body=encode_body(dict(fields)),
        counter="order-test" if test else "order",
        signed=True,
        shielded=not test,
        expires_at=expires_at,
    )


def replace(fields: Mapping[str, str]) -> Request:
    """Return the request for a cancel and a new order in one."""
    return Request(
        method="POST",
        path="/orders/cancel_and_new",
        body=encode_body(dict(fields)),
        counter="order",
        signed=True,
        shielded=True,
    )


def order(by: By, number: str) -> Request:
    """Return the question about one order with its trades."""
    return _question("/order", [(by, number)])


def orders_by_id(by: By, numbers: Sequence[str]) -> Request:
    """Return the question about some orders, at most `IDS_PER_QUESTION`, without their trades."""
    return _question("/orders/uuids", [(f"{by}s[]", number) for number in numbers])


def open_orders(page: int, market: str = "", states: Sequence[str] = ("wait", "watch")) -> Request:
    """Return the question for open orders, the oldest first, reserved ones included.

    Args:
        page: Page from 1.
        market: Market id, empty for all.
        states: ``wait`` for resting orders, ``watch`` for reserved ones.
    """
    pairs = [("market", market)] if market else []
    pairs += [("states[]", state) for state in states]
    return _question("/orders/open", [*pairs, ("page", str(page)), ("limit", str(OPEN_PER_PAGE)), ("order_by", "asc")])


def closed_orders(start_ms: int, end_ms: int = 0, market: str = "") -> Request:
    """Return the question for orders that have ended, the oldest first; the venue answers at most seven days.

    Args:
        start_ms: Earliest time of an order, milliseconds.
        end_ms: Latest one, 0 for the venue's own choice.
        market: Market id, empty for all.
    """
    pairs = [("market", market)] if market else []
    pairs += [("states[]", "done"), ("states[]", "cancel"), ("start_time", str(start_ms))]
    pairs += [("end_time", str(end_ms))] if end_ms else []
    return _question("/orders/closed", [*pairs, ("limit", str(CLOSED_PER_PAGE)), ("order_by", "asc")])


def cancel(by: By, number: str) -> Request:
    """Return the request to cancel one order."""
    return _cancel("/order", [(by, number)])


def cancel_open(markets: Sequence[str]) -> Request:
    """Return the request to cancel the open orders of markets; reserved orders are not reached by it."""
    pairs = [("cancel_side", "all"), ("pairs", ",".join(markets)), ("count", str(ORDERS_PER_CANCEL))]
    return _cancel("/orders/open", pairs, "order-cancel-all")


def _question(path: str, pairs: Sequence[tuple[str, str]]) -> Request:
    return Request(path=path, query=encode_query(pairs), counter="default", repeatable=True, signed=True)


def _cancel(path: str, pairs: Sequence[tuple[str, str]], counter: str = "default") -> Request:
    return Request(
        method="DELETE",
        path=path,
        query=encode_query(pairs),
        counter=counter,
        signed=True,
        shielded=True,
        urgent=True,
    )
