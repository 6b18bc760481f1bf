"""One client on a Binance stream socket (Binance API documentation, 2026-11)."""

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from arbcore_exchange_simulator.binance.hub import BinanceHub
from arbcore_exchange_simulator.binance.streams import Stream, parse
from arbcore_exchange_simulator.wire import Socket, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

_SECOND: Final = 1_000_000_000


class BinanceSession:
    """Reads a client's requests and keeps its subscriptions.

    Args:
        hub: The product's streams.
        socket: The client.
        rules: Limits.
        route: ``public``, ``market`` or ``private`` on futures; streams of other routes stay silent. Empty on spot.
        wrap: Whether messages carry the stream's name: the path was ``/stream``.
        now: Time of the handshake in ns.
    """

    def __init__(self, hub: BinanceHub, socket: Socket, rules: "Rules", route: str, *, wrap: bool, now: int) -> None:
        self._hub = hub
        self._socket = socket
        self._rules = rules
        self._route = route
        self._wrap = wrap
        self._opened = now
        self._spot = hub.venue == "spot"
        self._every = rules.spot_ping if self._spot else rules.usdm_ping
        self._pinged = now
        self._answered = now
        self._waiting = False
        self._announced = False
        self._received: deque[int] = deque()
        self._names: dict[str, None] = {}

    def open(self, names: list[str]) -> None:
        """Subscribe to the streams that the address names."""
        for name in names:
            self._join(name)

    def receive(self, text: bytes, now: int) -> None:
        """Take a text or binary message at a time in ns."""
        if not self._may_send(now):
            self._socket.close(1008, "Too many requests")
            return
        try:
            asked = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            self._refuse(None, 3, f"Invalid JSON: {error}")
            return
        if not isinstance(asked, dict):
            self._refuse(None, 3, "Invalid JSON: expected an object")
            return
        self._request(asked)

    def pong(self, now: int) -> None:
        """Note a pong."""
        self._answered = now
        self._waiting = False

    def sent(self, now: int) -> None:
        """Nothing hangs on what was sent."""

    def tick(self, now: int) -> None:
        """Ping, and close what is too old or does not answer."""
        age = now - self._opened
        patience = self._rules.pong_within // (10 if self._spot else 1)
        if age >= self._rules.connection_age:
            self._socket.close(1001, "connection age")
        elif self._waiting and now - self._pinged >= patience:
            self._socket.close(1008, "no pong")
        elif now - self._pinged >= self._every and not self._waiting:
            self._pinged, self._waiting = now, True
            self._socket.ping(str(now // 1_000_000).encode())
        if self._spot and not self._announced and age >= self._rules.connection_age - self._rules.shutdown_notice:
            self._announced = True
            row = {"e": "serverShutdown", "E": now // 1_000_000}
            self._socket.reply(encode({"stream": "serverShutdown", "data": row} if self._wrap else row))

    def closed(self) -> None:
        """Leave all streams."""
        for name in self._names:
            self._hub.leave(name, self._socket)
        self._names = {}

    def _may_send(self, now: int) -> bool:
        received = self._received
        while received and received[0] <= now - _SECOND:
            received.popleft()
        received.append(now)
        most = self._rules.spot_messages if self._spot else self._rules.usdm_messages
        return len(received) <= most or not self._rules.enforce

    def _request(self, asked: dict[str, Any]) -> None:
        number, method, names = asked.get("id"), asked.get("method"), asked.get("params", [])
        listed = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if method == "LIST_SUBSCRIPTIONS":
            self._socket.reply(encode({"result": list(self._names), "id": number}))
        elif method not in {"SUBSCRIBE", "UNSUBSCRIBE"}:
            self._refuse(number, 2, f"Invalid request: unknown variant {method}")
        elif not listed or not names:
            self._refuse(number, 2, "Invalid request: params must be a list of stream names")
        elif method == "SUBSCRIBE" and len({*self._names, *names}) > self._rules.streams:
            self._refuse(number, 2, "Invalid request: too many streams")
        else:
            for name in names:
                if method == "SUBSCRIBE":
                    self._join(name)
                else:
                    self._leave(name)
            self._socket.reply(encode({"result": None, "id": number}))

    def _refuse(self, number: Any, code: int, message: str) -> None:
        self._socket.reply(encode({"error": {"code": code, "msg": message}, "id": number}))

    def _join(self, name: str) -> None:
        """Note the stream; it is served where it exists and this is its route, and silent otherwise."""
        self._names[name] = None
        stream: Stream | None = parse(name, self._hub.venue)
        if stream is not None and self._route in {"", stream.route}:
            self._hub.join(stream, self._socket, wrap=self._wrap)

    def _leave(self, name: str) -> None:
        if name in self._names:
            del self._names[name]
            self._hub.leave(name, self._socket)
