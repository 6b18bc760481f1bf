"""Requests over a WebSocket that answers each by its id: a venue's WebSocket API. A shell that keeps it open."""

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Final

import anyio
import anyio.abc
from msgspec import Struct

from arbcore.context import Clock
from arbcore.errors import ExchangeError, ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore.model.state import ConnectionState
from arbcore.net._channel import Channel
from arbcore.net.backoff import Backoff
from arbcore.net.connection import Connection
from arbcore.net.limits import RateLimits
from arbcore.net.protocol import Take
from arbcore.net.request import Reply
from arbcore.net.settings import NetworkSettings
from arbcore.ports.venue import RequestMeasured

if TYPE_CHECKING:
    from arbcore.net._websocket import Socket

_S = 10**9
_CLOSED = "closed by us"


class Call(Struct, frozen=True, kw_only=True):
    """A request over a WebSocket.

    Attributes:
        id: Id that the answer will carry; never used twice on one connection.
        method: The venue's name of the method, for logs and errors.
        frame: Makes the frame at the time of sending, signed where it has to be. Pure but for the time it gets.
        counter: Name of the rate limit's counter that it draws on; empty for none.
        weight: What it draws.
        urgent: It may use the share that is kept for what closes risk.
        expires_at: UTC nanoseconds after which it must not be sent any more; 0 for none.
        timeout_ns: Time to wait for the answer.
    """

    id: str
    method: str
    frame: Callable[[int], str]
    counter: str = ""
    weight: int = 1
    urgent: bool = False
    expires_at: int = 0
    timeout_ns: int = 5_000_000_000


class SocketCalls:
    """One WebSocket for requests, reconnected and renewed by `run`.

    Calls are never repeated. One that is under way when its connection ends has an unknown outcome.

    Args:
        url: Address.
        venue: Exchange instance id.
        connection: Name of the connection, unique within the venue.
        clock: The session's clock.
        limits: Rate limits, shared by everything of the venue.
        settings: Time-outs, back-off, renewal.
        read_id: Reads the id out of a frame; None for a frame that answers nothing.
        headers: Makes the headers of a handshake.
        greet: Makes a call that must succeed before the connection counts as open, such as a log-on; None for none.
            It raises `ExchangeError` from the answer where the venue refused.
        random: Source of the jitter.
    """

    def __init__(  # noqa: PLR0913 - everything that differs between venues
        self,
        url: str,
        *,
        venue: str,
        connection: str,
        clock: Clock,
        limits: RateLimits,
        settings: NetworkSettings,
        read_id: Callable[[bytes], str | None],
        headers: Callable[[], Mapping[str, str]] | None = None,
        greet: "tuple[Callable[[], Call], Callable[[Reply], object]] | None" = None,
        random: Random | None = None,
    ) -> None:
        self._url: Final = url
        self._venue: Final = venue
        self._clock: Final = clock
        self._limits: Final = limits
        self._settings: Final = settings
        self._read_id: Final = read_id
        self._headers: Final = headers or dict
        self._greet: Final = greet
        self._connection: Final = Connection(venue, connection)
        # Jitter keeps programs apart; nobody gains by guessing it.
        jitter = random or Random()  # noqa: S311
        self._backoff: Final = Backoff(settings.first_wait, settings.longest_wait, settings.settle_after, jitter)
        self._channel: Channel | None = None
        self._deliver: Take | None = None

    @property
    def is_open(self) -> bool:
        """Whether a call would be sent now."""
        return self._channel is not None and self._channel.is_open

    async def run(self, deliver: Take) -> None:
        """Keep the connection open until cancelled, and deliver its changes of state and how calls went.

        Once cancelled it takes no further calls, and ends when those under way have.
        """
        self._deliver = deliver
        self._move(ConnectionState.CONNECTING, "opening")
        try:
            async with anyio.create_task_group() as group:
                wait = 0
                try:
                    while True:
                        await anyio.sleep(wait / _S)
                        wait = await self._hold(group)
                finally:
                    if self._channel is not None:
                        self._channel.retire(_CLOSED)
        finally:
            self._channel = None
            self._move(ConnectionState.DISCONNECTED, _CLOSED)
            self._deliver = None

    async def call(self, call: Call) -> Reply:
        """Send a call once the limits let it pass; return the answer's frame as the body of a `Reply` without status.

        Once sent it is shielded from cancellation until its deadline.

        Raises:
            RateLimited: Our own count of the limits says to wait longer than the call can.
            ExchangeUnavailable: The connection is not open, or the call's time is over: it was not sent.
            OutcomeUnknown: It was sent and no answer came.
        """
        await self._pass(call)
        channel = self._channel
        if channel is None or not channel.is_open:
            raise ExchangeUnavailable(f"{self._what(call)} was not sent: the connection is down")
        return await self._through(channel, call)

    async def _through(self, channel: Channel, call: Call) -> Reply:
        sent = self._clock.now()
        if call.expires_at and sent > call.expires_at:
            raise ExchangeUnavailable(f"{self._what(call)} was not sent: its time was over")
        trouble = ""
        try:
            frame = await channel.ask(call.id, call.frame(sent), call.timeout_ns)
        except (ExchangeUnavailable, OutcomeUnknown) as error:
            trouble = error.what
            raise type(error)(f"{self._what(call)}: {error.what}", error.fix) from None
        finally:
            self._tell(sent, trouble)
        return Reply(status=0, headers={}, body=frame, sent_ts=sent, recv_ts=self._clock.now())

    async def _pass(self, call: Call) -> None:
        started = self._clock.now()
        while True:
            now = self._clock.now()
            wait = self._limits.wait(call.counter, call.weight, now, urgent=call.urgent)
            if not wait:
                self._limits.spend(call.counter, call.weight, now)
                return
            if now + wait - started > call.timeout_ns:
                raise RateLimited(
                    f"{self._what(call)} was not sent: the rate limit {call.counter or 'of the venue'!r} opens in "
                    f"{wait / _S:.1f} s",
                    "send less, or share the address with fewer programs",
                    wait,
                )
            await anyio.sleep(wait / _S)

    async def _hold(self, group: anyio.abc.TaskGroup) -> int:
        """Open a connection and keep it until it ends; return the wait before the next one."""
        try:
            channel = await self._open(group)
        except ExchangeError as error:
            now = self._clock.now()
            asked = error.retry_after_ns if isinstance(error, RateLimited) else 0
            self._move(ConnectionState.RECONNECTING, error.what)
            return max(self._backoff.failed(now), asked)
        self._backoff.succeeded(self._clock.now())
        self._channel = channel
        self._move(ConnectionState.CONNECTED, "open")
        age = self._settings.renew_after
        while await channel.lasts(age):
            try:
                newer = await self._open(group)
            except ExchangeError:
                age = self._settings.longest_wait
                continue
            self._channel, old = newer, channel
            channel, age = newer, self._settings.renew_after
            old.retire("replaced")
        self._move(ConnectionState.RECONNECTING, channel.reason)
        return self._backoff.failed(self._clock.now())

    async def _open(self, group: anyio.abc.TaskGroup) -> Channel:
        """Open a connection and greet.

        Raises:
            ExchangeError: It could not be opened, or the venue refused the greeting.
        """
        await anyio.sleep(self._limits.take_opening(self._clock.now(), self._settings.stagger) / _S)
        self._connection.attempt()
        channel = Channel(await self._socket(), self._read_id)
        group.start_soon(channel.run)
        if self._greet is not None:
            try:
                await self._greeted(channel, *self._greet)
            except BaseException:
                channel.retire("not greeted")
                raise
        return channel

    async def _greeted(self, channel: Channel, make: Callable[[], Call], check: Callable[[Reply], object]) -> None:
        call = make()
        self._limits.spend(call.counter, call.weight, self._clock.now())
        check(await self._through(channel, call))

    async def _socket(self) -> "Socket":
        from arbcore.net._websocket import open_socket

        return await open_socket(self._url, self._settings, self._headers(), ())

    def _tell(self, sent: int, reason: str) -> None:
        now = self._clock.now()
        if self._deliver is not None:
            self._deliver(
                RequestMeasured(venue=self._venue, ok=not reason, latency_ns=now - sent, reason=reason, recv_ts=now)
            )

    def _move(self, state: ConnectionState, reason: str) -> None:
        for change in self._connection.move(state, reason, self._clock.now(), 0):
            if self._deliver is not None:
                self._deliver(change)

    def _what(self, call: Call) -> str:
        return f"{self._venue}: {call.method} over {self._url}"
