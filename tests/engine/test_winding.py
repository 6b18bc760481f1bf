"""The end of a process with real orders: what rests is cancelled, and strategies do nothing any more."""

from decimal import Decimal

import pytest

from arbcore.engine.execution_settings import ExecutionSettings, LegOrder
from arbcore.model.effect import Cancel, Submit
from arbcore.model.events import EngineModeChanged, OrderCancelled, TradeClosed
from arbcore.model.input import SessionControl
from arbcore.model.state import EngineState
from arbcore.testing.scripted import SECOND, enter, leave
from arbcore.testing.scripted_venue import Outcome
from arbcore.winding import left_behind
from tests.engine.world import World, basic, hedged

MAKER = ExecutionSettings(legs=LegOrder.MAKER, lead="cash", ttl_ns=60 * SECOND)


def wind(world: World) -> None:
    now = world.stage.clock.now()
    world.stage.give(SessionControl(start=False, winds_down=True, recv_ts=now))


@pytest.mark.parametrize("share", ["0", "0.5"])
def test_an_entry_that_rests_is_cancelled_and_what_it_filled_is_hedged(share: str) -> None:
    world, strategy = basic(execution=MAKER)
    world.venues["cash"].script.append(Outcome(share=Decimal(share), rests=True))
    strategy.leave(enter("500"))
    world.quote()
    (resting,) = world.stage.engine.parts.execution.in_flight()
    assert resting.id in left_behind(world.stage.engine.parts)
    wind(world)
    assert [one.client_order_id for one in world.stage.effects if isinstance(one, Cancel)] == [resting.id]
    world.stage.wait(5 * SECOND)
    assert [one.client_order_id for one in world.stage.told(OrderCancelled)][:1] == [resting.id]
    assert world.stage.engine.parts.execution.in_flight() == []
    if share == "0":
        assert left_behind(world.stage.engine.parts) == ""
        assert len(world.stage.told(TradeClosed)) == 1
    else:
        assert "open trades keep their positions: 1 (BTC, hedged)" in left_behind(world.stage.engine.parts)


def test_strategies_do_nothing_any_more_and_the_state_stays() -> None:
    world, strategy = hedged()
    before = len([one for one in world.stage.effects if isinstance(one, Submit)])
    wind(world)
    strategy.leave(enter("500"))
    world.quote()
    strategy.leave(leave("1"))
    world.quote()
    assert len([one for one in world.stage.effects if isinstance(one, Submit)]) == before
    assert not world.stage.told(EngineModeChanged)[1:]
    assert world.stage.engine.state().switches.state is EngineState.RUNNING
    assert "1 (BTC, hedged)" in left_behind(world.stage.engine.parts)
