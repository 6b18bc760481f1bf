"""Closing by order: what a person or a verdict wants closed is pursued, whatever stands in its way."""

from decimal import Decimal

import pytest

from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.model.command import ClosePosition, Flatten, SetEngineMode
from arbcore.model.events import (
    AlertRaised,
    CommandAccepted,
    CommandFailed,
    ManualOverrideExecuted,
    OrderIntended,
    TradeExiting,
    TradeFrozen,
)
from arbcore.model.input import InstrumentStatus
from arbcore.model.order import Side
from arbcore.model.state import EngineState, Severity
from arbcore.model.trade import TradeState
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter
from arbcore.testing.scripted_venue import NONE, REFUSED, Outcome, part
from tests.engine.world import BTC_ROUTE, ETH, ETH_PERP, ETH_ROUTE, PERP, SPOT, World, basic, hedged


def four() -> World:
    """Two strategies on two symbols, with one hedged trade each."""
    strategies = {"s": ScriptedStrategy(BTC_ROUTE), "t": ScriptedStrategy(ETH_ROUTE)}
    world = World(SPOT, PERP, ETH, ETH_PERP, strategies=strategies).begin()
    for strategy in strategies.values():
        strategy.leave(enter("300"))
    world.quote()
    assert len(world.trades) == 2
    return world


def test_one_trade_is_closed_and_the_others_go_on() -> None:
    world = four()
    world.stage.command(ClosePosition(trade="1"))
    assert [trade.id for trade in world.closed] == ["1"]
    assert list(world.trades) == ["2"]
    assert [event.reason for event in world.stage.told(TradeExiting)] == ["EXIT_COMMAND"]
    world.check_books()


@pytest.mark.parametrize(
    ("command", "left"),
    [
        (Flatten(), []),
        (Flatten(symbol="ETH"), ["BTC"]),
        (Flatten(strategy="s"), ["ETH"]),
        (Flatten(symbol="ETH", strategy="s"), ["BTC", "ETH"]),
    ],
)
def test_flatten_closes_all_or_what_is_named(command: Flatten, left: list[str]) -> None:
    world = four()
    world.stage.command(command)
    assert [trade.symbol for trade in world.trades.values()] == left
    world.check_books()


def test_an_entry_in_flight_is_closed_once_it_is_over() -> None:
    world, strategy = basic()
    world.venues["swap"].script.append(Outcome(delay_ns=2 * SECOND))
    strategy.leave(enter("500"))
    world.quote()
    assert [type(event) for event in world.stage.command(ClosePosition(trade="1"))] == [CommandAccepted]
    world.stage.wait(SECOND)
    assert world.trades["1"].state is TradeState.OPEN
    world.stage.wait(SECOND)
    assert [(trade.id, trade.exit_reason) for trade in world.closed] == [("1", "EXIT_COMMAND")]
    world.check_books()


def test_a_close_that_fills_in_part_is_tried_again_with_more_allowance() -> None:
    numbers = ExecutionSettings(repair_slippage_bps=100, repair_slippage_cap_bps=400, repair_wait_ns=2 * SECOND)
    world, _ = hedged(execution=numbers)
    for venue in world.venues.values():
        venue.script.extend([part("0.5"), part("0.5")])
    sent = len(world.venues["cash"].orders)
    world.stage.command(Flatten())
    begun = world.stage.clock.now()
    world.stage.wait(10 * SECOND)
    assert not world.trades
    orders = world.venues["cash"].orders[sent:]
    assert [order.price for order in orders] == [Decimal(99), Decimal(98), Decimal(96)]
    times = [
        one.time - begun
        for one in world.stage.events
        if isinstance(one.event, OrderIntended) and one.event.order in orders
    ]
    assert times == [0, 2 * SECOND, 4 * SECOND]
    world.check_books()


def test_a_close_waits_for_a_book_that_is_invalid() -> None:
    world, _ = hedged(execution=ExecutionSettings(repair_attempts=1))
    world.stage.invalid(PERP)
    sent = len(world.venues["cash"].orders)
    world.stage.command(Flatten())
    world.stage.wait(30 * SECOND)
    assert len(world.venues["cash"].orders) == sent
    world.stage.quote(PERP, 100.0, 100.1)
    world.stage.wait(SECOND)
    assert not world.trades
    world.check_books()


def test_a_close_waits_for_a_market_that_takes_no_orders() -> None:
    world, _ = hedged(execution=ExecutionSettings(repair_attempts=1))
    sent = len(world.venues["cash"].orders)
    for trading in (False, True):
        now = world.stage.clock.now()
        world.stage.give(InstrumentStatus(instrument=PERP.key, trading=trading, ts=now, recv_ts=now))
        if not trading:
            world.stage.command(Flatten())
            world.stage.wait(30 * SECOND)
            assert len(world.venues["cash"].orders) == sent  # closing one leg alone would only have to be taken back
    world.stage.wait(SECOND)
    assert not world.trades
    world.check_books()


def test_a_close_that_nobody_takes_freezes_the_trade_with_an_alert() -> None:
    world, _ = hedged(execution=ExecutionSettings(repair_attempts=3))
    for venue in world.venues.values():
        venue.otherwise = NONE
    world.stage.command(Flatten())
    world.stage.wait(60 * SECOND)
    assert world.trades["1"].state is TradeState.FROZEN
    assert [event.reason for event in world.stage.told(TradeFrozen)] == ["EXIT_ATTEMPTS_SPENT"]
    (alert,) = world.stage.told(AlertRaised)
    assert alert.severity is Severity.P0
    assert "3 attempts did not do it" in alert.text
    for venue in world.venues.values():
        venue.otherwise = Outcome()
    world.stage.command(ClosePosition(trade="1"))
    assert not world.trades
    world.check_books()


def test_a_frozen_trade_with_one_leg_is_closed_by_hand() -> None:
    world, strategy = basic(execution=ExecutionSettings(repair_attempts=2))
    world.venues["swap"].script.append(REFUSED)
    world.venues["cash"].script.append(Outcome())
    world.venues["cash"].otherwise = REFUSED
    strategy.leave(enter("500"))
    world.quote()
    world.stage.wait(10 * SECOND)
    assert world.trades["1"].state is TradeState.FROZEN
    world.venues["cash"].otherwise = Outcome()
    world.stage.command(ClosePosition(trade="1"))
    assert not world.trades
    assert world.venues["cash"].orders[-1].side is Side.SELL
    assert len(world.venues["swap"].orders) == 1
    world.check_books()


def test_a_frozen_trade_with_legs_that_differ_is_levelled_and_closed_by_hand() -> None:
    world, strategy = basic(execution=ExecutionSettings(repair_attempts=2))
    world.venues["swap"].script.append(part("0.4"))
    world.venues["cash"].script.append(Outcome())
    world.venues["cash"].otherwise = REFUSED
    strategy.leave(enter("500"))
    world.quote()
    world.stage.wait(10 * SECOND)
    assert [leg.quantity for leg in world.trades["1"].legs] == [Decimal("4.995"), Decimal("-1.998")]
    world.venues["cash"].otherwise = Outcome()
    world.stage.command(Flatten())
    assert not world.trades
    world.check_books()


def test_a_frozen_trade_waits_for_nothing_but_an_order() -> None:
    world, strategy = basic(execution=ExecutionSettings(repair_attempts=1))
    world.venues["swap"].script.append(REFUSED)
    world.venues["cash"].script.append(Outcome())
    world.venues["cash"].otherwise = REFUSED
    strategy.leave(enter("500"))
    world.quote()
    world.stage.wait(10 * SECOND)
    world.venues["cash"].otherwise = Outcome()
    events = len(world.stage.events)
    world.quote()
    world.stage.wait(3600 * SECOND)
    assert len(world.stage.events) == events
    assert world.trades["1"].state is TradeState.FROZEN


def test_a_second_order_to_close_changes_nothing_that_is_in_flight() -> None:
    world, _ = hedged()
    world.venues["swap"].script.append(Outcome(delay_ns=SECOND))
    world.stage.command(Flatten())
    sent = len(world.venues["swap"].orders)
    world.stage.command(Flatten())
    world.stage.command(ClosePosition(trade="1"))
    assert len(world.venues["swap"].orders) == sent
    world.stage.wait(SECOND)
    assert len(world.closed) == 1
    world.check_books()


@pytest.mark.parametrize("trade", ["7", ""])
def test_a_trade_that_is_not_there_is_refused(trade: str) -> None:
    world, _ = hedged()
    (failed,) = world.stage.command(ClosePosition(trade=trade))
    assert isinstance(failed, CommandFailed)
    assert "there is no open trade" in failed.reason
    assert list(world.trades) == ["1"]


def test_a_close_by_hand_while_halted_is_recorded_as_an_override() -> None:
    world = four()
    world.stage.command(SetEngineMode(state=EngineState.HALTED, reason="drill"))
    world.stage.command(ClosePosition(trade="1"), "by-hand", override="the drill is over")
    (override,) = world.stage.told(ManualOverrideExecuted)
    assert (override.command_id, override.issued_by) == ("by-hand", "tester")
    assert (override.rule, override.reason) == ("STATE_NO_EXIT", "the drill is over")
    world.stage.command(ClosePosition(trade="no such"))
    world.stage.command(Flatten())
    assert len(world.stage.told(ManualOverrideExecuted)) == 2
    assert not world.trades
    assert world.state() is EngineState.HALTED


def test_a_close_by_hand_in_another_state_is_no_override() -> None:
    world, _ = hedged()
    world.stage.command(Flatten())
    assert not world.stage.told(ManualOverrideExecuted)
