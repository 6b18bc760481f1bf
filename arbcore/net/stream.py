"""A streaming connection that lasts: reconnection, renewal, states. The shell around a `StreamProtocol`."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

import anyio
import anyio.abc

from arbcore.context import Clock
from arbcore.model.state import ConnectionState
from arbcore.net._line import Line, Wiring
from arbcore.net._takeover import Takeover
from arbcore.net.backoff import Backoff
from arbcore.net.connection import Connection
from arbcore.net.http import HttpClient
from arbcore.net.protocol import StreamProtocol, Take
from arbcore.net.settings import NetworkSettings

_S = 10**9
_RENEWAL_JITTER = 0.02  # the share of its age by which connections are renewed apart from each other


async def run_stream(  # noqa: PLR0913 - a connection's whole surroundings
    make: Callable[[], StreamProtocol],
    http: HttpClient,
    deliver: Take,
    *,
    venue: str,
    connection: str,
    clock: Clock,
    settings: NetworkSettings,
    random: Random | None = None,
    headers: Callable[[], Mapping[str, str]] | None = None,
    subprotocols: Sequence[str] = (),
) -> None:
    """Keep a connection delivering until cancelled.

    It opens, feeds frames to the protocol, does what the protocol asks and delivers its items. It reconnects with
    exponential back-off and jitter after every loss, and replaces a connection that grows old without a gap: the
    new one takes over when it delivers, and only then the old one is closed. Every change of state is delivered.

    Args:
        make: Makes the protocol object of the next connection. What it raises is not caught.
        http: Answers the protocol's fetches; its limits also keep connections of a venue from opening at once.
        deliver: Takes items and changes of state.
        venue: Exchange instance id, or name of the rate.
        connection: Name of the connection, unique within the venue.
        clock: The session's clock.
        settings: Time-outs, back-off, renewal.
        random: Source of the jitter.
        headers: Makes the headers of a handshake, a new one each time; never an Origin.
        subprotocols: Subprotocols of the handshake.
    """

    async def turn() -> None:
        await anyio.sleep(http.limits.take_opening(clock.now(), settings.stagger) / _S)

    wiring = Wiring(
        name=f"{venue}/{connection}",
        http=http,
        clock=clock,
        settings=settings,
        headers=headers or dict,
        subprotocols=tuple(subprotocols),
        turn=turn,
    )
    # Jitter keeps programs apart; nobody gains by guessing it.
    await _Stream(make, wiring, deliver, Connection(venue, connection), random or Random()).run()  # noqa: S311


class _Stream:
    """Keeps one line active and, while that one is renewed, a second one beside it."""

    def __init__(
        self,
        make: Callable[[], StreamProtocol],
        wiring: Wiring,
        deliver: Take,
        connection: Connection,
        random: Random,
    ) -> None:
        settings = wiring.settings
        self._make: Final = make
        self._wiring: Final = wiring
        self._deliver: Final = deliver
        self._connection: Final = connection
        self._random: Final = random
        self._backoff: Final = Backoff(settings.first_wait, settings.longest_wait, settings.settle_after, random)
        self._group: anyio.abc.TaskGroup
        self._active: Line
        self._next: Line | None = None
        self._takeover = Takeover(deliver)

    async def run(self) -> None:
        """Run until cancelled."""
        clock = self._wiring.clock
        self._active = self._line(self._deliver, polls=True)
        self._move(ConnectionState.CONNECTING, "opening", clock.now())
        try:
            async with anyio.create_task_group() as self._group:
                self._group.start_soon(self._active.run, 0)
                self._group.start_soon(self._renew_on)
                await anyio.sleep_forever()
        finally:
            now = clock.now()
            for item in self._active.protocol.closed(now):
                self._deliver(item)
            self._move(ConnectionState.DISCONNECTED, "closed by us", now)

    def attempting(self, line: Line) -> None:
        """Hear that a line is being opened."""
        if line is self._active:
            self._connection.attempt()

    def refused(self, line: Line, reason: str, now: int) -> int | None:
        """Hear that a line could not be opened; only the active one is tried again by itself."""
        if line is not self._active:
            self._drop_next()
            return None
        self._move(ConnectionState.RECONNECTING, reason, now)
        return self._backoff.failed(now)

    def recovered(self, line: Line, now: int) -> None:
        """Hear that a line delivers: it recovers the connection, or takes over from the one before."""
        if line is self._active:
            self._backoff.succeeded(now)
            self._move(ConnectionState.CONNECTED, "every stream delivers", now)
        elif line is self._next:
            old, self._active, self._next = self._active, line, None
            old.retire()
            line.deliver = self._deliver
            for item in self._takeover.held(now):
                self._deliver(item)
            # The old line may have been rebuilding a book, which ends with it.
            self._move(ConnectionState.CONNECTED, "renewed", now)

    def resyncing(self, line: Line, reason: str, now: int) -> None:
        """Hear that a line rebuilds a book."""
        if line is self._active:
            self._move(ConnectionState.RESYNCING, reason, now)

    def ended(self, line: Line, reason: str, now: int, *, mute: bool) -> None:
        """Hear that a line is over: the active one is followed by a new one."""
        if line is not self._active:
            self._drop_next()
            return
        self._drop_next()
        for item in line.protocol.closed(now):
            self._deliver(item)
        if mute:
            self._move(ConnectionState.MUTE, reason, now, line.heard_at)
        self._move(ConnectionState.RECONNECTING, reason, now, line.heard_at)
        self._active = self._line(self._deliver, polls=True)
        self._group.start_soon(self._active.run, self._backoff.failed(now))

    def _line(self, deliver: Take, *, polls: bool) -> Line:
        return Line(self._make(), self._wiring, self, deliver, polls=polls)

    async def _renew_on(self) -> None:
        """Open a second connection beside one that grows old, again after a while where that failed."""
        settings, clock = self._wiring.settings, self._wiring.clock
        pause = min(settings.longest_wait, settings.renew_after) / _S
        while True:
            due = self._due()
            now = clock.now()
            if now < due:
                # Never longer than the pause: the active line may be another one by then.
                await anyio.sleep(min((due - now) / _S, pause))
                continue
            if self._next is None and self._connection.state is ConnectionState.CONNECTED:
                self._takeover = Takeover(self._deliver)
                self._active.deliver = self._takeover.forward
                self._next = self._line(self._takeover.hold, polls=False)
                self._group.start_soon(self._next.run, 0)
            await anyio.sleep(pause)

    def _due(self) -> int:
        """Return when the active line is to be renewed."""
        if not self._active.opened_at:
            return self._wiring.clock.now() + self._wiring.settings.renew_after
        jitter = 1 - _RENEWAL_JITTER * self._random.random()
        return self._active.opened_at + int(self._wiring.settings.renew_after * jitter)

    def _drop_next(self) -> None:
        """Give the second line up."""
        if self._next is not None:
            self._next.retire()
            self._next = None
            self._active.deliver = self._deliver

    def _move(self, state: ConnectionState, reason: str, now: int, heard_at: int = 0) -> None:
        for change in self._connection.move(state, reason, now, heard_at):
            self._deliver(change)
