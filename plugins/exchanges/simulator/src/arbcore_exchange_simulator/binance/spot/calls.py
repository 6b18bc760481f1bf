"""Requests about orders and accounts on spot (Binance developer documentation, 2026-11)."""

from typing import Any, Final

import msgspec

from arbcore_exchange_simulator.binance.asked import Asked
from arbcore_exchange_simulator.binance.desk import Call, Desk, Endpoint
from arbcore_exchange_simulator.binance.numbers import fixed
from arbcore_exchange_simulator.binance.refusals import invalid, refused
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.spot import rows
from arbcore_exchange_simulator.binance.spot.ledger import RATE
from arbcore_exchange_simulator.binance.spot.orders import SpotOrders
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.wire import Answer, Refused, encode

_DAY_MS: Final = 86_400_000
_LISTEN: Final = "api/v3/userDataStream"


class SpotCalls:
    """Replies to requests about orders and accounts."""

    def __init__(self, orders: SpotOrders, desk: Desk) -> None:
        self._orders = orders
        self._desk = desk

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
        """Return the endpoints by method and path; those of listen keys answer that they are switched off."""
        one, trade = "api/v3/order", "spot"
        off = {(method, _LISTEN): Endpoint(_switched_off, 2, signed=False) for method in ("POST", "PUT", "DELETE")}
        return off | {
            ("POST", one): Endpoint(self.place, 0, "place", trade, (1, 1)),
            ("DELETE", one): Endpoint(self.cancel, 0, "cancel", trade),
            ("GET", one): Endpoint(self.query, 4),
            ("POST", f"{one}/test"): Endpoint(self.test, 1, "", trade),
            ("POST", f"{one}/cancelReplace"): Endpoint(self.replace, 0, "place", trade, (1, 1)),
            ("GET", "api/v3/openOrders"): Endpoint(self.open, lambda asked: 6 if "symbol" in asked else 80),
            ("DELETE", "api/v3/openOrders"): Endpoint(self.cancel_all, 0, "cancel", trade),
            ("GET", "api/v3/allOrders"): Endpoint(self.all, 20),
            ("GET", "api/v3/myTrades"): Endpoint(self.trades, lambda asked: 5 if "orderId" in asked else 20),
            ("GET", "api/v3/account"): Endpoint(self.account, 20),
            ("GET", "api/v3/account/commission"): Endpoint(self.fees, 20),
            ("GET", "api/v3/rateLimit/order"): Endpoint(self.counts, 40),
        }

    def place(self, call: Call) -> Row:
        """Place an order."""
        terms = self._orders.terms(call.account, call.asked)
        return rows.placed(self._orders.place(call.account, terms), terms.reply, call.now)

    def test(self, call: Call) -> Row:
        """Look at an order without placing it."""
        self._orders.terms(call.account, call.asked)
        return {}

    def cancel(self, call: Call) -> Row:
        """Cancel an order."""
        return rows.cancelled(self._orders.cancel(call.account, call.asked), call.now)

    def query(self, call: Call) -> Row:
        """Look an order up."""
        return rows.queried(self._orders.known(call.account, call.asked), call.now)

    def replace(self, call: Call) -> Any:
        """Cancel an order and place another; where one of both fails the status is 409 or 400.

        Raises:
            Refused: A parameter is wrong.
        """
        asked = call.asked
        stop = asked.one_of("cancelReplaceMode", ("STOP_ON_FAILURE", "ALLOW_FAILURE")) == "STOP_ON_FAILURE"
        values = {name: value for name, value in asked.values.items() if name != "newClientOrderId"}
        values |= {"orderId": asked.maybe("cancelOrderId"), "origClientOrderId": asked.maybe("cancelOrigClientOrderId"),
                   "newClientOrderId": asked.maybe("cancelNewClientOrderId")}  # fmt: skip
        ended = self._attempt(self.cancel, Call(call.account, Asked(values), call.now))
        done = not isinstance(ended, Refused)
        begun = None if stop and not done else self._attempt(self.place, call)
        placed = begun is not None and not isinstance(begun, Refused)
        data = {
            "cancelResult": "SUCCESS" if done else "FAILURE",
            "newOrderResult": "NOT_ATTEMPTED" if begun is None else "SUCCESS" if placed else "FAILURE",
            "cancelResponse": _content(ended),
            "newOrderResponse": _content(begun),
        }
        if done and placed:
            return data
        partial = done or placed
        told = (-2021, "Order cancel-replace partially failed.") if partial else (-2022, "Order cancel-replace failed.")
        return Answer(409 if partial else 400, encode({"code": told[0], "msg": told[1], "data": data}))

    @staticmethod
    def _attempt(act: Any, call: Call) -> Any:
        try:
            return act(call)
        except Refused as refusal:
            return refusal

    def open(self, call: Call) -> list[Row]:
        """Return open orders; an order whose last trade is hidden counts as open."""
        market = self._orders.market(call.asked) if "symbol" in call.asked else None
        found = (one for one in call.account.orders() if market in {None, one.market})
        told = (rows.queried(one, call.now) for one in found)
        return [row for row in told if row["status"] in {"NEW", "PARTIALLY_FILLED"}]

    def cancel_all(self, call: Call) -> list[Row]:
        """Cancel all orders of a symbol.

        Raises:
            Refused: There are none (-2011).
        """
        market = self._orders.market(call.asked)
        found = [one for one in call.account.open.values() if one.market is market]
        if not found:
            raise refused(-2011)
        ended = []
        for order in found:
            try:
                self._orders.pull(order)
            except Refused:
                continue
            ended.append(rows.cancelled(order, call.now))
        return ended

    def all(self, call: Call) -> list[Row]:
        """Return orders of a symbol, the oldest first."""
        asked, market = call.asked, self._orders.market(call.asked)
        first = asked.whole("orderId", 0)
        found = [one for one in call.account.orders() if one.market is market and one.number >= first]
        found = [one for one in found if _within(asked, one.created)]
        found.sort(key=lambda one: one.number)
        return [rows.queried(one, call.now) for one in _limited(found, asked, "orderId" in asked)]

    def trades(self, call: Call) -> list[Row]:
        """Return trades of a symbol, the oldest first."""
        asked, market = call.asked, self._orders.market(call.asked)
        if "startTime" in asked and asked.whole("endTime", 0) - asked.whole("startTime") > _DAY_MS:
            raise refused(-1127, "More than 24 hours between startTime and endTime.")
        number, first = asked.whole("orderId", 0), asked.whole("fromId", 0)
        found = [
            (order, one)
            for order in call.account.orders()
            for one in order.executions
            if order.market is market and number in {0, order.number} and one.number >= first
            if one.hidden_until <= call.now and _within(asked, one.time)
        ]
        found.sort(key=lambda pair: pair[1].number)
        return [rows.trade(*pair) for pair in _limited(found, asked, "fromId" in asked or "startTime" in asked)]

    def account(self, call: Call) -> Row:
        """Return the balances."""
        account, brief = call.account, call.asked.flag("omitZeroBalances")
        maker, taker = account.fees or (RATE, RATE)
        shares = {"maker": fixed(maker), "taker": fixed(taker), "buyer": fixed(RATE * 0), "seller": fixed(RATE * 0)}
        known = dict.fromkeys([*account.cash, *self._assets()])
        wallets = [
            {"asset": name, "free": fixed(account.of(name).free), "locked": fixed(account.of(name).locked)}
            for name in known
            if not brief or account.of(name).total
        ]
        flags = ("canTrade", "canWithdraw", "canDeposit")
        return {
            "makerCommission": int(maker * 10_000),
            "takerCommission": int(taker * 10_000),
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": shares,
            **dict.fromkeys(flags, True),
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": call.now // 1_000_000,
            "accountType": "SPOT",
            "balances": wallets,
            "permissions": ["SPOT"],
            "uid": _uid(account),
        }

    def _assets(self) -> list[str]:
        return [name for one in self._orders.markets.values() for name in (one.listing.base, one.listing.quote)]

    def fees(self, call: Call) -> Row:
        """Return the fees of a symbol."""
        symbol = self._orders.market(call.asked).listing.symbol
        maker, taker = call.account.fees or (RATE, RATE)
        none = dict.fromkeys(("maker", "taker", "buyer", "seller"), "0.00000000")
        burn = bool(call.account.extra.get("bnb_burn"))
        return {
            "symbol": symbol,
            "standardCommission": {**none, "maker": fixed(maker), "taker": fixed(taker)},
            "specialCommission": none,
            "taxCommission": none,
            "discount": {"enabledForAccount": burn, "enabledForSymbol": True, "discountAsset": "BNB",
                         "discount": "0.75000000"},
        }  # fmt: skip

    def counts(self, call: Call) -> list[Row]:
        """Return the counters of orders."""
        return [dict(row) for row in self._desk.counts(call.account).rows(call.now)]


def _switched_off(_call: Call) -> Answer:
    """Answer what remains of listen keys on spot since 2026-02-20; status and text are unconfirmed."""
    return Answer(410, encode({"code": -1020, "msg": "This operation is not supported."}))


def _content(result: Any) -> Any:
    return msgspec.Raw(result.answer.body) if isinstance(result, Refused) else result


def _uid(account: Account) -> int:
    total: int = sum(ord(letter) * 31**place for place, letter in enumerate(account.owner))
    return total % 10**9


def _within(asked: Asked, time: int) -> bool:
    return asked.whole("startTime", 0) <= time // 1_000_000 <= asked.whole("endTime", 10**15)


def _limited(found: list[Any], asked: Asked, first: bool) -> list[Any]:
    """Return as many as are asked for: the first ones, or the latest."""
    limit = asked.whole("limit", 500)
    if limit < 1:
        raise invalid("limit")
    return found[: min(limit, 1000)] if first else found[-min(limit, 1000) :]
