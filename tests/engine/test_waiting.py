"""A start that goes on with earlier trades and waits for a person: what it would send is known, and nothing is sent."""

from decimal import Decimal

from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.parts import EngineSettings
from arbcore.engine.prospect import Prospect, prospect
from arbcore.model.command import ResumeEngine, StopSession
from arbcore.model.effect import Cancel, EndSession, Submit
from arbcore.model.events import EngineModeChanged, IntentApproved, TradeClosed
from arbcore.model.input import SessionControl
from arbcore.model.intent import IntentKind
from arbcore.model.order import Side
from arbcore.model.state import EngineState
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter
from arbcore.testing.scripted_venue import WHOLE, Outcome, ScriptedVenue
from arbcore.testing.stage import START, Stage
from tests.engine.test_kill import Chasing
from tests.engine.world import BTC_ROUTE, DOLLARS, PERP, SPOT

SETTINGS = EngineSettings(
    session="test",
    mode="live",
    base_currency="USDT",
    config_hash="",
    rates={},
    execution=ExecutionSettings(entry_policy="chase", exit_policy="chase"),
)


class Waiting(Stage):
    """A stage whose engine goes on with trades of an earlier one, and waits."""

    def __init__(self, perp: Outcome = WHOLE) -> None:
        self.scripted = {one.venue: ScriptedVenue(one.venue, [one], DOLLARS) for one in (SPOT, PERP)}
        strategy = ScriptedStrategy(BTC_ROUTE)
        policies = {"chase": Chasing()}
        earlier = Stage((SPOT, PERP), self.scripted, {"s": strategy}, policies=policies, settings=SETTINGS)
        earlier.begin()
        strategy.leave(enter("100"))
        self.scripted["swap"].script.append(perp)
        for one in (SPOT, PERP):
            earlier.quote(one, 100.0, 100.1)
        self.strategy = ScriptedStrategy(BTC_ROUTE)
        super().__init__((SPOT, PERP), self.scripted, {"s": self.strategy}, policies=policies, settings=SETTINGS)
        self.engine.restore(earlier.engine.state())
        self.clock.move_to(START + SECOND)
        self.give(SessionControl(start=True, waits=True, recv_ts=self.clock.now()))

    def priced(self) -> None:
        for one in (SPOT, PERP):
            self.quote(one, 100.0, 100.1)
        self.wait(30 * SECOND)

    def sent(self) -> list[Submit]:
        return [effect for effect in self.effects if isinstance(effect, Submit)]


def test_it_knows_what_it_would_send_and_sends_nothing() -> None:
    stage = Waiting()
    assert not stage.engine.parts.resumption.known(), "no leg has a price yet"
    stage.priced()
    assert stage.engine.parts.resumption.known()
    stage.strategy.leave(enter("100"))
    stage.priced()
    found = prospect(stage.engine.parts)
    assert [(one.trade, one.instrument, one.side, one.reduces) for one in found.orders] == [
        ("1", SPOT.key, Side.SELL, False),
        ("1", PERP.key, Side.BUY, True),
    ]
    assert [one.quantity for one in found.orders] == _held(stage)
    assert (found.cancels, found.rests, found.empty) == ((), (), False)
    assert stage.sent() == []
    assert stage.engine.parts.switches.state is EngineState.BOOTING


def test_no_other_command_lets_it_go_on() -> None:
    stage = Waiting()
    stage.priced()
    stage.command(ResumeEngine())
    stage.priced()
    assert stage.sent() == []
    assert stage.engine.parts.switches.state is EngineState.BOOTING


def test_told_to_stop_it_sends_what_it_showed_and_ends() -> None:
    stage = Waiting()
    stage.priced()
    shown = prospect(stage.engine.parts)
    stage.command(StopSession(flatten=True))
    assert [(one.order.instrument, one.order.side, one.order.quantity) for one in stage.sent()] == [
        (one.instrument, one.side, one.quantity) for one in shown.orders
    ]
    assert len(stage.told(TradeClosed)) == 1
    assert [type(effect) for effect in stage.effects].count(EndSession) == 1
    assert [one.after for one in stage.told(EngineModeChanged)][-1] is EngineState.REDUCING
    assert prospect(stage.engine.parts) == Prospect()


def test_an_order_that_rests_is_shown_and_cancelled_and_no_leg_is_added_to() -> None:
    stage = Waiting(Outcome(share=Decimal(0), rests=True))
    stage.priced()
    found = prospect(stage.engine.parts)
    (cancel,) = found.cancels
    assert (cancel.instrument, cancel.side, cancel.filled) == (PERP.key, Side.SELL, Decimal(0))
    assert [one.instrument for one in found.orders] == [SPOT.key]
    before = len(stage.effects)
    (trade,) = stage.engine.parts.execution.trades.values()
    stage.command(StopSession(flatten=True))
    assert not trade.grows, "not even where only the other leg can be reached"
    stage.wait(30 * SECOND)
    cancels = [one.client_order_id for one in stage.effects[before:] if isinstance(one, Cancel)]
    assert cancels[:1] == [cancel.client_order_id]
    assert {one.intent.kind for one in stage.told(IntentApproved)} == {IntentKind.UNWIND}, (
        "its policy would have chased"
    )
    assert len(stage.told(TradeClosed)) == 1


def _held(stage: Stage) -> list[Decimal]:
    return [abs(leg.quantity) for trade in stage.engine.parts.execution.trades.values() for leg in trade.legs]


def test_a_plain_stop_ends_it_and_sends_nothing() -> None:
    stage = Waiting()
    stage.priced()
    stage.command(StopSession())
    stage.priced()
    assert stage.sent() == []
    assert EndSession in {type(effect) for effect in stage.effects}
