"""After a standstill nothing is sent until every venue has told what happened, and the right to send is back."""

import pytest

from arbcore.model.command import PauseEngine
from arbcore.model.effect import AskStatement, LookUp, Submit
from arbcore.model.events import EngineModeChanged, ReconciliationPerformed
from arbcore.model.input import Standstill
from arbcore.model.state import EngineState
from arbcore.model.trade import TradeState
from arbcore.testing.scripted import enter
from arbcore.testing.scripted_venue import Outcome
from tests.engine.world import World, basic, hedged

RESTS = Outcome(rests=True)


def stall(world: World) -> None:
    world.stage.give(Standstill(over=False, reason="stood still for 3 s", recv_ts=world.stage.clock.now()))


def over(world: World) -> None:
    world.stage.give(Standstill(over=True, recv_ts=world.stage.clock.now()))


def sent(world: World) -> int:
    return sum(isinstance(effect, Submit) for effect in world.stage.effects)


def test_every_venue_is_asked_and_every_order_looked_up() -> None:
    world, strategy = basic()
    world.venues["cash"].otherwise = RESTS
    strategy.leave(enter("500"))
    world.quote()
    (order,) = world.venues["cash"].orders
    first = len(world.stage.effects)
    stall(world)
    world.stage.wait(1)
    asked = world.stage.effects[first:]
    assert {effect.venue for effect in asked if isinstance(effect, AskStatement)} == {"cash", "swap"}
    assert [effect.client_order_id for effect in asked if isinstance(effect, LookUp)] == [order.client_order_id]


def test_nothing_is_entered_before_the_right_to_send_is_back() -> None:
    world, strategy = basic()
    stall(world)
    assert world.state() is EngineState.BOOTING
    strategy.leave(enter("500"))
    world.quote()
    assert not sent(world)
    over(world)
    assert world.state() is EngineState.RUNNING
    strategy.leave(enter("500"))
    world.quote()
    assert sent(world) == 2
    reasons = {event.reason for event in world.stage.told(ReconciliationPerformed)}
    assert reasons == {"stall"}


def test_a_venue_that_does_not_tell_holds_everything_back() -> None:
    world, _ = basic()
    world.stage.mute.add("swap")
    stall(world)
    over(world)
    world.stage.wait(10**10)
    assert world.state() is EngineState.BOOTING
    world.stage.mute.clear()
    world.stage.wait(60 * 10**9)
    assert world.state() is EngineState.RUNNING


def test_a_leg_that_filled_meanwhile_is_hedged_as_soon_as_that_is_known() -> None:
    """Pain: a process that slept wakes up with one leg open and trades on as if nothing had happened."""
    world, strategy = basic()
    world.venues["swap"].script.append(RESTS)
    strategy.leave(enter("500"))
    world.quote()
    assert world.trades["1"].state is TradeState.OPEN
    stall(world)
    before = sent(world)
    world.stage.wait(6 * 10**9)  # the order's time to live is over meanwhile
    world.quote()
    assert sent(world) == before
    over(world)
    world.quote()
    world.stage.wait(3 * 10**9)
    assert not world.trades or world.trades["1"].state is not TradeState.OPEN
    world.check_books()


@pytest.mark.parametrize("again", [False, True])
def test_a_session_goes_on_in_the_state_that_it_had(*, again: bool) -> None:
    world, _ = hedged()
    world.stage.command(PauseEngine())
    stall(world)
    if again:
        stall(world)
    over(world)
    assert world.state() is EngineState.PAUSED
    told = [(event.before, event.after) for event in world.stage.told(EngineModeChanged)][-2:]
    assert told == [(EngineState.PAUSED, EngineState.BOOTING), (EngineState.BOOTING, EngineState.PAUSED)]


def test_before_trading_began_there_is_nothing_to_ask_for() -> None:
    world, _ = basic()
    fresh = World(*world.instruments, strategies={})
    fresh.stage.begin()
    stall(fresh)
    assert not [effect for effect in fresh.stage.effects if isinstance(effect, AskStatement)]
