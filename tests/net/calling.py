"""Calls that run against a server of the test's own, for the tests of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import msgspec
from websockets.asyncio.server import ServerConnection

from arbcore.model.input import ConnectionChanged
from arbcore.model.state import ConnectionState
from arbcore.net.calls import Call, SocketCalls
from arbcore.net.limits import RateLimits
from arbcore.net.request import Reply
from arbcore.ports.venue import RequestMeasured
from tests.net.surroundings import Clock, fast, make_limits, ws_server

Greet = tuple[Callable[[], Call], Callable[[Reply], object]]
"""A call that must succeed first, and what looks at its answer."""


def read_id(frame: bytes) -> str | None:
    found: dict[str, Any] = msgspec.json.decode(frame)
    return found.get("id")


def call(identity: str, **more: Any) -> Call:
    return Call(id=identity, method="order.place", frame=lambda now: f'{{"id":"{identity}","at":{now}}}', **more)


def body(reply: Reply) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(reply.body)
    return found


class Opened:
    """Calls that run, with what they delivered and what the server heard."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.clock = Clock()
        self.calls: SocketCalls
        self.scope: anyio.CancelScope
        self._told = anyio.Event()

    def take(self, item: Any) -> None:
        self.items.append(item)
        self._told.set()

    @property
    def states(self) -> list[ConnectionState]:
        return [item.state for item in self.items if isinstance(item, ConnectionChanged)]

    @property
    def measured(self) -> list[RequestMeasured]:
        return [item for item in self.items if isinstance(item, RequestMeasured)]

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._told = anyio.Event()
            await self._told.wait()


@asynccontextmanager
async def opened(
    script: Callable[[ServerConnection], Awaitable[None]],
    *,
    limits: RateLimits | None = None,
    greet: Greet | None = None,
    **settings: int,
) -> AsyncIterator[Opened]:
    found = Opened()
    async with ws_server(script) as url:
        found.calls = SocketCalls(
            url,
            venue="v",
            connection="orders",
            clock=found.clock,
            limits=limits or make_limits(),
            settings=fast(**settings),
            read_id=read_id,
            greet=greet,
        )
        async with anyio.create_task_group() as group:

            async def run() -> None:
                with anyio.CancelScope() as found.scope:
                    await found.calls.run(found.take)

            group.start_soon(run)
            await found.until(lambda: found.calls.is_open)
            yield found
            found.scope.cancel()


async def echo(socket: ServerConnection) -> None:
    async for frame in socket:
        await socket.send(frame)
