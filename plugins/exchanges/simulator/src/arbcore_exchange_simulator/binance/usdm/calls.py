"""Requests about orders on USD-M futures (Binance developer documentation, 2026-11)."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from arbcore_exchange_simulator.binance.asked import Asked
from arbcore_exchange_simulator.binance.desk import Call, Desk, Endpoint
from arbcore_exchange_simulator.binance.refusals import invalid, refused
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.usdm import rows
from arbcore_exchange_simulator.binance.usdm.orders import UsdmOrders
from arbcore_exchange_simulator.binance.usdm.terms import listed
from arbcore_exchange_simulator.trading.order import Execution, Order
from arbcore_exchange_simulator.wire import Refused

_WEEK_MS: Final = 7 * 86_400_000
_MOST_PLACED: Final = 5
_MOST_CANCELLED: Final = 10


class UsdmCalls:
    """Replies to requests about orders.

    Args:
        orders: The orders.
        countdown: Sets when all orders of an account and symbol are cancelled; 0 for never. In ns.
    """

    def __init__(self, orders: UsdmOrders, desk: Desk, countdown: Callable[[str, str, int], None]) -> None:
        self._orders = orders
        self._desk = desk
        self._countdown = countdown

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
        """Return the endpoints by method and path."""
        trade = "futures"
        one = "fapi/v1/order"
        return {
            ("POST", one): Endpoint(self.place, 0, "place", trade, (1, 1)),
            ("PUT", one): Endpoint(self.amend, 0, "amend", trade, (1, 1)),
            ("DELETE", one): Endpoint(self.cancel, 1, "cancel", trade),
            ("GET", one): Endpoint(self.query),
            ("POST", f"{one}/test"): Endpoint(self.test, 1, "", trade),
            ("POST", "fapi/v1/batchOrders"): Endpoint(self.place_many, 5, "place", trade, (5, 1)),
            ("PUT", "fapi/v1/batchOrders"): Endpoint(self.amend_many, 5, "amend", trade, (5, 1)),
            ("DELETE", "fapi/v1/batchOrders"): Endpoint(self.cancel_many, 1, "cancel", trade),
            ("DELETE", "fapi/v1/allOpenOrders"): Endpoint(self.cancel_all, 1, "cancel", trade),
            ("POST", "fapi/v1/countdownCancelAll"): Endpoint(self.countdown, 10, "", trade),
            ("GET", "fapi/v1/openOrder"): Endpoint(self.open_order),
            ("GET", "fapi/v1/openOrders"): Endpoint(self.open_orders, lambda asked: 1 if "symbol" in asked else 40),
            ("GET", "fapi/v1/allOrders"): Endpoint(self.all_orders, 5),
            ("GET", "fapi/v1/userTrades"): Endpoint(self.trades, 5),
            ("GET", "fapi/v1/forceOrders"): Endpoint(self.forced, lambda asked: 20 if "symbol" in asked else 50),
        }

    def place(self, call: Call) -> Row:
        """Place an order."""
        terms = self._orders.terms(call.account, call.asked)
        order = self._orders.place(call.account, terms)
        final = terms.reply == "RESULT" and (terms.kind == "MARKET" or terms.life in {"IOC", "FOK", "GTX"})
        return rows.placed(order, call.now) if final else rows.acknowledged(order)

    def test(self, call: Call) -> Row:
        """Look at an order without placing it."""
        order = self._orders.made(call.account, self._orders.terms(call.account, call.asked))
        order.updated = call.now
        return rows.placed(order, call.now)

    def amend(self, call: Call) -> Row:
        """Change an order."""
        return rows.placed(self._orders.amend(call.account, call.asked), call.now)

    def cancel(self, call: Call) -> Row:
        """Cancel an order."""
        return rows.placed(self._orders.cancel(call.account, call.asked), call.now)

    def query(self, call: Call) -> Row:
        """Look an order up."""
        return rows.queried(self._orders.known(call.account, call.asked), call.now)

    def place_many(self, call: Call) -> list[Any]:
        """Place up to five orders; each succeeds or fails by itself."""
        return self._each(call, self.place, _MOST_PLACED)

    def amend_many(self, call: Call) -> list[Any]:
        """Change up to five orders."""
        return self._each(call, self.amend, _MOST_PLACED)

    def cancel_many(self, call: Call) -> list[Any]:
        """Cancel up to ten orders of a symbol."""
        name = "orderIdList" if "orderIdList" in call.asked else "origClientOrderIdList"
        single = "orderId" if name == "orderIdList" else "origClientOrderId"
        told = listed(call.asked, name)
        if not told or len(told) > _MOST_CANCELLED:
            raise invalid(name)
        symbol = call.asked.text("symbol")
        return [self._try(self.cancel, call, {"symbol": symbol, single: one}) for one in told]

    def _each(self, call: Call, act: Callable[[Call], Row], most: int) -> list[Any]:
        try:
            told = msgspec.json.decode(call.asked.text("batchOrders"), type=list[dict[str, str | int | bool]])
        except msgspec.DecodeError as error:
            raise invalid("batchOrders") from error
        if not told or len(told) > most:
            raise invalid("batchOrders")
        return [self._try(act, call, {name: _text(value) for name, value in one.items()}) for one in told]

    @staticmethod
    def _try(act: Callable[[Call], Row], call: Call, values: dict[str, str]) -> Any:
        try:
            return act(Call(call.account, Asked(values), call.now))
        except Refused as refusal:
            return msgspec.Raw(refusal.answer.body)

    def cancel_all(self, call: Call) -> Row:
        """Cancel all orders of a symbol, conditional ones not among them."""
        self._orders.market(call.asked)
        for order in [one for one in call.account.open.values() if one.symbol == call.asked.text("symbol")]:
            try:
                self._orders.pull(order)
            except Refused:
                continue
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def countdown(self, call: Call) -> Row:
        """Set the time after which all orders of a symbol are cancelled, unless it is set again before."""
        self._orders.market(call.asked)
        symbol, length = call.asked.text("symbol"), call.asked.whole("countdownTime")
        if length < 0:
            raise invalid("countdownTime")
        self._countdown(call.account.name, symbol, call.now + length * 1_000_000 if length else 0)
        return {"symbol": symbol, "countdownTime": str(length)}

    def open_order(self, call: Call) -> Row:
        """Look an open order up."""
        order = self._orders.find(call.account, call.asked)
        if order is None or order.state != "open":
            raise refused(-2013)
        return rows.queried(order, call.now)

    def open_orders(self, call: Call) -> list[Row]:
        """Return open orders; an order whose last trade is hidden counts as open."""
        symbol = self._orders.market(call.asked).listing.symbol if "symbol" in call.asked else ""
        found = (one for one in call.account.orders() if symbol in {"", one.symbol})
        told = (rows.queried(one, call.now) for one in found)
        return [row for row in told if row["status"] in {"NEW", "PARTIALLY_FILLED"}]

    def all_orders(self, call: Call) -> list[Row]:
        """Return orders, the oldest first, from an order's number or within a time."""
        asked = call.asked
        symbol = self._orders.market(asked).listing.symbol if "symbol" in asked else ""
        found = sorted((one for one in call.account.orders() if symbol in {"", one.symbol}), key=_number)
        if "orderId" in asked:
            found = [one for one in found if one.number >= asked.whole("orderId")]
        found = [one for one in found if _within(asked, one.created)]
        return [rows.queried(one, call.now) for one in _limited(found, asked, first="orderId" in asked)]

    def trades(self, call: Call) -> list[Row]:
        """Return trades of a symbol, the oldest first."""
        asked = call.asked
        symbol = self._orders.market(asked).listing.symbol
        if "startTime" in asked and asked.whole("endTime", 0) - asked.whole("startTime") > _WEEK_MS:
            raise refused(-1127, "More than 7 days between startTime and endTime.")
        found = [pair for pair in _trades(call.account.orders(), call.now) if pair[0].symbol == symbol]
        if "orderId" in asked:
            found = [pair for pair in found if pair[0].number == asked.whole("orderId")]
        if "fromId" in asked:
            found = [pair for pair in found if pair[1].number >= asked.whole("fromId")]
        found = [pair for pair in found if _within(asked, pair[1].time)]
        return [rows.trade(*pair) for pair in _limited(found, asked, first=bool(_begins(asked)))]

    def forced(self, call: Call) -> list[Row]:
        """Return the account's liquidations and deleveragings."""
        asked, words = call.asked, {"LIQUIDATION": "liquidation", "ADL": "adl"}
        kinds = {words[asked.one_of("autoCloseType", tuple(words))]} if "autoCloseType" in asked else {*words.values()}
        found = [one for one in call.account.orders() if one.extra.get("forced") in kinds]
        symbol = asked.maybe("symbol")
        found = [one for one in found if symbol in {"", one.symbol} and _within(asked, one.created)]
        return [rows.queried(one, call.now) for one in _limited(found, asked, usual=50, most=100)]


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(order: Order) -> int:
    return order.number


def _begins(asked: Asked) -> bool:
    return "fromId" in asked or "startTime" in asked


def _trades(orders: Iterable[Order], now: int) -> list[tuple[Order, Execution]]:
    """Return trades by time, without those that a fault hides."""
    found = [(order, one) for order in orders for one in order.executions if one.hidden_until <= now]
    return sorted(found, key=lambda pair: (pair[1].time, pair[1].number))


def _within(asked: Asked, time: int) -> bool:
    """Whether a time in ns lies in what a request asks for."""
    ms = time // 1_000_000
    return asked.whole("startTime", 0) <= ms <= asked.whole("endTime", 10**15)


def _limited(found: list[Any], asked: Asked, *, first: bool = False, usual: int = 500, most: int = 1000) -> list[Any]:
    """Return as many as are asked for: the first ones, or the latest."""
    limit = asked.whole("limit", usual)
    if limit < 1:
        raise invalid("limit")
    limit = min(limit, most)
    return found[:limit] if first else found[-limit:]
