"""The gateway: every call ends in exactly one answer, whatever its venue does, and nothing is ever sent twice."""

import logging
from decimal import Decimal

import anyio
import anyio.lowlevel
import pytest
from msgspec.structs import replace

from arbcore.errors import (
    ExchangeRefused,
    ExchangeUnavailable,
    OutcomeUnknown,
    RateLimited,
    SafetyError,
)
from arbcore.model.account import AccountUpdate
from arbcore.model.input import (
    AccountSnapshot,
    ActionState,
    ConnectionChanged,
    FundingPayment,
    LookedUp,
    VenueStatement,
)
from arbcore.model.order import OrderRef, OrderReport, OrderRequest, OrderState, Side
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore.ports.venue import RequestMeasured
from tests.runtime.gateway_bench import KEY, ORDER, WITHDRAW, Bench, fill, report


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.anyio
async def test_a_request_begins_at_the_next_turn(bench: Bench) -> None:
    bench.gateway.submit("sim", ORDER)
    assert bench.gateway.in_flight == 1
    await anyio.lowlevel.checkpoint()
    assert bench.venue.script.names() == ["submit"]
    (await bench.call("submit")).answer(report(OrderState.ACKNOWLEDGED))
    assert await bench.gateway.close(1)


@pytest.mark.anyio
async def test_the_answer_of_an_order_is_an_input(bench: Bench) -> None:
    bench.gateway.submit("sim", ORDER)
    told = report(OrderState.ACKNOWLEDGED, venue_order_id="v1")
    (await bench.call("submit")).answer(told)
    await bench.settle()
    assert bench.inputs == [told]
    assert bench.gateway.in_flight == 0


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (ExchangeRefused("no", reason=Reason.ORDER_INSUFFICIENT_BALANCE), "REJECTED", "ORDER_INSUFFICIENT_BALANCE"),
        (ExchangeRefused("no"), "REJECTED", "ORDER_REFUSED"),
        (RateLimited("slower"), "REJECTED", "ORDER_NOT_SENT"),
        (ExchangeUnavailable("gone"), "REJECTED", "ORDER_NOT_SENT"),
        (OutcomeUnknown("no answer"), "UNKNOWN", ""),
        (SafetyError("never"), "UNKNOWN", ""),
        (ZeroDivisionError("a defect"), "UNKNOWN", ""),
    ],
)
@pytest.mark.anyio
async def test_errors_of_an_order_become_its_state(
    bench: Bench, error: Exception, state: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Only an error that says so proves that nothing happened. A plugin's defect is logged, and nothing is repeated."""
    caplog.set_level(logging.CRITICAL if state == "REJECTED" else logging.ERROR, "arbcore.gateway")
    bench.gateway.submit("sim", ORDER)
    (await bench.call("submit")).answer(error)
    await bench.settle()
    (told,) = bench.inputs
    assert (told.client_order_id, told.state, told.reason) == ("ae-1", state, reason)
    assert told.detail
    assert "ZeroDivisionError" in caplog.text or not isinstance(error, ZeroDivisionError)
    assert bench.venue.script.names() == ["submit"]


@pytest.mark.anyio
async def test_a_barred_order_never_leaves(bench: Bench) -> None:
    """Asked at the moment of sending: a process that lost its lease refuses by itself."""
    bench.barred = "the lease is lost"
    bench.gateway.submit("sim", ORDER)
    bench.gateway.act("sim", "c1", WITHDRAW)
    await bench.settle()
    order, action = bench.inputs
    assert (order.state, order.reason, order.detail) == (OrderState.REJECTED, Reason.ORDER_NOT_SENT, bench.barred)
    assert (action.state, action.detail) == (ActionState.REFUSED, bench.barred)
    assert bench.venue.script.calls == bench.treasury.script.calls == []


@pytest.mark.parametrize(("expires_at", "leaves"), [(0, True), (10**9, True), (999, False)])
@pytest.mark.anyio
async def test_an_order_whose_time_is_over_never_leaves(bench: Bench, expires_at: int, leaves: bool) -> None:
    """Storing an order may take long, and it was priced for a market of before."""
    bench.gateway.submit("sim", replace(ORDER, expires_at=expires_at))
    await bench.settle()
    assert bench.venue.script.names() == (["submit"] if leaves else [])
    told = [(one.state, one.reason, "its time was over" in one.detail) for one in bench.inputs]
    assert told == ([] if leaves else [(OrderState.REJECTED, Reason.ORDER_NOT_SENT, True)])
    if leaves:
        (await bench.call("submit")).answer(report(OrderState.ACKNOWLEDGED))
    assert await bench.gateway.close(1)


@pytest.mark.anyio
async def test_a_taken_cancel_says_nothing_and_any_other_is_unknown(bench: Bench) -> None:
    bench.gateway.submit("sim", ORDER)
    (await bench.call("submit")).answer(report(OrderState.ACKNOWLEDGED, venue_order_id="v1"))
    await bench.settle()
    bench.inputs.clear()
    bench.gateway.cancel("sim", "ae-1")
    call = await bench.call("cancel")
    assert call.asked == OrderRef(client_order_id="ae-1", instrument=KEY, venue_order_id="v1")
    call.answer()
    await bench.settle()
    assert bench.inputs == []
    for error in (
        ExchangeRefused("unknown order", reason=Reason.ORDER_UNKNOWN),
        RateLimited("wait"),
        OutcomeUnknown("?"),
    ):
        bench.gateway.cancel("sim", "ae-1")
        (await bench.call("cancel")).answer(error)
        await bench.settle()
        assert bench.inputs.pop().state is OrderState.UNKNOWN
    bench.gateway.cancel("sim", "never")
    assert bench.inputs.pop().state is OrderState.UNKNOWN
    assert bench.venue.script.names().count("cancel") == 4


@pytest.mark.anyio
async def test_answers_come_as_they_come(bench: Bench) -> None:
    """Two orders: the second is answered first, and the stream tells of the first before its own answer does."""
    second = OrderRequest(client_order_id="ae-2", instrument=KEY, side=Side.SELL, quantity=Decimal(1))
    async with anyio.create_task_group() as group:
        group.start_soon(bench.gateway.run, "sim", bench.delivered.append)
        await bench.venue.running.wait()
        bench.gateway.submit("sim", ORDER)
        bench.gateway.submit("sim", second)
        await bench.settle()
        first_call, second_call = bench.venue.script.calls
        second_call.answer(OrderReport(client_order_id="ae-2", state=OrderState.ACKNOWLEDGED, ts=1, recv_ts=1))
        await bench.settle()
        bench.venue.report(fill("f1"))
        first_call.answer(report(OrderState.ACKNOWLEDGED))
        await bench.settle()
        group.cancel_scope.cancel()
    assert [getattr(one, "fill_id", one.client_order_id) for one in bench.inputs] == ["ae-2", "f1", "ae-1"]


@pytest.mark.anyio
async def test_the_stream_teaches_ids_and_its_items_go_their_ways(bench: Bench) -> None:
    changed = ConnectionChanged(venue="sim", connection="user", state=ConnectionState.CONNECTED, recv_ts=5)
    measured = RequestMeasured(venue="sim", ok=True, latency_ns=3, recv_ts=5)
    update = AccountUpdate(venue="sim", ts=5, recv_ts=5)
    async with anyio.create_task_group() as group:
        group.start_soon(bench.gateway.run, "sim", bench.delivered.append)
        await bench.venue.running.wait()
        bench.gateway.submit("sim", ORDER)
        await bench.settle()
        for item in (report(OrderState.ACKNOWLEDGED, venue_order_id="v7"), changed, measured, update):
            bench.venue.report(item)
        group.cancel_scope.cancel()
    assert bench.delivered == [changed, measured]
    assert [type(one) for one in bench.inputs] == [OrderReport]  # a part of a statement proves nothing
    bench.gateway.look_up("sim", "ae-1")
    call = await bench.call("look_up")
    assert call.asked.venue_order_id == "v7"
    call.answer([])
    bench.venue.script.calls[0].answer(report(OrderState.ACKNOWLEDGED))
    assert await bench.gateway.close(1)


@pytest.mark.anyio
async def test_a_look_up_tells_its_news_and_then_closes() -> None:
    """An order of an earlier start is named by whoever knows it."""
    bench = Bench(lambda name: OrderRef(client_order_id=name, instrument=KEY, venue_order_id="v1"))
    bench.gateway.look_up("sim", "ae-1")
    call = await bench.call("look_up")
    assert call.asked == OrderRef(client_order_id="ae-1", instrument=KEY, venue_order_id="v1")
    news = [fill("f1"), report(OrderState.FILLED, filled=Decimal(1))]
    call.answer(news)
    await bench.settle()
    *told, closed = bench.inputs
    assert told == news
    assert isinstance(closed, LookedUp)
    assert (closed.venue, closed.client_order_id, closed.answered, closed.found) == ("sim", "ae-1", True, True)


@pytest.mark.parametrize("error", [RateLimited("wait"), ExchangeUnavailable("gone"), KeyError("x")])
@pytest.mark.anyio
async def test_a_look_up_always_closes(error: Exception) -> None:
    bench = Bench(lambda name: OrderRef(client_order_id=name, instrument=KEY))
    bench.gateway.look_up("sim", "ae-1")
    (await bench.call("look_up")).answer(error)
    await bench.settle()
    bench.gateway.look_up("sim", "ae-1")
    (await bench.call("look_up")).answer([])
    await bench.settle()
    failed, empty = bench.inputs
    assert (failed.answered, failed.found, bool(failed.detail)) == (False, False, True)
    assert (empty.answered, empty.found) == (True, False)


@pytest.mark.anyio
@pytest.mark.parametrize(("since", "asked"), [(700, False), (500, True), (-1, True)])
async def test_funding_is_asked_for_where_an_hour_passed_since_or_shortly_before(
    bench: Bench, since: int, *, asked: bool
) -> None:
    """Pain: a statement spends more of a rate limit than trading does."""
    hour = 3600 * 10**9
    bench.clock.time = hour + 1200 * 10**9
    bench.gateway.ask("sim", hour + since * 10**9)
    await bench.settle()
    assert ("funding" in bench.venue.script.names()) is asked
    assert isinstance(bench.inputs[-1], VenueStatement)


@pytest.mark.anyio
async def test_nobody_knows_an_order(bench: Bench) -> None:
    bench.gateway.look_up("sim", "never")
    (told,) = bench.inputs
    assert (told.answered, told.detail) == (False, "nobody knows which order this is")


@pytest.mark.anyio
async def test_a_statement_follows_what_was_missed(bench: Bench) -> None:
    """Balances are asked for before the history, so that the history holds whatever they contain."""
    paid = FundingPayment(
        payment_id="p",
        instrument=KEY,
        amount=Decimal(1),
        currency="USDT",
        rate=Decimal(0),
        quantity=Decimal(1),
        ts=1,
        recv_ts=1,
    )
    bench.venue.script.answers |= {"history": [fill("f1")], "funding": [paid]}
    asked = bench.clock.time + 1
    bench.gateway.ask("sim", 77)
    await bench.settle()
    *news, stated = bench.inputs
    assert news == [fill("f1"), paid]
    assert isinstance(stated, VenueStatement)
    assert stated.answered
    assert asked <= stated.asked < stated.recv_ts
    assert isinstance(stated.snapshot, AccountSnapshot)
    assert bench.venue.script.names() == ["snapshot", "open_orders", "history", "funding"]
    assert [call.asked for call in bench.venue.script.calls[2:]] == [(KEY, 77)] * 2


@pytest.mark.parametrize("question", ["snapshot", "open_orders", "history", "funding"])
@pytest.mark.anyio
async def test_a_statement_is_always_answered(bench: Bench, question: str) -> None:
    """Half of it is none: neither news nor balances are told where one question failed."""
    bench.venue.script.answers |= {"history": [fill("f1")], question: RateLimited("wait")}
    bench.gateway.ask("sim", 77)
    await bench.settle()
    (stated,) = bench.inputs
    assert (stated.venue, stated.answered, stated.snapshot, stated.detail) == ("sim", False, None, "wait")


@pytest.mark.anyio
async def test_all_venues_are_asked_after_a_stall(bench: Bench) -> None:
    bench.gateway.ask_all()
    await bench.settle()
    assert [type(one) for one in bench.inputs] == [VenueStatement]


@pytest.mark.anyio
async def test_a_venue_that_is_being_asked_is_asked_once_more_after_that_however_often_it_was_to_be(
    bench: Bench,
) -> None:
    """Pain: a slow venue is asked faster than it answers, and its rate limit is spent on that."""
    answer = bench.venue.script.answers.pop("snapshot")
    bench.gateway.ask("sim", 50)
    call = await bench.call("snapshot")
    for since in (70, 40, 60):
        bench.gateway.ask("sim", since)
    await bench.settle()
    assert bench.venue.script.names() == ["snapshot"]
    bench.venue.script.answers["snapshot"] = answer
    call.answer(answer)
    for _ in range(3):
        await bench.settle()
    assert [call.asked[1] for call in bench.venue.script.calls if call.name == "history"] == [50, 40]
    assert [type(one) for one in bench.inputs] == [VenueStatement, VenueStatement]
    assert not bench.gateway.in_flight


@pytest.mark.anyio
async def test_closing_waits_for_every_answer(bench: Bench) -> None:
    """What was sent before the end is answered before the end, also where the closing itself is cancelled."""
    bench.gateway.submit("sim", ORDER)
    call = await bench.call("submit")
    closed: list[bool] = []

    async def close() -> None:
        closed.append(await bench.gateway.close(30))

    async with anyio.create_task_group() as group:
        group.start_soon(close)
        await bench.settle()
        group.cancel_scope.cancel()
        bench.gateway.submit("sim", ORDER)
        call.answer(report(OrderState.FILLED))
    assert closed == [True]
    barred, answered, stated = bench.inputs
    assert isinstance(stated, VenueStatement)
    assert (barred.reason, answered.state) == (Reason.ORDER_NOT_SENT, OrderState.FILLED)
    assert bench.venue.script.names() == ["submit", "snapshot", "open_orders", "history", "funding"]


@pytest.mark.anyio
async def test_closing_gives_up_what_is_never_answered(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.gateway.submit("sim", ORDER)
    bench.gateway.ask("sim", 0)
    bench.venue.script.answers.pop("snapshot")
    await bench.settle()
    assert not await bench.gateway.close(0)
    assert {type(one) for one in bench.inputs} == {OrderReport, VenueStatement}
    assert [one.state for one in bench.inputs if isinstance(one, OrderReport)] == [OrderState.UNKNOWN]
    assert "2 requests were not answered" in caplog.text
    bench.gateway.look_up("sim", "ae-1")
    assert isinstance(bench.inputs[-1], LookedUp)
    assert bench.gateway.in_flight == 0
