"""The gateway: every call ends in exactly one answer, whatever its venue does, and nothing is ever sent twice."""

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from arbcore.errors import (
    ExchangeRefused,
    ExchangeUnavailable,
    OutcomeUnknown,
    RateLimited,
    SafetyError,
)
from arbcore.model.account import AccountUpdate
from arbcore.model.command import InternalTransfer, SetLeverage, Withdraw
from arbcore.model.input import (
    AccountSnapshot,
    ActionEnded,
    ActionState,
    ConnectionChanged,
    FundingPayment,
    LookedUp,
    VenueStatement,
)
from arbcore.model.order import Fill, OrderRef, OrderReport, OrderRequest, OrderState, OrderType, Side
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore.model.treasury import Movement, MovementState
from arbcore.ports.venue import RequestMeasured
from arbcore.runtime.gateway import VenueGateway
from arbcore.runtime.refs import OrderRefs
from tests.runtime.live import HeldClock
from tests.runtime.venue_double import Call, TreasuryDouble, VenueDouble

KEY = "sim:BTCUSDT"
ORDER = OrderRequest(
    client_order_id="ae-1", instrument=KEY, side=Side.BUY, quantity=Decimal(1), price=Decimal(100), type=OrderType.LIMIT
)
WITHDRAW = Withdraw(
    withdraw_id="w1", venue="sim", currency="BTC", network="BTC", amount=Decimal("0.5"), address="somewhere"
)
TRANSFER = InternalTransfer(
    transfer_id="t1", venue="sim", source="spot", target="futures", currency="USDT", amount=Decimal(5)
)


def report(state: OrderState, **more: Any) -> OrderReport:
    return OrderReport(client_order_id="ae-1", state=state, ts=1, recv_ts=1, **more)


def fill(name: str) -> Fill:
    return Fill(
        fill_id=name,
        client_order_id="ae-1",
        instrument=KEY,
        side=Side.BUY,
        quantity=Decimal(1),
        price=Decimal(100),
        fee=Decimal(0),
        fee_currency="USDT",
        ts=1,
        recv_ts=1,
    )


class Bench:
    """A gateway to one venue, and everything that it says."""

    def __init__(self, find: Callable[[str], OrderRef | None] = lambda _: None) -> None:
        self.venue, self.treasury, self.clock = VenueDouble(), TreasuryDouble(), HeldClock(1_000)
        self.inputs: list[Any] = []
        self.delivered: list[Any] = []
        self.barred = ""
        self.gateway = VenueGateway(
            {"sim": self.venue},
            {"sim": self.treasury},
            {"sim": (KEY,)},
            clock=self.clock,
            take=self.inputs.append,
            deliver=self.delivered.append,
            may_send=lambda: self.barred,
            refs=OrderRefs(find),
        )

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(10):
            await anyio.lowlevel.checkpoint()

    async def call(self, name: str) -> Call:
        """Return the latest call of a name, once it arrived."""
        await self.settle()
        return next(call for call in reversed(self.venue.script.calls) if call.name == name)


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


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (None, ActionState.DONE),
        (ExchangeRefused("positions are open"), ActionState.REFUSED),
        (RateLimited("wait"), ActionState.REFUSED),
        (ExchangeUnavailable("gone"), ActionState.REFUSED),
        (OutcomeUnknown("?"), ActionState.UNKNOWN),
        (ValueError("a defect"), ActionState.UNKNOWN),
    ],
)
@pytest.mark.anyio
async def test_leverage_is_set_once(bench: Bench, answer: object, state: ActionState) -> None:
    bench.gateway.act("sim", "c1", SetLeverage(instrument=KEY, leverage=3))
    call = await bench.call("set_leverage")
    assert call.asked == (KEY, 3)
    call.answer(answer)
    await bench.settle()
    (ended,) = bench.inputs
    assert isinstance(ended, ActionEnded)
    assert (ended.command_id, ended.state) == ("c1", state)
    assert bench.venue.script.names() == ["set_leverage"]


def moved(**more: Any) -> Movement:
    known: dict[str, Any] = {"movement_id": "m1", "currency": "BTC", "amount": Decimal("0.5"), "network": "BTC"}
    return Movement(**(known | {"state": MovementState.PENDING, "ts": 10**12} | more))


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (moved(), ActionState.DONE),
        (moved(state=MovementState.HELD), ActionState.DONE),
        (moved(state=MovementState.FAILED, detail="rejected"), ActionState.REFUSED),
        (SafetyError("moving money is switched off"), ActionState.REFUSED),
        (OutcomeUnknown("?"), ActionState.UNKNOWN),
    ],
)
@pytest.mark.anyio
async def test_money_moves_once(bench: Bench, answer: object, state: ActionState) -> None:
    """Pain: a transfer that was repeated because its answer was lost paid twice."""
    bench.treasury.script.answers["withdraw"] = answer
    bench.gateway.act("sim", "c1", WITHDRAW)
    await bench.settle()
    assert [one.state for one in bench.inputs] == [state]
    (call,) = bench.treasury.script.calls
    assert (call.asked.withdraw_id, call.asked.amount) == ("w1", Decimal("0.5"))


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ([], ActionState.UNKNOWN),
        ([moved(client_id="w1")], ActionState.DONE),
        ([moved(client_id="other")], ActionState.UNKNOWN),
        ([moved(client_id="w1", state=MovementState.FAILED)], ActionState.REFUSED),
        ([moved()], ActionState.DONE),
        ([moved(amount=Decimal("0.6"))], ActionState.UNKNOWN),
        ([moved(ts=10**11)], ActionState.UNKNOWN),
        ([moved(network="ETH")], ActionState.UNKNOWN),
        (ExchangeUnavailable("gone"), ActionState.UNKNOWN),
    ],
)
@pytest.mark.anyio
async def test_a_withdrawal_is_looked_for_in_the_history(bench: Bench, history: object, state: ActionState) -> None:
    bench.treasury.script.answers["withdrawals"] = history
    bench.gateway.trace("sim", "c1", WITHDRAW, 10**12)
    await bench.settle()
    assert [(one.command_id, one.state) for one in bench.inputs] == [("c1", state)]
    assert [call.name for call in bench.treasury.script.calls] == ["withdrawals"]


@pytest.mark.parametrize(("target", "state"), [("futures", ActionState.DONE), ("margin", ActionState.UNKNOWN)])
@pytest.mark.anyio
async def test_a_transfer_is_looked_for_by_its_wallets(bench: Bench, target: str, state: ActionState) -> None:
    found = moved(currency="USDT", amount=Decimal(5), network="", source="spot", target=target)
    bench.treasury.script.answers["transfers"] = [found]
    bench.gateway.trace("sim", "c1", TRANSFER, 10**12)
    await bench.settle()
    assert [one.state for one in bench.inputs] == [state]


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
    barred, answered = bench.inputs
    assert (barred.reason, answered.state) == (Reason.ORDER_NOT_SENT, OrderState.FILLED)
    assert bench.venue.script.names() == ["submit"]


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
