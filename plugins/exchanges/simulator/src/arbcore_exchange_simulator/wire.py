"""What the venues' protocols and the server exchange: replies, refusals and sockets as values."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Struct

Query = Mapping[str, str]
"""Parameters of a request by name."""

encode = msgspec.json.encode
"""Encodes a value as compact JSON."""


class Request(Struct, frozen=True):
    """An HTTP request, or a WebSocket's handshake, to a venue.

    Attributes:
        method: In capitals.
        venue: ``upbit``, ``usdm`` or ``spot``.
        path: What follows the venue's own start, decoded, without its first slash: ``v1/orders``.
        raw_query: What followed the question mark, exactly as it was sent.
        query: Its parameters, decoded; of several by one name the last.
        headers: By name in lower case.
        body: As it was sent.
        ip: The client's address.
    """

    method: str
    venue: str
    path: str
    raw_query: str = ""
    query: Query = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""
    ip: str = "127.0.0.1"

    def __repr__(self) -> str:
        """Tell what is asked for, without tokens, signatures and bodies."""
        return f"Request({self.method} {self.venue} {self.path})"


class Answer(Struct):
    """A reply to an HTTP request; the body is JSON.

    Attributes:
        status: Of HTTP.
        body: JSON.
        headers: Besides the usual ones.
        silent: Whether the client never gets it: it waits until it gives up.
    """

    status: int
    body: bytes
    headers: dict[str, str] = {}
    silent: bool = False


class Refused(Exception):
    """A venue refuses a request: carried up to where it becomes its reply."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(body)
        self.answer = Answer(status, encode(body))


class Socket(Protocol):
    """A client's WebSocket as a protocol sees it."""

    def push(self, data: bytes, stream: str, symbol: str) -> None:
        """Send a frame of market data; faults may reach it."""
        ...

    def reply(self, data: bytes) -> None:
        """Send an answer to the client's own message; faults leave it alone."""
        ...

    def ping(self, payload: bytes) -> None:
        """Send a ping frame."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close the socket when what waits is sent."""
        ...


class PrivateSide(Protocol):
    """What a venue does for clients with keys. It is asked first; public requests it passes on."""

    def serve(self, request: Request) -> Answer | None:
        """Answer a private request; None where the request is none."""
        ...

    def open(self, request: Request, socket: Socket) -> "Session | None":
        """Open a private socket; None where the path is none.

        Raises:
            Refused: The client may not.
        """
        ...


class Session(Protocol):
    """One client's conversation in a venue's protocol."""

    def receive(self, text: bytes, now: int) -> None:
        """Take a text or binary message at a time in ns."""
        ...

    def pong(self, now: int) -> None:
        """Take a pong, or a ping that was answered."""
        ...

    def sent(self, now: int) -> None:
        """Note that a frame left."""
        ...

    def tick(self, now: int) -> None:
        """Do what is due by time."""
        ...

    def closed(self) -> None:
        """Forget the client."""
        ...
