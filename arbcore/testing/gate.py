"""A gate between a program and a server on the same machine: requests and WebSockets pass it, get lost or are held."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Self
from urllib.parse import urlsplit

import anyio
import anyio.abc
from msgspec import Struct

from arbcore.testing.faults import Planned, taken
from arbcore.testing.trading_bench import Held

_HEAD = re.compile(rb"^([A-Z]+) (\S+) HTTP/1\.1\r\n")
_UPGRADE = re.compile(rb"\r\nupgrade:\s*websocket", re.IGNORECASE)
_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError)


class Way(Struct, frozen=True):
    """How an operation looks on the wire.

    Attributes:
        method: HTTP method.
        path: Part of the path.
    """

    method: str
    path: str


class Gate:
    """A TCP proxy that knows requests from WebSockets. An async context manager.

    It needs no help from the plugin: give the plugin the gate's address in place of the server's.

    Args:
        address: Address of the server, such as ``http://127.0.0.1:8710``.

    Attributes:
        seen: Method and path of every request that reached the gate, in order.
        is_open: Whether WebSockets may be opened.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host: Final = parts.hostname or "127.0.0.1"
        self._port: Final = parts.port or 80
        self._plan: list[Planned] = []
        self._held: list[tuple[Planned, Held, anyio.Event]] = []
        self._sockets: dict[anyio.abc.SocketStream, str] = {}
        self._closed_to: list[str] = []
        self._stack: Final = AsyncExitStack()
        self._address = ""
        self.seen: list[tuple[str, str]] = []

    @property
    def address(self) -> str:
        """Base of all addresses: ``http://127.0.0.1:PORT``."""
        return self._address

    async def __aenter__(self) -> Self:
        """Listen."""
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - not Django's
        self._address = f"http://127.0.0.1:{port}"
        await self._stack.enter_async_context(listener)
        group = await self._stack.enter_async_context(anyio.create_task_group())
        self._stack.callback(group.cancel_scope.cancel)
        group.start_soon(listener.serve, self._pass)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every connection."""
        await self._stack.aclose()

    # --- faults --------------------------------------------------------------------------------------------------

    def lose_request(self, way: Way) -> None:
        """Break the connection of the next request that fits, before the server has seen it."""
        self._plan.append(Planned(failure="lost request", method=way.method, path=way.path))

    def lose_reply(self, way: Way) -> None:
        """Break the connection of the next request that fits, once the server answers."""
        self._plan.append(Planned(failure="lost reply", method=way.method, path=way.path))

    def answer(self, way: Way, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer the next request that fits ourselves: it never reaches the server."""
        planned = Planned(
            failure="answer", method=way.method, path=way.path, status=status, body=body, headers=headers or {}
        )
        self._plan.append(planned)

    @asynccontextmanager
    async def hold(self, way: Way) -> AsyncIterator[Held]:
        """Hold back the answer to the next request that fits while entered."""
        held, released = Held(anyio.Event()), anyio.Event()
        self._held.append((Planned(failure="answer", method=way.method, path=way.path), held, released))
        try:
            yield held
        finally:
            released.set()

    async def cut(self, path: str = "") -> int:
        """Break every WebSocket whose path holds a text; return how many."""
        found = [socket for socket, opened in list(self._sockets.items()) if path in opened]
        for socket in found:
            self._sockets.pop(socket, None)
            await anyio.aclose_forcefully(socket)
        return len(found)

    @asynccontextmanager
    async def down(self, path: str = "") -> AsyncIterator[None]:
        """Break WebSockets whose path holds a text, and let none be opened while entered."""
        self._closed_to.append(path)
        try:
            await self.cut(path)
            yield
        finally:
            self._closed_to.remove(path)

    # --- passing -------------------------------------------------------------------------------------------------

    async def _pass(self, client: anyio.abc.SocketStream) -> None:
        line = _Connection(self, client)
        try:
            server = await anyio.connect_tcp(self._host, self._port)
            async with client, server, anyio.create_task_group() as group:
                group.start_soon(line.there, server, group.cancel_scope)
                group.start_soon(line.back, server, group.cancel_scope)
        except _GONE:
            return
        except BaseExceptionGroup as errors:
            if errors.split(_GONE)[1] is not None:
                raise
        finally:
            self._sockets.pop(client, None)

    def opens(self, client: anyio.abc.SocketStream, path: str) -> bool:
        """Note a WebSocket; tell whether it may be opened."""
        if any(closed in path for closed in self._closed_to):
            return False
        self._sockets[client] = path
        return True

    def planned(self, method: str, target: str) -> Planned | None:
        """Take what is planned for a request."""
        return taken(self._plan, lambda one: one.fits(method, target))

    def held(self, method: str, target: str) -> tuple[Planned, Held, anyio.Event] | None:
        """Take what holds back the answer to a request."""
        return taken(self._held, lambda one: one[0].fits(method, target))


class _Connection:
    """One connection through the gate: HTTP with one request after another, or a WebSocket from its first one on."""

    def __init__(self, gate: Gate, client: anyio.abc.SocketStream) -> None:
        self._gate = gate
        self._client = client
        self._losing = False
        self._held: tuple[Planned, Held, anyio.Event] | None = None

    async def there(self, server: anyio.abc.SocketStream, scope: anyio.CancelScope) -> None:
        """Carry from the program to the server."""
        try:
            async for chunk in self._client:
                if not await self._lets_pass(chunk):
                    break
                await server.send(chunk)
        finally:
            scope.cancel()

    async def back(self, server: anyio.abc.SocketStream, scope: anyio.CancelScope) -> None:
        """Carry from the server to the program."""
        try:
            async for chunk in server:
                if self._losing:
                    break
                if self._held is not None:
                    (_, held, released), self._held = self._held, None
                    held.arrived.set()
                    await released.wait()
                await self._client.send(chunk)
        finally:
            scope.cancel()

    async def _lets_pass(self, chunk: bytes) -> bool:
        head = _HEAD.match(chunk)
        if head is None:
            return True
        method, target = head[1].decode(), head[2].decode("ascii", "replace")
        if _UPGRADE.search(chunk):
            return self._gate.opens(self._client, target)
        self._gate.seen.append((method, target.partition("?")[0]))
        self._held = self._gate.held(method, target)
        planned = self._gate.planned(method, target)
        if planned is None:
            return True
        self._losing = planned.failure == "lost reply"
        if planned.failure == "answer":
            await self._client.send(_reply(planned))
        return self._losing


def _reply(planned: Planned) -> bytes:
    headers = {"content-length": str(len(planned.body)), "connection": "close", **planned.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {planned.status} Planned\r\n{lines}\r\n".encode() + planned.body
