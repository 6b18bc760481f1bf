"""Questions about an account on USD-M futures: orders, the past, balances, terms, facts."""

from collections.abc import Container, Iterable, Sequence
from decimal import Decimal
from typing import Final

from arbcore.context import Context
from arbcore.errors import ExchangeRefused
from arbcore.model.account import AccountFacts, Bracket, MarginMode, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.money import ZERO, total
from arbcore.model.order import TERMINAL, TRIGGERED, Fill, OrderRef
from arbcore.model.reason import Reason
from arbcore.net.request import Request
from arbcore.ports.trading import OrderNews
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.exchange_info import Symbol
from arbcore_exchange_binance.protocol import usdm_requests as requests
from arbcore_exchange_binance.protocol import usdm_values as values
from arbcore_exchange_binance.protocol.exact import symbol_of
from arbcore_exchange_binance.protocol.product import MINUTE_NS, USDM
from arbcore_exchange_binance.protocol.replies import read_symbols
from arbcore_exchange_binance.protocol.requests import exchange_info
from arbcore_exchange_binance.protocol.signing import Params
from arbcore_exchange_binance.protocol.usdm_memory import Memory
from arbcore_exchange_binance.protocol.usdm_orders import algo_name, order_name
from arbcore_exchange_binance.protocol.usdm_payments import FUNDING_FEE
from arbcore_exchange_binance.protocol.usdm_settlements import payment, rate_at
from arbcore_exchange_binance.protocol.values import MS
from arbcore_exchange_binance.usdm_orders import claimed

_KEPT_NS: Final = 90 * 24 * 3600 * 10**9
"""How far back the venue keeps trades and orders."""
_DISCOUNT_COIN: Final = "BNB"
_TRADING: Final = "TRADING"


class UsdmReading:
    """Asks about one account; nothing here changes anything.

    Args:
        access: What requests go through.
        memory: What is known of the account.
        context: The instance's context.
        refresh: Time after which the listing is read anew, nanoseconds.
    """

    def __init__(self, access: PrivateAccess, memory: Memory, context: Context, refresh: int) -> None:
        self._access: Final = access
        self._memory: Final = memory
        self._news: Final = memory.news
        self._context: Final = context
        self._refresh: Final = refresh
        self._listing: dict[str, Symbol] = {}
        self._listed_at = 0

    async def look_up(self, order: OrderRef) -> Sequence[OrderNews]:
        """Return what the venue knows of an order; see `Venue.look_up`."""
        desk = self._news.desk
        known = desk.known(order.instrument, client_order_id=order.client_order_id)
        try:
            with claimed(desk, order, self._context.clock.now()):
                if order.type in TRIGGERED or (known is not None and known.type in TRIGGERED):
                    return await self._look_up_algo(order)
                return await self._look_up_by(order_name(order))
        except ExchangeRefused as error:
            if error.reason != Reason.ORDER_UNKNOWN:
                raise
            desk.missing(order.client_order_id, self._context.clock.now())
            return []

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        """Return the open orders; see `Venue.open_orders`."""
        symbol = symbol_of(instrument)
        orders = values.told(await self._ask(requests.open_orders(symbol)), values.ORDERS, "openOrders")
        algos = values.told(await self._ask(requests.open_algo_orders(symbol)), values.ALGOS, "openAlgoOrders")
        return [*(self._news.open_order(row) for row in orders), *(self._news.open_algo(row) for row in algos)]

    async def history(self, instrument: str, since: int) -> Sequence[OrderNews]:
        """Return reports of ended orders and fills since a time, at most ninety days old; see `Venue.history`."""
        symbol, now = symbol_of(instrument), self._context.clock.now()
        end = self._memory.venue_time(now) + 10**9
        start = max(since, end - _KEPT_NS, 0)
        orders: dict[int, values.OrderRow] = {}
        trades: dict[int, values.TradeRow] = {}
        while start < end:
            orders |= {row.order_id: row for row in await self._orders(symbol, start, end)}
            trades |= {row.id: row for row in await self._trades(symbol, start, end)}
            start += requests.WEEK_NS
        orders |= {row.order_id: row for row in await self._unnamed(symbol, trades.values(), orders)}
        reports = [self._news.report_of(row, now) for row in orders.values()]
        fills = [self._news.fill_of(row, now) for row in trades.values() if row.time * MS >= since]
        ended = [report for report in reports if report.state in TERMINAL and report.ts >= since]
        return sorted([*fills, *ended], key=lambda one: (one.ts, not isinstance(one, Fill)))

    async def snapshot(self) -> AccountSnapshot:
        """Return all balances and net positions; see `Venue.snapshot`."""
        account = await self._access.ask(requests.account(), "account")
        positions = await self._access.ask(requests.position_risk(), "positionRisk")
        assets = values.told(account.body, values.ACCOUNT, "account").assets
        rows = values.told(positions.body, values.POSITIONS, "positionRisk")
        return self._memory.wealth.looked(assets, rows, self._memory.asked_at(account), positions.recv_ts)

    async def terms(self, instrument: str) -> TradingTerms:
        """Return on which terms the account trades an instrument; see `Venue.terms`."""
        symbol = symbol_of(instrument)
        listed = await self._listed(symbol)
        rates = values.told(await self._ask(requests.commission_rate(symbol)), values.COMMISSION, "commissionRate")
        config = values.told(await self._ask(requests.symbol_config(symbol)), values.SYMBOL_CONFIGS, "symbolConfig")
        chosen: values.SymbolConfig = values.one_of(config, symbol, "symbolConfig")
        return TradingTerms(
            instrument=instrument,
            maker=rates.maker_commission_rate,
            taker=rates.taker_commission_rate,
            min_notional=self._least(listed),
            trading=listed.status == _TRADING,
            leverage=chosen.leverage,
            margin_mode=MarginMode.ISOLATED if "isol" in chosen.margin_type.lower() else MarginMode.CROSS,
            brackets=await self._brackets(symbol),
        )

    async def config(self) -> values.AccountConfig:
        """Return the modes of the account.

        Raises:
            ExchangeError: The venue did not tell, or refuses the key.
        """
        return values.told(await self._ask(requests.account_config()), values.ACCOUNT_CONFIG, "accountConfig")

    async def facts(self) -> AccountFacts:
        """Return what the venue tells of the account, without its key; see `Venue.facts`."""
        config = await self.config()
        burns = values.told(await self._ask(requests.fee_burn()), values.FEE_BURN, "feeBurn").fee_burn
        balances = values.told(await self._ask(requests.balance()), values.BALANCES, "balance")
        left = next((row.balance for row in balances if row.asset == _DISCOUNT_COIN), ZERO)
        offset = self._memory.offset
        return AccountFacts(
            can_trade=config.can_trade,
            hedge_mode=config.dual_side_position,
            multi_assets=config.multi_assets_margin,
            fee_discount=_DISCOUNT_COIN if burns else "",
            fee_discount_left=left if burns else None,
            clock_offset_ns=offset.value if offset.known else None,
            clock_error_ns=offset.error if offset.known else None,
        )

    async def funding(self, instrument: str, since: int) -> Sequence[FundingPayment]:
        """Return the funding payments of an instrument since a time; see `LeveragedVenue.funding`."""
        symbol, now = symbol_of(instrument), self._context.clock.now()
        end = self._memory.venue_time(now) + 10**9
        start = max(since, end - _KEPT_NS, 0)
        rows: list[values.IncomeRow] = []
        rates: list[values.RateRow] = []
        while start < end:
            body = await self._ask(requests.income(FUNDING_FEE, symbol, start, end))
            booked = values.told(body, values.INCOME, "income")
            if booked:
                settled = await self._ask(requests.settled_rates(symbol, start - MINUTE_NS, end))
                week = values.told(settled, values.RATES, "fundingRate")
                rates += week
            rows += booked
            start += requests.WEEK_NS
        found = {
            row.time: payment(
                self._context.instance,
                symbol,
                row.income,
                row.asset,
                rate_at(rates, row.time * MS),
                row.time * MS,
                now,
            )
            for row in rows
            if row.symbol == symbol
        }
        return [found[at] for at in sorted(found)]

    async def _look_up_by(self, name: Params) -> list[OrderNews]:
        reply = await self._access.ask(requests.query(name), "order")
        row = values.told(reply.body, values.ORDER, "order")
        report = self._news.report_of(row, reply.recv_ts)
        rows = await self._trades_of(row) if row.executed_qty else []
        # Last of all: the stream may have told more while the trades were asked for.
        return [self._news.desk.learn(report), *(self._news.fill_of(one, self._context.clock.now()) for one in rows)]

    async def _trades_of(self, row: values.OrderRow) -> list[values.TradeRow]:
        """Return the trades of an order, as many as its row counts.

        By the order alone the venue may tell those of the last seven days only, and a page at most; what is missing
        then is looked for among all trades since the order was placed.
        """
        body = await self._ask(requests.trades_of(row.symbol, str(row.order_id)))
        found = {one.id: one for one in values.told(body, values.TRADES, "userTrades")}
        end = self._memory.venue_time(self._context.clock.now()) + 10**9
        start = max((row.time or row.update_time) * MS, end - _KEPT_NS)
        while start < end and total(one.qty for one in found.values()) < row.executed_qty:
            rows = await self._trades(row.symbol, start, end)
            found |= {one.id: one for one in rows if one.order_id == row.order_id}
            start += requests.WEEK_NS
        return [found[number] for number in sorted(found)]

    async def _look_up_algo(self, order: OrderRef) -> list[OrderNews]:
        """Return what an order with a trigger is, or what became of the order that it became."""
        reply = await self._access.ask(requests.query_algo(algo_name(order)), "algoOrder")
        row = values.told(reply.body, values.ALGO, "algoOrder")
        report = self._news.report_of_algo(row, reply.recv_ts)
        if row.actual:
            return await self._look_up_by({"symbol": symbol_of(order.instrument), "orderId": row.actual})
        report = self._news.desk.learn(report)
        return [report]

    async def _unnamed(
        self, symbol: str, trades: Iterable[values.TradeRow], orders: Container[int]
    ) -> list[values.OrderRow]:
        """Return the orders of trades that nothing else names: they were placed before the time asked for."""
        rows = []
        for order_id in sorted({one.order_id for one in trades if not self._news.is_named(one)}):
            if order_id in orders:
                continue
            try:
                body = await self._ask(requests.query({"symbol": symbol, "orderId": order_id}))
            except ExchangeRefused as error:
                if error.reason != Reason.ORDER_UNKNOWN:
                    raise
                continue
            rows.append(values.told(body, values.ORDER, "order"))
        return rows

    async def _orders(self, symbol: str, start: int, end: int) -> list[values.OrderRow]:
        rows = values.told(await self._ask(requests.all_orders(symbol, start, end)), values.ORDERS, "allOrders")
        last = rows
        while len(last) >= requests.MOST_TRADES:
            body = await self._ask(requests.orders_since(symbol, last[-1].order_id + 1))
            last = values.told(body, values.ORDERS, "allOrders")
            rows += last
        return rows

    async def _trades(self, symbol: str, start: int, end: int) -> list[values.TradeRow]:
        rows = values.told(await self._ask(requests.user_trades(symbol, start, end)), values.TRADES, "userTrades")
        last = rows
        while len(last) >= requests.MOST_TRADES:
            body = await self._ask(requests.trades_since(symbol, last[-1].id + 1))
            last = values.told(body, values.TRADES, "userTrades")
            rows += last
        return rows

    async def _brackets(self, symbol: str) -> tuple[Bracket, ...]:
        found = values.told(await self._ask(requests.leverage_bracket(symbol)), values.BRACKETS, "leverageBracket")
        table: values.Brackets = values.one_of(found if isinstance(found, list) else [found], symbol, "leverageBracket")
        rows = sorted(table.brackets, key=lambda row: row.notional_floor)
        return tuple(
            Bracket(
                leverage=row.initial_leverage,
                floor=row.notional_floor,
                cap=row.notional_cap,
                maintenance=row.maint_margin_ratio,
            )
            for row in rows
        )

    async def _listed(self, symbol: str) -> Symbol:
        now = self._context.clock.now()
        if symbol not in self._listing or now - self._listed_at > self._refresh:
            reply = await self._access.http.send(exchange_info(USDM))
            self._listing = {one.symbol: one for one in read_symbols(reply)}
            self._listed_at = now
        found: Symbol = values.one_of(list(self._listing.values()), symbol, "exchangeInfo")
        return found

    def _least(self, listed: Symbol) -> Decimal:
        """Return the smallest order value of a symbol, whatever its state."""
        filters = {one.filter_type: one for one in listed.filters}
        stated = filters.get("MIN_NOTIONAL") or filters.get("NOTIONAL")
        return (stated.notional or stated.min_notional or ZERO) if stated else ZERO

    async def _ask(self, request: Request) -> bytes:
        return (await self._access.ask(request, request.path.rpartition("/")[2])).body
