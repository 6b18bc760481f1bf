"""One protocol object with its socket, from the first attempt to open it to its end. The thin shell around it."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import anyio
import anyio.abc
from msgspec import Struct

from arbcore.context import Clock
from arbcore.errors import ExchangeError, RateLimited
from arbcore.net.protocol import Fetch, Heard, Reconnect, Resyncing, Send, StreamProtocol, Take
from arbcore.net.request import Reply, Request
from arbcore.net.settings import NetworkSettings

if TYPE_CHECKING:
    from arbcore.net._websocket import Socket

logger = logging.getLogger(__name__)

_S = 10**9
_ACTIONS: Final[frozenset[type]] = frozenset({Send, Fetch, Reconnect, Resyncing})
_LONGEST_TICK_NS = 100_000_000
_FETCHES_AT_ONCE = 4
_DEFECT = "%s: the protocol layer has a defect; the connection is opened again"  # a feed must survive it
_SEE_LOG = "the protocol layer has a defect; see the log"
_UNSENT = 1024  # frames that wait to be sent; more mean that the other side reads nothing


class Requests(Protocol):
    """What answers a protocol's fetches; an `HttpClient`."""

    async def send(self, request: Request) -> Reply:
        """Send a request."""
        ...


class Wiring(Struct, frozen=True, kw_only=True):
    """What all lines of one stream share.

    Attributes:
        name: Venue and connection, for logs.
        http: Answers fetches.
        clock: The session's clock.
        settings: Time-outs.
        headers: Makes the headers of a handshake.
        subprotocols: Subprotocols of the handshake.
        turn: Waits for this connection's turn to be opened.
    """

    name: str
    http: Requests
    clock: Clock
    settings: NetworkSettings
    headers: Callable[[], Mapping[str, str]]
    subprotocols: Sequence[str]
    turn: Callable[[], Awaitable[None]]


class Watcher(Protocol):
    """What a line tells its stream."""

    def attempting(self, line: "Line") -> None:
        """Hear that it is being opened."""
        ...

    def refused(self, line: "Line", reason: str, now: int) -> int | None:
        """Hear that it could not be opened; return the nanoseconds until the next attempt, None to give up."""
        ...

    def recovered(self, line: "Line", now: int) -> None:
        """Hear that every stream of it delivers."""
        ...

    def resyncing(self, line: "Line", reason: str, now: int) -> None:
        """Hear that it is open and not every stream of it is whole any more."""
        ...

    def ended(self, line: "Line", reason: str, now: int, *, mute: bool) -> None:
        """Hear that it is over."""
        ...


class Line:
    """Feeds frames, answers and ticks to one protocol object and does what it asks.

    Args:
        protocol: The protocol object.
        wiring: What all lines of the stream share.
        watcher: Hears how it goes.
        deliver: Takes the items; the stream may exchange it.
        polls: Whether the protocol is ticked before the socket is open.
    """

    def __init__(
        self, protocol: StreamProtocol, wiring: Wiring, watcher: Watcher, deliver: Take, *, polls: bool
    ) -> None:
        self.protocol: Final = protocol
        self.deliver = deliver
        self.heard_at = 0
        self.opened_at = 0
        self._wiring: Final = wiring
        self._watcher: Final = watcher
        self._polls: Final = polls
        self._clock: Final = wiring.clock
        self._tick_s: Final = _tick_ns(wiring.settings) / _S
        self._group: anyio.abc.TaskGroup | None = None
        self._whole = False
        self._lacking_since = 0
        self._end: tuple[str, bool] | None = None
        self._retired = False
        self._under_way: Final[set[str]] = set()
        self._slots: Final = anyio.CapacityLimiter(_FETCHES_AT_ONCE)
        self._to_send, self._unsent = anyio.create_memory_object_stream[str](_UNSENT)

    async def run(self, wait: int) -> None:
        """Open it after a wait and serve it until it ends."""
        with self._to_send, self._unsent:
            async with anyio.create_task_group() as group:
                self._group = group
                group.start_soon(self._tick_on)
                socket = await self._open(wait)
                if socket is not None:
                    await self._serve(socket)
                group.cancel_scope.cancel()
        if self._end is not None and not self._retired:
            reason, mute = self._end
            self._watcher.ended(self, reason, self._clock.now(), mute=mute)

    def retire(self) -> None:
        """End it without a word: another line has taken over."""
        self._retired = True
        self.end("replaced")

    def end(self, reason: str, *, mute: bool = False) -> None:
        """End it; the first reason counts."""
        if self._end is None:
            self._end = (reason, mute)
        if self._group is not None:
            self._group.cancel_scope.cancel()

    async def _open(self, wait: int) -> "Socket | None":
        from arbcore.net._websocket import open_socket

        wiring = self._wiring
        while True:
            await anyio.sleep(wait / _S)
            while not self.protocol.url:  # noqa: ASYNC110 - a pure protocol wakes nobody
                await anyio.sleep(self._tick_s)
            await wiring.turn()
            self._watcher.attempting(self)
            try:
                return await open_socket(self.protocol.url, wiring.settings, wiring.headers(), wiring.subprotocols)
            except ExchangeError as error:
                asked = error.retry_after_ns if isinstance(error, RateLimited) else 0
                again = self._watcher.refused(self, error.what, self._clock.now())
            if again is None:
                return None
            wait = max(again, asked)

    async def _serve(self, socket: "Socket") -> None:
        now = self._clock.now()
        self.opened_at = self.heard_at = self._lacking_since = now
        try:
            if self._group is not None:
                self._group.start_soon(self._send_on, socket)
            self._ask(partial(self.protocol.opened, now), now)
            await self._read_on(socket)
        finally:
            with anyio.CancelScope(shield=True):
                await socket.close()

    async def _read_on(self, socket: "Socket") -> None:
        """Feed frames until the connection ends. The hot path: nothing here that a frame does not need."""
        receive, now, received = socket.receive, self._clock.now, self.protocol.received
        while self._end is None:
            try:
                frame = await receive()
                self.heard_at = at = now()
                items = received(frame, at)
            except ExchangeError as error:
                self.end(error.what)
                return
            except Exception:
                logger.exception(_DEFECT, self._wiring.name)
                self.end(_SEE_LOG)
                return
            self._take(items, at)
            if not self._whole:
                self._look(at)

    async def _send_on(self, socket: "Socket") -> None:
        async for text in self._unsent:
            try:
                await socket.send(text)
            except ExchangeError as error:
                self.end(error.what)
                return

    async def _tick_on(self) -> None:
        while True:
            now = self._clock.now()
            opened = self.opened_at > 0
            if opened or self._polls or not self.protocol.url:
                self._ask(partial(self.protocol.tick, now, connected=opened), now)
            if opened:
                self._look(now)
                self._check_times(now)
            await anyio.sleep(self._tick_s)

    async def _fetch(self, action: Fetch) -> None:
        reply: Reply | None = None
        async with self._slots:
            try:
                reply = await self._wiring.http.send(action.request)
            except ExchangeError as error:
                logger.info("%s: %s", self._wiring.name, error.what)
            except Exception:
                logger.exception(_DEFECT, self._wiring.name)
                self.end(_SEE_LOG)
        self._under_way.discard(action.tag)
        now = self._clock.now()
        self._ask(partial(self.protocol.fetched, action.tag, reply, now), now)
        if self.opened_at and not self._whole:
            self._look(now)

    def _ask(self, question: Callable[[], Sequence[Heard]], now: int) -> None:
        """Call the protocol beside the hot path, and do what it answers."""
        if self._end is not None:
            return
        try:
            items = question()
        except ExchangeError as error:
            if self.opened_at:
                self.end(error.what)
            else:
                logger.warning("%s: %s", self._wiring.name, error.what)
            return
        except Exception:
            logger.exception(_DEFECT, self._wiring.name)
            self.end(_SEE_LOG)
            return
        self._take(items, now)

    def _take(self, items: Sequence[Heard], now: int) -> None:
        """Do what the protocol answered."""
        for item in items:
            if item.__class__ in _ACTIONS:
                self._perform(item, now)
            else:
                self.deliver(item)

    def _perform(self, action: Heard, now: int) -> None:
        if isinstance(action, Fetch):
            if action.tag not in self._under_way and self._group is not None:
                self._under_way.add(action.tag)
                self._group.start_soon(self._fetch, action)
        elif not self.opened_at:
            return
        elif isinstance(action, Send):
            self._queue(action.data)
        elif isinstance(action, Resyncing):
            self._lack(action.reason, now)
        elif isinstance(action, Reconnect):
            self.end(action.reason, mute=action.mute)

    def _queue(self, text: str) -> None:
        try:
            self._to_send.send_nowait(text)
        except anyio.WouldBlock:
            self.end("the venue reads nothing any more")

    def _look(self, now: int) -> None:
        """Compare whether every stream delivers with what was told."""
        delivering = self.protocol.delivering()
        if delivering and not self._whole:
            self._whole = True
            self._watcher.recovered(self, now)
        elif self._whole and not delivering:
            self._lack("a stream is not whole", now)

    def _lack(self, reason: str, now: int) -> None:
        if self._whole:
            self._whole, self._lacking_since = False, now
            self._watcher.resyncing(self, reason, now)

    def _check_times(self, now: int) -> None:
        settings = self._wiring.settings
        if now - self.heard_at >= settings.mute_after:
            self.end(f"nothing came for {(now - self.heard_at) / _S:.1f} s", mute=True)
        elif not self._whole and now - self._lacking_since >= settings.recover_timeout:
            self.end(f"not every stream delivered within {settings.recover_timeout / _S:g} s")


def _tick_ns(settings: NetworkSettings) -> int:
    """Return a tenth of a second, or less where the settings are shorter."""
    shortest = min(settings.mute_after, settings.recover_timeout, settings.poll_interval, settings.renew_after)
    return max(1_000_000, min(_LONGEST_TICK_NS, shortest // 4))
