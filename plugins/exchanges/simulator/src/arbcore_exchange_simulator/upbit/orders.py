"""Upbit's private REST of orders (Upbit developer centre, 2026-11): placing, cancelling, asking."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Final

from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.ledger import Short
from arbcore_exchange_simulator.trading.matching import Matching, What
from arbcore_exchange_simulator.trading.money import plain, whole
from arbcore_exchange_simulator.trading.order import Execution, Order
from arbcore_exchange_simulator.upbit.asked import Asked
from arbcore_exchange_simulator.upbit.clock import KST
from arbcore_exchange_simulator.upbit.drafts import TYPES, Checker, Draft
from arbcore_exchange_simulator.upbit.ids import number_of, order_uuid
from arbcore_exchange_simulator.upbit.later import Later
from arbcore_exchange_simulator.upbit.order_rows import Row, order_row, seen
from arbcore_exchange_simulator.upbit.problems import problem, wrong
from arbcore_exchange_simulator.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from arbcore_exchange_simulator.market.world import World
    from arbcore_exchange_simulator.settings import Rules

_WINDOW: Final = timedelta(days=7)
_IDENTIFIER: Final = 64


class UpbitOrders:
    """Places, cancels and shows orders.

    Args:
        world: The markets.
        matching: Where orders trade.
        faults: The faults.
        rules: The venue's rules.
        later: What happens a little later.
    """

    def __init__(self, world: "World", matching: Matching, faults: FaultPlan, rules: "Rules", later: Later) -> None:
        self._world = world
        self._matching = matching
        self._faults = faults
        self._rules = rules
        self._later = later
        self._checker = Checker(rules.upbit_smp_default)
        self._accepted: dict[int, Row] = {}
        matching.watchers.append(self)

    def on_order(self, order: Order, what: What, _execution: Execution | None) -> None:
        """Keep an order as it is accepted, before it trades: that is what its client is answered."""
        if what == "new":
            self._accepted[order.number] = order_row(order, self._world.now)

    def on_cash(self, _account: Account, _currencies: tuple[str, ...], _why: str) -> None:
        """Nothing hangs on it here."""

    def market(self, code: str) -> Market:
        """Return a market that trades.

        Raises:
            Refused: There is none of that name, it is gone, or it is offline.
        """
        market = self._world.markets["upbit"].get(code)
        if market is None or 0 < market.delisting <= self._world.now:
            raise problem("notfoundmarket")
        if self._matching.halted(market):
            raise problem("market_offline")
        return market

    def is_offline(self, market: Market) -> bool:
        """Whether a market does not trade now: the fault ``market_offline``."""
        return self._matching.halted(market)

    def rates(self, account: Account) -> tuple[Decimal, Decimal]:
        """Return maker's and taker's fee of an account."""
        return account.fees or (self._rules.upbit_fee, self._rules.upbit_fee)

    def place(self, asked: Asked) -> Row:
        """Answer ``POST /orders``: the order as it was accepted, before any trade."""
        draft = _draft(asked)
        self._claim(asked.account, draft.identifier)
        order = self._drawn(draft, asked.account)
        return self._enter(order)

    def test(self, asked: Asked) -> Row:
        """Answer ``POST /orders/test``: everything is checked, nothing is made."""
        draft = _draft(asked)
        self._fresh(asked.account, draft.identifier)
        order = self._drawn(draft, asked.account)
        order.created, order.number = self._world.now, self._matching.number()
        try:
            self._matching.ledger.hold(order)
        except Short as short:
            raise _poor(order) from short
        row = order_row(order, self._world.now)
        self._matching.ledger.release(order)
        return row

    def cancel(self, asked: Asked) -> Row:
        """Answer ``DELETE /order``: the order as it was; it is cancelled a little later."""
        order = self._open(asked, asked.text("uuid"), asked.text("identifier"))
        return self._cancel(order)

    def cancel_many(self, asked: Asked) -> Row:
        """Answer ``DELETE /orders/uuids``."""
        names = _names(asked, 20)
        done: list[Order] = []
        failed: list[str] = []
        for kind, name in names:
            order = self.find(asked.account, name if kind == "uuid" else "", name if kind != "uuid" else "")
            if order is None or seen(order, self._world.now).state != "wait" or order.state != "open":
                failed.append(name)
            else:
                done.append(order)
        lost = [{"uuid" if kind == "uuid" else "identifier": name} for kind, name in names if name in failed]
        return self._batch(done, lost)

    def cancel_open(self, asked: Asked) -> Row:
        """Answer ``DELETE /orders/open``."""
        side = asked.one_of("cancel_side", ("all", "ask", "bid"), "all")
        pairs, quotes = asked.list("pairs", 20), asked.list("quote_currencies", 20)
        if pairs and quotes:
            raise wrong("pairs", name="invalid_parameter")
        without = asked.list("excluded_pairs", 20)
        found = [
            one
            for one in self._sorted(asked, asked.account.open.values())
            if side in {"all", "bid" if one.buy else "ask"}
            and (not pairs or one.symbol in pairs)
            and (not quotes or one.market.listing.quote in quotes)
            and one.symbol not in without
        ]
        return self._batch(found[: asked.count("count", 20, 300)], [])

    def replace(self, asked: Asked) -> Row:
        """Answer ``POST /orders/cancel_and_new``: the old order as it was, with the new one's UUID.

        The new order is made only when the old one has really been cancelled, and never where that filled first.
        """
        old = self._open(asked, asked.text("prev_order_uuid"), asked.text("prev_order_identifier"))
        wanted = asked.need("new_volume") if asked.text("new_ord_type") in {"limit", "market"} else ""
        draft = Draft(
            old.symbol,
            "bid" if old.buy else "ask",
            asked.one_of("new_ord_type", TYPES),
            asked.text("new_price"),
            plain(whole(old.remaining)) if wanted == "remain_only" else asked.text("new_volume"),
            asked.text("new_time_in_force"),
            asked.text("new_smp_type"),
            asked.text("new_identifier"),
        )
        self._claim(asked.account, draft.identifier)
        order = self._drawn(draft, asked.account)
        order.number = self._matching.number()
        row = order_row(old, self._world.now)

        def follow() -> None:
            if not self._matching.cancel(old):
                return
            if wanted == "remain_only":
                order.quantity = (old.quantity or 0) - old.filled
            try:
                self._enter(order)
            except Refused:  # its client was answered long ago: the order just never exists
                order.state, order.why = "rejected", "funds"

        self._soon(follow)
        extra = {"new_order_identifier": draft.identifier} if draft.identifier else {}
        return {**row, "new_order_uuid": order_uuid(order), **extra}

    def one(self, asked: Asked) -> Row:
        """Answer ``GET /order``, with its trades."""
        order = self.find(asked.account, asked.text("uuid"), asked.text("identifier"))
        if order is None:
            raise problem("order_not_found")
        return order_row(order, self._world.now, trades=True)

    def by_ids(self, asked: Asked) -> list[Row]:
        """Answer ``GET /orders/uuids``."""
        found = []
        for kind, name in _names(asked, 100):
            order = self.find(asked.account, name if kind == "uuid" else "", name if kind != "uuid" else "")
            if order is not None and asked.text("market", order.symbol) == order.symbol:
                found.append(order)
        now = self._world.now
        rows = self._sorted(asked, found)
        return [{**order_row(one, now), "executed_funds": plain(seen(one, now).funds)} for one in rows]

    def open(self, asked: Asked) -> list[Row]:
        """Answer ``GET /orders/open``; nothing is ever in the state ``watch``, whose orders only the app makes."""
        states = asked.list("states", 10) or [asked.text("state", "wait")]
        if not set(states) <= {"wait", "watch"}:
            raise wrong("state")
        now, market = self._world.now, asked.text("market")
        orders = [one for one in asked.account.orders() if seen(one, now).state in states]
        found = [one for one in self._sorted(asked, orders) if not market or one.symbol == market]
        limit, page = asked.count("limit", 100, 100), asked.count("page", 1, 10**6)
        return [order_row(one, now) for one in found[(page - 1) * limit : page * limit]]

    def closed(self, asked: Asked) -> list[Row]:
        """Answer ``GET /orders/closed``: at most seven days of them."""
        states = asked.list("states", 10) or [one for one in (asked.text("state"),) if one] or ["done", "cancel"]
        if not set(states) <= {"done", "cancel"}:
            raise wrong("state")
        first, last = self._window(asked)
        now, market = self._world.now, asked.text("market")
        orders = (one for one in self._sorted(asked, asked.account.orders()) if first <= one.created <= last)
        rows = (
            order_row(one, now)
            for one in orders
            if seen(one, now).state in states and (not market or one.symbol == market)
        )
        return list(islice(rows, asked.count("limit", 100, 1000)))

    def _window(self, asked: Asked) -> tuple[int, int]:
        start, end = _moment(asked, "start_time"), _moment(asked, "end_time")
        week = int(_WINDOW.total_seconds()) * 1_000_000_000
        last = end if end is not None else (start + week if start is not None else self._world.now)
        first = start if start is not None else last - week
        if last - first > week or last < first:
            raise wrong("end_time", name="invalid_parameter")
        return first, last

    @staticmethod
    def _sorted(asked: Asked, orders: "Iterable[Order]") -> list[Order]:
        newest = asked.one_of("order_by", ("desc", "asc"), "desc") == "desc"
        return sorted(orders, key=lambda one: (one.created, one.number), reverse=newest)

    def _drawn(self, draft: Draft, account: Account) -> Order:
        market = self.market(draft.market)
        return self._checker.order(draft, account, market, max(self.rates(account)))

    def _enter(self, order: Order) -> Row:
        """Hand an order over, and return it as it was accepted."""
        crossing = order.life == "POST" and self._faults.strikes("post_only_cancelled", "upbit", order.symbol, "place")
        try:
            self._matching.place(order, crossing=bool(crossing))
        except Short as short:
            raise _poor(order) from short
        return self._accepted.pop(order.number)

    def _fresh(self, account: Account, identifier: str) -> None:
        if len(identifier) > _IDENTIFIER:
            raise wrong("identifier")
        if identifier in account.used_ids:
            raise problem("duplicated_identifier")

    def _claim(self, account: Account, identifier: str) -> None:
        """Use an identifier up: for ever, also where the order is refused."""
        self._fresh(account, identifier)
        if identifier:
            account.used_ids.add(identifier)

    @staticmethod
    def find(account: Account, uuid: str, identifier: str) -> Order | None:
        """Return an order by its UUID, which wins, or by its identifier."""
        if uuid:
            return account.order(number_of("order", uuid))
        return account.by_client.get(identifier) if identifier else None

    def _open(self, asked: Asked, uuid: str, identifier: str) -> Order:
        """Return an open order; a fault may fill it first."""
        if not uuid and not identifier:
            raise wrong("uuid")
        order = self.find(asked.account, uuid, identifier)
        if order is None:
            raise problem("order_not_found")
        self.market(order.symbol)
        self._fill_first(order)
        if order.state != "open":
            raise problem("order_not_found")
        return order

    def _fill_first(self, order: Order) -> None:
        fault = self._faults.strikes("fill_on_cancel", "upbit", order.symbol, "cancel")
        if fault is not None:
            share = order.remaining if fault.fraction >= 1 else int(order.remaining * fault.fraction)
            self._matching.fill(order, max(share, 1))

    def _cancel(self, order: Order) -> Row:
        row = order_row(order, self._world.now)
        self._soon(lambda: self._matching.cancel(order))
        return row

    def _soon(self, act: Callable[[], object]) -> None:
        """Let a cancel request take its effect: a little later, or at once where the rules know no delay."""
        if self._rules.upbit_cancel_delay:
            self._later.at(self._world.now + self._rules.upbit_cancel_delay, act)
        else:
            act()

    def _batch(self, orders: list[Order], lost: list[Row]) -> Row:
        rows = []
        for order in orders:
            self._cancel(order)
            extra = {"identifier": order.client_id} if order.client_id else {}
            rows.append({"uuid": order_uuid(order), "market": order.symbol, **extra})
        return {"success": {"count": len(rows), "orders": rows}, "failed": {"count": len(lost), "orders": lost}}


def _poor(order: Order) -> Refused:
    return problem("insufficient_funds_bid" if order.buy else "insufficient_funds_ask")


def _draft(asked: Asked) -> Draft:
    names = ("price", "volume", "time_in_force", "smp_type", "identifier")
    told = {name: asked.text(name) for name in names}
    return Draft(asked.need("market"), asked.need("side"), asked.need("ord_type"), **told)


def _names(asked: Asked, most: int) -> list[tuple[str, str]]:
    """Return what names the orders of a list: UUIDs or identifiers."""
    uuids = asked.list("uuids", most)
    names = [("uuid", one) for one in uuids] or [("identifier", one) for one in asked.list("identifiers", most)]
    if not names:
        raise wrong("uuids")
    return names


def _moment(asked: Asked, name: str) -> int | None:
    """Return a time in UTC ns: told in ms, or as ISO 8601, in Korean time where it says nothing."""
    told = asked.text(name)
    if not told:
        return None
    if told.isdecimal():
        return int(told) * 1_000_000
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        raise wrong(name, name="invalid_parameter") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=KST)).timestamp() * 1e9)
