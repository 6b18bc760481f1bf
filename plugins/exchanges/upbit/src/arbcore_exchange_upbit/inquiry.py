"""Questions about orders that nobody is kept waiting for by the stream: one order, open ones, ended ones."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from arbcore.model.account import OpenOrder
from arbcore.model.order import Fill, OrderRef, OrderType
from arbcore_exchange_upbit.protocol.private import order_replies, order_requests
from arbcore_exchange_upbit.protocol.private.desk import OrderDesk
from arbcore_exchange_upbit.protocol.private.facts import facts_of_row
from arbcore_exchange_upbit.protocol.private.numbers import ZERO, nanoseconds
from arbcore_exchange_upbit.protocol.private.order_replies import OrderRow

if TYPE_CHECKING:
    from arbcore.context import Clock
    from arbcore.net.http import HttpClient
    from arbcore.ports.trading import OrderNews

LOOK_BACK_NS: Final = 86_400 * 10**9
"""An order is listed by the time it was placed: orders that old at the beginning of a history are looked at too."""

MOST_BACK_NS: Final = 90 * 86_400 * 10**9
"""No history goes back further: each week takes a question of its own, and each order with fills another one."""

_MS: Final = 10**6
_TYPES: Final = {"limit": OrderType.LIMIT, "price": OrderType.MARKET, "market": OrderType.MARKET}
_TYPES["best"] = OrderType.BEST


class Inquiry:
    """Asks, and returns what the venue states.

    Args:
        http: The signed client.
        desk: What is known of orders: fees that were told stand, and no order is shown as it was before.
        venue: Exchange instance id.
        clock: The session's clock.
    """

    def __init__(self, http: "HttpClient", desk: OrderDesk, venue: str, clock: "Clock") -> None:
        self._http: Final = http
        self._desk: Final = desk
        self._venue: Final = venue
        self._clock: Final = clock

    async def order(self, order: OrderRef) -> "list[OrderNews]":
        """Return an order's fills and report; nothing where the venue knows none."""
        known = self._desk.find(order)
        uuid = order.venue_order_id or (known.uuid if known else "")
        asked = (
            order_requests.order("uuid", uuid) if uuid else order_requests.order("identifier", order.client_order_id)
        )
        reply = await self._http.send(asked)
        row = order_replies.read_order(reply)
        if row is None:
            return []
        return self._desk.view(row, reply.recv_ts, ours=bool(order.client_order_id))

    async def begin(self, since: int) -> None:
        """Learn what is open and what has ended already, so that only what happens from now on is told.

        Args:
            since: Time from which ended orders could be taken for news, UTC nanoseconds by the venue's clock.
        """
        for row in await self.open_rows(""):
            self._desk.known_by(row, self._clock.now())
        for row in await self._closed_rows("", since // _MS):
            self._desk.past(row, self._clock.now())

    async def open_rows(self, market: str, states: Sequence[str] = ("wait", "watch")) -> list[OrderRow]:
        """Return open orders of a market, or of all.

        An order that ends between two pages moves a later one onto a page that was read: pages are read again until
        they show nothing new. An order that ended meanwhile may still be among them.
        """
        found: dict[str, OrderRow] = {}
        while True:
            seen = await self._open_pages(market, states)
            fresh = seen.keys() - found.keys()
            found.update(seen)
            if not fresh or len(seen) < order_requests.OPEN_PER_PAGE:
                return list(found.values())

    async def _open_pages(self, market: str, states: Sequence[str]) -> dict[str, OrderRow]:
        seen: dict[str, OrderRow] = {}
        page = 0
        while True:
            page += 1
            rows = order_replies.read_orders(await self._http.send(order_requests.open_orders(page, market, states)))
            before = len(seen)
            seen.update({row.uuid: row for row in rows})
            if len(rows) < order_requests.OPEN_PER_PAGE or len(seen) == before:
                return seen

    async def open_orders(self, market: str) -> list[OpenOrder]:
        """Return open orders of a market, or of all, as the port tells them."""
        return [self._shown(row) for row in await self.open_rows(market)]

    async def history(self, market: str, since: int) -> "list[OrderNews]":
        """Return reports of ended orders and fills since a time, the oldest first."""
        start = max(since - LOOK_BACK_NS, self._clock.now() - MOST_BACK_NS)
        rows = await self._closed_rows(market, start // _MS)
        rows += [row for row in await self.open_rows(market, ("wait",)) if row.executed_volume]
        news: list[OrderNews] = []
        for row in rows:
            news += await self._told_since(row, since)
        return sorted(news, key=lambda item: (item.ts, not isinstance(item, Fill)))

    async def _told_since(self, row: OrderRow, since: int) -> "list[OrderNews]":
        now = self._clock.now()
        if row.executed_volume:
            reply = await self._http.send(order_requests.order("uuid", row.uuid))
            row, now = order_replies.read_order(reply) or row, reply.recv_ts
        told = self._desk.view(row, now)
        fills = [item for item in told if isinstance(item, Fill) and item.ts >= since]
        ended = row.state in {"done", "cancel"}
        reports = [item for item in told if not isinstance(item, Fill) and ended and (fills or item.ts >= since)]
        return [*fills, *reports]

    async def _closed_rows(self, market: str, start: int) -> list[OrderRow]:
        found: dict[str, OrderRow] = {}
        now = self._clock.now() // _MS
        while True:
            end = start + order_requests.CLOSED_SPAN_MS
            asked = order_requests.closed_orders(start, end, market)
            rows = order_replies.read_orders(await self._http.send(asked))
            found.update({row.uuid: row for row in rows})
            last = max((nanoseconds(row.created_at) // _MS for row in rows), default=end)
            full = len(rows) >= order_requests.CLOSED_PER_PAGE and last > start
            start = last if full else end
            if start > now:
                return list(found.values())

    def _shown(self, row: OrderRow) -> OpenOrder:
        facts = facts_of_row(row)
        return OpenOrder(
            client_order_id=facts.client_id,
            venue_order_id=row.uuid,
            instrument=f"{self._venue}:{row.market}",
            side=facts.side,
            type=_TYPES.get(row.ord_type, OrderType.LIMIT),
            quantity=row.volume or ZERO,
            filled=row.executed_volume,
            price=row.price if row.ord_type == "limit" else None,
            origin=self._desk.origin_of(row),
            ts=nanoseconds(row.created_at),
        )
