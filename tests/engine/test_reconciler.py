"""The reconciler: what explains a difference, what is drift, and what the rules make of it."""

from decimal import Decimal

import pytest

from arbcore.model.effect import AskStatement, SetTimer
from arbcore.model.events import (
    AlertRaised,
    BalanceChanged,
    DriftDetected,
    QuarantineCompleted,
    QuarantineStarted,
    ReconciliationPerformed,
)
from arbcore.model.input import FundingPayment
from arbcore.model.order import Fill, OrderOrigin, OrderReport, OrderState, Side
from arbcore.testing.scripted import SECOND, enter, leave
from arbcore.testing.scripted_venue import Outcome
from tests.engine.reconciling import HOUR, NOTHING, Bench, drifts, of
from tests.engine.world import PERP, basic, hedged


@pytest.mark.parametrize("venue", ["cash", "swap"])
def test_what_agrees_is_told_as_compared(venue: str) -> None:
    bench = Bench(hedged()[0])
    (told,) = bench.compare(venue)
    assert told == ReconciliationPerformed(venue=venue, checked=2, drifts=0, reason="command")


def test_a_venue_is_asked_at_every_period_and_for_what_was_missed_since() -> None:
    bench = Bench(hedged()[0])
    assert bench.effects == [
        SetTimer(f"reconcile:{venue}", bench.parts.outbox.now + 45 * SECOND) for venue in ("cash", "swap")
    ]
    start = bench.parts.outbox.now
    bench.world.stage.wait(45 * SECOND)
    bench.parts.outbox.now = bench.world.stage.clock.now()
    bench.reconciler.on_timer("cash")
    bench.take()
    assert bench.effects == [
        AskStatement("cash", start - 60 * SECOND),
        SetTimer("reconcile:cash", start + 90 * SECOND),
    ]
    (told,) = bench.answer()
    assert isinstance(told, ReconciliationPerformed)
    assert told.reason == "period"


def test_money_that_is_gone_twice_is_restated_where_the_account_is_the_sessions() -> None:
    bench = Bench(hedged()[0])
    before = bench.parts.accounts.cash.balances["cash", "USDT"]
    bench.world.venues["cash"].books.move("USDT", Decimal("-100.5"))
    assert bench.compare() == []
    assert bench.timer() == 2 * SECOND
    drift, moved, told = bench.compare()
    assert drifts([drift]) == [("balance cash:USDT", f"{before:f}", f"{before - Decimal('100.5'):f}", "withdrawal")]
    assert isinstance(moved, BalanceChanged)
    assert (moved.change, moved.after, moved.reason) == (Decimal("-100.5"), before - Decimal("100.5"), "withdrawal")
    assert told == ReconciliationPerformed(venue="cash", checked=2, drifts=1, reason="command")
    assert bench.parts.accounts.cash.balances["cash", "USDT"] == before - Decimal("100.5")
    (again,) = bench.compare()
    assert isinstance(again, ReconciliationPerformed)


def test_a_venue_that_lags_once_is_no_drift() -> None:
    bench = Bench(hedged()[0])
    books = bench.world.venues["cash"].books
    books.move("USDT", Decimal(5))
    assert bench.compare() == []
    books.move("USDT", Decimal(-5))
    (told,) = bench.compare()
    assert isinstance(told, ReconciliationPerformed)
    books.move("USDT", Decimal(5))
    assert bench.compare() == []  # the first of two again


def test_money_beside_what_was_allotted_is_told_and_never_adopted() -> None:
    bench = Bench(hedged()[0], allotted=["cash"])
    books, cash = bench.world.venues["cash"].books, bench.parts.accounts.cash.balances
    books.move("USDT", Decimal(7_000))
    books.move("BTC", Decimal(3))
    ours = dict(cash)
    (told,) = bench.compare()  # what others own there is learnt
    assert isinstance(told, ReconciliationPerformed)
    books.move("USDT", Decimal(-2_000))
    bench.compare()
    drift, told = bench.compare()
    assert drifts([drift])[0][3] == "withdrawal"
    assert dict(cash) == ours
    assert [type(one) for one in bench.compare()] == [ReconciliationPerformed]


def test_allotted_money_that_is_gone_is_no_longer_counted() -> None:
    bench = Bench(hedged()[0], allotted=["cash"])
    books, cash = bench.world.venues["cash"].books, bench.parts.accounts.cash.balances
    before = cash["cash", "USDT"]
    books.move("USDT", Decimal(50))
    bench.compare()
    books.move("USDT", Decimal(-80))
    bench.compare()
    _, moved, _ = bench.compare()
    assert isinstance(moved, BalanceChanged)
    assert moved.change == Decimal(-30)
    assert cash["cash", "USDT"] == before - 30


def test_coins_that_appear_are_told_once_and_never_sold() -> None:
    bench = Bench(hedged()[0])
    bench.world.venues["cash"].books.move("BTC", Decimal(2))
    bench.compare()
    events = bench.compare()
    assert [type(one) for one in events] == [DriftDetected, ReconciliationPerformed]
    assert drifts(events)[0][3] == "deposit"
    assert bench.parts.accounts.free("cash", "BTC") == bench.world.sizes()[0]
    assert [type(one) for one in bench.compare()] == [ReconciliationPerformed]
    bench.world.venues["cash"].books.move("BTC", Decimal(-2))
    bench.compare()
    assert drifts(bench.compare())[0][3] == "withdrawal"
    assert not bench.reconciler.drifts.quarantined


def test_a_position_that_the_venue_took_is_quarantined_with_an_alarm_until_it_is_back() -> None:
    bench = Bench(hedged()[0])
    books = bench.world.venues["swap"].books
    held = books.traded.pop(PERP.key)
    now = bench.world.stage.clock.now()
    bench.reconciler.strangers.tell(
        Fill(
            fill_id="L1", client_order_id="autoclose-1", instrument=PERP.key, side=Side.BUY, quantity=-held[0],
            price=Decimal(100), fee=NOTHING, fee_currency="USDT", origin=OrderOrigin.LIQUIDATION, ts=now, recv_ts=now,
        )
    )  # fmt: skip
    (met,) = bench.take()
    assert drifts([met]) == [
        (f"fill L1 of order autoclose-1 of {PERP.key}", "none", f"buy {-held[0]:f} at 100", "liquidation")
    ]
    bench.compare("swap")
    events = bench.compare("swap")
    assert [type(one) for one in events] == [DriftDetected, QuarantineStarted, AlertRaised, ReconciliationPerformed]
    subject = f"position {PERP.key}"
    assert drifts(events) == [(subject, f"{held[0]:f}", "0", "liquidation")]
    assert bench.reconciler.drifts.quarantined == {subject: "liquidation"}
    assert [type(one) for one in bench.compare("swap")] == [ReconciliationPerformed]
    books.traded[PERP.key] = held
    bench.compare("swap")
    events = bench.compare("swap")
    assert [one.outcome for one in events if isinstance(one, QuarantineCompleted)] == ["whole again"]
    assert not bench.reconciler.drifts.quarantined


def test_a_position_that_grew_by_hand_is_told_and_not_ours() -> None:
    bench = Bench(hedged()[0])
    books = bench.world.venues["swap"].books
    quantity, entry = books.traded[PERP.key]
    books.traded[PERP.key] = (quantity * 2, entry * 2)
    now = bench.world.stage.clock.now()
    report = OrderReport(
        client_order_id="web_1", state=OrderState.FILLED, instrument=PERP.key, origin=OrderOrigin.FOREIGN, ts=now,
        recv_ts=now,
    )  # fmt: skip
    assert bench.reconciler.strangers.tell(report)
    assert not bench.reconciler.strangers.tell(report)
    assert drifts(bench.take())[0][3] == "foreign_order"
    bench.compare("swap")
    events = bench.compare("swap")
    assert drifts(events)[0][3] == "foreign_trade"
    assert not of(QuarantineStarted, events)
    assert bench.world.net(PERP) == quantity


def test_nothing_is_judged_while_an_order_is_under_way_that_the_venue_does_not_list() -> None:
    world, strategy = basic()
    world.venues["cash"].otherwise = Outcome(delay_ns=10 * SECOND)
    strategy.leave(enter("500"))
    world.quote()
    bench = Bench(world)
    bench.world.venues["cash"].books.move("USDT", Decimal(-100))
    for _ in range(4):
        assert not [one for one in drifts(bench.compare()) if one[3] != "missing_order"]
    assert not of(ReconciliationPerformed, [one.event for one in bench.envelopes])


def test_an_order_that_rests_hinders_nothing() -> None:
    world, strategy = basic()
    world.venues["cash"].otherwise = Outcome(rests=True, share=NOTHING)
    strategy.leave(enter("500"))
    world.quote()
    bench = Bench(world)
    assert list(bench.parts.execution.in_flight())
    (told,) = bench.compare()
    assert isinstance(told, ReconciliationPerformed)


def test_what_moved_between_question_and_answer_is_compared_again() -> None:
    bench = Bench(hedged()[0])
    bench.ask("swap")
    now = bench.world.stage.clock.now()
    payment = FundingPayment(
        payment_id="f1", instrument=PERP.key, amount=Decimal(2), currency="USDT", rate=Decimal("0.0001"),
        quantity=bench.world.net(PERP), ts=now, recv_ts=now,
    )  # fmt: skip
    bench.world.stage.give(payment)
    assert bench.answer("swap") == []
    assert bench.timer() == 2 * SECOND
    bench.world.venues["swap"].books.move("USDT", Decimal(2))
    (told,) = bench.compare("swap")
    assert isinstance(told, ReconciliationPerformed)


def test_funding_that_nobody_told_is_named_so() -> None:
    bench = Bench(hedged()[0])
    bench.compare("swap")
    bench.world.stage.wait(HOUR)
    bench.world.venues["swap"].books.move("USDT", Decimal("1.25"))
    bench.compare("swap")
    assert drifts(bench.compare("swap"))[0][3] == "funding"


def test_a_venue_that_nets_over_the_whole_account_agrees_with_lots_of_trades() -> None:
    world, strategy = hedged("500")
    world.quote(110.0)
    strategy.leave(enter("500"))
    world.quote(110.0)
    strategy.leave(leave("1"))
    world.quote(105.0)
    assert list(world.trades) == ["2"]
    bench = Bench(world)
    books = bench.world.venues["swap"].books
    quantity, entry = books.traded[PERP.key]
    at_average = quantity * Decimal(105)  # whatever a venue takes for the cost of what is left, it has paid the rest
    books.traded[PERP.key] = (quantity, at_average)
    books.move("USDT", at_average - entry)
    (told,) = bench.compare("swap")
    assert isinstance(told, ReconciliationPerformed)


def test_cash_waits_while_a_position_differs_that_pays_into_it() -> None:
    bench = Bench(hedged()[0])
    books = bench.world.venues["swap"].books
    quantity, entry = books.traded[PERP.key]
    books.traded[PERP.key] = (quantity * 2, entry * 2)
    books.move("USDT", Decimal(-3))
    for _ in range(4):
        assert not of(BalanceChanged, bench.compare("swap"))
    books.traded[PERP.key] = (quantity, entry)
    moved = [one for _ in range(3) for one in of(BalanceChanged, bench.compare("swap"))]
    assert [one.change for one in moved if isinstance(one, BalanceChanged)] == [Decimal(-3)]


def test_money_under_way_is_no_drift_and_another_amount_is_one_of_the_transfer() -> None:
    bench = Bench(hedged()[0])
    bench.moving.add("USDT")
    bench.world.venues["cash"].books.move("USDT", Decimal(-500))
    for _ in range(3):
        assert not drifts(bench.compare())
    bench.moving.clear()
    bench.compare()
    assert drifts(bench.compare())[0][3] == "transfer"
