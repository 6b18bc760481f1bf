"""One client's WebSocket: what waits for it, when it leaves, and what faults make of it."""

import asyncio
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from arbcore_exchange_simulator.faults.plan import FaultPlan

if TYPE_CHECKING:
    from aiohttp.web import WebSocketResponse

    from arbcore_exchange_simulator.wire import Session

_DATA, _PING, _CLOSE = 0, 1, 2


class Connection:
    """Queue between a venue's session and a client; it is the session's `Socket`.

    Attributes:
        venue: Venue of the socket.
        session: The conversation; set right after both exist.
        gone: True once nothing more can be sent.
        transport: The line below the socket, once it is open.
    """

    def __init__(self, venue: str, faults: FaultPlan, now: Callable[[], int], limit: int, *, binary: bool) -> None:
        self.venue: Final = venue
        self.session: Session | None = None
        self.gone = False
        self.transport: asyncio.Transport | None = None
        self._faults = faults
        self._now = now
        self._limit = limit
        self._binary = binary
        self._queue: deque[tuple[int, bytes]] = deque()
        self._held: list[tuple[int, int, bytes]] = []
        self._count = 0
        self._last_due = 0
        self._ready = asyncio.Event()
        self._cut = False
        self._code, self._reason = 1000, ""

    def push(self, data: bytes, stream: str, symbol: str) -> None:
        """Send a frame of market data; faults may reach it."""
        if self._faults.quiet(self.venue) and not self._held:
            self._put(_DATA, data)
            return
        now = self._now()
        ordered = self._faults.ordered(self.venue)
        for due, shaped in self._faults.shape(self.venue, stream, symbol, data, now):
            leaves = max(due, self._last_due) if ordered else due
            self._last_due = max(leaves, self._last_due)
            self._count += 1
            heappush(self._held, (leaves, self._count, shaped))
        self.release(now)

    def reply(self, data: bytes) -> None:
        """Send an answer to the client's own message."""
        self._put(_DATA, data)

    def ping(self, payload: bytes) -> None:
        """Send a ping frame."""
        self._put(_PING, payload)

    def close(self, code: int, reason: str) -> None:
        """Close the socket when what waits is sent."""
        self._code, self._reason = code, reason
        self._put(_CLOSE, b"")

    def cut(self) -> None:
        """Drop the line at once, without a closing frame."""
        self._cut = True
        self._ready.set()

    def abort(self) -> None:
        """Drop the line: the other side sees a reset, or the end of it, and no closing frame."""
        if self.transport is not None:
            self.transport.abort()

    @property
    def is_cut(self) -> bool:
        """Whether the line is to be dropped."""
        return self._cut

    def release(self, now: int) -> None:
        """Send what a fault has held back until now."""
        while self._held and self._held[0][0] <= now:
            self._put(_DATA, heappop(self._held)[2])

    def _put(self, kind: int, data: bytes) -> None:
        if self.gone:
            return
        if len(self._queue) + len(self._held) >= self._limit:
            self._cut = True
        self._queue.append((kind, data))
        self._ready.set()

    async def write(self, socket: "WebSocketResponse") -> None:
        """Send what waits, until the socket closes or is cut."""
        from aiohttp import WSMsgType

        opcode = WSMsgType.BINARY if self._binary else WSMsgType.TEXT
        while not self._cut:
            if not self._queue:
                self._ready.clear()
                await self._ready.wait()
                continue
            kind, data = self._queue.popleft()
            if kind == _CLOSE:
                await socket.close(code=self._code, message=self._reason.encode())
                return
            await socket.send_frame(data, WSMsgType.PING if kind == _PING else opcode)
            if self.session is not None:
                self.session.sent(self._now())
