"""One round of questions after which nothing about orders and balances is missing. Pure.

First the orders that are known and not over, ours before others; then those that the venue lists as open and as ended
since a time; then, one by one, orders of which fills are missing; at last the balances.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from arbcore.errors import ExchangeUnavailable
from arbcore.model.account import AccountUpdate
from arbcore.model.order import Fill, OrderReport
from arbcore.net.protocol import Fetch
from arbcore.net.request import Reply, Request
from arbcore_exchange_upbit.protocol.private import account_requests, order_requests
from arbcore_exchange_upbit.protocol.private.account_replies import read_accounts
from arbcore_exchange_upbit.protocol.private.desk import OrderDesk
from arbcore_exchange_upbit.protocol.private.numbers import nanoseconds
from arbcore_exchange_upbit.protocol.private.order_replies import OrderRow, read_order, read_orders
from arbcore_exchange_upbit.protocol.private.order_requests import (
    CLOSED_PER_PAGE,
    CLOSED_SPAN_MS,
    IDS_PER_QUESTION,
    OPEN_PER_PAGE,
    By,
)
from arbcore_exchange_upbit.protocol.private.purse import Purse

MOST_PAGES: Final = 50
"""Most pages of open orders in one round."""

Heard = OrderReport | Fill | AccountUpdate | Fetch

_MS: Final = 10**6


class Audit:
    """A round of questions and what their answers told.

    Args:
        desk: What is known of orders.
        purse: What is known of balances.
        since: Time since which ended orders are asked for, UTC nanoseconds by the venue's clock.
        name: Start of the tags of its questions, unlike any other round's.

    Attributes:
        done: Whether every answer came.
    """

    def __init__(self, desk: OrderDesk, purse: Purse, since: int, name: str) -> None:
        self._desk: Final = desk
        self._purse: Final = purse
        self._since: Final = since
        self._name: Final = name
        self._waiting: Final[dict[str, tuple[str, tuple[str, ...]]]] = {}
        self._stages: Final = iter((self._ask_known, self._ask_listed, self._ask_missing, self._ask_balances))
        self._count = 0
        self._looked: Final[set[str]] = set()
        self.done = False

    def start(self, now: int) -> list[Fetch]:
        """Return the first questions."""
        return self._next(now)

    def owns(self, tag: str) -> bool:
        """Tell whether it waits for the answer to a question."""
        return tag in self._waiting

    def answered(self, tag: str, reply: Reply | None, now: int) -> list[Heard]:
        """Take an answer; return what is new and what to ask next.

        Raises:
            ExchangeError: No answer, or an answer that tells nothing: the round is over and proves nothing.
        """
        kind, ids = self._waiting.pop(tag)
        if reply is None:
            raise ExchangeUnavailable("Upbit did not answer what is open")
        heard: list[Heard] = [*self._learn(kind, ids, reply, now)]
        if not self._waiting:
            heard += self._next(now)
        return heard

    def _learn(self, kind: str, ids: tuple[str, ...], reply: Reply, now: int) -> Iterator[Heard]:
        if kind == "balances":
            update = self._purse.on_reply(read_accounts(reply), reply.sent_ts, now)
            if update is not None:
                yield update
            return
        if kind == "order":
            row = read_order(reply)
            yield from self._desk.on_row(row, now) if row is not None else ()
            return
        rows = read_orders(reply)
        for one in rows:
            yield from self._desk.on_row(one, now)
        if kind == "known":
            yield from self._absent(ids, rows, now)
        elif kind == "open" and len(rows) >= OPEN_PER_PAGE and int(ids[0]) < MOST_PAGES:
            yield self._ask_open(int(ids[0]) + 1)
        elif kind == "closed":
            start, end = (int(part) for part in ids)
            last = max(nanoseconds(row.created_at) for row in rows) // _MS if len(rows) >= CLOSED_PER_PAGE else 0
            if last > start or end:
                yield self._ask_closed(last if last > start else end, now)

    def _absent(self, ids: Iterable[str], rows: Sequence[OrderRow], now: int) -> Iterator[Heard]:
        """Take that some of the orders asked for are not in the answer."""
        named, asked = {row.uuid for row in rows} | {row.identifier for row in rows}, set(ids)
        for known in self._desk.open():
            if {known.uuid, known.client_id} & asked and not {known.uuid, known.client_id} & named:
                yield from self._desk.absent(known, now)

    def _next(self, now: int) -> list[Fetch]:
        """Return the questions of the next stage that has any."""
        for stage in self._stages:
            questions = stage(now)
            if questions:
                return questions
        self.done = True
        return []

    def _ask_known(self, now: int) -> list[Fetch]:
        known = self._desk.open()
        by_uuid = [order.uuid for order in known if order.uuid]
        by_id = [order.client_id for order in known if not order.uuid]
        return [*self._by_ids("uuid", by_uuid), *self._by_ids("identifier", by_id)]

    def _by_ids(self, by: By, ids: Sequence[str]) -> Iterator[Fetch]:
        for start in range(0, len(ids), IDS_PER_QUESTION):
            part = tuple(ids[start : start + IDS_PER_QUESTION])
            yield self._ask("known", order_requests.orders_by_id(by, part), part)

    def _ask_listed(self, now: int) -> list[Fetch]:
        return [
            self._ask_open(1),
            self._ask_closed(self._since // _MS, now),
        ]

    def _ask_open(self, page: int) -> Fetch:
        return self._ask("open", order_requests.open_orders(page), (str(page),))

    def _ask_closed(self, start_ms: int, now: int) -> Fetch:
        end = start_ms + CLOSED_SPAN_MS
        end = end if end < now // _MS else 0
        return self._ask("closed", order_requests.closed_orders(start_ms, end), (str(start_ms), str(end)))

    def _ask_missing(self, now: int) -> list[Fetch]:
        missing = [known for known in self._desk.open() if known.uuid and known.look_at]
        for known in missing:
            known.looked(now)
        return [self._ask("order", order_requests.order("uuid", known.uuid), (known.uuid,)) for known in missing]

    def _ask_balances(self, now: int) -> list[Fetch]:
        return [self._ask("balances", account_requests.accounts(), ())]

    def _ask(self, kind: str, request: Request, ids: tuple[str, ...]) -> Fetch:
        self._count += 1
        tag = f"{self._name} {self._count} {kind}"
        self._waiting[tag] = (kind, ids)
        return Fetch(tag, request)
