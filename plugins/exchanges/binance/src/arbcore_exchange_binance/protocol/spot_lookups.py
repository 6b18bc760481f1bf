"""Questions about single orders: the order first, then its fills where some were not told yet. Pure."""

from collections.abc import Sequence
from itertools import count
from typing import Final

from msgspec import Struct

from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore.model.money import total
from arbcore.model.order import OrderRef
from arbcore.model.reason import Reason
from arbcore.net.protocol import Fetch
from arbcore.net.request import Reply, Request
from arbcore.ports.trading import OrderNews
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.known import Known
from arbcore_exchange_binance.protocol.private_failures import private_failure
from arbcore_exchange_binance.protocol.spot_replies import read_order, read_trades
from arbcore_exchange_binance.protocol.spot_requests import MOST_ROWS, order_status, order_trades, trades
from arbcore_exchange_binance.protocol.spot_values import OrderRow, TradeRow, order_report, trade_fill
from arbcore_exchange_binance.protocol.values import MS

_OK: Final = 200
_ORDER: Final = "order "
_FILLS: Final = "fills "


class OrderTrades:
    """The trades of an order, page by page, as many as its row counts.

    By the order alone the venue tells one page, and which is not documented; where that is not all, they are looked
    for among all trades since the order was placed.

    Args:
        row: The order.
    """

    def __init__(self, row: OrderRow) -> None:
        self._row: Final = row
        self._found: Final[dict[int, TradeRow]] = {}
        self._walks = False

    @property
    def rows(self) -> list[TradeRow]:
        """Those that were told, the oldest first."""
        return [self._found[number] for number in sorted(self._found)]

    def take(self, page: Sequence[TradeRow]) -> Request | None:
        """Take an answer; return what is to be asked next, None where that was all."""
        row = self._row
        self._found.update({one.id: one for one in page if one.order_id == row.order_id})
        if len(page) < MOST_ROWS or total(one.qty for one in self._found.values()) >= row.executed_qty:
            return None
        if self._walks:
            return trades(row.symbol, from_id=max(one.id for one in page) + 1)
        self._walks = True
        return trades(row.symbol, since=(row.time or row.ts // MS) * MS)


class _Question(Struct):
    ref: OrderRef
    row: OrderRow | None = None
    trades: "OrderTrades | None" = None


class Lookups:
    """What is being asked about single orders.

    Fills are told before the report that counts them, so that an order never ends with a fill still to come.

    Args:
        desk: The orders of the account.
        venue: Exchange instance id.
    """

    def __init__(self, desk: Desk, venue: str) -> None:
        self._desk: Final = desk
        self._venue: Final = venue
        self._questions: Final[dict[str, _Question]] = {}
        self._numbers: Final = count(1)
        self._failed: list[OrderRef] = []

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._questions)

    @property
    def complete(self) -> bool:
        """Whether every question was answered."""
        return not self._questions and not self._failed

    def take_failed(self) -> Sequence[OrderRef]:
        """Return the orders that the venue told nothing of, and forget them."""
        failed, self._failed = self._failed, []
        return failed

    def is_of(self, tag: str) -> bool:
        """Tell whether an answer is one of these."""
        return tag.startswith((_ORDER, _FILLS))

    def ask(self, ref: OrderRef) -> list[Fetch]:
        """Return the question about an order; also where one is under way, whose answer may be older than this one."""
        tag = str(next(self._numbers))
        self._questions[tag] = _Question(ref)
        return [Fetch(f"{_ORDER}{tag}", order_status(ref))]

    def fetched(self, tag: str, reply: Reply | None, now: int) -> list[OrderNews | Fetch]:
        """Take an answer; return what is to be told, or to be asked next.

        Raises:
            ExchangeError: The answer is nothing that the venue may send.
        """
        kind, _, number = tag.partition(" ")
        question = self._questions.get(number)
        if question is None:
            return []
        try:
            if reply is None or reply.status != _OK:
                return self._untold(number, question, reply, now)
            return self._told(f"{kind} ", number, question, reply, now)
        except ExchangeError:
            self._questions.pop(number, None)
            raise

    def _untold(self, number: str, question: _Question, reply: Reply | None, now: int) -> list[OrderNews | Fetch]:
        del self._questions[number]
        error = None if reply is None else private_failure(reply.status, reply.body, "order")
        if isinstance(error, ExchangeRefused) and error.reason == Reason.ORDER_UNKNOWN:
            self._desk.missing(question.ref.client_order_id, now)
        else:
            self._failed.append(question.ref)
        return []

    def _told(self, kind: str, number: str, question: _Question, reply: Reply, now: int) -> list[OrderNews | Fetch]:
        if kind == _ORDER:
            row = question.row = read_order(reply.body, "order")
            known = self._known(row)
            if row.executed_qty > (known.fills if known is not None else 0):
                return [Fetch(f"{_FILLS}{number}", order_trades(row.symbol, str(row.order_id)))]
        if kind == _FILLS and (more := self._page(number, question, reply)) is not None:
            return [more]
        news: list[OrderNews | Fetch] = []
        if question.row is not None:
            origin = self._desk.origin(question.row.client_id)
            for trade in question.trades.rows if question.trades is not None else ():
                fill = trade_fill(trade, self._venue, question.row.client_id, origin, now)
                news += [told] if (told := self._desk.fill(fill)) is not None else []
            report = self._desk.report(order_report(question.row, self._venue, origin, now))
            news += [report] if report is not None else []
        del self._questions[number]
        return news

    def _page(self, number: str, question: _Question, reply: Reply) -> Fetch | None:
        """Take a page of fills; return the question about the next."""
        if question.row is None:
            return None
        if question.trades is None:
            question.trades = OrderTrades(question.row)
        request = question.trades.take(read_trades(reply.body, "myTrades"))
        return None if request is None else Fetch(f"{_FILLS}{number}", request)

    def _known(self, row: OrderRow) -> Known | None:
        key = f"{self._venue}:{row.symbol}"
        return self._desk.known(key, client_order_id=row.client_id, venue_order_id=str(row.order_id))
