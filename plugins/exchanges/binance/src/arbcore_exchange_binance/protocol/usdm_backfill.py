"""What may have been missed while no user stream delivered, asked for by requests and told in one go. Pure.

What is open is asked for; then, one by one, the orders that may have changed and are not open any more; then the trades
since the account was last known to be whole; then the orders of trades that nothing else names. What became of our own
orders is told first, and fills before states, as the stream does it.
"""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Final

from msgspec.structs import replace

from arbcore.model.order import TRIGGERED, OrderOrigin
from arbcore.net.protocol import Fetch, Heard
from arbcore.net.request import Reply, Request
from arbcore_exchange_binance.protocol.exact import symbol_of
from arbcore_exchange_binance.protocol.failures import read_failure
from arbcore_exchange_binance.protocol.known import Known
from arbcore_exchange_binance.protocol.private_failures import require_done
from arbcore_exchange_binance.protocol.product import HOUR_NS, MINUTE_NS
from arbcore_exchange_binance.protocol.usdm_memory import Memory
from arbcore_exchange_binance.protocol.usdm_orders import algo_name, order_name
from arbcore_exchange_binance.protocol.usdm_requests import (
    MOST_TRADES,
    WEEK_NS,
    open_algo_orders,
    open_orders,
    query,
    query_algo,
    trades_since,
    user_trades,
)
from arbcore_exchange_binance.protocol.usdm_values import (
    ALGO,
    ALGOS,
    ORDER,
    ORDERS,
    TRADES,
    AlgoRow,
    OrderRow,
    TradeRow,
    told,
)

BACKFILL: Final = "backfill:"
"""Tag of its requests, followed by a number."""

_AGAIN_NS: Final = 10**9
_MARGIN_NS: Final = 5 * 10**9
"""Trades are asked for from so long before the last time that is known to be whole."""

_MANY: Final = 40
_URGENT: Final = 120
"""Weight of one back-fill that may come out of what is kept for urgent requests, which is twice as much a minute."""
_MOST_WEEKS: Final = 12
_UNKNOWN: Final = frozenset({-2011, -2013})

_Read = Callable[[Reply, int], list["_Question"]]


class _Question:
    """A request with what reads its answer."""

    def __init__(self, request: Request, read: _Read, known: Known | None = None) -> None:
        self.request = request
        self.read: Final = read
        self.known: Final = known
        self.again_at = 0


class BackFill:
    """The back-fill of one connection.

    Args:
        memory: What is known of the account.
    """

    def __init__(self, memory: Memory) -> None:
        self.done = False
        self._memory: Final = memory
        self._news: Final = memory.news
        self._began_at = 0
        self._urgent = 0
        self._asked: Final[dict[str, _Question]] = {}
        self._numbers: Final = count()
        self._orders: Final[dict[tuple[str, int], OrderRow]] = {}
        self._algos: Final[list[AlgoRow]] = []
        self._trades: Final[list[TradeRow]] = []
        self._steps: Final = [self._ask_for_ended, self._ask_for_trades, self._ask_for_names]

    def begin(self, now: int) -> list[Heard]:
        """Return the first requests."""
        self._began_at = self._memory.venue_time(now)
        symbols = self._memory.symbols
        # All symbols at once weigh as much as forty single ones.
        asked = symbols if 0 < len(symbols) < _MANY else [""]
        questions = [_Question(open_orders(symbol), self._opened) for symbol in asked]
        questions += [_Question(open_algo_orders(symbol), self._opened_algos) for symbol in asked]
        heard: list[Heard] = [self._fetch(question) for question in questions]
        since = self._memory.whole_until
        # Payments are booked up to some seconds after the hour.
        if (since - MINUTE_NS) // HOUR_NS != self._began_at // HOUR_NS:
            heard += self._memory.payments.want(since - MINUTE_NS, self._began_at + _MARGIN_NS, now)
        return heard

    def due(self, now: int) -> list[Heard]:
        """Return requests that failed, again."""
        late: list[str] = [tag for tag, question in self._asked.items() if 0 < question.again_at <= now]
        for tag in late:
            self._asked[tag].again_at = 0
        heard: list[Heard] = [Fetch(tag, self._asked[tag].request) for tag in late]
        return heard

    def answered(self, tag: str, reply: Reply | None, now: int) -> list[Heard]:
        """Take an answer; return further requests, or with the last one everything that was missed.

        Raises:
            ExchangeError: The answer is nothing that the venue may send.
        """
        question = self._asked.get(tag)
        if question is None:
            return []
        if reply is None or reply.status >= 500:
            question.again_at = now + _AGAIN_NS
            return []
        del self._asked[tag]
        if reply.status != 200 and question.known and read_failure(reply.body).code in _UNKNOWN:
            self._news.desk.missing(question.known.client_order_id, now)
            further = []
        else:
            require_done(reply, "back-fill")
            further = question.read(reply, now)
        heard: list[Heard] = [self._fetch(one) for one in further]
        return heard or self._go_on(now)

    def _go_on(self, now: int) -> list[Heard]:
        """Take the next step once nothing is asked any more."""
        if self._asked or self.done:
            return []
        while self._steps:
            if heard := self._steps.pop(0)():
                return heard
        self.done = True
        self._memory.whole_until = max(self._memory.whole_until, self._began_at)
        return self._tell(now)

    def _ask_for_ended(self) -> list[Heard]:
        """Return requests for orders that may have changed and are not open any more."""
        still = {
            (row.symbol, name) for row in self._orders.values() for name in (row.client_order_id, str(row.order_id))
        }
        still |= {(row.symbol, name) for row in self._algos for name in (row.client_algo_id, str(row.algo_id))}
        return [
            self._fetch(self._about(known))
            for known in self._news.desk.unsettled(self._memory.instruments)
            if (symbol_of(known.instrument), known.client_order_id or known.venue_order_id) not in still
        ]

    def _ask_for_names(self) -> list[Heard]:
        """Return requests for the orders of trades that nothing else names."""
        unnamed = {(row.symbol, row.order_id) for row in self._trades if not self._news.is_named(row)}
        return [self._fetch(self._by_id(symbol, order_id)) for symbol, order_id in sorted(unnamed)]

    def _ask_for_trades(self) -> list[Heard]:
        """Return requests for trades."""
        start = max(self._memory.whole_until - _MARGIN_NS, self._began_at - _MOST_WEEKS * WEEK_NS)
        end = self._began_at + _MARGIN_NS
        return [
            self._fetch(_Question(user_trades(symbol, begin, end), partial(self._traded, symbol)))
            for symbol in self._memory.symbols
            for begin in range(start, end, WEEK_NS)
        ]

    def _tell(self, now: int) -> list[Heard]:
        fills: list[Heard] = [
            one for row in sorted(self._trades, key=lambda row: row.time) for one in self._news.trade(row, now)
        ]
        reports = [one for row in self._orders.values() for one in self._news.order(row, now)]
        reports += [one for row in self._algos for one in self._news.algo(row, now)]
        return sorted([*fills, *reports], key=_ours_first)

    def _opened(self, reply: Reply, _now: int) -> list[_Question]:
        for row in told(reply.body, ORDERS, "openOrders"):
            self._keep(row)
        return []

    def _opened_algos(self, reply: Reply, _now: int) -> list[_Question]:
        rows = told(reply.body, ALGOS, "openAlgoOrders")
        self._algos.extend(rows)
        return []

    def _traded(self, symbol: str, reply: Reply, _now: int) -> list[_Question]:
        rows = told(reply.body, TRADES, "userTrades")
        self._trades.extend(rows)
        if len(rows) < MOST_TRADES:
            return []
        return [_Question(trades_since(symbol, rows[-1].id + 1), partial(self._traded, symbol))]

    def _found(self, reply: Reply, _now: int) -> list[_Question]:
        self._keep(told(reply.body, ORDER, "order"))
        return []

    def _found_algo(self, reply: Reply, now: int) -> list[_Question]:
        row = told(reply.body, ALGO, "algoOrder")
        self._algos.append(row)
        self._news.report_of_algo(row, now)
        return [self._by_id(row.symbol, int(row.actual))] if row.actual.isdecimal() else []

    def _about(self, known: Known) -> _Question:
        if known.type in TRIGGERED:
            return _Question(query_algo(algo_name(known.ref)), self._found_algo, known)
        return _Question(query(order_name(known.ref)), self._found, known)

    def _by_id(self, symbol: str, order_id: int) -> _Question:
        request = query({"symbol": symbol, "orderId": order_id})
        # Without fills an order is not found for ever; what trades did stays.
        return _Question(request, self._found, Known(symbol, venue_order_id=str(order_id)))

    def _keep(self, row: OrderRow) -> None:
        """Keep the later of two rows of an order, and its name."""
        before = self._orders.get((row.symbol, row.order_id))
        if before is None or (row.executed_qty, row.ts) >= (before.executed_qty, before.ts):
            self._orders[row.symbol, row.order_id] = row
        self._news.report_of(row, 0)

    def _fetch(self, question: _Question) -> Fetch:
        tag = f"{BACKFILL}{next(self._numbers)}"
        self._asked[tag] = question
        # Nothing can be closed before it is known; and cancels must find most of their share untouched.
        self._urgent += question.request.weight
        if self._urgent <= _URGENT:
            question.request = replace(question.request, urgent=True)
        return Fetch(tag, question.request)


def _ours_first(one: Heard) -> bool:
    """Sort key that keeps the order otherwise."""
    return getattr(one, "origin", OrderOrigin.OURS) is not OrderOrigin.OURS
