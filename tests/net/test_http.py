"""Requests over real sockets: limits, refusals, failures, retries, measuring."""

import asyncio
import gzip
import logging
import socket
from collections.abc import Awaitable

import pytest

from arbcore.errors import ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore.net.http import RETRIES
from arbcore.net.limits import Level
from arbcore.net.request import Request
from arbcore.ports.venue import FeedItem, RequestMeasured
from tests.net import surroundings
from tests.net.surroundings import MS, Clock, S, client, http_server, make_limits

pytestmark = pytest.mark.anyio

OK: tuple[int, dict[str, str], bytes] = (200, {}, b"ok")
READ = Request(path="/read", counter="weight")
ORDER = Request(method="POST", path="/order", counter="weight", query="secret=1", body=b"secret=2")
CANCEL = Request(method="DELETE", path="/order", counter="weight", urgent=True, repeatable=True)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["lean", "httpx"], autouse=True)
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with each transport."""
    monkeypatch.setattr(surroundings, "TRANSPORT", request.param)


async def test_a_request_goes_out_as_it_was_built_on_a_connection_that_is_kept() -> None:
    clock = Clock()
    request = Request(path="/v1/a%2Fb", query="states[]=wait&x=%5B1%5D&y=a+b", headers={"x-one": "2"}, counter="weight")
    async with (
        http_server(lambda *_: (200, {"X-Two": "3", "set-cookie": "a=b"}, b"body")) as server,
        client(server.base, clock) as tested,
    ):
        reply = await tested.send(request)
        await tested.send(request)
    assert server.lines[0] == "GET /v1/a%2Fb?states[]=wait&x=%5B1%5D&y=a+b HTTP/1.1"
    assert server.headers[0].items() >= {"x-own": "1", "x-one": "2"}.items()
    assert "origin" not in server.headers[0]
    assert "cookie" not in server.headers[1]
    assert (reply.status, reply.body, reply.headers["x-two"]) == (200, b"body", "3")
    assert reply.sent_ts < reply.recv_ts
    assert server.connections == 1


async def test_compressed_answers_are_unpacked_and_broken_ones_are_unknown() -> None:
    answers = iter([gzip.compress(b"long" * 99), b"no gzip"])
    async with (
        http_server(lambda *_: (200, {"content-encoding": "gzip"}, next(answers))) as server,
        client(server.base, Clock()) as tested,
    ):
        assert (await tested.send(READ)).body == b"long" * 99
        with pytest.raises(OutcomeUnknown):
            await tested.send(ORDER)


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
async def test_any_other_status_is_returned_and_only_the_venues_faults_count_against_it(status: int) -> None:
    heard: list[FeedItem] = []
    async with (
        http_server(lambda *_: (status, {"location": "/elsewhere"}, b"why")) as server,
        client(server.base, Clock(), deliver=heard.append) as tested,
    ):
        reply = await tested.send(READ)
    assert (reply.status, reply.body, len(server.lines)) == (status, b"why", 1)
    (measured,) = heard
    assert isinstance(measured, RequestMeasured)
    assert measured.ok is (status < 500)
    assert measured.latency_ns > 0


async def test_headers_feed_the_limits_that_two_clients_share() -> None:
    clock, limits = Clock(), make_limits()
    # Move to the beginning of a window, lest it end within the test.
    clock.ahead += 60 * S - clock.now() % (60 * S)
    async with (
        http_server(lambda *_: (200, {"x-used": "2350"}, b"")) as server,
        client(server.base, clock, limits=limits) as one,
        client(server.base, clock, limits=limits) as two,
    ):
        await one.send(READ)
        assert limits.level("weight", clock.now()) is Level.STOP
        before = clock.ahead
        await two.send(CANCEL)
        assert clock.ahead == before
        await two.send(READ)
        assert clock.ahead - before >= 50 * S


async def test_a_limit_that_opens_too_late_for_an_order_refuses_it_unsent() -> None:
    clock, limits = Clock(), make_limits()
    limits.spend("weight", 2400, clock.now())
    async with http_server(lambda *_: OK) as server, client(server.base, clock, limits=limits) as tested:
        with pytest.raises(RateLimited, match="was not sent") as caught:
            await tested.send(ORDER)
    assert caught.value.retry_after_ns > 0
    assert server.lines == []


@pytest.mark.parametrize(("headers", "pause"), [({"Retry-After": "7"}, 7 * S), ({}, 1 * S), ({"Retry-After": "x"}, S)])
async def test_429_waits_as_the_venue_says_or_its_penalty_and_repeats_a_read(
    headers: dict[str, str], pause: int
) -> None:
    clock, answers = Clock(), iter([(429, headers, b""), OK])
    async with http_server(lambda *_: next(answers)) as server, client(server.base, clock) as tested:
        reply = await tested.send(READ)
    assert reply.status == 200
    assert pause <= clock.ahead + 100 * MS
    assert clock.ahead <= pause + MS


async def test_429_again_and_again_is_an_error_after_three_retries() -> None:
    clock = Clock()
    async with http_server(lambda *_: (429, {}, b"")) as server, client(server.base, clock) as tested:
        with pytest.raises(RateLimited) as caught:
            await tested.send(READ)
    assert len(server.lines) == 1 + RETRIES
    assert caught.value.retry_after_ns == 4 * S


async def test_429_never_repeats_an_order() -> None:
    async with http_server(lambda *_: (429, {}, b"")) as server, client(server.base, Clock()) as tested:
        with pytest.raises(RateLimited):
            await tested.send(ORDER)
    assert len(server.lines) == 1


async def test_429_then_418_backs_off_across_clients_and_cancels_pass_until_the_ban() -> None:
    """The sequence of the wish list: 429 stops what is not urgent everywhere, 418 stops everything everywhere."""
    clock, limits = Clock(), make_limits()
    answers = iter([(429, {}, b""), OK, (418, {"retry-after": "300"}, b"")])
    async with (
        http_server(lambda *_: next(answers)) as server,
        client(server.base, clock, limits=limits) as one,
        client(server.base, clock, limits=limits) as two,
    ):
        with pytest.raises(RateLimited):
            await one.send(ORDER)
        assert limits.wait("weight", 1, clock.now()) > 0
        before = clock.ahead
        assert (await two.send(CANCEL)).status == 200
        assert clock.ahead == before
        with pytest.raises(RateLimited) as caught:
            await two.send(CANCEL)
        assert caught.value.retry_after_ns == 300 * S
        for request in (READ, ORDER, CANCEL, Request(path="/uncounted")):
            with pytest.raises(RateLimited, match="not sent"):
                await one.send(request)
    assert len(server.lines) == 3


async def test_429_with_retry_after_makes_cancels_wait_for_it_too() -> None:
    clock, limits = Clock(), make_limits()
    answers = iter([(429, {"retry-after": "2"}, b""), OK])
    async with http_server(lambda *_: next(answers)) as server, client(server.base, clock, limits=limits) as tested:
        with pytest.raises(RateLimited):
            await tested.send(ORDER)
        assert 0 < limits.wait("weight", 1, clock.now(), urgent=True) <= 2 * S
        assert (await tested.send(CANCEL)).status == 200
    assert clock.ahead > S


async def test_a_dropped_order_is_unknown_and_a_dropped_repeatable_request_is_repeated() -> None:
    heard: list[FeedItem] = []
    answers = iter([None, None, None, OK, None])
    async with (
        http_server(lambda *_: next(answers)) as server,
        client(server.base, Clock(), deliver=heard.append) as tested,
    ):
        assert (await tested.send(CANCEL)).status == 200
        with pytest.raises(OutcomeUnknown, match="look it up"):
            await tested.send(ORDER)
    assert len(server.lines) == 5
    assert [item.ok for item in heard if isinstance(item, RequestMeasured)] == [False, False, False, True, False]


async def test_no_answer_in_time_is_unknown() -> None:
    release = asyncio.Event()

    def answer(*_: object) -> Awaitable[None]:
        async def late() -> None:
            await release.wait()

        return late()

    request = Request(method="POST", path="/order", timeout_ns=30 * MS)
    async with http_server(answer) as server, client(server.base, Clock()) as tested:
        with pytest.raises(OutcomeUnknown, match=r"v: POST http://.*/order"):
            await tested.send(request)
        release.set()
    assert len(server.lines) == 1


async def test_a_refused_connection_means_that_nothing_was_sent() -> None:
    heard: list[FeedItem] = []
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with client(base, Clock()) as tested:
            tested.measure(heard.append)
            with pytest.raises(ExchangeUnavailable, match="not sent"):
                await tested.send(CANCEL)
    assert [item.ok for item in heard if isinstance(item, RequestMeasured)] == [False] * (1 + RETRIES)


async def test_secrets_are_in_no_log_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([None, (429, dict[str, str](), b"")])
    caplog.set_level(logging.DEBUG, "arbcore")
    texts = []
    async with http_server(lambda *_: next(answers)) as server, client(server.base, Clock()) as tested:
        for _ in range(2):
            with pytest.raises((OutcomeUnknown, RateLimited)) as caught:
                await tested.send(ORDER)
            texts.append(str(caught.value))
    texts += [record.getMessage() for record in caplog.records if record.name.startswith("arbcore")]
    assert len(texts) == 3
    assert not any("secret" in text for text in texts)


async def test_a_client_that_is_not_open_says_so() -> None:
    with pytest.raises(ExchangeUnavailable, match="not open"):
        await client("http://127.0.0.1:1", Clock()).send(ORDER)
