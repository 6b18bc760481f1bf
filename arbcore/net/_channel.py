"""One WebSocket on which calls are answered by their ids, from its opening to its end."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import anyio

from arbcore.errors import ExchangeUnavailable, OutcomeUnknown
from arbcore.net.faults import current

if TYPE_CHECKING:
    from arbcore.net._websocket import Socket

logger = logging.getLogger(__name__)

_S = 10**9
_LOOK_IT_UP = "look it up before sending again"


class _Pending:
    """A call under way."""

    def __init__(self) -> None:
        self.answered: Final = anyio.Event()
        self.frame: bytes | None = None


class Channel:
    """A socket with the calls that are under way on it.

    Attributes:
        is_open: Whether calls may be sent.
        reason: Why it ended.

    Args:
        socket: The open socket.
        read_id: Reads the id out of a frame; None for a frame that answers nothing.
    """

    def __init__(self, socket: "Socket", read_id: Callable[[bytes], str | None]) -> None:
        self.is_open = True
        self.reason = ""
        self._socket: Final = socket
        self._read_id: Final = read_id
        self._pending: Final[dict[str, _Pending]] = {}
        self._faults: Final = current()
        self._ended: Final = anyio.Event()
        # Who waits for an answer has a deadline of his own, so this ends even where nobody can cancel it.
        self._reading: Final = anyio.CancelScope(shield=True)

    async def run(self) -> None:
        """Read until the socket ends, or until it is retired and nothing is under way any more; not cancellable."""
        try:
            with self._reading:
                await self._read_on()
        except ExchangeUnavailable as error:
            self.reason = self.reason or error.what
        finally:
            self._end()
            with anyio.CancelScope(shield=True):
                await self._socket.close()

    async def ask(self, identity: str, text: str, timeout_ns: int) -> bytes:
        """Send a frame and return the one that answers it; shielded from cancellation.

        Raises:
            ExchangeUnavailable: Nothing was sent.
            OutcomeUnknown: It was sent, or part of it, and no answer came.
        """
        if not self.is_open:
            raise ExchangeUnavailable("not sent: the connection is down")
        if identity in self._pending:
            raise ExchangeUnavailable("not sent: an earlier call of this id is under way", "use each id once")
        pending = self._pending[identity] = _Pending()
        try:
            with anyio.CancelScope(shield=True), anyio.move_on_after(timeout_ns / _S):
                await self._send(text)
                await pending.answered.wait()
        finally:
            del self._pending[identity]
            self._rest()
        if pending.frame is None:
            why = self.reason if self._ended.is_set() else f"no answer within {timeout_ns / _S:g} s"
            raise OutcomeUnknown(f"sent and not answered: {why}", _LOOK_IT_UP)
        return pending.frame

    async def lasts(self, age_ns: int) -> bool:
        """Wait until it has ended or reached an age; tell whether it still lives."""
        with anyio.move_on_after(age_ns / _S):
            await self._ended.wait()
        return not self._ended.is_set()

    def retire(self, reason: str) -> None:
        """Take no further calls; close once those under way have ended."""
        self.is_open = False
        self.reason = self.reason or reason
        self._rest()

    async def _read_on(self) -> None:
        while True:
            frame = await self._socket.receive()
            identity = self._id_of(frame)
            pending = self._pending.get(identity) if identity is not None else None
            if pending is not None and not (self._faults and self._faults.loses()):
                pending.frame = frame
                pending.answered.set()

    def _id_of(self, frame: bytes) -> str | None:
        try:
            return self._read_id(frame)
        except Exception:
            logger.exception("a frame that answers calls can't be read; the connection is opened again")
            raise ExchangeUnavailable("a frame can't be read; see the log") from None

    def _rest(self) -> None:
        """Stop reading where nothing more is to come."""
        if not self.is_open and not self._pending:
            self._reading.cancel()

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send(text)
        except ExchangeUnavailable as error:
            # The library may have written a part of the frame before it found the connection gone.
            raise OutcomeUnknown(f"perhaps sent: {error.what}", _LOOK_IT_UP) from None

    def _end(self) -> None:
        self.is_open = False
        self._ended.set()
        for pending in self._pending.values():
            pending.answered.set()
