"""What spot is asked about an account: orders, fills, balances, terms, permissions. Nothing here changes anything."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from arbcore.context import Context
from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore.model.account import AccountFacts, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot
from arbcore.model.money import ZERO
from arbcore.model.order import TERMINAL, OrderRef, OrderReport
from arbcore.model.reason import Reason
from arbcore.ports.trading import OrderNews
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.exact import symbol_of
from arbcore_exchange_binance.protocol.spot_lookups import OrderTrades
from arbcore_exchange_binance.protocol.spot_replies import (
    Account,
    account_snapshot,
    read_account,
    read_commission,
    read_listed,
    read_order,
    read_orders,
    read_trades,
    trading_terms,
)
from arbcore_exchange_binance.protocol.spot_requests import (
    MOST_ROWS,
    SPAN_NS,
    account,
    all_orders,
    commission,
    listed,
    open_orders,
    order_status,
    order_trades,
    trades,
)
from arbcore_exchange_binance.protocol.spot_values import OrderRow, TradeRow, open_order, order_report, trade_fill

_LONGEST_NS: Final = 90 * SPAN_NS
"""History reaches back so far."""


class SpotAccount:
    """Questions about one account.

    Args:
        access: What requests go through.
        desk: The orders of the account.
        context: The instance's context.
        quote: Currency whose market with the venue's own coin is asked about the discount.
    """

    def __init__(self, access: PrivateAccess, desk: Desk, context: Context, quote: str) -> None:
        self._access: Final = access
        self._desk: Final = desk
        self._venue: Final = context.instance
        self._clock: Final = context.clock
        self._discounted: Final = f"BNB{quote}"

    async def look_up(self, order: OrderRef) -> Sequence[OrderNews]:
        """Return one report and every fill of an order; nothing where the venue knows no such order."""
        what = f"order {order.client_order_id or order.venue_order_id}"
        self._desk.claim(order, self._clock.now())
        try:
            reply = await self._access.ask(order_status(order), what)
        except ExchangeRefused as error:
            if error.reason == Reason.ORDER_UNKNOWN:
                return []
            raise
        row = read_order(reply.body, what)
        origin = self._desk.origin(row.client_id)
        report = order_report(row, self._venue, origin, reply.recv_ts)
        rows = await self._trades_of(row, what) if report.filled else []
        now = self._clock.now()
        # Last of all: the stream may have told more while the trades were asked for.
        return [self._desk.learn(report), *(trade_fill(one, self._venue, row.client_id, origin, now) for one in rows)]

    async def open_orders(self, instrument: str) -> Sequence[OpenOrder]:
        """Return the open orders of an instrument, or of all."""
        reply = await self._access.ask(open_orders(symbol_of(instrument)), "openOrders")
        rows = read_orders(reply.body, "openOrders")
        return [open_order(one, self._venue, self._desk.origin(one.client_id)) for one in rows]

    async def history(self, instrument: str, since: int) -> Sequence[OrderNews]:
        """Return reports of ended orders, and fills, the oldest first and at most ninety days old."""
        now = self._clock.now()
        symbol, start = symbol_of(instrument), max(since, now - _LONGEST_NS)
        rows: dict[int, OrderRow] = {}
        fills: dict[int, TradeRow] = {}
        for begin in range(start, now, SPAN_NS):
            end = begin + SPAN_NS if begin + SPAN_NS < now else 0
            rows |= await self._orders(symbol, begin, end)
            fills |= await self._trades(symbol, begin, end)
        for order_id in {one.order_id for one in fills.values()} - rows.keys():
            ref = OrderRef(instrument=instrument, venue_order_id=str(order_id))
            reply = await self._access.ask(order_status(ref), "order")
            rows[order_id] = read_order(reply.body, "order")
        return self._sorted(rows, fills, start)

    async def snapshot(self) -> AccountSnapshot:
        """Return all balances that are not zero."""
        reply = await self._access.ask(account(), "account")
        return account_snapshot(read_account(reply), self._venue, reply.recv_ts)

    async def terms(self, instrument: str) -> TradingTerms:
        """Return fee rates, the smallest and the largest order value, and whether it is trading."""
        symbol = symbol_of(instrument)
        rates = await self._access.ask(commission(symbol), "account/commission")
        reply = await self._access.ask(listed(symbol), "exchangeInfo")
        return trading_terms(instrument, read_commission(rates.body), read_listed(reply.body, symbol))

    async def facts(self) -> AccountFacts:
        """Return what account, fee rates and clock tell; the key's permissions are asked for elsewhere."""
        found = read_account(await self._access.ask(account(), "account"))
        offset = self._access.offset
        facts = AccountFacts(
            can_trade=found.can_trade,
            clock_offset_ns=offset.value if offset.known else None,
            clock_error_ns=offset.error if offset.known else None,
        )
        return await self._with_discount(facts, found)

    async def _with_discount(self, facts: AccountFacts, found: Account) -> AccountFacts:
        try:
            reply = await self._access.ask(commission(self._discounted), "account/commission")
        except ExchangeRefused:
            return facts
        discount = read_commission(reply.body).discount
        if not (discount.enabled_for_account and discount.discount_asset):
            return replace(facts, fee_discount="")
        left = next((one.free for one in found.balances if one.asset == discount.discount_asset), ZERO)
        return replace(facts, fee_discount=discount.discount_asset, fee_discount_left=left)

    async def _trades_of(self, row: OrderRow, what: str) -> list[TradeRow]:
        """Return the trades of an order, as many as its row counts."""
        pages = OrderTrades(row)
        request = order_trades(row.symbol, str(row.order_id))
        while True:
            reply = await self._access.ask(request, what)
            following = pages.take(read_trades(reply.body, what))
            if following is None:
                return pages.rows
            request = following

    async def _orders(self, symbol: str, begin: int, end: int) -> dict[int, OrderRow]:
        found: dict[int, OrderRow] = {}
        request = all_orders(symbol, since=begin, until=end)
        while True:
            reply = await self._access.ask(request, "allOrders")
            rows = read_orders(reply.body, "allOrders")
            found |= {one.order_id: one for one in rows}
            if len(rows) < MOST_ROWS:
                return found
            request = all_orders(symbol, from_id=max(one.order_id for one in rows) + 1)

    async def _trades(self, symbol: str, begin: int, end: int) -> dict[int, TradeRow]:
        found: dict[int, TradeRow] = {}
        request = trades(symbol, since=begin, until=end)
        while True:
            reply = await self._access.ask(request, "myTrades")
            rows = read_trades(reply.body, "myTrades")
            found |= {one.id: one for one in rows}
            if len(rows) < MOST_ROWS:
                return found
            request = trades(symbol, from_id=max(one.id for one in rows) + 1)

    def _sorted(self, rows: dict[int, OrderRow], fills: dict[int, TradeRow], since: int) -> Sequence[OrderNews]:
        now, news = self._clock.now(), list[OrderNews]()
        for trade in fills.values():
            row = rows.get(trade.order_id)
            if row is None:
                raise ExchangeError(f"{self._venue}: myTrades: a fill of an order that is not told")
            origin = self._desk.origin(row.client_id)
            news.append(trade_fill(trade, self._venue, row.client_id, origin, now))
        reports = (order_report(one, self._venue, self._desk.origin(one.client_id), now) for one in rows.values())
        news += [one for one in reports if one.state in TERMINAL and one.ts >= since]
        return sorted(news, key=lambda one: (one.ts, isinstance(one, OrderReport)))
