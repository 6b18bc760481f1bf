"""Faults on our own side of the wire, for drills: answers that get lost, refusals that never left, broken sockets.

They reach every connection that the task which injects them opens, and the tasks that it starts, whatever plugin opens
it. Nothing else is touched, and without any nothing is different.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Protocol, Self
from weakref import WeakSet

from arbcore.errors import OutcomeUnknown

if TYPE_CHECKING:
    from arbcore.net.http import HttpTransport

_INJECTED: Final[ContextVar["Faults | None"]] = ContextVar("arbcore.net.faults", default=None)


class Cuttable(Protocol):
    """A connection that can be broken."""

    def cut(self) -> None:
        """Break it without a word to the other side."""
        ...


class Faults:
    """Faults of connections. Each is armed, happens once, and is then spent.

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
def injected(faults: Faults) -> Iterator[Faults]:
    """Inject faults into what this task and those started from it open within."""
    token = _INJECTED.set(faults)
    try:
        yield faults
    finally:
        _INJECTED.reset(token)


def current() -> Faults | None:
    """Return the faults of what is opened now, None where there are none."""
    return _INJECTED.get()


class FaultyTransport:
    """A transport with faults; see `arbcore.net.http.HttpTransport`.

    Args:
        transport: What carries the requests.
        faults: The faults.
    """

    def __init__(self, transport: "HttpTransport", faults: Faults) -> None:
        self._transport: Final = transport
        self._faults: Final = faults

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._transport.__aexit__(*exc)

    async def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_ns: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request, or don't; return its answer, or lose it."""
        refusal = self._faults.refusal(method)
        if refusal is not None:
            return refusal
        answer = await self._transport.exchange(method, target, headers, body, timeout_ns)
        if self._faults.loses(method):
            raise OutcomeUnknown("sent and not answered: a drill lost the answer", "look it up before sending again")
        return answer
