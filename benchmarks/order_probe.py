"""Follows an order of a session past the paper venue: to the write of its request into the other venue's socket.

The session trades on paper; each order that it hands to its paper venue is sent to the real plugin's venue as well, as
a gateway of a live session would. What the paper venue takes meanwhile is left out.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final
from uuid import uuid4

from msgspec.structs import replace

from arbcore.errors import ExchangeError
from arbcore.net import _websocket, _wire, calls, http
from arbcore.ports.trading import Venue
from arbcore_exchange_paper.venue import PaperVenue
from benchmarks.probe import STEPS, Probe, now

WAY: Final = (*STEPS[:-1], "handover", "build", "limits", "sign", "client")
"""The steps, in order: those of `benchmarks.probe` up to the journal, then

handover: from the journal to the task that sends. build: the plugin makes the request of the order. limits: our count
of the venue's limits. sign: signing and encoding. client: the rest, until the transport has written the whole request.
"""

_trip: ContextVar["Trip | None"] = ContextVar("trip", default=None)


@dataclass(slots=True)
class Trip:
    """An order on its way: when its frame was sent, what every step took, what does not count, when it was written."""

    venue: str
    sent: int
    steps: dict[str, int]
    aside: int
    handed: int
    begun: int = 0
    asked: int = 0
    written: int = 0

    @property
    def whole(self) -> int:
        """Nanoseconds from the frame's write to the request's."""
        return self.written - self.sent - self.aside

    def close(self) -> None:
        """Give what no step has taken to the client."""
        self.steps["client"] = self.whole - sum(self.steps.values())


@dataclass(slots=True)
class OrderProbe(Probe):
    """A probe that sends the orders on.

    Attributes:
        venues: Venues by exchange instance; orders of others go nowhere.
        trips: Orders that were written.
        failed: Orders that were not accepted, by error.
    """

    venues: Mapping[str, Venue] = field(default_factory=dict)
    trips: list[Trip] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)
    _paper: int = 0
    _aside: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def install(self) -> None:
        """Wrap the methods, for the rest of the process."""
        Probe.install(self)
        for owner, enter in ((http.HttpClient, "send"), (calls.SocketCalls, "call")):
            wrap(owner, enter, self._entering)
            wrap(owner, "_pass", self._timing)
        wrap(http.HttpClient, "_signed", self._signing)
        wrap(_websocket.Socket, "send", _after)
        follow_writes()

    def _submit(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def wrapped(venue: PaperVenue, order: Any, at: int) -> Any:
            begun, way = now(), self._way
            if way is not None:
                self._send(order, begun)
            reports = call(venue, order, at)
            spent = now() - begun
            self._paper += spent
            if way is not None:
                self._aside += spent
                self._awaited -= 1
                if not self._awaited:
                    self._way, self._aside = None, 0
            return reports

        return wrapped

    def _send(self, order: Any, begun: int) -> None:
        instance = order.instrument.partition(":")[0]
        target = self.venues.get(instance)
        if target is None or self._way is None:
            return
        steps = {name: span for name, span in self._way.steps.items() if name != "gateway"}
        trip = Trip(instance, self._sent, steps, self._aside, begun)
        paper = self._paper
        task = asyncio.get_running_loop().create_task(self._go(target, order, trip, paper))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _go(self, venue: Venue, order: Any, trip: Trip, paper: int) -> None:
        trip.begun = now()
        trip.aside += self._paper - paper
        trip.steps["handover"] = trip.begun - trip.sent - trip.aside - sum(trip.steps.values())
        _trip.set(trip)
        try:
            # Sessions give the same ids again, and some venues never take an id twice.
            await venue.submit(replace(order, client_order_id=uuid4().hex))
        except ExchangeError as error:
            name = getattr(error, "reason", "") or type(error).__name__
            self.failed[name] = self.failed.get(name, 0) + 1
        if trip.written:
            trip.close()
            self.trips.append(trip)

    def _entering(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        async def wrapped(client: object, asked: Any) -> Any:
            trip = _trip.get()
            if trip is not None and not trip.asked:
                trip.asked = now()
                trip.steps["build"] = trip.asked - trip.begun
            return await call(client, asked)

        return wrapped

    def _timing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        async def wrapped(client: object, asked: Any) -> Any:
            begun = now()
            await call(client, asked)
            if (trip := _trip.get()) is not None:
                trip.steps["limits"] = now() - begun

        return wrapped

    def _signing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def wrapped(client: object, request: Any, at: int) -> Any:
            begun = now()
            signed = call(client, request, at)
            if (trip := _trip.get()) is not None:
                trip.steps["sign"] = now() - begun
            return signed

        return wrapped


class _Written:
    """A transport that notes when it has written."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        """Write, and note it."""
        self._transport.write(data)
        note()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


written: ContextVar[list[int] | None] = ContextVar("written", default=None)
"""Where a bare client has the times of its writes noted."""


def note() -> None:
    """Note that the running task has written."""
    if (trip := _trip.get()) is not None:
        trip.written = now()
    if (times := written.get()) is not None:
        times.append(now())


def follow_writes() -> None:
    """Note every write of both HTTP transports, for the rest of the process."""
    from httpcore._backends.anyio import AnyIOStream

    wrap(_wire.Wire, "connection_made", _noting)
    wrap(AnyIOStream, "write", _after)


def wrap(owner: type, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Exchange a method for one made of it."""
    setattr(owner, name, make(getattr(owner, name)))


def _noting(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def wrapped(wire: object, transport: Any) -> None:
        call(wire, _Written(transport))

    return wrapped


def _after(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    async def wrapped(stream: object, *arguments: Any, **more: Any) -> Any:
        done = await call(stream, *arguments, **more)
        note()
        return done

    return wrapped
