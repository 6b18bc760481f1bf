"""Comparisons of what the user stream told with what requests answer: a mute stream is found by them. Pure.

A socket whose listenKey has ended stays open and says nothing, so silence proves nothing. Balances, positions and the
orders that may have changed are asked for now and then; what an answer knows and the stream has not told within a
time of grace shows that it is mute. Fills that only their sum is known of are asked for much sooner.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from arbcore.model.order import TRIGGERED
from arbcore.net.protocol import Fetch, Heard, Reconnect
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.exact import symbol_of
from arbcore_exchange_binance.protocol.failures import read_failure
from arbcore_exchange_binance.protocol.known import Known
from arbcore_exchange_binance.protocol.private_failures import require_done
from arbcore_exchange_binance.protocol.usdm_memory import Memory
from arbcore_exchange_binance.protocol.usdm_orders import algo_name, order_name
from arbcore_exchange_binance.protocol.usdm_requests import (
    account,
    position_risk,
    query,
    query_algo,
    trades_of,
)
from arbcore_exchange_binance.protocol.usdm_values import ACCOUNT, ALGO, ORDER, POSITIONS, TRADES, told

WATCH: Final = "watch:"
"""Tag of its requests."""

_S: Final = 10**9
_LOOK_NS: Final = _S
"""Time between looks for fills that are missing."""
_FILL_GRACE_NS: Final = _S
"""How long after their sum single fills may stay away before they are asked for."""
_LONGEST_WAIT_NS: Final = 60 * _S
_PATIENCE_NS: Final = 5 * _S
"""How long the state that an answer told waits for its fills."""
_OK: Final = 200
_UNKNOWN: Final = frozenset({-2011, -2013})
_MOST_QUERIES: Final = 50


class _Doubt(Struct):
    """Something that an answer knew and the stream had not told."""

    what: str
    due: int
    holds: Callable[[], bool]


class Watch:
    """The comparisons of one connection.

    Args:
        memory: What is known of the account.
        every: Time between comparisons, nanoseconds.
        grace: How long the stream may lag behind an answer.
    """

    def __init__(self, memory: Memory, every: int, grace: int) -> None:
        self._memory: Final = memory
        self._every: Final = every
        self._grace: Final = grace
        self._next = 0
        self._looked = 0
        self._turn = 0
        self._wants_snapshot = True
        self._snapshot_due = 0
        self._replies: Final[dict[str, Reply]] = {}
        self._doubts: Final[list[_Doubt]] = []
        self._lagging: Final[dict[tuple[str, str], tuple[int, int]]] = {}
        """When the fills of an order are asked for, and how long after that again."""

    def want_snapshot(self) -> None:
        """Have the whole account told anew."""
        self._wants_snapshot, self._snapshot_due = True, 0

    def tick(self, now: int) -> list[Heard]:
        """Ask for what is due, and judge what was doubted."""
        heard = self._judge(now)
        if self._wants_snapshot:
            if now >= self._snapshot_due:
                self._snapshot_due = now + _S
                self._next = now + self._every
                heard += self._ask_account()
        elif now >= self._next:
            self._next = now + self._every
            heard += self._compare(now)
        if now - self._looked >= _LOOK_NS:
            self._looked = now
            heard += [*self._look(now), *self._told_by_answers(now)]
        return heard

    def answered(self, tag: str, reply: Reply | None, now: int) -> list[Heard]:
        """Take the answer to a request of this object.

        Raises:
            ExchangeError: The answer is nothing that the venue may send.
        """
        kind, _, about = tag.removeprefix(WATCH).partition(":")
        if reply is None or reply.status >= 500:
            return []
        if reply.status != _OK and read_failure(reply.body).code in _UNKNOWN:
            self._memory.news.desk.missing(about, now)
            return []
        require_done(reply, kind)
        if kind in {"account", "positions"}:
            self._replies[kind] = reply
            return self._accounted(now) if len(self._replies) > 1 else []
        if kind == "trades":
            rows = told(reply.body, TRADES, "userTrades")
            return [one for row in rows for one in self._memory.news.trade(row, now)]
        return self._found_algo(reply, now) if kind == "algo" else self._found(kind, reply, now)

    def _ask_account(self) -> list[Heard]:
        self._replies.clear()
        return [Fetch(f"{WATCH}account", account()), Fetch(f"{WATCH}positions", position_risk())]

    def _accounted(self, now: int) -> list[Heard]:
        replies = [self._replies.pop("account"), self._replies.pop("positions")]
        assets = told(replies[0].body, ACCOUNT, "account").assets
        positions = told(replies[1].body, POSITIONS, "positionRisk")
        asked_at = min(self._memory.asked_at(reply) for reply in replies)
        wealth = self._memory.wealth
        if self._wants_snapshot:
            self._wants_snapshot = False
            return [wealth.asked(assets, positions, asked_at, now)]
        if what := wealth.lags(assets, positions, asked_at):
            self._doubt(f"the account ({', '.join(what)})", now, lambda: bool(wealth.lags(assets, positions, asked_at)))
        elif not self._doubts:
            self._memory.whole_until = max(self._memory.whole_until, asked_at)
        return []

    def _compare(self, now: int) -> list[Heard]:
        """Ask for the account and for the orders that may have changed, some at once, each in its turn."""
        heard = self._ask_account()
        known = list(self._memory.news.desk.unsettled(self._memory.instruments))
        start = self._turn % len(known) if known else 0
        self._turn = start + _MOST_QUERIES
        return heard + [self._ask_order("order", one) for one in [*known[start:], *known[:start]][:_MOST_QUERIES]]

    def _look(self, now: int) -> list[Heard]:
        """Ask for the fills of orders of which only the sum of them is known for a while."""
        heard: list[Heard] = []
        lagging = {}
        for known in self._memory.news.desk.unsettled(self._memory.instruments):
            if known.filled <= known.fills:
                continue
            key = (known.instrument, known.client_order_id or known.venue_order_id)
            due, wait = lagging[key] = self._lagging.get(key, (now + _FILL_GRACE_NS, _FILL_GRACE_NS))
            order_id = self._memory.news.order_id_of(known)
            if now >= due and order_id:
                # What the venue no longer tells is asked for ever more seldom.
                wait = min(2 * wait, _LONGEST_WAIT_NS)
                lagging[key] = (now + wait, wait)
                symbol = symbol_of(known.instrument)
                heard.append(Fetch(f"{WATCH}trades:{symbol}:{order_id}", trades_of(symbol, order_id)))
        self._lagging.clear()
        self._lagging.update(lagging)
        return heard

    def _told_by_answers(self, now: int) -> list[Heard]:
        """Tell what answers to changes said where the stream has not; fills first, as long as they may still come."""
        hints = self._memory.hints
        ripe = [hint for hint in hints if now - hint[0] >= _FILL_GRACE_NS]
        ready = [(at, row) for at, row in ripe if now - at >= _PATIENCE_NS or self._memory.news.has_fills(row)]
        hints[:] = [hint for hint in hints if hint not in ready]
        return [one for _, row in ready for one in self._memory.news.order(row, now)]

    def _found(self, kind: str, reply: Reply, now: int) -> list[Heard]:
        row = told(reply.body, ORDER, kind)
        news = self._memory.news
        if not news.knows(row):
            self._doubt(f"order {row.order_id} of {row.symbol}", now, lambda: not news.knows(row))
        return []

    def _found_algo(self, reply: Reply, now: int) -> list[Heard]:
        """Take the row of an order with a trigger; the order that it became is asked for in its turn."""
        row = told(reply.body, ALGO, "algoOrder")
        news = self._memory.news
        report = news.report_of_algo(row, now)
        if row.actual:
            name = {"symbol": row.symbol, "orderId": row.actual}
            return [Fetch(f"{WATCH}order:{row.client_algo_id}", query(name))]
        known = news.desk.known(report.instrument, client_order_id=report.client_order_id)
        if known is not None and not known.ended and report.state is not known.state:
            self._doubt(f"order {row.algo_id} of {row.symbol}", now, lambda: not known.ended)
        return []

    def _ask_order(self, kind: str, known: Known) -> Fetch:
        name = known.client_order_id or known.venue_order_id
        if known.type in TRIGGERED:
            return Fetch(f"{WATCH}algo:{name}", query_algo(algo_name(known.ref)))
        return Fetch(f"{WATCH}{kind}:{name}", query(order_name(known.ref)))

    def _doubt(self, what: str, now: int, holds: Callable[[], bool]) -> None:
        self._doubts.append(_Doubt(what, now + self._grace, holds))

    def _judge(self, now: int) -> list[Heard]:
        """Give the connection up where what was doubted still holds."""
        ripe = [doubt for doubt in self._doubts if now >= doubt.due]
        if not ripe:
            return []
        self._doubts[:] = [doubt for doubt in self._doubts if now < doubt.due]
        held = next((doubt.what for doubt in ripe if doubt.holds()), "")
        return [Reconnect(f"requests know {held} better than the user stream", mute=True)] if held else []
