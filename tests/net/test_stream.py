"""A lasting connection over real sockets: what is told, in which order."""

import socket
from collections.abc import Awaitable, Callable

import anyio
import pytest
from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from arbcore.model.input import ConnectionChanged
from arbcore.model.market import BookInvalid, Quote
from arbcore.model.state import ConnectionState
from arbcore.net.stream import run_stream
from arbcore.ports.venue import FeedItem, RequestMeasured
from tests.net.surroundings import MS, Clock, Lines, S, client, fast, http_server, ws_server

pytestmark = pytest.mark.anyio

C = ConnectionState
Script = Callable[[ServerConnection], Awaitable[None]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def told(item: FeedItem) -> object:
    """Shorten what was delivered: the state, the price of a quote, or the reason of an invalid book."""
    if isinstance(item, ConnectionChanged):
        return item.state
    return item.bid if isinstance(item, Quote) else item.reason if isinstance(item, BookInvalid) else item


class Watched:
    """Runs a stream against scripts, one per connection of the server, until something is told."""

    def __init__(self, *scripts: Script, **settings: int) -> None:
        self._scripts = list(scripts)
        self._settings = settings
        self.opened: list[ServerConnection] = []
        self.items: list[FeedItem] = []
        self.protocols: list[Lines] = []
        self.clock = Clock()
        self._until: Callable[[], bool] = lambda: False
        self._done = anyio.Event()

    @property
    def story(self) -> list[object]:
        return [told(item) for item in self.items if not isinstance(item, RequestMeasured)]

    @property
    def changes(self) -> list[ConnectionChanged]:
        return [item for item in self.items if isinstance(item, ConnectionChanged)]

    async def run(self, until: Callable[[], bool], url: str = "", base: str = "http://127.0.0.1:9") -> list[object]:
        """Run until a condition on what was delivered holds; return the story up to then."""
        self._until = until
        async with ws_server(self._serve) as own, client(base, self.clock) as http:

            def make() -> Lines:
                self.protocols.append(Lines(url or own))
                return self.protocols[-1]

            async def run() -> None:
                await run_stream(
                    make,
                    http,
                    self._deliver,
                    venue="v",
                    connection="c",
                    clock=self.clock,
                    settings=fast(**self._settings),
                    headers=lambda: {"x-key": "k"},
                )

            async with anyio.create_task_group() as group:
                group.start_soon(run)
                with anyio.fail_after(4):
                    await self._done.wait()
                group.cancel_scope.cancel()
        return self.story

    async def _serve(self, connection: ServerConnection) -> None:
        self.opened.append(connection)
        assert await connection.recv() == "subscribe"
        await self._scripts[min(len(self.opened), len(self._scripts)) - 1](connection)

    def _deliver(self, item: FeedItem) -> None:
        self.items.append(item)
        if self._until():
            self._done.set()

    def heard(self, what: object, times: int = 1) -> Callable[[], bool]:
        return lambda: self.story.count(what) >= times


def say(*frames: str | bytes, stay: bool = True) -> Script:
    """Return a script that sends frames and keeps the connection open, or drops it."""

    async def script(connection: ServerConnection) -> None:
        for frame in frames:
            await connection.send(frame)
        if stay:
            await connection.wait_closed()

    return script


async def test_it_is_connected_once_data_flows_and_disconnected_at_the_end() -> None:
    watched = Watched(say("hello", b"q 1", "q 2"))
    story = await watched.run(watched.heard(2.0))
    assert story == [C.CONNECTING, 1.0, C.CONNECTED, 2.0, "CONNECTION_LOST", C.DISCONNECTED]
    request = watched.opened[0].request
    assert request is not None
    assert request.headers["x-key"] == "k"
    assert "Origin" not in request.headers
    assert "Sec-WebSocket-Extensions" not in request.headers


async def test_a_dropped_connection_invalidates_first_and_recovers_with_a_new_protocol() -> None:
    watched = Watched(say("q 1", stay=False), say("q 2"))
    story = await watched.run(watched.heard(C.CONNECTED, 2))
    assert story[:6] == [C.CONNECTING, 1.0, C.CONNECTED, "CONNECTION_LOST", C.RECONNECTING, 2.0]
    assert story[6] is C.CONNECTED
    assert len(watched.protocols) == 2
    back = watched.changes[3]
    assert back.attempts == 1
    assert back.outage_ns > 0
    assert "ended" in watched.changes[2].reason


async def test_resubscribed_without_data_is_not_recovered() -> None:
    watched = Watched(say("q 1", stay=False), say("hello"), say("q 3"), recover_timeout=30 * MS)
    story = await watched.run(watched.heard(C.CONNECTED, 2))
    assert story[3:7] == ["CONNECTION_LOST", C.RECONNECTING, 3.0, C.CONNECTED]
    assert len(watched.opened) == 3
    assert watched.changes[3].attempts == 2


async def test_a_connection_that_sends_nothing_is_mute() -> None:
    watched = Watched(say("q 1"), say("q 2"), mute_after=30 * MS)
    story = await watched.run(watched.heard(2.0))
    assert story[2:6] == [C.CONNECTED, "CONNECTION_LOST", C.MUTE, C.RECONNECTING]
    assert "nothing came" in watched.changes[2].reason


async def test_a_protocol_may_find_a_stream_mute_itself() -> None:
    watched = Watched(say("q 1", "mute"), say("q 2"))
    story = await watched.run(watched.heard(2.0))
    assert story[2:6] == [C.CONNECTED, "CONNECTION_LOST", C.MUTE, C.RECONNECTING]
    assert watched.changes[2].reason == "said so"


async def test_garbage_reconnects_with_its_text_as_reason() -> None:
    watched = Watched(say("q 1", b"\xffjunk"[1:]), say("q 2"))
    await watched.run(watched.heard(C.CONNECTED, 2))
    assert watched.changes[2].reason == "garbage junk"


async def test_a_defect_of_a_protocol_is_logged_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(say("q 1", "bug here"), say("q 2"))
    await watched.run(watched.heard(C.CONNECTED, 2))
    assert "defect" in watched.changes[2].reason
    assert any(record.exc_info and "KeyError" in str(record.exc_text) for record in caplog.records)


async def test_a_gap_passes_through_resyncing() -> None:
    watched = Watched(say("q 1", "gap", "q 2"))
    story = await watched.run(watched.heard(C.CONNECTED, 2))
    assert story[1:7] == [1.0, C.CONNECTED, "DATA_GAP", C.RESYNCING, 2.0, C.CONNECTED]


async def test_a_resync_that_never_ends_reconnects() -> None:
    watched = Watched(say("q 1", "gap"), say("q 2"), recover_timeout=30 * MS)
    story = await watched.run(watched.heard(C.CONNECTED, 2))
    assert story[3:7] == ["DATA_GAP", C.RESYNCING, C.RECONNECTING, 2.0]


async def test_renewal_has_no_gap() -> None:
    """The second connection takes over once it delivers; the first is closed then, and no book is ever invalid."""

    closed = anyio.Event()

    async def first(connection: ServerConnection) -> None:
        price = 1
        while connection.state is State.OPEN:
            await connection.send(f"q {price}")
            price += 1
            await anyio.sleep(0.002)
        closed.set()

    async def second(connection: ServerConnection) -> None:
        await connection.send("q 1000000")
        await closed.wait()
        await say("q 1000001")(connection)

    watched = Watched(first, second, renew_after=60 * MS, longest_wait=5 * S)
    story = await watched.run(watched.heard(1000001.0))
    quotes = [price for price in story if isinstance(price, float)]
    assert quotes == [*map(float, range(1, len(quotes) - 1)), 1000000.0, 1000001.0]
    assert [item for item in story if not isinstance(item, float)] == [
        C.CONNECTING,
        C.CONNECTED,
        "CONNECTION_LOST",
        C.DISCONNECTED,
    ]
    assert [protocol.closings for protocol in watched.protocols] == [0, 1]


async def test_what_the_first_connection_told_is_not_told_again_by_an_older_item_of_the_second() -> None:
    opened, told_by_first = anyio.Event(), anyio.Event()

    async def first(connection: ServerConnection) -> None:
        await connection.send("q 1")
        await opened.wait()
        await say("q 50")(connection)

    async def second(connection: ServerConnection) -> None:
        opened.set()
        await told_by_first.wait()
        await say("q 40", "q 60")(connection)

    watched = Watched(first, second, renew_after=40 * MS, longest_wait=5 * S)

    def until() -> bool:
        if 50.0 in watched.story:
            told_by_first.set()
        return 60.0 in watched.story

    story = await watched.run(until)
    assert [item for item in story if isinstance(item, float)] == [1.0, 50.0, 60.0]


async def test_a_renewal_that_fails_leaves_the_first_connection_alone() -> None:
    watched = Watched(say("q 1"), say("oops"), say("q 5"), renew_after=40 * MS)
    story = await watched.run(watched.heard(5.0))
    assert story == [C.CONNECTING, 1.0, C.CONNECTED, 5.0, "CONNECTION_LOST", C.DISCONNECTED]


async def test_while_it_cannot_be_opened_the_protocol_is_ticked_and_its_requests_are_answered() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        watched = Watched(say("q 1"), poll_interval=20 * MS)
        url = f"ws://127.0.0.1:{unused.getsockname()[1]}"
        story = await watched.run(
            lambda: bool(watched.changes) and watched.changes[-1].state is C.RECONNECTING, url=url
        )
    assert story == [C.CONNECTING, C.RECONNECTING, C.DISCONNECTED]
    assert "can't connect" in watched.changes[1].reason
    assert len(watched.protocols) == 1
    assert watched.protocols[0].ticks
    assert not any(watched.protocols[0].ticks)


async def test_fetches_are_answered_beside_the_frames_and_doubled_ones_dropped() -> None:
    watched = Watched(say("ask", "q 1"))
    async with http_server(lambda *_: (200, {}, b"42")) as server:
        story = await watched.run(watched.heard(42.0), base=server.base)
    assert {1.0, 42.0} <= set(story)
    assert [line.split()[1] for line in server.lines] == ["/x"]


async def test_a_fetch_that_fails_is_answered_by_none() -> None:
    async with http_server(lambda *_: None) as server:
        watched = Watched(say("ask"))
        await watched.run(watched.heard(7.0), base=server.base)
    assert watched.protocols[0].fetches == [None]


async def test_a_server_that_does_not_answer_pings_is_left() -> None:
    async def deaf(connection: ServerConnection) -> None:
        await connection.send("q 1")
        connection.transport.pause_reading()
        try:
            await anyio.sleep(0.25)
        finally:
            connection.transport.resume_reading()

    watched = Watched(deaf, say("q 2"), ping_interval=20 * MS, ping_timeout=20 * MS)
    await watched.run(watched.heard(2.0))
    assert "ping" in watched.changes[2].reason


async def test_a_server_that_never_finishes_the_handshake_is_left() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        watched = Watched(say("q 1"), connect_timeout=30 * MS)
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}"
        await watched.run(watched.heard(C.RECONNECTING), url=url)
    assert "can't connect" in watched.changes[1].reason


async def test_a_refused_handshake_is_told_with_its_status() -> None:
    async with http_server(lambda *_: (429, {"retry-after": "1"}, b"")) as server:
        watched = Watched(say("q 1"))
        await watched.run(watched.heard(C.RECONNECTING), url=server.base.replace("http", "ws"))
    assert "429" in watched.changes[1].reason
    assert len(server.lines) == 1
