"""Upbit's private stream: ``myOrder`` and ``myAsset`` to an account's sockets (Upbit developer centre, 2026-11)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from arbcore_exchange_simulator.faults.fault import NEVER
from arbcore_exchange_simulator.faults.reports import Reports
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.matching import What
from arbcore_exchange_simulator.trading.order import Execution, Order
from arbcore_exchange_simulator.upbit.ids import make_uuid
from arbcore_exchange_simulator.upbit.order_rows import Row, my_order
from arbcore_exchange_simulator.upbit.private_keys import short
from arbcore_exchange_simulator.wire import Socket, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.market.world import World
    from arbcore_exchange_simulator.settings import Rules

KINDS: Final = ("myOrder", "myAsset", "announcement")
"""Types of messages on the private socket; nothing is ever announced here."""


class Wish:
    """What one socket wants.

    Attributes:
        kinds: Types, each with the markets wanted; none for all.
        form: Format.
    """

    def __init__(self, kinds: dict[str, frozenset[str]], form: str) -> None:
        self.kinds: Final = kinds
        self.form = form

    def takes(self, kind: str, symbol: str) -> bool:
        """Whether a message is wanted."""
        codes = self.kinds.get(kind)
        return codes is not None and (not codes or symbol in codes)

    def encode(self, row: Row) -> bytes:
        """Return a message in the wanted format."""
        full: Any = short(row) if self.form.startswith("SIMPLE") else row
        return encode([full] if self.form.endswith("LIST") else full)


class PrivateHub:
    """Keeps who listens to which account, and tells them."""

    def __init__(self, world: "World", reports: Reports, rules: "Rules") -> None:
        self._world = world
        self._reports = reports
        self._delay = rules.upbit_report_delay
        self._wishes: dict[str, dict[Socket, Wish]] = {}
        self._told = 0
        self._hidden = 0

    def join(self, account: Account, socket: Socket, wish: Wish) -> None:
        """Let a socket listen, in place of what it wanted before."""
        self._wishes.setdefault(account.name, {})[socket] = wish

    def leave(self, account: Account, socket: Socket) -> None:
        """Let a socket listen no longer."""
        self._wishes.get(account.name, {}).pop(socket, None)

    def release(self, now: int) -> None:
        """Send what is due."""
        self._reports.release(now)

    def on_order(self, order: Order, what: What, execution: Execution | None) -> None:
        """Tell what happened to an order: ``wait``, a ``trade`` per fill, ``prevented``, ``done`` or ``cancel``."""
        if what == "trade" and execution is not None:
            execution.hidden_until = self._hidden = self._reports.silence(order.symbol)
            self._order(order, "trade", execution, execution.hidden_until)
            if order.state == "filled":
                self._order(order, "done", None, execution.hidden_until)
            return
        state = {"new": "wait", "prevented": "prevented"}.get(what, "cancel")
        hidden = max((one.hidden_until for one in order.executions), default=0) if state == "cancel" else 0
        self._order(order, state, None, hidden if hidden > self._world.now else 0)

    def on_cash(self, account: Account, currencies: tuple[str, ...], why: str) -> None:
        """Tell the absolute balances of what changed; after a hidden fill later, and then as they are by then."""
        hidden = self._hidden if why == "trade" else 0
        self._told += 1
        told = make_uuid("asset", self._told)
        if not hidden:
            row = self._assets(account, currencies, told)
            self._post(account, lambda: row, "myAsset", "", 0)
        else:
            self._post(account, lambda: self._assets(account, currencies, told), "myAsset", "", hidden)

    def _assets(self, account: Account, currencies: tuple[str, ...], told: str) -> Row:
        ms = self._world.time_ms
        money = [(name, account.of(name)) for name in currencies]
        return {
            "type": "myAsset",
            "asset_uuid": told,
            "assets": [
                {"currency": name, "balance": float(cash.free), "locked": float(cash.locked)} for name, cash in money
            ],
            "asset_timestamp": ms,
            "timestamp": ms,
            "stream_type": "REALTIME",
        }

    def _order(self, order: Order, state: str, execution: Execution | None, hidden: int) -> None:
        row = my_order(order, state, self._world.now, execution, told=NEVER if hidden else self._world.now)
        self._post(order.account, lambda: row, "myOrder", order.symbol, hidden)

    def _post(self, account: Account, row: Callable[[], Row], kind: str, symbol: str, hidden: int) -> None:
        def send() -> None:
            for socket, wish in list(self._wishes.get(account.name, {}).items()):
                if wish.takes(kind, symbol):
                    socket.push(wish.encode(row()), kind, symbol)

        self._reports.post(self._world.now, symbol, send, hidden_until=hidden, delay=self._delay)
