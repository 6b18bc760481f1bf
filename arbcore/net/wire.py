"""Faults on our own side of the wire, for drills: answers that get lost, refusals that never left, broken sockets.

Who lays a wire gets it under every connection that its task and the tasks started from it open, whatever plugin opens
them. Nothing else is touched, and without one nothing is different.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Protocol, Self
from weakref import WeakSet

from arbcore.errors import OutcomeUnknown

if TYPE_CHECKING:
    from arbcore.net.http import HttpTransport

_LAID: Final[ContextVar["Wire | None"]] = ContextVar("arbcore.net.wire", default=None)


class Cuttable(Protocol):
    """A connection that can be broken."""

    def cut(self) -> None:
        """Break it without a word to the other side."""
        ...


class Wire:
    """Faults of the connections above it. Each is armed, happens once, and is then spent.

    Attributes:
        happened: How many faults have happened.
    """

    def __init__(self) -> None:
        self.happened = 0
        self._sockets: Final[WeakSet[Cuttable]] = WeakSet()
        self._losing = ""
        self._refusing: tuple[str, int, dict[str, str]] | None = None

    def lose_answer(self, method: str = "POST") -> None:
        """Let the next request of an HTTP method, or the next call over a socket, go unanswered: it is sent."""
        self._losing = method

    def refuse(self, status: int, headers: Mapping[str, str], method: str = "") -> None:
        """Answer the next request ourselves, so that it never leaves.

        Args:
            status: HTTP status of the answer.
            headers: Its headers, names in lower case.
            method: HTTP method that is refused; empty for any.
        """
        self._refusing = (method, status, dict(headers))

    def calm(self) -> None:
        """Take back what has not happened yet."""
        self._losing, self._refusing = "", None

    def cut(self) -> int:
        """Break every socket that is open; return how many."""
        sockets = list(self._sockets)
        self._sockets.clear()
        for socket in sockets:
            socket.cut()
        self.happened += bool(sockets)
        return len(sockets)

    def watch(self, socket: Cuttable) -> None:
        """Learn of a socket that was opened."""
        self._sockets.add(socket)

    def loses(self, method: str = "") -> bool:
        """Tell whether an answer is lost: of a request of a method, or of a call where it is empty."""
        if not self._losing or (method and method != self._losing):
            return False
        self._losing = ""
        self.happened += 1
        return True

    def refusal(self, method: str) -> tuple[int, Mapping[str, str], bytes] | None:
        """Return our own answer to a request that does not leave; None for one that does."""
        if self._refusing is None or self._refusing[0] not in {"", method}:
            return None
        _, status, headers = self._refusing
        self._refusing = None
        self.happened += 1
        return status, headers, b"{}"


@contextmanager
def laid(wire: Wire) -> Iterator[Wire]:
    """Lay a wire under what this task and those started from it open within."""
    token = _LAID.set(wire)
    try:
        yield wire
    finally:
        _LAID.reset(token)


def current() -> Wire | None:
    """Return the wire that lies under what is opened now, None where none does."""
    return _LAID.get()


class WiredTransport:
    """A transport above a wire; see `arbcore.net.http.HttpTransport`.

    Args:
        transport: What carries the requests.
        wire: The wire.
    """

    def __init__(self, transport: "HttpTransport", wire: Wire) -> None:
        self._transport: Final = transport
        self._wire: Final = wire

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._transport.__aexit__(*exc)

    async def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_ns: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request, or don't; return its answer, or lose it."""
        refusal = self._wire.refusal(method)
        if refusal is not None:
            return refusal
        answer = await self._transport.exchange(method, target, headers, body, timeout_ns)
        if self._wire.loses(method):
            raise OutcomeUnknown("sent and not answered: a drill lost the answer", "look it up before sending again")
        return answer
