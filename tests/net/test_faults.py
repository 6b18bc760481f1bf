"""Faults on our side of the wire: on real requests and sockets of this machine, and nowhere without a drill."""

import anyio
import pytest
from websockets.asyncio.server import ServerConnection

from arbcore.errors import OutcomeUnknown, RateLimited
from arbcore.net.faults import Faults, FaultyTransport, current, injected
from arbcore.net.http import HttpTransport
from arbcore.net.request import Request
from tests.net.calling import body, call, echo, opened
from tests.net.surroundings import MS, Clock, client, http_server

pytestmark = pytest.mark.anyio


class Counting:
    """A transport that counts what reaches the venue."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def __aenter__(self) -> "Counting":
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def exchange(
        self, method: str, target: str, headers: object, body: bytes, timeout_ns: int
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer 200."""
        await anyio.lowlevel.checkpoint()
        self.sent.append(method)
        return 200, {}, b"yes"


class Cut:
    """A socket that notes that it was cut."""

    def __init__(self) -> None:
        self.times = 0

    def cut(self) -> None:
        """Note it."""
        self.times += 1


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def venue() -> Counting:
    return Counting()


@pytest.fixture
def transport(faults: Faults, venue: Counting) -> HttpTransport:
    return FaultyTransport(venue, faults)


async def ask(transport: HttpTransport, method: str = "POST") -> int:
    status, _, _ = await transport.exchange(method, "/", {}, b"", 1)
    return status


async def test_a_lost_answer_was_sent_and_is_lost_once(
    transport: HttpTransport, faults: Faults, venue: Counting
) -> None:
    faults.lose_answer()
    assert await ask(transport, "GET") == 200
    with pytest.raises(OutcomeUnknown, match="sent and not answered"):
        await ask(transport)
    assert await ask(transport) == 200
    assert (venue.sent, faults.happened) == (["GET", "POST", "POST"], 1)


async def test_a_refusal_never_leaves(transport: HttpTransport, faults: Faults, venue: Counting) -> None:
    faults.refuse(429, {"retry-after": "1"}, "POST")
    assert [await ask(transport, "GET"), await ask(transport), await ask(transport)] == [200, 429, 200]
    assert (venue.sent, faults.happened) == (["GET", "POST"], 1)


async def test_what_has_not_happened_is_taken_back(transport: HttpTransport, faults: Faults) -> None:
    faults.lose_answer()
    faults.refuse(429, {})
    faults.calm()
    assert await ask(transport) == 200
    assert (faults.loses(), faults.happened) == (False, 0)


async def test_a_call_over_a_socket_is_lost_whatever_its_method(faults: Faults) -> None:
    faults.lose_answer("DELETE")
    assert (faults.loses("POST"), faults.loses(), faults.loses()) == (False, True, False)


async def test_open_sockets_are_cut_once(faults: Faults) -> None:
    sockets = [Cut(), Cut()]
    for socket in sockets:
        faults.watch(socket)
    assert (faults.cut(), faults.cut()) == (2, 0)
    assert ([socket.times for socket in sockets], faults.happened) == ([1, 1], 1)


async def test_faults_reach_what_is_started_within_and_nothing_else(faults: Faults) -> None:
    seen: dict[str, Faults | None] = {}

    async def look(name: str) -> None:
        await anyio.lowlevel.checkpoint()
        seen[name] = current()

    async with anyio.create_task_group() as group:
        group.start_soon(look, "before")
        with injected(faults):
            group.start_soon(look, "within")
        group.start_soon(look, "after")
    assert seen == {"before": None, "within": faults, "after": None}


async def test_a_client_that_is_opened_within_loses_an_answer_and_meets_a_429(faults: Faults) -> None:
    async with http_server(lambda _line, _headers: (200, {}, b"{}")) as server:
        with injected(faults):
            rest = client(server.base, Clock())
            await rest.__aenter__()
        faults.lose_answer()
        with pytest.raises(OutcomeUnknown, match="a drill lost the answer"):
            await rest.send(Request(method="POST", path="/order"))
        faults.refuse(429, {"retry-after": "1"}, "POST")
        with pytest.raises(RateLimited):
            await rest.send(Request(method="POST", path="/order"))
        await rest.__aexit__(None, None, None)
    assert [line.split()[0] for line in server.lines] == ["POST"]


async def test_a_cut_socket_is_opened_again_and_a_lost_call_is_unknown(faults: Faults) -> None:
    openings: list[int] = []

    async def counted(socket: ServerConnection) -> None:
        openings.append(1)
        await echo(socket)

    with injected(faults):
        async with opened(counted) as tested:
            faults.lose_answer()
            with pytest.raises(OutcomeUnknown):
                await tested.calls.call(call("a", timeout_ns=50 * MS))
            assert body(await tested.calls.call(call("b")))["id"] == "b"
            assert faults.cut() == 1
            await tested.until(lambda: len(openings) == 2 and tested.calls.is_open)
            assert body(await tested.calls.call(call("c")))["id"] == "c"
