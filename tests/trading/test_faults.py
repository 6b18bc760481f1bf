"""Scripted transports and gates fail requests as they are told, over real sockets."""

from collections.abc import AsyncIterator

import anyio
import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from arbcore.errors import ExchangeUnavailable, OutcomeUnknown
from arbcore.net._httpx import HttpxTransport
from arbcore.testing.faults import Planned, ScriptedTransport
from arbcore.testing.gate import Gate, Way

ORDER = Way("GET", "/order")
S = 10**9


class Far:
    """A server of requests and WebSockets that counts what reached it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0

    def answer(self, _connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request, or let a WebSocket open."""
        if request.path.startswith("/ws"):
            return None
        self.asked.append(request.path)
        body = b'{"done": true}'
        return Response(200, "OK", Headers([("Content-Length", str(len(body))), ("Connection", "close")]), body)

    async def talk(self, connection: ServerConnection) -> None:
        """Send back what comes."""
        async for message in connection:
            await connection.send(message)


@pytest.fixture
async def far() -> AsyncIterator[Far]:
    far = Far()
    server: Server
    async with serve(far.talk, "127.0.0.1", 0, process_request=far.answer) as server:
        far.port = next(iter(server.sockets)).getsockname()[1]
        yield far


@pytest.fixture
async def gate(far: Far) -> AsyncIterator[Gate]:
    async with Gate(f"http://127.0.0.1:{far.port}") as gate:
        yield gate


@pytest.fixture
async def transport(gate: Gate) -> AsyncIterator[HttpxTransport]:
    async with HttpxTransport(gate.address, S) as transport:
        yield transport


async def ask(transport: HttpxTransport | ScriptedTransport, path: str = "/order") -> tuple[int, bytes]:
    status, _, body = await transport.exchange("GET", path, {}, b"", 5 * S)
    return status, body


@pytest.mark.anyio
async def test_a_gate_passes_what_it_is_not_told_to_stop(gate: Gate, transport: HttpxTransport, far: Far) -> None:
    assert await ask(transport, "/order?x=1") == (200, b'{"done": true}')
    assert gate.seen == [("GET", "/order")]
    assert far.asked == ["/order?x=1"]


@pytest.mark.anyio
async def test_a_gate_loses_a_request_once(gate: Gate, transport: HttpxTransport, far: Far) -> None:
    gate.lose_request(ORDER)
    with pytest.raises(OutcomeUnknown):
        await ask(transport)
    assert far.asked == []
    assert (await ask(transport))[0] == 200


@pytest.mark.anyio
async def test_a_gate_loses_an_answer_once(gate: Gate, transport: HttpxTransport, far: Far) -> None:
    gate.lose_reply(ORDER)
    with pytest.raises(OutcomeUnknown):
        await ask(transport)
    assert far.asked == ["/order"]
    assert (await ask(transport))[0] == 200


@pytest.mark.anyio
async def test_a_gate_answers_itself_only_what_fits(gate: Gate, transport: HttpxTransport, far: Far) -> None:
    gate.answer(ORDER, 503, b"busy")
    assert (await ask(transport, "/other"))[0] == 200
    assert await ask(transport) == (503, b"busy")
    assert far.asked == ["/other"]


@pytest.mark.anyio
async def test_a_gate_holds_an_answer_back(gate: Gate, transport: HttpxTransport, far: Far) -> None:
    told: list[int] = []

    async def go() -> None:
        told.append((await ask(transport))[0])

    async with anyio.create_task_group() as group, gate.hold(ORDER) as held:
        group.start_soon(go)
        await held.arrived.wait()
        assert far.asked == ["/order"]
        assert told == []
    assert told == [200]


@pytest.mark.anyio
async def test_a_gate_cuts_sockets_by_their_path(gate: Gate) -> None:
    base = gate.address.replace("http", "ws", 1)
    async with connect(f"{base}/ws/user") as user, connect(f"{base}/ws/market") as market:
        await user.send("a")
        assert await user.recv() == "a"
        assert await gate.cut("user") == 1
        with pytest.raises(websockets.ConnectionClosed):
            await user.recv()
        await market.send("b")
        assert await market.recv() == "b"


@pytest.mark.anyio
async def test_a_gate_lets_none_be_opened_while_it_is_down(gate: Gate) -> None:
    url = f"{gate.address.replace('http', 'ws', 1)}/ws/user"
    async with gate.down("user"):
        with pytest.raises((OSError, websockets.WebSocketException, EOFError)):
            await connect(url)
    async with connect(url) as user:
        await user.send("a")
        assert await user.recv() == "a"


@pytest.mark.parametrize(
    ("failure", "error", "reached"),
    [("unsent", ExchangeUnavailable, 0), ("lost request", OutcomeUnknown, 0), ("lost reply", OutcomeUnknown, 1)],
)
@pytest.mark.anyio
async def test_a_script_fails_a_request_once(
    transport: HttpxTransport, far: Far, failure: str, error: type[Exception], reached: int
) -> None:
    scripted = ScriptedTransport(transport)
    scripted.plan.append(Planned(failure=failure, path="/order"))  # type: ignore[arg-type]  # one of them
    assert (await ask(scripted, "/other"))[0] == 200
    with pytest.raises(error):
        await ask(scripted)
    assert far.asked.count("/order") == reached
    assert (await ask(scripted))[0] == 200


@pytest.mark.anyio
async def test_a_script_answers_and_damages(transport: HttpxTransport, far: Far) -> None:
    scripted = ScriptedTransport(transport)
    scripted.plan += [Planned(failure="answer", status=418, body=b"away"), Planned(failure="damage")]
    assert await ask(scripted) == (418, b"away")
    assert far.asked == []
    assert await ask(scripted) == (200, b'{"done"')
    assert scripted.sent == [("GET", "/order")]


@pytest.mark.anyio
async def test_a_script_holds_an_answer_back(transport: HttpxTransport) -> None:
    scripted, told = ScriptedTransport(transport), list[int]()

    async def go() -> None:
        told.append((await ask(scripted))[0])

    async with anyio.create_task_group() as group, scripted.hold("GET", "/order") as held:
        group.start_soon(go)
        await held.arrived.wait()
        assert told == []
    assert told == [200]
