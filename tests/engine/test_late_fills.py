"""Fills that come twice, late or for orders of nobody: each is booked once, and the venue is right."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.model.events import (
    DriftDetected,
    OrderUpdated,
    TradeClosed,
    TradeExecuted,
    TradeOpened,
)
from arbcore.model.order import Fill, OrderReport, OrderState, Side
from arbcore.model.trade import TradeState
from arbcore.testing.scripted import SECOND, enter, leave
from arbcore.testing.scripted_venue import NONE, REFUSED, TWICE, Outcome, part
from tests.engine.world import PERP, SPOT, World, basic, hedged


def test_a_fill_that_is_told_twice_counts_once() -> None:
    world, strategy = basic()
    world.venues["cash"].script.append(TWICE)
    world.venues["swap"].script.append(TWICE)
    strategy.leave(enter("500"))
    world.quote()
    assert len(world.stage.told(TradeExecuted)) == 2
    assert not world.stage.told(DriftDetected)
    assert world.sizes() == [Decimal("4.995"), Decimal("-4.995")]
    world.check_books()


def test_a_fill_that_is_told_again_after_its_intent_ended_counts_once() -> None:
    world, _ = hedged()
    fill = next(event for event in world.stage.told(TradeExecuted) if event.instrument == SPOT.key)
    world.stage.give(again(world, fill, fill.fill_id))
    assert not world.stage.told(DriftDetected)
    assert world.sizes() == [Decimal("4.995"), Decimal("-4.995")]
    world.check_books()


def again(world: World, executed: TradeExecuted, fill_id: str) -> Fill:
    now = world.stage.clock.now()
    return Fill(
        fill_id=fill_id,
        client_order_id=executed.client_order_id,
        instrument=executed.instrument,
        side=executed.side,
        quantity=executed.quantity,
        price=executed.price,
        fee=Decimal(0),
        fee_currency="USDT",
        ts=now,
        recv_ts=now,
    )


def test_a_fill_after_the_cancel_is_booked_and_taken_off_again() -> None:
    world, strategy = basic()
    world.venues["swap"].script.append(Outcome(rests=True, late_ns=SECOND))
    strategy.leave(enter("500"))
    world.quote()
    world.stage.wait(5 * SECOND)
    assert [trade.id for trade in world.closed] == ["1"]  # the spot leg was unwound when the perpetual was cancelled
    world.stage.wait(SECOND)
    assert [event.cause_class for event in world.stage.told(DriftDetected)] == ["late_fill"]
    assert [event.trade.id for event in world.stage.told(TradeOpened)] == ["1", "1+"]
    assert [event.trade.id for event in world.stage.told(TradeClosed)] == ["1", "1+"]
    world.check_books()


def test_a_late_fill_of_a_trade_that_goes_on_is_brought_into_line() -> None:
    world, strategy = basic()
    world.venues["swap"].script.append(part("0.5"))
    strategy.leave(enter("500"))
    world.quote()
    executed = next(event for event in world.stage.told(TradeExecuted) if event.instrument == PERP.key)
    late = again(world, executed, "late")
    world.venues["swap"].books.book(PERP, late)
    world.stage.give(late)
    states = [trade.state for trade in strategy.told]
    assert states[-2:] == [TradeState.OPEN, TradeState.HEDGED]
    assert world.sizes() == [Decimal("2.497"), Decimal("-2.497")]
    world.check_books()


def test_a_late_fill_of_a_frozen_trade_is_booked_and_nothing_else_happens() -> None:
    world, strategy = basic(execution=ExecutionSettings(repair_attempts=1))
    world.venues["swap"].script.append(part("0.5"))
    world.venues["cash"].script.append(part("1"))
    world.venues["cash"].otherwise = REFUSED
    strategy.leave(enter("500"))
    world.quote()
    world.stage.wait(10 * SECOND)
    assert world.trades["1"].state is TradeState.FROZEN
    sent = len(world.venues["cash"].orders)
    executed = next(event for event in world.stage.told(TradeExecuted) if event.instrument == PERP.key)
    late = replace(again(world, executed, "late"), quantity=Decimal("0.5"))
    world.venues["swap"].books.book(PERP, late)
    world.stage.give(late)
    world.stage.wait(10 * SECOND)
    assert world.trades["1"].state is TradeState.FROZEN
    assert world.sizes() == [Decimal("4.995"), Decimal("-2.997")]
    assert len(world.venues["cash"].orders) == sent
    world.check_books()


def test_a_late_fill_while_a_repair_waits_is_repaired_once() -> None:
    world, strategy = basic()
    world.venues["swap"].script.append(part("0.5"))
    world.venues["cash"].script.extend([part("1"), NONE, Outcome(delay_ns=3 * SECOND)])
    strategy.leave(enter("500"))
    world.quote()
    assert world.trades["1"].state is TradeState.OPEN  # the first repair filled nothing, the next one waits
    executed = next(event for event in world.stage.told(TradeExecuted) if event.instrument == PERP.key)
    late = replace(again(world, executed, "late"), quantity=Decimal("0.5"))
    world.venues["swap"].books.book(PERP, late)
    world.stage.give(late)
    world.stage.wait(10 * SECOND)
    assert world.sizes() == [Decimal("2.997"), Decimal("-2.997")]
    assert len(world.venues["cash"].orders) == 3
    world.check_books()


def test_two_late_fills_after_the_end_each_find_a_trade() -> None:
    world, strategy = hedged()
    executed = next(event for event in world.stage.told(TradeExecuted) if event.instrument == PERP.key)
    strategy.leave(leave("1"))
    world.quote()
    for name in ("late1", "late2"):
        late = again(world, executed, name)
        world.venues["swap"].books.book(PERP, late)
        world.stage.give(late)
    assert [trade.id for trade in world.closed] == ["1", "1+", "1++"]
    world.check_books()


def test_what_comes_late_for_another_order_of_a_closed_trade_joins_the_successor_that_lives() -> None:
    world, strategy = hedged()
    entry, exit_ = world.venues["swap"].orders[0].client_order_id, None
    strategy.leave(leave("1"))
    world.quote()
    exit_ = world.venues["swap"].orders[1].client_order_id
    executed = next(event for event in world.stage.told(TradeExecuted) if event.instrument == PERP.key)
    world.venues["swap"].otherwise = Outcome(rests=True, share=Decimal(0))
    for name, order in (("late1", entry), ("late2", exit_), ("late3", entry)):
        late = replace(again(world, executed, name), client_order_id=order, quantity=Decimal(1))
        world.venues["swap"].books.book(PERP, late)
        world.stage.give(late)
    assert list(world.trades) == ["1+"]
    assert world.sizes("1+") == [0, Decimal(-3)]
    assert [event.trade.id for event in world.stage.told(TradeOpened)] == ["1", "1+"]


def test_a_late_report_that_an_order_was_filled_is_told() -> None:
    world, strategy = basic()
    world.venues["cash"].script.append(NONE)
    world.venues["swap"].script.append(NONE)
    strategy.leave(enter("500"))
    world.quote()
    order = world.venues["swap"].orders[0].client_order_id
    now = world.stage.clock.now()
    world.stage.give(
        OrderReport(client_order_id=order, state=OrderState.FILLED, filled=Decimal("4.995"), ts=now, recv_ts=now)
    )
    assert (world.stage.told(OrderUpdated)[-1].before, world.stage.told(OrderUpdated)[-1].after) == (
        OrderState.EXPIRED,
        OrderState.FILLED,
    )
    assert not world.stage.told(DriftDetected)


@pytest.mark.parametrize("what", ["order", "fill"])
def test_reports_of_orders_that_nobody_sent_are_drift(what: str) -> None:
    world, _ = basic()
    now = world.stage.clock.now()
    if what == "order":
        world.stage.give(OrderReport(client_order_id="x", state=OrderState.FILLED, ts=now, recv_ts=now))
    else:
        world.stage.give(
            Fill(
                fill_id="f",
                client_order_id="x",
                instrument=SPOT.key,
                side=Side.BUY,
                quantity=Decimal(1),
                price=Decimal(100),
                fee=Decimal(0),
                fee_currency="USDT",
                ts=now,
                recv_ts=now,
            )
        )
    (drift,) = world.stage.told(DriftDetected)
    assert drift.cause_class == "unknown_order"
    assert "x" in drift.subject
    assert not world.trades
    assert world.net(SPOT) == 0
