"""The futures' user data stream: who listens with which key, and the sockets of the private route.

Source: Binance developer documentation, 2026-11.
"""

from typing import TYPE_CHECKING, Final

from arbcore_exchange_simulator.binance.asked import parsed
from arbcore_exchange_simulator.binance.hub import BinanceHub
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.session import BinanceSession
from arbcore_exchange_simulator.binance.usdm.events import key_expired
from arbcore_exchange_simulator.binance.usdm.keys import ListenKeys
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.faults.reports import Reports
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.wire import Request, Socket, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

Listener = tuple[Socket, frozenset[str], bool]
"""A socket, the events that it asked for (none for all), and whether it wants the key around each."""


class UserStreams:
    """Sends events to those who listen with an account's key.

    Attributes:
        keys: The keys.
        reports: What faults do to events.
    """

    def __init__(self, faults: FaultPlan) -> None:
        self.keys: Final = ListenKeys()
        self.reports: Final = Reports("usdm", faults)
        self._faults = faults
        self._listeners: dict[str, list[Listener]] = {}

    def join(self, key: str, listener: Listener) -> None:
        """Let a socket listen with a key; one that is no key is served in silence, as on the venue."""
        self._listeners.setdefault(key, []).append(listener)

    def leave(self, key: str, socket: Socket) -> None:
        """Let a socket listen no longer."""
        left = [one for one in self._listeners.get(key, ()) if one[0] is not socket]
        self._listeners[key] = left
        if not left:
            del self._listeners[key]

    def emit(self, account: Account, row: Row, now: int, symbol: str = "", hidden_until: int = 0) -> None:
        """Send an event of an account, through the faults of reports."""
        data, kind = encode(row), row["e"]
        self.reports.post(now, symbol, lambda: self._send(account, data, kind, symbol), hidden_until=hidden_until)

    def _send(self, account: Account, data: bytes, kind: str, symbol: str) -> None:
        for key, listeners in self._listeners.items():
            if self.keys.account(key) is not account:
                continue
            wrapped = b'{"stream":"' + key.encode() + b'","data":' + data + b"}"
            for socket, events, wrap in listeners:
                if not events or kind in events:
                    socket.push(wrapped if wrap else data, kind, symbol)

    def on_time(self, now: int) -> None:
        """Send what is due, and end keys: with an event once, and nothing after it."""
        self.reports.release(now)
        scripted = bool(self._faults.events("listen_key_expired", "usdm"))
        for _, key in self.keys.expired(now, all_=scripted):
            row = encode(key_expired(key, now // 1_000_000))
            for socket, _, wrap in self._listeners.get(key, ()):
                socket.push(b'{"stream":"' + key.encode() + b'","data":' + row + b"}" if wrap else row,
                            "listenKeyExpired", "")  # fmt: skip


class UserSession(BinanceSession):
    """A client on the private route: pings, age and requests as on every route, and keys in place of streams."""

    def __init__(self, hub: BinanceHub, streams: UserStreams, socket: Socket, rules: "Rules", *, wrap: bool,
                 now: int) -> None:  # fmt: skip
        super().__init__(hub, socket, rules, "private", wrap=wrap, now=now)
        self._streams = streams
        self._events: dict[str, frozenset[str]] = {}

    def listen(self, path_names: str, request: Request) -> None:
        """Listen with the keys of an address: in its path, or each with its events in its query."""
        for name in path_names.split("/"):
            if name:
                self._join(name)
        key = ""
        for name, value in parsed(request.raw_query):
            if name == "listenKey":
                if key:
                    self._join(key)
                key = value
            elif name == "events":
                self._events[key] = frozenset(value.split("/"))
            elif name == "streams":
                for one in value.split("/"):
                    self._join(one)
        if key:
            self._join(key)

    def closed(self) -> None:
        """Leave all streams."""
        for name in self._names:
            self._streams.leave(name, self._socket)
        self._names = {}

    def _join(self, name: str) -> None:
        if name in self._names:
            return
        self._names[name] = None
        self._streams.join(name, (self._socket, self._events.get(name, frozenset()), self._wrap))

    def _leave(self, name: str) -> None:
        if name in self._names:
            del self._names[name]
            self._streams.leave(name, self._socket)
