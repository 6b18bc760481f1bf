"""One client on Upbit's public socket (Upbit developer centre, 2026-11)."""

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from arbcore_exchange_simulator.upbit.hub import FORMATS, KINDS, UpbitHub, Variant
from arbcore_exchange_simulator.upbit.rows import UNITS, levels
from arbcore_exchange_simulator.wire import Socket, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

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


class _Wrong(Exception):
    """A request that gets an error as its answer."""


class UpbitSession:
    """Reads a client's requests and keeps its subscriptions; a later request replaces them all."""

    def __init__(self, hub: UpbitHub, socket: Socket, rules: "Rules", now: int) -> None:
        self._hub = hub
        self._socket = socket
        self._rules = rules
        self._last = now
        self._status = 0
        self._received: deque[int] = deque()
        self._asked: list[dict[str, Any]] = []
        self._form = "DEFAULT"
        self._joined: list[tuple[str, Variant]] = []

    def receive(self, text: bytes, now: int) -> None:
        """Take a text or binary message at a time in ns."""
        self._last = now
        try:
            self._count(now)
            if text.strip() == b"PING":
                self._status = now + self._rules.upbit_status
                self._socket.reply(b'{"status":"UP"}')
                return
            self._request(self._parsed(text))
        except _Wrong as wrong:
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

    def closed(self) -> None:
        """Leave all subscriptions."""
        for code, variant in self._joined:
            self._hub.leave(code, variant, self._socket)
        self._joined = []

    def _count(self, now: int) -> None:
        if not self._rules.enforce:
            return
        received = self._received
        while received and received[0] <= now - _MINUTE:
            received.popleft()
        a_second = sum(1 for one in received if one > now - _SECOND)
        if a_second >= self._rules.upbit_messages or len(received) >= self._rules.upbit_messages_minute:
            raise _Wrong("Too Many Requests")
        received.append(now)

    @staticmethod
    def _parsed(text: bytes) -> list[dict[str, Any]]:
        try:
            parts = msgspec.json.decode(text)
        except msgspec.DecodeError:
            raise _Wrong("WRONG_FORMAT") from None
        if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
            raise _Wrong("WRONG_FORMAT")
        if not isinstance(parts[0].get("ticket"), str):
            raise _Wrong("NO_TICKET")
        return parts

    def _request(self, parts: list[dict[str, Any]]) -> None:
        form = next((part["format"] for part in parts if "format" in part), None)
        if form is not None and form not in FORMATS:
            raise _Wrong("WRONG_FORMAT")
        if any(part.get("method") == "LIST_SUBSCRIPTIONS" for part in parts):
            self._list(parts[0]["ticket"], form)
            return
        wanted = [part for part in parts[1:] if "type" in part]
        if not wanted:
            raise _Wrong("NO_TYPE")
        variants = [self._variants(part, form or "DEFAULT") for part in wanted]
        self._asked, self._form = wanted, form or "DEFAULT"
        self.closed()
        for part, found in zip(wanted, variants, strict=True):
            self._subscribe(part, found)

    def _list(self, ticket: str, form: str | None) -> None:
        """Answer what is subscribed; a format in the request changes that of the stream."""
        if form is not None and form != self._form:
            self._form = form
            joined = self._joined
            self.closed()
            self._joined = [(code, msgspec.structs.replace(variant, form=form)) for code, variant in joined]
            for code, variant in self._joined:
                self._hub.join(code, variant, self._socket)
        hidden = {"is_only_snapshot", "is_only_realtime", "isOnlySnapshot", "isOnlyRealtime"}
        result = [{key: value for key, value in part.items() if key not in hidden} for part in self._asked]
        for part in result:
            if part["type"] == "orderbook":
                part.setdefault("level", 0)
        self._socket.reply(encode({"method": "LIST_SUBSCRIPTIONS", "result": result, "ticket": ticket}))

    def _variants(self, part: dict[str, Any], form: str) -> list[tuple[str, Variant]]:
        kind, codes = part["type"], part.get("codes")
        if kind not in KINDS:
            raise _Wrong("INVALID_PARAM")
        if not isinstance(codes, list) or not codes or not all(isinstance(code, str) for code in codes):
            raise _Wrong("NO_CODES")
        found = [self._variant(kind, code, part.get("level", 0), form) for code in codes]
        return [one for one in found if one is not None]

    def _variant(self, kind: str, code: str, level: Any, form: str) -> tuple[str, Variant] | None:
        """Return the code with what is wanted of it; None for an unknown code, about which the venue is silent."""
        name, _, units = code.partition(".")
        market = self._hub.market(name)
        if market is None:
            return None
        if kind != "orderbook":
            return name, Variant(kind, 0, 0, form)
        if units and units not in map(str, UNITS):
            raise _Wrong("INVALID_PARAM")
        if isinstance(level, bool) or not isinstance(level, int | float) or f"{level:.0f}" not in levels(market):
            raise _Wrong("INVALID_PARAM")
        return name, Variant(kind, int(units or 30), int(level), form)

    def _subscribe(self, part: dict[str, Any], variants: list[tuple[str, Variant]]) -> None:
        only_now = part.get("is_only_snapshot", part.get("isOnlySnapshot")) is True
        only_later = part.get("is_only_realtime", part.get("isOnlyRealtime")) is True
        for code, variant in variants:
            first = None if only_later else self._hub.snapshot(code, variant)
            if first is not None:
                self._socket.push(first, variant.kind, code)
            if not only_now:
                self._hub.join(code, variant, self._socket)
                self._joined.append((code, variant))
