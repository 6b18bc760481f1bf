"""What happened while nobody listened: asked for by requests before a user stream counts as whole. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from arbcore.errors import ExchangeError
from arbcore.model.order import Fill, OrderRef
from arbcore.net.protocol import Fetch
from arbcore.net.request import Reply, Request
from arbcore.ports.trading import OrderNews
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.spot_lookups import Lookups
from arbcore_exchange_binance.protocol.spot_replies import read_order, read_orders, read_trades
from arbcore_exchange_binance.protocol.spot_requests import MOST_ROWS, SPAN_NS, all_orders, order_status, trades
from arbcore_exchange_binance.protocol.spot_values import OrderRow, TradeRow, order_report, trade_fill

_OK: Final = 200
_MOST_SPANS: Final = 7  # an outage of a week is no outage but a session that has ended
_TRADES: Final = "past-trades "
_ORDERS: Final = "past-orders "
_WHOSE: Final = "past-whose "


class Past(Struct):
    """Since when the past is not known for certain; shared by the connections that follow each other.

    Attributes:
        since: UTC nanoseconds by the venue's clock; 0 before anything was heard.
    """

    since: int = 0


class _Market(Struct):
    """What was told of one symbol's past, and what is still to come."""

    trades: list[TradeRow] = field(default_factory=list)
    orders: dict[int, OrderRow] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)


class Backfill:
    """Asks for what was missed: first the orders that are not settled, ours before others', then every symbol.

    Args:
        desk: The orders of the account.
        venue: Exchange instance id.
        symbols: The venue's names of the markets.
        since: UTC nanoseconds since when something may have been missed; 0 where only orders can have changed.
        lookups: Asks about single orders.
    """

    def __init__(self, desk: Desk, venue: str, symbols: Iterable[str], since: int, lookups: Lookups) -> None:
        self._desk: Final = desk
        self._venue: Final = venue
        self._symbols: Final = tuple(symbols)
        self._since: Final = since
        self._lookups: Final = lookups
        self._markets: dict[str, _Market] = {}
        self._failed: dict[str, Fetch] = {}
        self._asked: Final[dict[str, Fetch]] = {}
        self._stage = 0
        self._until = 0

    @property
    def done(self) -> bool:
        """Whether everything was told."""
        return self._stage > 1 and not self._markets

    def is_of(self, tag: str) -> bool:
        """Tell whether an answer is one of these."""
        return tag.startswith((_TRADES, _ORDERS, _WHOSE))

    def begin(self, now: int) -> list[Fetch]:
        """Return the first questions.

        Args:
            now: The venue's time.
        """
        self._stage, self._until = 1, now
        self._lookups.take_failed()
        keys = {f"{self._venue}:{symbol}" for symbol in self._symbols}
        asked = [fetch for known in self._desk.unsettled(keys) for fetch in self._lookups.ask(known.ref)]
        return asked or self.go_on()

    def go_on(self) -> list[Fetch]:
        """Return the questions about symbols once no single order is being asked about any more."""
        if self._stage != 1 or not self._lookups.complete:
            return []
        self._stage = 2
        if not self._since:
            return []
        self._markets = {symbol: _Market() for symbol in self._symbols}
        return [fetch for symbol in self._symbols for fetch in self._ask_market(symbol)]

    def again(self) -> list[Fetch]:
        """Return the questions that were not answered."""
        failed, self._failed = self._failed, {}
        return list(failed.values())

    def fetched(self, tag: str, reply: Reply | None, now: int) -> list[OrderNews | Fetch]:
        """Take an answer; return what is to be told, or to be asked next.

        Raises:
            ExchangeError: The answer is nothing that the venue may send.
        """
        fetch = self._asked.get(tag)
        _, symbol, *_ = tag.split(" ")
        market = self._markets.get(symbol)
        if fetch is None or market is None:
            return []
        if reply is None or reply.status != _OK:
            self._failed[tag] = fetch
            return []
        del self._asked[tag]
        more: Sequence[Fetch] = self._take(tag, symbol, market, reply)
        market.open.discard(tag)
        if more or market.open:
            return list(more)
        if unknown := self._unknown(symbol, market):
            return [self._ask(market, f"{_WHOSE}{symbol} {one}", self._whose(symbol, one)) for one in unknown]
        del self._markets[symbol]
        return list(self._tell(market, now))

    def _ask_market(self, symbol: str) -> list[Fetch]:
        """Return the questions about a symbol, over spans as short as the venue takes; the last one has no end."""
        market, asked = self._markets[symbol], list[Fetch]()
        start = max(self._since, self._until - _MOST_SPANS * SPAN_NS)
        for since in range(start, max(self._until, start + 1), SPAN_NS):
            until = since + SPAN_NS if since + SPAN_NS < self._until else 0
            asked.append(self._ask(market, f"{_TRADES}{symbol} {since}", trades(symbol, since=since, until=until)))
            asked.append(self._ask(market, f"{_ORDERS}{symbol} {since}", all_orders(symbol, since=since, until=until)))
        return asked

    def _ask(self, market: _Market, tag: str, request: Request) -> Fetch:
        fetch = self._asked[tag] = Fetch(tag, request)
        market.open.add(tag)
        return fetch

    def _whose(self, symbol: str, order_id: int) -> Request:
        return order_status(OrderRef(instrument=f"{self._venue}:{symbol}", venue_order_id=str(order_id)))

    def _take(self, tag: str, symbol: str, market: _Market, reply: Reply) -> Sequence[Fetch]:
        """Keep what was told; return the question about what follows a full page."""
        if tag.startswith(_TRADES):
            found = read_trades(reply.body, "myTrades")
            market.trades += found
            full, last, ask = len(found) >= MOST_ROWS, max((one.id for one in found), default=0), trades
        elif tag.startswith(_ORDERS):
            rows = read_orders(reply.body, "allOrders")
            market.orders |= {one.order_id: one for one in rows}
            full, last, ask = len(rows) >= MOST_ROWS, max((one.order_id for one in rows), default=0), all_orders
        else:
            row = read_order(reply.body, "order")
            market.orders[row.order_id] = row
            return ()
        kind = tag.partition(" ")[0]
        return [self._ask(market, f"{kind} {symbol} from {last}", ask(symbol, from_id=last + 1))] if full else ()

    def _unknown(self, symbol: str, market: _Market) -> Sequence[int]:
        """Return the orders of which fills were told and nothing else."""
        key = f"{self._venue}:{symbol}"
        ids = {one.order_id for one in market.trades} - market.orders.keys()
        return sorted(one for one in ids if self._desk.known(key, venue_order_id=str(one)) is None)

    def _tell(self, market: _Market, now: int) -> Iterable[OrderNews]:
        """Yield fills and reports in the order in which they happened, and fills before the report that counts them."""
        origin = self._desk.origin
        every: list[OrderNews] = [self._fill(one, market.orders, now) for one in market.trades]
        every += [order_report(one, self._venue, origin(one.client_id), now) for one in market.orders.values()]
        for news in sorted(every, key=lambda one: (one.ts, not isinstance(one, Fill))):
            told = self._desk.fill(news) if isinstance(news, Fill) else self._desk.report(news)
            if told is not None:
                yield told

    def _fill(self, trade: TradeRow, orders: Mapping[int, OrderRow], now: int) -> Fill:
        row = orders.get(trade.order_id)
        known = self._desk.known(f"{self._venue}:{trade.symbol}", venue_order_id=str(trade.order_id))
        if row is None and known is None:
            raise ExchangeError(f"Binance myTrades: {trade.symbol}: a fill of an order that is not told")
        client_id = row.client_id if row is not None else known.client_order_id if known is not None else ""
        return trade_fill(trade, self._venue, client_id, self._desk.origin(client_id), now)
