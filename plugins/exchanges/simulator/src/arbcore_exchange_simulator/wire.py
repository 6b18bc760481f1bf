"""What the venues' protocols and the server exchange: replies, refusals and sockets as values."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Struct

Query = Mapping[str, str]
"""Parameters of a request by name."""

encode = msgspec.json.encode
"""Encodes a value as compact JSON."""


class Answer(Struct):
    """A reply to an HTTP request; the body is JSON."""

    status: int
    body: bytes
    headers: dict[str, str] = {}


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
