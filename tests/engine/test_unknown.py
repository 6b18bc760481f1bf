"""Orders whose outcome nothing settles: looked up, never sent again, ended only where the venue can't have them."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from arbcore.model.effect import Cancel, LookUp, Submit
from arbcore.model.events import (
    DriftDetected,
    OrderCancelled,
    OrderRejected,
    OrderUpdated,
    QuarantineCompleted,
    QuarantineStarted,
)
from arbcore.model.input import LookedUp
from arbcore.model.order import Fill, OrderReport, OrderRequest, OrderState
from arbcore.model.trade import TradeState
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter
from arbcore.testing.scripted_venue import SILENT
from tests.engine.world import PERP, SPOT, World, basic

BOUND = {"swap": 2 * SECOND}


def doubtful(accepts_for: Mapping[str, int | None]) -> tuple[World, ScriptedStrategy, OrderRequest]:
    """Return a session whose spot leg filled and whose perpetual order nobody knows anything of."""
    world, strategy = basic(accepts_for=accepts_for)
    world.venues["swap"].script.append(SILENT)
    strategy.leave(enter("500"))
    world.quote()
    (order,) = world.venues["swap"].orders
    tell(world, order, OrderState.UNKNOWN)
    return world, strategy, order


def tell(world: World, order: OrderRequest, state: OrderState, filled: str = "0") -> None:
    now = world.stage.clock.now()
    report = OrderReport(
        client_order_id=order.client_order_id, state=state, filled=Decimal(filled), ts=now, recv_ts=now
    )
    world.stage.give(report)


def fill(world: World, order: OrderRequest, quantity: str, name: str = "f") -> None:
    now = world.stage.clock.now()
    given = Fill(
        fill_id=name,
        client_order_id=order.client_order_id,
        instrument=order.instrument,
        side=order.side,
        quantity=Decimal(quantity),
        price=Decimal(100),
        fee=Decimal(0),
        fee_currency="USDT",
        ts=now,
        recv_ts=now,
    )
    world.stage.give(given)


def looks(world: World) -> list[LookUp]:
    return [effect for effect in world.stage.effects if isinstance(effect, LookUp)]


def sent(world: World) -> list[str]:
    return [effect.order.client_order_id for effect in world.stage.effects if isinstance(effect, Submit)]


def test_the_first_look_comes_within_a_quarter_of_a_second() -> None:
    world, _, order = doubtful(BOUND)
    assert not looks(world)
    world.stage.wait(SECOND // 4)
    assert looks(world)[0] == LookUp("swap", order.client_order_id)


def test_an_order_that_its_venue_can_no_longer_take_in_is_over_within_five_seconds() -> None:
    world, _, order = doubtful(BOUND)
    world.stage.wait(2 * SECOND)
    assert not world.stage.told(OrderRejected)
    world.stage.wait(3 * SECOND)
    (event,) = world.stage.told(OrderRejected)
    assert (event.client_order_id, event.reason) == (order.client_order_id, "ORDER_ABSENT")
    assert not world.stage.told(QuarantineStarted)
    assert not world.trades  # the spot leg was taken off again
    assert len(set(sent(world))) == len(sent(world))
    world.check_books()


def test_where_nothing_bounds_it_absence_must_last_and_its_money_is_set_aside() -> None:
    world, _, order = doubtful({})
    free = world.stage.engine.parts.accounts.free("swap", "USDT")
    world.stage.wait(3 * SECOND)
    assert not world.stage.told(OrderRejected)
    world.stage.wait(7 * SECOND)
    assert [event.reason for event in world.stage.told(OrderRejected)] == ["ORDER_ABSENT"]
    assert [event.subject for event in world.stage.told(QuarantineStarted)] == [f"order {order.client_order_id}"]
    assert world.stage.engine.parts.accounts.free("swap", "USDT") == free
    world.stage.wait(70 * SECOND)
    assert [event.outcome for event in world.stage.told(QuarantineCompleted)] == ["absent"]
    assert world.stage.engine.parts.accounts.free("swap", "USDT") > free
    world.check_books()


def test_a_look_up_that_is_not_answered_proves_nothing() -> None:
    world, _, order = doubtful(BOUND)
    world.stage.mute.add("swap")
    world.stage.wait(60 * SECOND)
    assert not world.stage.told(OrderRejected)
    assert world.trades["1"].state is TradeState.OPEN
    assert len(looks(world)) > 10
    assert sent(world).count(order.client_order_id) == 1


def test_what_a_look_up_finds_settles_it() -> None:
    world, _, order = doubtful(BOUND)
    quantity = str(order.quantity)
    world.stage.wait(SECOND)
    fill(world, order, quantity)
    tell(world, order, OrderState.FILLED, quantity)
    assert world.trades["1"].state is TradeState.HEDGED
    before = len(looks(world))
    world.stage.wait(60 * SECOND)
    assert len(looks(world)) == before


def test_an_order_that_was_filled_and_told_no_fill_is_looked_up_for_it() -> None:
    world, strategy = basic()
    world.venues["swap"].script.append(SILENT)
    strategy.leave(enter("500"))
    world.quote()
    (order,) = world.venues["swap"].orders
    tell(world, order, OrderState.FILLED, str(order.quantity))
    world.stage.wait(SECOND // 4)
    assert looks(world)
    assert world.sizes()[1] == 0
    fill(world, order, str(order.quantity))
    assert world.trades["1"].state is TradeState.HEDGED


def test_an_order_that_turns_up_after_all_is_drift_cancelled_booked_and_taken_off() -> None:
    world, _, order = doubtful({})
    world.stage.wait(10 * SECOND)
    assert not world.trades
    tell(world, order, OrderState.ACKNOWLEDGED)
    assert Cancel("swap", order.client_order_id) in world.stage.effects
    assert "late_order" in [event.cause_class for event in world.stage.told(DriftDetected)]
    fill(world, order, "1")
    late = world.venues["swap"].orders[-1]
    assert (late.side, late.quantity) == (order.side.opposite, Decimal(1))
    assert world.net(PERP) == 0
    assert world.net(SPOT) == 0


def test_an_order_that_turned_up_late_is_looked_up_and_cancelled_until_it_is_over() -> None:
    world, _, order = doubtful({})
    world.stage.wait(10 * SECOND)
    tell(world, order, OrderState.ACKNOWLEDGED)
    tell(world, order, OrderState.ACKNOWLEDGED)
    before = len(looks(world))
    world.stage.wait(SECOND // 4)
    assert len(looks(world)) == before + 1
    now = world.stage.clock.now()
    answer = LookedUp(venue="swap", client_order_id=order.client_order_id, answered=True, found=True, recv_ts=now)
    tell(world, order, OrderState.PARTIALLY_FILLED, "1")
    fill(world, order, "1")
    world.stage.give(answer)
    cancels = [effect for effect in world.stage.effects if effect == Cancel("swap", order.client_order_id)]
    assert len(cancels) >= 2
    tell(world, order, OrderState.CANCELLED, "1")
    assert world.stage.told(OrderUpdated)[-1].after is OrderState.CANCELLED
    settled = len(looks(world))
    world.stage.wait(10 * SECOND)
    assert len(looks(world)) == settled
    assert [event.cause_class for event in world.stage.told(DriftDetected)].count("late_order") == 1
    assert world.net(PERP) == world.net(SPOT) == 0


def test_a_fill_of_an_order_that_was_given_up_makes_it_a_late_one() -> None:
    world, _, order = doubtful({})
    world.stage.wait(10 * SECOND)
    fill(world, order, "1")
    assert Cancel("swap", order.client_order_id) in world.stage.effects  # what is left of it may still work
    before = len(looks(world))
    world.stage.wait(SECOND)
    assert len(looks(world)) > before
    assert {event.cause_class for event in world.stage.told(DriftDetected)} == {"late_order", "late_fill"}
    assert world.net(PERP) == 0


def test_a_cancel_without_an_answer_is_asked_again_for_as_long_as_the_order_works() -> None:
    world, strategy = basic()
    world.venues["swap"].script.append(SILENT)
    strategy.leave(enter("500"))
    world.quote()
    (order,) = world.venues["swap"].orders
    tell(world, order, OrderState.ACKNOWLEDGED)
    world.stage.wait(5 * SECOND)
    now = world.stage.clock.now()
    found = LookedUp(venue="swap", client_order_id=order.client_order_id, answered=True, found=True, recv_ts=now)
    world.stage.give(found)
    cancels = [effect for effect in world.stage.effects if isinstance(effect, Cancel)]
    assert cancels == [Cancel("swap", order.client_order_id)] * 2


@pytest.mark.parametrize("state", [OrderState.CANCELLED, OrderState.EXPIRED])
def test_an_unknown_order_that_ended_without_a_fill_leaves_the_other_leg_to_be_taken_off(state: OrderState) -> None:
    world, _, order = doubtful(BOUND)
    tell(world, order, state)
    assert [event.client_order_id for event in world.stage.told(OrderCancelled)] == [order.client_order_id]
    assert not world.trades
    world.check_books()
