"""What a loop does with effects: simulated venues answer at once and in order, all others are the gateway's."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from arbcore.engine.output import NOTHING, Output
from arbcore.journal.memory import MemoryJournal
from arbcore.model.account import AccountUpdate
from arbcore.model.command import AnyCommand, SetLeverage, Withdraw
from arbcore.model.effect import Act, AskStatement, Cancel, EndSession, LookUp, Submit, Trace
from arbcore.model.input import (
    AccountSnapshot,
    ActionEnded,
    ActionState,
    LookedUp,
    SessionControl,
    VenueStatement,
)
from arbcore.model.order import Fill, OrderReport, OrderRequest, OrderState, Side, TimeInForce
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.ingress import Ingress
from arbcore.runtime.loop import Loop
from arbcore.testing.scripted_venue import Outcome, ScriptedVenue
from tests.runtime.runs import INSTRUMENTS

SWAP = INSTRUMENTS[1]
NOW = 1_000
ORDER = OrderRequest(
    client_order_id="ae-1",
    instrument=SWAP.key,
    side=Side.BUY,
    quantity=Decimal(1),
    price=Decimal(100),
    time_in_force=TimeInForce.GTC,
)
LEVERAGE = SetLeverage(instrument=SWAP.key, leverage=3)
WITHDRAW = Withdraw(withdraw_id="w", venue="far", currency="BTC", network="BTC", amount=Decimal(1), address="a")


class Puppet:
    """An engine that asks for given effects as its answer to given inputs, and remembers all of them."""

    def __init__(self) -> None:
        self.asks: dict[type, list[Any]] = {}
        self.seen: list[Any] = []

    def now(self) -> int:
        return NOW

    def skip_quiet(self, items: Sequence[Any], start: int, due: int) -> tuple[int, int]:
        return start, 0

    def step(self, item: Any) -> Output:
        self.seen.append(item)
        effects = self.asks.pop(type(item), None)
        return NOTHING if effects is None else Output((), tuple(effects))


class Noting:
    """A gateway that notes what it is handed."""

    def __init__(self) -> None:
        self.handed: list[tuple[Any, ...]] = []

    def submit(self, venue: str, order: OrderRequest) -> None:
        self.handed.append(("submit", venue, order))

    def cancel(self, venue: str, client_order_id: str) -> None:
        self.handed.append(("cancel", venue, client_order_id))

    def look_up(self, venue: str, client_order_id: str) -> None:
        self.handed.append(("look_up", venue, client_order_id))

    def ask(self, venue: str, since: int) -> None:
        self.handed.append(("ask", venue, since))

    def act(self, venue: str, command_id: str, command: AnyCommand) -> None:
        self.handed.append(("act", venue, command_id, command))

    def trace(self, venue: str, command_id: str, command: AnyCommand, since: int) -> None:
        self.handed.append(("trace", venue, command_id, command, since))


class Stage:
    """A loop around a puppet."""

    def __init__(self) -> None:
        self.engine, self.gateway = Puppet(), Noting()
        self.venue = ScriptedVenue("world", [SWAP], {"USDT": Decimal(1000)})
        self.reasons: list[str] = []
        self.loop = Loop(
            self.engine,  # type: ignore[arg-type]  # a puppet has what a loop asks of an engine
            {"world": self.venue},
            {SWAP.key: "world"},
            EventLog(MemoryJournal()),
            lambda _: None,
            gateway=self.gateway,
            end=self.reasons.append,
        )

    def perform(self, *effects: Any) -> list[Any]:
        """Have the engine ask for effects; return what it then learns."""
        self.engine.asks[SessionControl] = list(effects)
        self.engine.seen.clear()
        self.loop.start(NOW)
        assert isinstance(self.engine.seen[-1], AccountSnapshot)
        return self.engine.seen[1:-1]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_look_up_tells_news_and_closes(stage: Stage) -> None:
    stage.perform(Submit("world", ORDER))
    *news, closed = stage.perform(LookUp("world", "ae-1"))
    assert [type(one) for one in news] == [Fill, OrderReport]
    assert news[1].state is OrderState.FILLED
    assert closed == LookedUp(venue="world", client_order_id="ae-1", answered=True, found=True, recv_ts=NOW)


def test_a_look_up_of_nothing_closes(stage: Stage) -> None:
    stage.venue.script.append(Outcome(silent=True))
    (closed,) = stage.perform(Submit("world", ORDER), LookUp("world", "ae-1"))
    assert (closed.answered, closed.found) == (True, False)


def test_a_statement_holds_balances_and_orders(stage: Stage) -> None:
    stage.venue.script.append(Outcome(rests=True, share=Decimal(0)))
    report, stated = stage.perform(Submit("world", ORDER), AskStatement("world", 0))
    assert report.state is OrderState.ACKNOWLEDGED
    assert isinstance(stated, VenueStatement)
    assert (stated.answered, stated.asked, stated.snapshot) == (True, NOW, stage.venue.snapshot(NOW))
    assert [one.client_order_id for one in stated.orders] == ["ae-1"]


def test_answers_keep_the_order_of_effects(stage: Stage) -> None:
    """An effect of an answer comes after the answers of earlier effects."""
    stage.engine.asks[LookedUp] = [Cancel("world", "ae-1")]
    stage.venue.script.append(Outcome(rests=True, share=Decimal(0)))
    learned = stage.perform(Submit("world", ORDER), LookUp("world", "ae-1"), AskStatement("world", 0))
    states = [one.state if isinstance(one, OrderReport) else type(one) for one in learned]
    acknowledged = OrderState.ACKNOWLEDGED
    assert states[:4] == [acknowledged, acknowledged, LookedUp, VenueStatement]
    assert states[-1] is OrderState.CANCELLED


def test_simulated_venues_carry_out_no_action(stage: Stage) -> None:
    learned = stage.perform(Act("world", "c1", LEVERAGE), Trace("world", "c2", WITHDRAW, 5))
    assert [(type(one), one.command_id, one.state) for one in learned] == [
        (ActionEnded, "c1", ActionState.REFUSED),
        (ActionEnded, "c2", ActionState.REFUSED),
    ]


def test_effects_of_other_venues_go_to_the_gateway(stage: Stage) -> None:
    effects = [
        Submit("far", ORDER),
        Cancel("far", "ae-1"),
        LookUp("far", "ae-1"),
        AskStatement("far", 7),
        Act("far", "c1", LEVERAGE),
        Trace("far", "c2", WITHDRAW, 5),
    ]
    assert stage.perform(*effects) == []
    assert stage.gateway.handed == [
        ("submit", "far", ORDER),
        ("cancel", "far", "ae-1"),
        ("look_up", "far", "ae-1"),
        ("ask", "far", 7),
        ("act", "far", "c1", LEVERAGE),
        ("trace", "far", "c2", WITHDRAW, 5),
    ]
    assert not stage.venue.orders


def test_no_effect_is_lost_where_there_is_no_gateway(stage: Stage) -> None:
    loop = Loop(stage.engine, {}, {}, EventLog(MemoryJournal()), lambda _: None)  # type: ignore[arg-type]  # a puppet
    stage.engine.asks[SessionControl] = [LookUp("far", "ae-1")]
    with pytest.raises(LookupError, match="far is no venue of this session"):
        loop.start(NOW)


def test_the_engine_may_end_the_session(stage: Stage) -> None:
    stage.perform(EndSession("a command ends it"))
    assert stage.reasons == ["a command ends it"]


def test_what_venues_tell_passes_the_ingress_whole_and_in_order(stage: Stage) -> None:
    """Reports that look alike are not conflated, and one that came out of order gets a time of its own."""
    ingress = Ingress()
    report = OrderReport(client_order_id="ae-1", state=OrderState.ACKNOWLEDGED, ts=1, recv_ts=NOW + 5)
    update = AccountUpdate(venue="far", ts=1, recv_ts=NOW + 1)
    closed = LookedUp(venue="far", client_order_id="ae-1", answered=True, recv_ts=NOW + 5)
    for item in (report, report, update, closed):
        ingress.put(item)
    stage.loop.take(ingress.take(stage.loop.reached()))
    assert [type(one) for one in stage.engine.seen] == [OrderReport, OrderReport, AccountUpdate, LookedUp]
    times = [one.recv_ts for one in stage.engine.seen]
    assert times == sorted(set(times))
    assert ingress.conflated == 0
