"""Requests that are signed when they are sent, that are shielded, and that expire; over real sockets."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import anyio
import msgspec
import pytest

from arbcore.errors import ExchangeError, ExchangeUnavailable, OutcomeUnknown
from arbcore.net.http import HttpClient
from arbcore.net.limits import RateLimits
from arbcore.net.request import Request
from tests.net import surroundings
from tests.net.surroundings import MS, Clock, S, fast, http_server, make_limits, read_usage

pytestmark = pytest.mark.anyio

ORDER = Request(method="POST", path="/order", counter="weight", query="symbol=X", signed=True, shielded=True)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["lean", "httpx"], autouse=True)
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with each transport."""
    monkeypatch.setattr(surroundings, "TRANSPORT", request.param)


def sign(request: Request, now: int) -> Request:
    return msgspec.structs.replace(request, query=f"{request.query}&timestamp={now}&signature=topsecret")


def client(base: str, clock: Clock, limits: RateLimits | None = None, *, key: bool = True) -> HttpClient:
    return HttpClient(
        base,
        venue="v",
        clock=clock,
        limits=limits or make_limits(),
        read_usage=read_usage,
        penalty=lambda _, attempt: attempt * S,
        settings=fast(),
        sign=sign if key else None,
        sleep=clock.sleep,
    )


@asynccontextmanager
async def held_server(hold: Callable[[], Awaitable[None]]) -> AsyncIterator[str]:
    """Serve ``done`` to one request, once a coroutine has ended."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await hold()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def stamp(line: str) -> int:
    return int(line.partition("timestamp=")[2].partition("&")[0])


async def test_a_request_is_signed_with_the_time_after_the_wait_for_the_limits() -> None:
    clock, limits = Clock(), make_limits()
    async with http_server(lambda *_: (200, {}, b"")) as server, client(server.base, clock, limits) as tested:
        until = clock.now() + 3 * S
        limits.pause("weight", until)
        reply = await tested.send(ORDER)
    assert stamp(server.lines[0]) == reply.sent_ts >= until


async def test_each_attempt_is_signed_anew() -> None:
    answers: Iterator[tuple[int, dict[str, str], bytes] | None] = iter([None, (200, {}, b"")])
    read = Request(path="/account", counter="weight", query="a=1", signed=True, repeatable=True)
    async with http_server(lambda *_: next(answers)) as server, client(server.base, Clock()) as tested:
        await tested.send(read)
    first, second = map(stamp, server.lines)
    assert first < second
    assert all(line.count("signature") == 1 for line in server.lines)


async def test_without_a_key_a_signed_request_is_not_sent() -> None:
    async with http_server(lambda *_: (200, {}, b"")) as server, client(server.base, Clock(), key=False) as tested:
        with pytest.raises(ExchangeUnavailable, match="it needs a key"):
            await tested.send(ORDER)
    assert server.lines == []


async def test_a_request_whose_time_is_over_is_never_sent() -> None:
    clock, limits = Clock(), make_limits()
    async with http_server(lambda *_: (200, {}, b"")) as server, client(server.base, clock, limits) as tested:
        limits.pause("weight", clock.now() + 2 * S)
        late = msgspec.structs.replace(ORDER, expires_at=clock.now() + S)
        with pytest.raises(ExchangeUnavailable, match=r"its time was over 1\.\d+ s ago"):
            await tested.send(late)
        await tested.send(msgspec.structs.replace(ORDER, expires_at=clock.now() + 60 * S))
    assert len(server.lines) == server.connections == 1


@pytest.mark.parametrize("shielded", [True, False])
async def test_a_cancelled_caller_still_reads_the_answer_of_a_shielded_request(*, shielded: bool) -> None:
    heard, go = anyio.Event(), anyio.Event()
    read: list[bytes] = []

    async with anyio.create_task_group() as group:

        async def hold() -> None:
            heard.set()
            await go.wait()

        async with held_server(hold) as base, client(base, Clock()) as tested:

            async def ask(scope: anyio.CancelScope) -> None:
                with scope:
                    read.append((await tested.send(msgspec.structs.replace(ORDER, shielded=shielded))).body)

            scope = anyio.CancelScope()
            async with anyio.create_task_group() as asking:
                asking.start_soon(ask, scope)
                await heard.wait()
                scope.cancel()
                await anyio.lowlevel.checkpoint()
                go.set()
        group.cancel_scope.cancel()
    assert read == ([b"done"] if shielded else [])


async def test_a_shield_ends_at_the_deadline() -> None:
    never = anyio.Event()

    async def hold() -> None:
        await never.wait()

    caught: list[str] = []
    async with held_server(hold) as base, client(base, Clock()) as tested:
        with anyio.CancelScope() as scope:
            scope.cancel()
            try:
                await tested.send(msgspec.structs.replace(ORDER, timeout_ns=20 * MS))
            except OutcomeUnknown as error:
                caught.append(error.what)
        never.set()
    assert len(caught) == 1
    assert "sent and not answered" in caught[0]


async def test_a_request_cancelled_while_it_waits_for_the_limits_draws_on_nothing() -> None:
    limits, clock = make_limits(), Clock()
    async with http_server(lambda *_: (200, {}, b"")) as server, client(server.base, clock, limits) as tested:
        limits.pause("weight", clock.now() + S)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await tested.send(ORDER)
    assert server.lines == []
    assert limits.wait("weight", 2160, clock.now() + 2 * S) == 0


@pytest.mark.parametrize("key", ["topsecret\n", " topsecret", "topsecret\r\nx: y", "topsecrét"])
async def test_a_key_that_no_header_can_hold_is_not_shown(key: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with http_server(lambda *_: (200, {}, b"")) as server, client(server.base, Clock()) as tested:
        with pytest.raises(ExchangeUnavailable, match="the header 'x-key' holds") as caught:
            await tested.send(msgspec.structs.replace(ORDER, headers={"x-key": key}))
    assert server.lines == []
    assert "topsecr" not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {caplog.text}"


async def test_neither_queries_nor_signatures_are_logged_or_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers: Iterator[tuple[int, dict[str, str], bytes] | None] = iter([(200, {}, b""), (429, {}, b""), None])
    async with http_server(lambda *_: next(answers)) as server, client(server.base, Clock()) as tested:
        await tested.send(ORDER)
        told = []
        for _ in range(2):
            try:
                await tested.send(ORDER)
            except ExchangeError as error:
                told.append(f"{error!r} {error} {error.__cause__!r} {error.__context__!r}")
    assert len(told) == 2
    assert all(word not in caplog.text + "".join(told) for word in ("topsecret", "symbol=X"))
    assert len(server.lines) == 3
