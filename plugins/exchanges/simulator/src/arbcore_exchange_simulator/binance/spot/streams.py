"""Spot's user data: subscriptions on WebSocket API sockets, and what is told to them.

Source: Binance developer documentation, 2026-11.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from arbcore_exchange_simulator.binance.api import ApiSession
from arbcore_exchange_simulator.binance.asked import Asked
from arbcore_exchange_simulator.binance.refusals import refused
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.spot import rows
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.faults.reports import Reports
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.matching import What
from arbcore_exchange_simulator.trading.order import Execution, Order
from arbcore_exchange_simulator.wire import encode

_KINDS: Final = {"new": "NEW", "trade": "TRADE", "cancelled": "CANCELED", "expired": "EXPIRED", "amended": "REPLACED"}
_WEIGHT: Final = 2


class _Subscription(Struct, eq=False):
    session: ApiSession
    account: Account
    number: int


class SpotStreams:
    """Sends events to subscribers, and watches orders; see `trading.matching.Watcher`."""

    def __init__(self, faults: FaultPlan, clock: Callable[[], int]) -> None:
        self.reports: Final = Reports("spot", faults)
        self._faults = faults
        self._clock = clock
        self._subscriptions: list[_Subscription] = []
        self._events = 0
        self._quiet = 0

    def subscribe(self, session: ApiSession, params: Mapping[str, str]) -> Row:
        """Subscribe by who is logged on.

        Raises:
            Refused: Nobody is, or the socket has a subscription of this account already.
        """
        if session.user is None:
            raise refused(-1000, "Session is not authenticated: use session.logon first.")
        return self._join(session, session.user[0])

    def subscribe_signed(self, session: ApiSession, params: Mapping[str, str]) -> Row:
        """Subscribe by a signature.

        Raises:
            Refused: It is wrong, or the socket has a subscription of this account already.
        """
        return self._join(session, session.admit(params))

    def unsubscribe(self, session: ApiSession, params: Mapping[str, str]) -> Row:
        """End one subscription of a socket, or all."""
        asked = Asked(params)
        number = asked.whole("subscriptionId") if "subscriptionId" in asked else None
        for one in [one for one in self._subscriptions if one.session is session]:
            if number in {None, one.number}:
                self._subscriptions.remove(one)
        return {}

    def _join(self, session: ApiSession, account: Account) -> Row:
        session.desk.limits.spend(_WEIGHT, self._clock())
        mine = [one for one in self._subscriptions if one.session is session]
        if any(one.account is account for one in mine):
            raise refused(-1000, "Subscription already active for this account.")
        number = max((one.number for one in mine), default=-1) + 1
        self._subscriptions.append(_Subscription(session, account, number))
        session.ended.append(lambda: self._leave(session))
        return {"subscriptionId": number}

    def _leave(self, session: ApiSession) -> None:
        self._subscriptions = [one for one in self._subscriptions if one.session is not session]

    def emit(self, account: Account, row: Row, symbol: str = "", hidden_until: int = 0) -> None:
        """Send an event of an account, through the faults of reports."""
        data, kind = encode(row), row["e"]
        self.reports.post(self._clock(), symbol, lambda: self._send(account, data, kind, symbol),
                          hidden_until=hidden_until)  # fmt: skip

    def _send(self, account: Account, data: bytes, kind: str, symbol: str) -> None:
        for one in self._subscriptions:
            if one.account is account:
                one.session.socket.push(_wrapped(one.number, data), kind, symbol)

    def on_time(self, now: int) -> None:
        """Send what is due; a fault ends all subscriptions, with an event once and nothing after it."""
        self.reports.release(now)
        if not self._faults.events("listen_key_expired", "spot"):
            return
        row = encode({"e": "eventStreamTerminated", "E": now // 1_000_000})
        for one in self._subscriptions:
            one.session.socket.push(_wrapped(one.number, row), "eventStreamTerminated", "")
        self._subscriptions = []

    def on_order(self, order: Order, what: What, execution: Execution | None) -> None:
        """Tell what happened to an order; what self-trade prevention took whole is told by its end."""
        if what == "rejected" or (what == "prevented" and order.smp != "reduce"):
            return
        if execution is not None:
            self._quiet = execution.hidden_until = self.reports.silence(order.symbol)
        kind = self._kind(order, what)
        self._events += 1
        hidden = self._quiet if what == "trade" else self._after_hidden(order, what)
        self.emit(order.account, rows.report(order, kind, execution, self._events, self._clock()), order.symbol, hidden)

    @staticmethod
    def _kind(order: Order, what: What) -> str:
        if what == "prevented" or (what == "expired" and order.why == "prevented"):
            return "TRADE_PREVENTION"
        if what == "cancelled" and order.why in {"post", "delisting"}:
            order.extra["ends_as"] = "expired"
            return "EXPIRED"
        return _KINDS[what]

    @staticmethod
    def _after_hidden(order: Order, what: What) -> int:
        ended = what in {"expired", "cancelled"}
        return max((one.hidden_until for one in order.executions), default=0) if ended else 0

    def on_cash(self, account: Account, currencies: tuple[str, ...], why: str) -> None:
        """Tell balances that changed."""
        hidden = self._quiet if why == "trade" else 0
        self.emit(account, rows.position(account, currencies, self._clock()), "", hidden)

    def moved(self, account: Account, asset: str, amount: Any) -> None:
        """Tell money that came or went without an order."""
        self.emit(account, rows.balance(asset, amount, self._clock()))
        self.on_cash(account, (asset,), "transfer")


def _wrapped(number: int, data: bytes) -> bytes:
    return b'{"subscriptionId":' + str(number).encode() + b',"event":' + data + b"}"
