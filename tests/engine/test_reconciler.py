"""The reconciler: what explains a difference, what is drift, and what the rules make of it."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest

from arbcore.engine.reconciler import Reconciler, ReconcilerSettings, ReconcilerState
from arbcore.engine.standing import our_side
from arbcore.model.account import OpenOrder
from arbcore.model.drift import CauseClass
from arbcore.model.effect import AskStatement, Effect, LookUp, SetTimer
from arbcore.model.events import (
    AlertRaised,
    BalanceChanged,
    DriftDetected,
    Envelope,
    Event,
    QuarantineCompleted,
    QuarantineStarted,
    ReconciliationPerformed,
)
from arbcore.model.input import ConnectionChanged, FundingPayment, VenueStatement
from arbcore.model.order import Fill, OrderOrigin, OrderReport, OrderState, OrderType, Side
from arbcore.model.state import ConnectionState
from arbcore.testing.scripted import SECOND, enter, leave
from arbcore.testing.scripted_venue import Outcome
from tests.engine.world import PERP, SPOT, World, basic, hedged

HOUR = 3600 * SECOND
NOTHING = Decimal(0)


class Bench:
    """A session with a reconciler beside its engine, and what it told and asked for."""

    def __init__(self, world: World, allotted: Sequence[str] = ()) -> None:
        self.world = world
        self.parts = world.stage.engine.parts
        self.moving: set[str] = set()
        self.reconciler = Reconciler(
            world.venues,
            self.parts.accounts,
            self.parts.market,
            self.parts.outbox,
            self.parts.execution.in_flight,
            lambda order: self.parts.execution.known(order) is not None,
            lambda venue, currency: currency in self.moving,
            ReconcilerSettings(allotted=frozenset(allotted)),
        )
        self.envelopes: list[Envelope] = []
        self.effects: list[Effect] = []
        self.reconciler.start()
        self.take()

    def take(self) -> list[Event]:
        """Take what the reconciler told since the last time."""
        output = self.parts.outbox.take()
        self.envelopes += output.events
        self.effects = list(output.effects)
        return [one.event for one in output.events]

    def ask(self, venue: str = "cash", reason: str = "command") -> None:
        """Let the reconciler ask a venue."""
        self.parts.outbox.now = self.world.stage.clock.now()
        self.reconciler.ask(venue, reason)
        self.take()

    def answer(self, venue: str = "cash", **more: object) -> list[Event]:
        """Let a venue state what it holds now."""
        now = self.world.stage.clock.now()
        self.parts.outbox.now = now
        books = self.world.venues[venue]
        stated = {"answered": True, "asked": now, "snapshot": books.snapshot(now), "orders": tuple(books.open_orders())}
        self.reconciler.on_statement(VenueStatement(venue=venue, recv_ts=now, **{**stated, **more}))  # type: ignore[arg-type]
        return self.take()

    def compare(self, venue: str = "cash") -> list[Event]:
        """Ask a venue and let it answer at once."""
        self.ask(venue)
        return self.answer(venue)

    def timer(self) -> int:
        """Return after how long the venue is asked again."""
        at = [effect.at for effect in self.effects if isinstance(effect, SetTimer)]
        return at[-1] - self.world.stage.clock.now()


def drifts(events: Sequence[Event]) -> list[tuple[str, str, str, str]]:
    return [
        (one.subject, one.expected, one.actual, one.cause_class) for one in events if isinstance(one, DriftDetected)
    ]


def of(kind: type[Event], events: Sequence[Event]) -> list[Event]:
    return [one for one in events if isinstance(one, kind)]


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
    assert (moved.change, moved.after, moved.reason) == (Decimal("-100.5"), before - Decimal("100.5"), "drift")
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
