"""Streams of an account: an address that has to be fetched first, a new header for each handshake, nothing lost."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import anyio
import pytest
from websockets.asyncio.server import ServerConnection

from arbcore.model.input import ConnectionChanged
from arbcore.model.order import OrderReport, OrderState
from arbcore.model.state import ConnectionState
from arbcore.net.protocol import Fetch, Heard
from arbcore.net.request import Reply, Request
from arbcore.net.stream import run_stream
from tests.net.surroundings import MS, Clock, Lines, client, fast, http_server, ws_server

pytestmark = pytest.mark.anyio

C = ConnectionState


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Account(Lines):
    """A user stream: its address holds a key that it fetches first; each frame is the id of an order."""

    def __init__(self, base: str) -> None:
        super().__init__("")
        self.base = base

    def tick(self, now: int, *, connected: bool) -> Sequence[Heard]:
        super().tick(now, connected=connected)
        return [] if self.url else [Fetch("key", Request(method="POST", path="/key"))]

    def fetched(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        if reply is not None and reply.status == 200:
            self.url = f"{self.base}/{reply.body.decode()}"
        return []

    def opened(self, now: int) -> Sequence[Heard]:
        self.whole = True
        return []

    def received(self, frame: bytes, now: int) -> Sequence[Heard]:
        name = frame.decode()
        return [OrderReport(client_order_id=name, state=OrderState.ACKNOWLEDGED, filled=Decimal(1), ts=1, recv_ts=now)]


class Stream:
    """Runs a user stream against a server until something was told."""

    def __init__(self, script: Callable[[ServerConnection], Any], **settings: int) -> None:
        self.items: list[Any] = []
        self.protocols: list[Account] = []
        self.opened: list[ServerConnection] = []
        self.tokens = 0
        self._script = script
        self._settings = settings
        self._until: Callable[[], bool] = lambda: False
        self._done = anyio.Event()

    @property
    def story(self) -> list[str]:
        states = (item.state if isinstance(item, ConnectionChanged) else None for item in self.items)
        names = (getattr(item, "client_order_id", None) for item in self.items)
        return [str(state or name) for state, name in zip(states, names, strict=True) if state or name]

    async def run(self, base: str, until: Callable[[], bool]) -> None:
        self._until = until
        clock = Clock()

        async def serve(socket: ServerConnection) -> None:
            self.opened.append(socket)
            await self._script(socket)

        async with ws_server(serve) as url, client(base, clock) as http:

            def make() -> Account:
                self.protocols.append(Account(url))
                return self.protocols[-1]

            async with anyio.create_task_group() as group:
                group.start_soon(self._streamed, make, http, clock)
                await self._done.wait()
                group.cancel_scope.cancel()

    async def _streamed(self, make: Callable[[], Account], http: Any, clock: Clock) -> None:
        await run_stream(
            make,
            http,
            self._take,
            venue="v",
            connection="user",
            clock=clock,
            settings=fast(**self._settings),
            headers=self._headers,
        )

    def _headers(self) -> dict[str, str]:
        self.tokens += 1
        return {"Authorization": f"Bearer {self.tokens}"}

    def _take(self, item: Any) -> None:
        self.items.append(item)
        if self._until():
            self._done.set()


async def test_it_only_ticks_until_the_address_is_known_and_fetches_it_again_after_a_failure() -> None:
    answers: Iterator[tuple[int, dict[str, str], bytes] | None] = iter([(503, {}, b""), None, (200, {}, b"key1")])

    async def script(socket: ServerConnection) -> None:
        await socket.send("a")
        await socket.wait_closed()

    stream = Stream(script)
    async with http_server(lambda *_: next(answers)) as server:
        await stream.run(server.base, lambda: {"a", C.CONNECTED} <= set(stream.story))
    assert stream.story[0] == C.CONNECTING
    assert C.RECONNECTING not in stream.story
    assert len(server.lines) == 3
    assert [socket.request.path for socket in stream.opened if socket.request] == ["/key1"]
    assert True not in stream.protocols[0].ticks[:3]


async def test_each_handshake_has_a_header_and_an_address_of_its_own() -> None:
    keys = iter(range(1, 9))

    async def script(socket: ServerConnection) -> None:
        await socket.send(f"n{len(stream.opened)}")
        if len(stream.opened) == 3:
            await socket.wait_closed()

    stream = Stream(script)
    async with http_server(lambda *_: (200, {}, f"key{next(keys)}".encode())) as server:
        await stream.run(server.base, lambda: "n3" in stream.story)
    requests = [socket.request for socket in stream.opened]
    assert [request.path for request in requests if request] == ["/key1", "/key2", "/key3"]
    assert [request.headers["Authorization"] for request in requests if request] == ["Bearer 1", "Bearer 2", "Bearer 3"]


async def test_a_renewal_fetches_its_own_address_and_loses_no_news_of_orders() -> None:
    keys = iter(range(1, 99))

    async def script(socket: ServerConnection) -> None:
        if len(stream.opened) == 2:
            # Each of the two that are open hears something that the other does not.
            await stream.opened[0].send("old")
            await socket.send("new")
        await socket.wait_closed()

    stream = Stream(script, renew_after=30 * MS)
    async with http_server(lambda *_: (200, {}, f"key{next(keys)}".encode())) as server:
        await stream.run(server.base, lambda: {"old", "new"} <= set(stream.story))
    assert C.RECONNECTING not in stream.story
    assert sorted(name for name in stream.story if name in {"old", "new"}) == ["new", "old"]


async def test_redirects_are_not_followed() -> None:
    """A header of a handshake is meant for the venue's own address."""
    hops: list[str] = []

    def answer(line: str, _: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        hops.append(line.split(" ")[1])
        return (200, {}, b"first") if line.startswith("POST") else (302, {"location": "/second"}, b"")

    stream = Stream(lambda _: anyio.sleep_forever(), first_wait=MS)
    async with http_server(answer) as server, client(server.base, Clock()) as http:
        protocol = Account(server.base.replace("http", "ws"))
        with anyio.CancelScope() as scope:

            def take(item: Any) -> None:
                if getattr(item, "state", None) is C.RECONNECTING:
                    stream.items.append(item)
                    scope.cancel()

            await run_stream(
                lambda: protocol,
                http,
                take,
                venue="v",
                connection="user",
                clock=Clock(),
                settings=fast(),
                headers=lambda: {"Authorization": "Bearer topsecret"},
            )
    assert stream.items[0].reason == "can't connect: the venue answered 302"
    assert set(hops) == {"/key", "/first"}
