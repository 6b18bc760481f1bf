"""Calls over a WebSocket, on real sockets: answers by id, losses, renewal, cancellation, what is never sent."""

import itertools
import logging

import anyio
import pytest
from websockets.asyncio.server import ServerConnection

from arbcore.errors import ExchangeRefused, ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore.model.state import ConnectionState
from arbcore.net.calls import SocketCalls
from arbcore.net.request import Reply
from tests.net.calling import body, call, echo, opened, read_id
from tests.net.surroundings import MS, Clock, S, fast, make_limits

pytestmark = pytest.mark.anyio

C = ConnectionState


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_an_answer_comes_back_with_the_times_of_the_call() -> None:
    async with opened(echo) as tested:
        reply = await tested.calls.call(call("a"))
        assert body(reply) == {"id": "a", "at": reply.sent_ts}
        assert reply.sent_ts < reply.recv_ts
    assert tested.states == [C.CONNECTING, C.CONNECTED, C.DISCONNECTED]
    assert [item.ok for item in tested.measured] == [True]


async def test_answers_out_of_order_and_frames_that_answer_nothing_reach_nobody_else() -> None:
    async def script(socket: ServerConnection) -> None:
        first, second = await socket.recv(), await socket.recv()
        for frame in ('{"event":"news"}', '{"id":"stranger"}', second, '{"id":null}', first):
            await socket.send(frame)
        await socket.wait_closed()

    ended: list[str] = []

    async with opened(script) as tested, anyio.create_task_group() as group:

        async def ask(identity: str) -> None:
            assert body(await tested.calls.call(call(identity)))["id"] == identity
            ended.append(identity)

        group.start_soon(ask, "a")
        group.start_soon(ask, "b")
    assert sorted(ended) == ["a", "b"]


async def test_a_call_under_way_when_the_socket_drops_is_unknown_and_later_ones_go_through() -> None:
    asked: list[str] = []

    async def script(socket: ServerConnection) -> None:
        async for frame in socket:
            asked.append(str(read_id(str(frame).encode())))
            if asked[-1] == "lost":
                socket.transport.abort()
                return
            await socket.send(frame)

    async with opened(script) as tested:
        with pytest.raises(OutcomeUnknown, match=r"order\.place over ws://.*connection ended"):
            await tested.calls.call(call("lost"))
        await tested.until(lambda: tested.states[-1] is C.CONNECTED and C.RECONNECTING in tested.states)
        await tested.calls.call(call("b"))
    assert asked == ["lost", "b"]  # nothing is ever repeated
    assert [item.ok for item in tested.measured] == [False, True]


async def test_without_a_connection_nothing_is_sent() -> None:
    tested = SocketCalls(
        "ws://127.0.0.1:9",
        venue="v",
        connection="orders",
        clock=Clock(),
        limits=make_limits(),
        settings=fast(),
        read_id=read_id,
    )
    with pytest.raises(ExchangeUnavailable, match="was not sent: the connection is down"):
        await tested.call(call("a"))


async def test_no_answer_in_time_is_unknown_and_a_late_one_harms_nobody() -> None:
    async def script(socket: ServerConnection) -> None:
        late = await socket.recv()
        frame = await socket.recv()
        await socket.send(late)
        await socket.send(frame)
        await socket.wait_closed()

    async with opened(script) as tested:
        with pytest.raises(OutcomeUnknown, match=r"no answer within 0\.01 s"):
            await tested.calls.call(call("a", timeout_ns=10 * MS))
        assert body(await tested.calls.call(call("b")))["id"] == "b"


async def test_a_frame_that_cannot_be_read_ends_the_connection_and_not_the_calls(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def script(socket: ServerConnection) -> None:
        async for frame in socket:
            await socket.send("no JSON" if '"a"' in str(frame) else frame)

    async with opened(script) as tested:
        with pytest.raises(OutcomeUnknown, match="a frame can't be read"):
            await tested.calls.call(call("a"))
        await tested.until(lambda: tested.states[-2:] == [C.RECONNECTING, C.CONNECTED])
        await tested.calls.call(call("b"))
    assert "a frame that answers calls can't be read" in caplog.text


async def test_a_cancelled_caller_waits_for_what_was_sent() -> None:
    answered: list[str] = []

    async with opened(echo_when_told := _Held()) as tested, anyio.create_task_group() as group:

        async def ask() -> None:
            answered.append(body(await tested.calls.call(call("a")))["id"])

        group.start_soon(ask)
        await echo_when_told.heard.wait()
        group.cancel_scope.cancel()
        echo_when_told.go.set()
    assert answered == ["a"]


class _Held:
    """A server that answers what it heard only when told to."""

    def __init__(self) -> None:
        self.heard = anyio.Event()
        self.go = anyio.Event()

    async def __call__(self, socket: ServerConnection) -> None:
        async for frame in socket:
            self.heard.set()
            await self.go.wait()
            await socket.send(frame)


async def test_a_caller_cancelled_before_the_limits_let_it_pass_sends_nothing() -> None:
    asked: list[str] = []
    limits = make_limits()

    async def script(socket: ServerConnection) -> None:
        asked.append(str(await socket.recv()))

    async with opened(script, limits=limits) as tested:
        limits.pause("", tested.clock.now() + S)
        with anyio.move_on_after(0):
            await tested.calls.call(call("a", counter="weight"))
    assert asked == []
    assert limits.wait("weight", 2160, tested.clock.now() + 2 * S) == 0  # nothing was drawn


async def test_an_id_that_is_under_way_is_not_sent_again() -> None:
    held = _Held()
    async with opened(held) as tested, anyio.create_task_group() as group:
        group.start_soon(tested.calls.call, call("a"))
        await held.heard.wait()
        with pytest.raises(ExchangeUnavailable, match="an earlier call of this id is under way"):
            await tested.calls.call(call("a"))
        held.go.set()
    assert sorted(item.ok for item in tested.measured) == [False, True]


async def test_ending_waits_for_calls_under_way_and_takes_no_new_ones() -> None:
    held = _Held()
    answered: list[str] = []

    async with opened(held) as tested, anyio.create_task_group() as group:

        async def ask() -> None:
            answered.append(body(await tested.calls.call(call("a")))["id"])

        group.start_soon(ask)
        await held.heard.wait()
        tested.scope.cancel()
        while tested.calls.is_open:
            await anyio.lowlevel.checkpoint()
        with pytest.raises(ExchangeUnavailable, match="not sent"):
            await tested.calls.call(call("b"))
        held.go.set()
    assert answered == ["a"]
    assert tested.states[-1] is C.DISCONNECTED


async def test_renewal_lets_calls_under_way_finish_on_the_old_connection_and_loses_none() -> None:
    sockets: list[ServerConnection] = []
    newer, heard = anyio.Event(), anyio.Event()

    async def script(socket: ServerConnection) -> None:
        sockets.append(socket)
        async for frame in socket:
            if '"old"' in str(frame):
                heard.set()
                await newer.wait()
            elif socket is not sockets[0]:
                newer.set()
            await socket.send(frame)

    answered: list[str] = []
    numbers = itertools.count()

    async with opened(script, renew_after=50 * MS) as tested, anyio.create_task_group() as group:

        async def ask(identity: str) -> None:
            answered.append(body(await tested.calls.call(call(identity)))["id"])

        group.start_soon(ask, "old")
        await heard.wait()
        while len(sockets) == 1:
            await anyio.lowlevel.checkpoint()
        while not newer.is_set():  # the old connection answers nothing until the new one was asked something
            group.start_soon(ask, f"new {next(numbers)}")
            await anyio.lowlevel.checkpoint()
    assert "old" in answered
    assert C.RECONNECTING not in tested.states
    assert all(item.ok for item in tested.measured)


async def test_a_renewal_that_fails_keeps_the_connection_and_a_loss_meanwhile_is_noticed_at_once() -> None:
    sockets: list[ServerConnection] = []
    refused = anyio.Event()

    async def script(socket: ServerConnection) -> None:
        sockets.append(socket)
        if len(sockets) == 2:
            await socket.close()
            refused.set()
            return
        async for frame in socket:
            await socket.send(frame)

    greet = (lambda: call("hello"), lambda _: None)
    # The longest wait is far longer than the test: only a loss that is noticed at once opens the third connection.
    async with opened(script, greet=greet, renew_after=20 * MS, longest_wait=600 * S, first_wait=MS) as tested:
        await refused.wait()
        await tested.calls.call(call("still there"))
        sockets[0].transport.abort()
        await tested.until(lambda: tested.states[-2:] == [C.RECONNECTING, C.CONNECTED])
        assert len(sockets) >= 3


async def test_nothing_is_sent_after_its_time() -> None:
    asked: list[str] = []
    limits = make_limits()

    async def script(socket: ServerConnection) -> None:
        async for frame in socket:
            asked.append(str(frame))
            await socket.send(frame)

    async with opened(script, limits=limits) as tested:
        with pytest.raises(ExchangeUnavailable, match="its time was over"):
            await tested.calls.call(call("a", expires_at=tested.clock.now()))
        # Its time is over once the limits let it pass.
        limits.pause("", tested.clock.now() + 30 * MS)
        with pytest.raises(ExchangeUnavailable, match="its time was over"):
            await tested.calls.call(call("b", expires_at=tested.clock.now() + 10 * MS))
        await tested.calls.call(call("c", expires_at=tested.clock.now() + 60 * S))
    assert [read_id(frame.encode()) for frame in asked] == ["c"]


async def test_a_frame_is_made_at_the_time_of_sending_and_not_before_the_limits_let_it_pass() -> None:
    limits = make_limits()
    async with opened(echo, limits=limits) as tested:
        until = tested.clock.now() + 30 * MS
        limits.pause("", until)
        assert body(await tested.calls.call(call("a")))["at"] >= until


async def test_a_call_that_would_wait_too_long_for_the_limits_is_not_sent() -> None:
    limits = make_limits()
    async with opened(echo, limits=limits) as tested:
        limits.pause("", tested.clock.now() + 60 * S, urgent=tested.clock.now())
        with pytest.raises(RateLimited, match=r"was not sent.* opens in (60\.0|59\.\d) s") as caught:
            await tested.calls.call(call("a"))
        assert caught.value.retry_after_ns > 59 * S
        await tested.calls.call(call("b", urgent=True))


async def test_it_counts_as_open_only_once_greeted_and_a_refused_greeting_is_tried_again() -> None:
    greetings: list[str] = []

    async def script(socket: ServerConnection) -> None:
        async for frame in socket:
            greetings.append(str(frame))
            await socket.send(frame)

    def check(_: Reply) -> None:
        if len(greetings) < 3:
            raise ExchangeRefused("v: the log-on was refused")

    limits = make_limits()
    greet = (lambda: call("hello", counter="weight", weight=2), check)
    async with opened(script, greet=greet, limits=limits) as tested:
        assert len(greetings) == 3
    assert tested.states == [C.CONNECTING, C.RECONNECTING, C.CONNECTED, C.DISCONNECTED]
    assert "refused" in next(item.reason for item in tested.items if getattr(item, "state", "") is C.RECONNECTING)
    assert limits.wait("weight", 2160, tested.clock.now()) > 0  # greetings draw on the limits, too


async def test_neither_frames_nor_addresses_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened(echo) as tested:
        for name in ("websockets", "websockets.server"):
            logging.getLogger(name).setLevel(logging.WARNING)  # the test's own server
        caplog.clear()
        await tested.calls.call(call("secret-id"))
    assert "secret-id" not in caplog.text
