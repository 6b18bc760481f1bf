"""One HTTP/1.1 connection: a request at a time, the answer read by h11. The only file that imports it."""

import asyncio
import re
import ssl
import time
from collections.abc import Mapping
from typing import Final, cast

import h11
from msgspec import Struct

from arbcore.errors import ExchangeUnavailable

_LARGEST = 64 * 2**20
_CLOSING_S = 1.0
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_ANY_HOST: Final = [("host", "x")]
# A line that begins or ends with a space, or is empty, is no header.
_HEAD: Final = re.compile(r"[A-Z]+ [!-~]+ HTTP/1\.1(\r\n[a-z0-9!#$%&'*+.^_`|~-]+: [!-~](?:[ -~]*[!-~])?)*")


class WireBroken(Exception):
    """The connection ended, or sent what HTTP does not allow. The text holds nothing that was sent."""


class Answer(Struct, frozen=True):
    """An answer as it came: status, headers with names in lower case, body perhaps compressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def request_bytes(method: str, host: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a request as it goes on the wire.

    Raises:
        ExchangeUnavailable: Nothing that HTTP allows; the text does not show it, since it may hold a key.
    """
    fields = {"host": host, "accept": "*/*", "accept-encoding": "gzip", "user-agent": "arbcore"}
    fields |= {name.lower(): value for name, value in headers.items()}
    if body or method in _WITH_BODY:
        fields["content-length"] = str(len(body))
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())])
    if not _HEAD.fullmatch(head) or head.count("\r\n") != len(fields):
        raise ExchangeUnavailable("not sent: the request holds characters that HTTP does not allow", "check the key")
    return head.encode("ascii") + b"\r\n\r\n" + body


def _reading(method: str) -> h11.Connection:
    """Return what reads the answer to a request that has been written."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method=method, target="/", headers=_ANY_HOST))
    parser.send(h11.EndOfMessage())
    return parser


class Wire(asyncio.Protocol):
    """A connection. Whoever asks has it for himself until the answer is there.

    Args:
        all_wires: Where it notes itself while it is open.
    """

    def __init__(self, all_wires: "set[Wire]") -> None:
        self._all: Final = all_wires
        self._transport: asyncio.Transport | None = None
        self._parser: h11.Connection | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._idle_since = time.monotonic_ns()

    @classmethod
    async def open(cls, host: str, port: int, context: ssl.SSLContext | None, all_wires: "set[Wire]") -> "Wire":
        """Open a connection.

        Raises:
            OSError: It could not be opened, or the certificate is not that of the host.
        """
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(
            lambda: cls(all_wires), host, port, ssl=context, ssl_shutdown_timeout=_CLOSING_S if context else None
        )
        return wire

    @property
    def is_usable(self) -> bool:
        """Whether another request may go out on it."""
        return self._transport is not None and not self._transport.is_closing() and self._waiting is None

    @property
    def idle_ns(self) -> int:
        """For how long nothing has been asked."""
        return time.monotonic_ns() - self._idle_since

    def abort(self) -> None:
        """Drop it at once."""
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, method: str, data: bytes, timeout_s: float) -> Answer:
        """Send a request and return the answer; a caller that is cancelled leaves a connection that is dropped.

        Args:
            method: Its method.
            data: The whole of it.
            timeout_s: Seconds to wait for the whole answer.

        Raises:
            WireBroken: No whole answer came.
        """
        if self._transport is None or self._transport.is_closing():
            raise WireBroken("the connection had ended")
        self._transport.write(data)
        # Whatever can wait is done once the request is on its way.
        self._parser = parser = _reading(method)
        self._head, self._body = None, bytearray()
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        deadline = loop.call_later(timeout_s, self._break, f"no answer within {timeout_s:g} s")
        try:
            answer = await self._waiting
        except BaseException:
            self.abort()
            raise
        finally:
            deadline.cancel()
        self._waiting, self._idle_since = None, time.monotonic_ns()
        # What follows an answer belongs to no request of ours.
        if parser.their_state is not h11.DONE or parser.trailing_data[0]:
            self._transport.close()
        return answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport into use."""
        # What TCP and TLS connections have; uvloop's is another class.
        self._transport = cast("asyncio.Transport", transport)
        self._all.add(self)

    def data_received(self, data: bytes) -> None:
        """Read on; what nobody asked for ends the connection."""
        if self._parser is None or self._waiting is None or self._waiting.done():
            self.abort()
            return
        self._parser.receive_data(data)
        self._read()

    def eof_received(self) -> bool:
        """Hear that the venue sends nothing more; some answers end only so."""
        if self._parser is not None and self._waiting is not None and not self._waiting.done():
            self._parser.receive_data(b"")
            self._read()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that it is over."""
        self._all.discard(self)
        why = f": {type(exc).__name__}" if exc is not None else ""
        self._break(f"the connection ended{why}")

    def _read(self) -> None:
        assert self._parser is not None  # noqa: S101 - both callers look
        try:
            while True:
                event = self._parser.next_event()
                if event is h11.NEED_DATA:
                    return
                self._take(event)
                if type(event) in {h11.EndOfMessage, h11.ConnectionClosed}:
                    return
        except h11.RemoteProtocolError:
            self._break("the answer is no HTTP, or ended early")
            self.abort()

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Response):
            self._head = event
        elif isinstance(event, h11.Data):
            self._body += event.data
            if len(self._body) > _LARGEST:
                self._break("the answer is too large")
                self.abort()
        elif isinstance(event, h11.EndOfMessage):
            self._complete()
        elif isinstance(event, h11.ConnectionClosed):
            self._break("the connection ended")

    def _complete(self) -> None:
        if self._waiting is not None and self._head is not None and not self._waiting.done():
            headers = {name.decode("ascii"): value.decode("latin-1") for name, value in self._head.headers}
            self._waiting.set_result(Answer(self._head.status_code, headers, bytes(self._body)))

    def _break(self, why: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(WireBroken(why))
