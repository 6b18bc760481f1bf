"""Commands: applied at most once, refused with a reason, and what each of them lets through afterwards."""

import pytest

from arbcore.model.command import (
    AnyCommand,
    ApplyPreset,
    CancelAll,
    CancelOrder,
    DisableSymbol,
    EnableSymbol,
    Flatten,
    PauseEngine,
    RebuildProjection,
    ResumeEngine,
    RunReconcile,
    SetEngineMode,
    SetLeverage,
    StartStrategy,
    StopEntry,
    StopSession,
    StopStrategy,
    UpdateConfig,
)
from arbcore.model.effect import AskStatement, Cancel, EndSession
from arbcore.model.events import (
    CommandAccepted,
    CommandFailed,
    EngineModeChanged,
    EnginePaused,
    EngineResumed,
    Event,
    OpportunitySkipped,
    ReconciliationPerformed,
    StrategyStopped,
    SymbolDisabled,
    TradeClosed,
)
from arbcore.model.state import EngineState
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave, pair
from arbcore.testing.scripted_venue import Outcome
from tests.engine.world import BTC_ROUTE, ETH, ETH_PERP, ETH_ROUTE, PERP, SPOT, World, basic, hedged


def skipped(events: list[Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, OpportunitySkipped)]


def two() -> tuple[World, ScriptedStrategy, ScriptedStrategy]:
    """Two strategies on two symbols."""
    first, second = ScriptedStrategy(BTC_ROUTE), ScriptedStrategy(ETH_ROUTE)
    return World(SPOT, PERP, ETH, ETH_PERP, strategies={"s": first, "t": second}).begin(), first, second


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (PauseEngine(), EngineState.PAUSED),
        (StopEntry(), EngineState.REDUCING),
        (ResumeEngine(), EngineState.RUNNING),
        (SetEngineMode(state=EngineState.HALTED, reason="x"), EngineState.HALTED),
        (SetEngineMode(state=EngineState.REDUCING), EngineState.REDUCING),
        (SetEngineMode(state=EngineState.PAUSED), EngineState.PAUSED),
        (SetEngineMode(state=EngineState.RUNNING), EngineState.RUNNING),
    ],
)
@pytest.mark.parametrize("before", [EngineState.RUNNING, EngineState.HALTED, EngineState.REDUCING, EngineState.PAUSED])
def test_moves_of_the_engine(command: AnyCommand, state: EngineState, before: EngineState) -> None:
    world, _ = basic()
    world.stage.command(SetEngineMode(state=before))
    told = world.stage.command(command)
    assert world.state() is state
    moved = [(event.before, event.after) for event in told if isinstance(event, EngineModeChanged)]
    assert moved == ([] if state is before else [(before, state)])
    assert isinstance(told[0], CommandAccepted)
    assert bool([event for event in told if isinstance(event, EnginePaused)]) is (
        state is EngineState.PAUSED and before is not state
    )
    assert bool([event for event in told if isinstance(event, EngineResumed)]) is (
        state is EngineState.RUNNING and before is not state
    )


@pytest.mark.parametrize(
    ("state", "entry", "leaving"),
    [
        (EngineState.RUNNING, True, True),
        (EngineState.REDUCING, False, True),
        (EngineState.PAUSED, False, False),
        (EngineState.HALTED, False, False),
    ],
)
def test_what_each_state_lets_a_strategy_do(state: EngineState, entry: bool, leaving: bool) -> None:
    world, strategy = hedged()
    world.stage.command(SetEngineMode(state=state))
    strategy.leave(enter("300"))
    world.quote()
    assert ("2" in world.trades) is entry
    strategy.leave(leave("1"))
    world.quote()
    assert ("1" not in world.trades) is leaving
    expected = ([] if entry else ["STATE_NO_ENTRY"]) + ([] if leaving else ["STATE_NO_EXIT"])
    assert skipped(world.stage.finish()) == expected


def test_no_command_leads_back_to_booting() -> None:
    world, _ = basic()
    (failed,) = world.stage.command(SetEngineMode(state=EngineState.BOOTING))
    assert isinstance(failed, CommandFailed)
    assert "BOOTING" in failed.reason
    assert world.state() is EngineState.RUNNING


def test_a_command_is_applied_at_most_once() -> None:
    world, _ = basic()
    first = world.stage.command(PauseEngine(), "same")
    assert isinstance(first[0], CommandAccepted)
    world.stage.command(ResumeEngine())
    assert world.stage.command(PauseEngine(), "same") == []
    assert world.stage.command(StopEntry(), "same") == []
    assert world.state() is EngineState.RUNNING


def test_a_refused_command_is_not_applied_later_either() -> None:
    world, strategy = basic()
    assert isinstance(world.stage.command(DisableSymbol(symbol="DOGE"), "x")[0], CommandFailed)
    assert world.stage.command(PauseEngine(), "x") == []
    strategy.leave(enter())
    world.quote()
    assert world.trades


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (EnableSymbol(symbol="DOGE"), "no route trades the symbol 'DOGE'; there are: BTC, ETH"),
        (DisableSymbol(symbol=""), "no route trades the symbol ''"),
        (StartStrategy(strategy="u"), "there is no strategy 'u'; there are: s, t"),
        (StopStrategy(strategy="u"), "there is no strategy 'u'"),
        (Flatten(symbol="DOGE"), "no route trades the symbol 'DOGE'"),
        (Flatten(strategy="u"), "there is no strategy 'u'"),
        (UpdateConfig(version=2), "this session takes no changes of its config"),
        (CancelOrder(venue="cash", client_order_id="x"), "cash has no order 'x' of this session in flight"),
        (SetLeverage(instrument="swap:DOGE", leverage=3), "no route trades 'swap:DOGE'"),
        (SetLeverage(instrument=SPOT.key, leverage=3), "is a spot market and has no leverage"),
        (SetLeverage(instrument=PERP.key, leverage=0), "a whole number from 1 on"),
        (ApplyPreset(strategy="s", preset="x"), "this session takes no changes of its config"),
    ],
)
def test_a_command_that_cannot_be_applied_is_refused_with_the_reason(command: AnyCommand, why: str) -> None:
    world, _, _ = two()
    (failed,) = world.stage.command(command, "name")
    assert isinstance(failed, CommandFailed)
    assert why in failed.reason
    assert (failed.command_id, failed.command, failed.issued_by) == ("name", command, "tester")
    assert world.stage.events[-1].key == "name"


def test_a_symbol_that_is_switched_off_opens_nothing_and_still_closes() -> None:
    world, first, second = two()
    first.leave(enter("300"))
    world.quote()
    told = world.stage.command(DisableSymbol(symbol="BTC", reason="maintenance"))
    assert [event.reason for event in told if isinstance(event, SymbolDisabled)] == ["maintenance"]
    first.leave(enter("300"))
    second.leave(enter("300"))
    world.quote()
    assert [trade.symbol for trade in world.trades.values()] == ["BTC", "ETH"]
    first.leave(leave("1"))
    world.quote()
    assert [trade.symbol for trade in world.trades.values()] == ["ETH"]
    world.stage.command(EnableSymbol(symbol="BTC"))
    first.leave(enter("300"))
    world.quote()
    assert [trade.symbol for trade in world.trades.values()] == ["ETH", "BTC"]
    assert skipped(world.stage.finish()) == ["SYMBOL_DISABLED"]


def test_a_strategy_that_is_stopped_opens_nothing_and_still_closes() -> None:
    world, first, second = two()
    first.leave(enter("300"))
    world.quote()
    told = world.stage.command(StopStrategy(strategy="s", reason="checks"))
    assert [(event.strategy, event.reason) for event in told if isinstance(event, StrategyStopped)] == [("s", "checks")]
    first.leave(enter("300"))
    second.leave(enter("300"))
    world.quote()
    assert [trade.strategy for trade in world.trades.values()] == ["s", "t"]
    first.leave(leave("1"))
    world.quote()
    assert [trade.strategy for trade in world.trades.values()] == ["t"]
    world.stage.command(StartStrategy(strategy="s"))
    first.leave(enter("300"))
    world.quote()
    assert len(world.trades) == 2
    assert skipped(world.stage.finish()) == ["STRATEGY_STOPPED"]


def test_a_strategy_that_raised_is_not_started_again() -> None:
    world, first, _ = two()
    first.leave(RuntimeError("boom"))
    world.quote()
    (failed,) = world.stage.command(StartStrategy(strategy="s"))
    assert isinstance(failed, CommandFailed)
    assert "strategy s raised an error" in failed.reason


def test_cancelling_all_asks_for_every_order_in_flight() -> None:
    strategies = {"s": ScriptedStrategy(BTC_ROUTE), "t": ScriptedStrategy(pair(SPOT, PERP, name="u"))}
    world = World(SPOT, PERP, strategies=strategies).begin()
    world.venues["swap"].script.extend([Outcome(rests=True, share=Outcome().share / 2), Outcome(delay_ns=SECOND)])
    for strategy in strategies.values():
        strategy.leave(enter("300"))
    world.quote()
    open_orders = {order.client_order_id for order in world.venues["swap"].orders}
    effects = len(world.stage.effects)
    world.stage.command(CancelAll())
    asked = [effect for effect in world.stage.effects[effects:] if isinstance(effect, Cancel)]
    assert {effect.client_order_id for effect in asked} == open_orders
    assert all(effect.venue == "swap" for effect in asked)
    world.stage.wait(SECOND)
    assert len(world.trades) == 2
    world.check_books()


def test_what_a_command_leads_to_names_it_as_its_cause() -> None:
    world, _ = hedged()
    first = len(world.stage.events)
    world.stage.command(Flatten(), "all")
    told = world.stage.events[first:]
    accepted = told[0]
    assert isinstance(accepted.event, CommandAccepted)
    assert (accepted.key, accepted.cause) == ("all", 0)
    led = {accepted.sequence}
    for envelope in told[1:]:
        assert envelope.cause in led, envelope
        led.add(envelope.sequence)
    assert any(isinstance(envelope.event, TradeClosed) for envelope in told)


def test_one_order_is_cancelled_by_its_id() -> None:
    world, strategy = basic()
    world.venues["swap"].script.append(Outcome(rests=True, share=Outcome().share / 2))
    strategy.leave(enter("300"))
    world.quote()
    (order,) = world.stage.engine.parts.execution.in_flight()
    refused = world.stage.command(CancelOrder(venue="cash", client_order_id=order.id))
    assert [type(event) for event in refused] == [CommandFailed]
    effects = len(world.stage.effects)
    world.stage.command(CancelOrder(venue="swap", client_order_id=order.id))
    assert Cancel("swap", order.id) in world.stage.effects[effects:]
    again = world.stage.command(CancelOrder(venue="swap", client_order_id=order.id))
    assert isinstance(again[0], CommandFailed)
    world.check_books()


def test_a_session_is_ended_at_once() -> None:
    world, _ = hedged()
    told = world.stage.command(StopSession())
    assert [type(event) for event in told] == [CommandAccepted]
    assert world.stage.effects[-1] == EndSession("stopped by tester")
    assert world.trades, "what is open stays open"


def test_a_session_that_is_to_be_flat_ends_after_its_last_trade() -> None:
    world, strategy = hedged()
    world.venues["swap"].script.append(Outcome(delay_ns=SECOND))
    world.stage.command(StopSession(flatten=True))
    assert world.state() is EngineState.REDUCING
    assert not [effect for effect in world.stage.effects if isinstance(effect, EndSession)]
    world.stage.wait(SECOND)
    assert not world.trades
    assert world.stage.effects[-1] == EndSession("stopped by tester")
    strategy.leave(enter("300"))
    world.quote()
    assert not world.trades


def test_a_flat_session_that_is_to_be_flat_ends_at_once() -> None:
    world, _ = basic()
    world.stage.command(StopSession(flatten=True))
    assert world.stage.effects[-1] == EndSession("stopped by tester")


def test_a_reconciliation_by_command_asks_every_venue() -> None:
    world, _ = basic()
    effects, first = len(world.stage.effects), len(world.stage.events)
    told = world.stage.command(RunReconcile())
    assert isinstance(told[0], CommandAccepted)
    asked = [effect for effect in world.stage.effects[effects:] if isinstance(effect, AskStatement)]
    assert [effect.venue for effect in asked] == ["cash", "swap"]
    world.stage.wait(SECOND)
    performed = [one.event for one in world.stage.events[first:] if isinstance(one.event, ReconciliationPerformed)]
    assert [(event.venue, event.reason, event.drifts) for event in performed] == [
        ("cash", "command", 0),
        ("swap", "command", 0),
    ]
    world.check_books()


def test_projections_are_the_runtimes_affair() -> None:
    world, _ = basic()
    assert [type(event) for event in world.stage.command(RebuildProjection())] == [CommandAccepted]
