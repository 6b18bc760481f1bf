"""What every client's conversation on Upbit's sockets has: counting, ``PING``, idle time, and requests as arrays."""

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from arbcore_exchange_simulator.wire import Socket, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

FORMATS: Final = ("DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST")
"""Formats of messages."""

_SECOND: Final = 1_000_000_000
_MINUTE: Final = 60 * _SECOND
_MESSAGES: Final = {
    "WRONG_FORMAT": "Format이 맞지 않습니다.",
    "NO_TICKET": "티켓이 존재하지 않습니다.",
    "NO_TYPE": "타입이 존재하지 않습니다.",
    "NO_CODES": "코드가 존재하지 않습니다.",
    "INVALID_PARAM": "요청 파라미터가 올바르지 않습니다.",
    "Too Many Requests": "Too many requests on this connection.",
}


class Wrong(Exception):
    """A request that gets an error as its answer."""


class Conversation(ABC):
    """Reads a client's requests; what they ask for is a subclass's."""

    def __init__(self, socket: Socket, rules: "Rules", now: int) -> None:
        self._socket = socket
        self._rules = rules
        self._last = now
        self._status = 0
        self._received: deque[int] = deque()
        self._asked: list[dict[str, Any]] = []
        self._form = "DEFAULT"

    def receive(self, text: bytes, now: int) -> None:
        """Take a text or binary message at a time in ns."""
        self._last = now
        try:
            self._count(now)
            if text.strip() == b"PING":
                self._status = now + self._rules.upbit_status
                self._socket.reply(b'{"status":"UP"}')
                return
            self._request(_parsed(text))
        except Wrong as wrong:
            name = str(wrong)
            self._socket.reply(encode({"error": {"name": name, "message": _MESSAGES[name]}}))

    def pong(self, now: int) -> None:
        """Note a control frame of the client: it is traffic too."""
        self._last = now

    def sent(self, now: int) -> None:
        """Note that a frame left: traffic in either direction keeps the socket open."""
        self._last = now

    def tick(self, now: int) -> None:
        """Close the idle socket; say that all is well to who sent ``PING``."""
        if now - self._last >= self._rules.upbit_idle:
            self._socket.close(1001, "idle")
        elif self._status and now >= self._status:
            self._status = now + self._rules.upbit_status
            self._socket.reply(b'{"status":"UP"}')

    @abstractmethod
    def _request(self, parts: list[dict[str, Any]]) -> None:
        """Do what a request asks for.

        Raises:
            Wrong: It can't be done.
        """

    def _count(self, now: int) -> None:
        if not self._rules.enforce:
            return
        received = self._received
        while received and received[0] <= now - _MINUTE:
            received.popleft()
        a_second = sum(1 for one in received if one > now - _SECOND)
        if a_second >= self._rules.upbit_messages or len(received) >= self._rules.upbit_messages_minute:
            raise Wrong("Too Many Requests")
        received.append(now)

    @staticmethod
    def _format(parts: list[dict[str, Any]]) -> str | None:
        form = next((part["format"] for part in parts if "format" in part), None)
        if form is not None and form not in FORMATS:
            raise Wrong("WRONG_FORMAT")
        return form


def _parsed(text: bytes) -> list[dict[str, Any]]:
    try:
        parts = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise Wrong("WRONG_FORMAT") from None
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise Wrong("WRONG_FORMAT")
    if not isinstance(parts[0].get("ticket"), str):
        raise Wrong("NO_TICKET")
    return parts
