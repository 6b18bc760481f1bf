"""The reconciler: orders of others, when venues are asked, what is remembered."""

from decimal import Decimal

import msgspec
import pytest

from arbcore.engine.reconciler import ReconcilerState
from arbcore.engine.standing import our_side
from arbcore.model.account import OpenOrder
from arbcore.model.drift import CauseClass
from arbcore.model.effect import AskStatement, LookUp
from arbcore.model.events import (
    AlertRaised,
    DriftDetected,
    QuarantineCompleted,
    QuarantineStarted,
    ReconciliationPerformed,
)
from arbcore.model.input import ConnectionChanged
from arbcore.model.order import OrderOrigin, OrderReport, OrderState, OrderType, Side
from arbcore.model.state import ConnectionState
from arbcore.testing.scripted import SECOND, enter
from arbcore.testing.scripted_venue import Outcome
from tests.engine.reconciling import HOUR, NOTHING, Bench, drifts, of
from tests.engine.world import PERP, SPOT, basic, hedged


def test_orders_of_others_are_told_once_each() -> None:
    bench = Bench(hedged()[0])
    now = bench.world.stage.clock.now()
    order = OpenOrder(
        client_order_id="", venue_order_id="77", instrument=SPOT.key, side=Side.SELL, type=OrderType.LIMIT,
        quantity=Decimal(1), price=Decimal(200), origin=OrderOrigin.FOREIGN, ts=now,
    )  # fmt: skip
    stray = msgspec.structs.replace(order, client_order_id="ae-0-zz-0-0", origin=OrderOrigin.OURS)
    bench.ask()
    events = bench.answer(orders=(order, stray))
    assert drifts(events) == [
        (f"order 77 of {SPOT.key}", "none", "sell 1", "foreign_order"),
        (f"order ae-0-zz-0-0 of {SPOT.key}", "none", "sell 1", "unknown_order"),
    ]
    assert of(ReconciliationPerformed, events) == [
        ReconciliationPerformed(venue="cash", checked=4, drifts=2, reason="command")
    ]
    assert [one.key for one in bench.envelopes if isinstance(one.event, DriftDetected)] == [
        "cash:77",
        "cash:ae-0-zz-0-0",
    ]
    bench.ask()
    assert not drifts(bench.answer(orders=(order, stray)))


def test_an_order_that_the_venue_does_not_list_twice_is_looked_up_once() -> None:
    world, strategy = basic()
    world.venues["cash"].otherwise = Outcome(rests=True, share=NOTHING)
    strategy.leave(enter("500"))
    world.quote()
    bench = Bench(world)
    (order,) = (one for one in bench.parts.execution.in_flight() if one.venue == "cash")
    looks = []
    for _ in range(4):
        bench.ask()
        events = bench.answer(orders=())
        looks.append([effect for effect in bench.effects if isinstance(effect, LookUp)])
        assert all(cause == "missing_order" for *_, cause in drifts(events))
    assert looks == [[], [LookUp("cash", order.id)], [], []]


def test_an_answer_to_an_older_question_counts_for_nothing() -> None:
    bench = Bench(hedged()[0])
    bench.ask()
    asked = bench.world.stage.clock.now()
    bench.world.stage.wait(SECOND)
    bench.ask()
    assert bench.answer(asked=asked) == []
    assert len(bench.answer()) == 1


def test_a_statement_that_nobody_asked_for_counts_for_nothing() -> None:
    bench = Bench(hedged()[0])
    assert bench.answer() == []


def test_a_venue_that_does_not_state_its_account_is_asked_again_and_people_are_told() -> None:
    bench = Bench(hedged()[0])
    told = []
    for _ in range(4):
        bench.ask()
        told += bench.answer(answered=False, snapshot=None, detail="time-out")
        assert bench.timer() <= 45 * SECOND
    assert [one.rule for one in told if isinstance(one, AlertRaised)] == ["reconcile_failed"]


def test_haste_ends_and_the_period_counts_again() -> None:
    bench = Bench(hedged()[0])
    waits = []
    for _ in range(7):
        bench.ask()
        bench.answer(answered=False, snapshot=None)
        waits.append(bench.timer() if bench.effects else None)
    assert waits == [2 * SECOND, 4 * SECOND, 6 * SECOND, 8 * SECOND, 10 * SECOND, None, 2 * SECOND]


def test_nothing_is_ready_until_every_venue_agrees_after_a_resume() -> None:
    bench = Bench(hedged()[0])
    reconciler = bench.reconciler
    since = bench.parts.outbox.now - HOUR
    reconciler.require("resume", since)
    bench.take()
    assert [effect for effect in bench.effects if isinstance(effect, AskStatement)] == [
        AskStatement("cash", since - 60 * SECOND),
        AskStatement("swap", since - 60 * SECOND),
    ]
    assert bench.reconciler.ready is False
    bench.answer("cash")
    assert reconciler.pending == {"swap"}
    bench.world.venues["swap"].books.move("USDT", Decimal(1))
    bench.answer("swap")
    assert reconciler.pending == {"swap"}  # something differs: once is not enough to know
    reconciler.on_timer("swap")
    bench.take()
    events = bench.answer("swap")
    assert reconciler.pending == set()
    (told,) = of(ReconciliationPerformed, events)
    assert isinstance(told, ReconciliationPerformed)
    assert told.reason == "resume"


@pytest.mark.parametrize(
    ("connection", "state", "attempts", "asks"),
    [
        ("user", ConnectionState.CONNECTED, 2, True),
        ("private-1", ConnectionState.CONNECTED, 1, True),
        ("public-1", ConnectionState.CONNECTED, 1, False),
        ("user", ConnectionState.CONNECTED, 0, False),
        ("user", ConnectionState.RECONNECTING, 1, False),
    ],
)
def test_a_private_connection_that_came_back_asks(
    connection: str, state: ConnectionState, attempts: int, asks: bool
) -> None:
    bench = Bench(hedged()[0])
    bench.reconciler.on_connection(
        ConnectionChanged(venue="swap", connection=connection, state=state, attempts=attempts, recv_ts=1)
    )
    bench.take()
    assert any(isinstance(effect, AskStatement) for effect in bench.effects) is asks


def test_what_is_remembered_survives_a_restart_by_state_and_by_journal() -> None:
    bench = Bench(hedged()[0], allotted=["cash"])
    bench.compare()
    bench.world.venues["cash"].books.move("BTC", Decimal(2))
    held = bench.world.venues["swap"].books.traded.pop(PERP.key)
    for venue in ("cash", "cash", "swap", "swap"):
        bench.compare(venue)
    stored = msgspec.json.decode(msgspec.json.encode(bench.reconciler.state()), type=ReconcilerState)
    restored, folded = (Bench(bench.world, allotted=["cash"]) for _ in range(2))
    restored.reconciler.restore(stored)
    for one in bench.envelopes:
        if isinstance(one.event, DriftDetected | QuarantineStarted | QuarantineCompleted):
            folded.reconciler.absorb(one.event, one.key)
    subject = f"position {PERP.key}"
    for other in (restored, folded):
        assert other.reconciler.drifts.quarantined == {subject: "unknown"}
        assert [type(one) for one in other.compare("cash")] == [ReconciliationPerformed]
        assert [type(one) for one in other.compare("swap")] == [ReconciliationPerformed]
    assert restored.reconciler.state().drifts == bench.reconciler.state().drifts
    bench.world.venues["swap"].books.traded[PERP.key] = held


def test_both_sides_have_the_same_names_for_every_number() -> None:
    world = hedged()[0]
    parts = world.stage.engine.parts
    assert our_side("cash", parts.accounts, parts.market).keys() == {"balance cash:USDT", "coins cash:BTC"}
    assert our_side("swap", parts.accounts, parts.market).keys() == {"balance swap:USDT", f"position {PERP.key}"}


def test_every_class_of_the_venues_own_orders_is_recognised() -> None:
    bench = Bench(hedged()[0])
    for number, origin in enumerate(OrderOrigin):
        report = OrderReport(
            client_order_id=f"o{number}", state=OrderState.FILLED, instrument=PERP.key, origin=origin, ts=1, recv_ts=1
        )
        drift = bench.reconciler.strangers.meet(report)
        assert drift is not None
        assert drift.venue == "swap"
        assert drift.cause_class in set(CauseClass)


def test_the_memory_of_strangers_is_bounded() -> None:
    bench = Bench(hedged()[0])
    for number in range(2_500):
        report = OrderReport(client_order_id=f"o{number}", state=OrderState.FILLED, ts=1, recv_ts=1)
        assert bench.reconciler.strangers.tell(report, "cash")
    assert len(bench.reconciler.strangers.state().told) == 2_000
