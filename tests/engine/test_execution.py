"""Two legs and what can happen to them: part fills, refusals, late and repeated fills, silence."""

from decimal import Decimal

import pytest

from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.model.effect import Cancel, SetTimer, Submit
from arbcore.model.events import (
    AlertRaised,
    IntentEnded,
    OrderCancelled,
    OrderIntended,
    OrderUpdated,
    TradeFrozen,
    TradeHedged,
)
from arbcore.model.intent import IntentKind, IntentState
from arbcore.model.order import OrderState, Side
from arbcore.model.state import Severity
from arbcore.model.trade import TradeState
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave, pair
from arbcore.testing.scripted_venue import NONE, REFUSED, SILENT, Outcome, part
from arbcore.testing.stage import START
from tests.engine.world import BTC_ROUTE, PERP, SPOT, World, basic, hedged, market


def ended(world: World) -> list[tuple[IntentKind, IntentState]]:
    return [(event.kind, event.state) for event in world.stage.told(IntentEnded)]


def test_both_legs_fill_and_the_trade_is_hedged() -> None:
    world, strategy = basic()
    strategy.leave(enter("500"))
    world.quote()
    assert world.sizes() == [Decimal("4.995"), Decimal("-4.995")]
    assert ended(world) == [(IntentKind.ENTRY, IntentState.FILLED)]
    assert [event.unhedged_ns for event in world.stage.told(TradeHedged)] == [0]
    assert [trade.state for trade in strategy.told] == [TradeState.OPEN, TradeState.HEDGED]
    world.check_books()


def test_an_exit_closes_both_legs() -> None:
    world, strategy = hedged()
    strategy.leave(leave("1"))
    world.quote(101.0)
    assert not world.trades
    (trade,) = world.closed
    assert [leg.quantity for leg in trade.legs] == [0, 0]
    assert trade.exit_reason == "EDGE_REVERTED"
    assert [told.state for told in strategy.told][-2:] == [TradeState.EXITING, TradeState.CLOSED]
    world.check_books()


@pytest.mark.parametrize("venue", ["cash", "swap"])
@pytest.mark.parametrize("outcome", [REFUSED, NONE])
def test_a_leg_that_does_not_fill_takes_the_other_off_again(venue: str, outcome: Outcome) -> None:
    world, strategy = basic()
    world.venues[venue].script.append(outcome)
    strategy.leave(enter("500"))
    world.quote()
    assert ended(world) == [(IntentKind.ENTRY, IntentState.PARTIAL), (IntentKind.UNWIND, IntentState.FILLED)]
    assert not world.trades
    assert len(world.closed) == 1
    assert not world.stage.told(TradeHedged)
    world.check_books()


def test_an_entry_that_fills_nothing_is_closed_with_nothing() -> None:
    world, strategy = basic()
    world.venues["cash"].script.append(NONE)
    world.venues["swap"].script.append(REFUSED)
    strategy.leave(enter("500"))
    world.quote()
    assert ended(world) == [(IntentKind.ENTRY, IntentState.FAILED)]
    assert [leg.bought + leg.sold for leg in world.closed[0].legs] == [0, 0]
    world.check_books()


def test_two_legs_that_fill_in_part_are_brought_to_the_smaller() -> None:
    world, strategy = basic()
    world.venues["cash"].script.append(part("0.8"))
    world.venues["swap"].script.append(part("0.5"))
    strategy.leave(enter("500"))
    world.quote()
    assert world.sizes() == [Decimal("2.497"), Decimal("-2.497")]
    assert world.trades["1"].state is TradeState.HEDGED
    assert ended(world) == [(IntentKind.ENTRY, IntentState.PARTIAL), (IntentKind.UNWIND, IntentState.FILLED)]
    world.check_books()


def test_the_excess_of_one_leg_is_unwound_to_the_common_lot() -> None:
    coarse = market("cash", "BTCUSDT", lot="0.01", min_quantity="0.01")
    strategy = ScriptedStrategy(pair(coarse, PERP))
    world = World(coarse, PERP, strategies=strategy).begin()
    world.venues["swap"].script.append(part("0.5005"))
    strategy.leave(enter("500"))
    world.quote()
    assert world.sizes() == [Decimal("2.49"), Decimal("-2.49")]
    world.check_books()


def test_a_leg_that_fills_later_ends_the_wait() -> None:
    world, strategy = basic()
    world.venues["swap"].script.append(Outcome(delay_ns=2 * SECOND))
    strategy.leave(enter("500"))
    world.quote()
    seen = [world.trades["1"].state]
    for _ in range(2):
        world.stage.wait(SECOND)
        seen.append(world.trades["1"].state)
    assert seen == [TradeState.OPEN, TradeState.OPEN, TradeState.HEDGED]
    assert [event.unhedged_ns for event in world.stage.told(TradeHedged)] == [2 * SECOND]
    world.check_books()


def test_an_order_that_rests_is_cancelled_when_its_time_is_over() -> None:
    world, strategy = basic(execution=ExecutionSettings(ttl_ns=3 * SECOND))
    world.venues["swap"].script.append(Outcome(share=Decimal(0), rests=True))
    strategy.leave(enter("500"))
    world.quote()
    world.stage.wait(3 * SECOND - 1)
    assert world.venues["swap"].cancels == []
    world.stage.wait(1)
    order = world.venues["swap"].orders[0].client_order_id
    assert Cancel("swap", order) in world.stage.effects
    assert world.venues["swap"].cancels == [order]
    sent = [event for event in world.stage.told(OrderUpdated) if event.after is OrderState.CANCEL_SENT]
    assert [event.client_order_id for event in sent] == [order]
    assert [event.state for event in world.stage.told(OrderCancelled)] == [OrderState.CANCELLED]
    assert not world.trades
    world.check_books()


def test_an_order_carries_the_time_after_which_it_must_not_reach_the_venue() -> None:
    world, strategy = basic(execution=ExecutionSettings(ttl_ns=3 * SECOND))
    strategy.leave(enter("500"))
    world.quote()
    assert {order.expires_at for venue in world.venues.values() for order in venue.orders} == {START + 3 * SECOND}


def test_a_venue_that_never_answers_holds_up_its_own_trade_only() -> None:
    second = pair(SPOT, PERP, name="other")
    strategies = {"s": ScriptedStrategy(BTC_ROUTE), "t": ScriptedStrategy(second)}
    world = World(SPOT, PERP, strategies=strategies).begin()
    world.venues["swap"].script.append(SILENT)
    strategies["s"].leave(enter("500"))
    strategies["t"].leave(enter("500"))
    world.quote()
    assert [trade.state for trade in world.trades.values()] == [TradeState.OPEN, TradeState.HEDGED]
    world.stage.wait(6 * SECOND)
    assert [trade.state for trade in world.trades.values()] == [TradeState.OPEN, TradeState.HEDGED]
    world.stage.wait(60 * SECOND)  # the venue does not know the order, so its trade takes the other leg off
    assert [trade.state for trade in world.trades.values()] == [TradeState.HEDGED]
    assert len(world.venues["swap"].cancels) == 1  # it is asked to cancel, and never sent again
    assert len(world.venues["swap"].orders) == 2


def test_repairs_wait_widen_and_end_in_a_frozen_trade_with_an_alert() -> None:
    numbers = ExecutionSettings(repair_attempts=4, repair_slippage_bps=100, repair_slippage_cap_bps=600)
    world, strategy = basic(execution=numbers)
    world.venues["swap"].script.append(REFUSED)
    world.venues["cash"].script.append(Outcome())
    world.venues["cash"].otherwise = NONE
    strategy.leave(enter("500"))
    world.quote()
    begun = world.stage.clock.now()
    world.stage.wait(60 * SECOND)
    repairs = [
        event for event in world.stage.told(OrderIntended) if event.order.side is Side.SELL and event.venue == "cash"
    ]
    assert [event.order.price for event in repairs] == [Decimal(99), Decimal(98), Decimal(96), Decimal(94)]
    assert len({event.order.client_order_id for event in repairs}) == len(repairs)
    times = [one.time - begun for one in world.stage.events if one.event in repairs]
    assert times == [0, SECOND, 2 * SECOND, 3 * SECOND]
    assert world.trades["1"].state is TradeState.FROZEN
    assert [event.reason for event in world.stage.told(TradeFrozen)] == ["LEG_ATTEMPTS_SPENT"]
    (alert,) = world.stage.told(AlertRaised)
    assert (alert.severity, alert.rule) == (Severity.P0, "trade_frozen")
    assert "trade 1 of BTC is frozen" in alert.text
    world.check_books()


def test_a_repair_waits_for_a_book_that_is_invalid_and_spends_no_attempt_on_it() -> None:
    world, strategy = basic(execution=ExecutionSettings(repair_attempts=2))
    world.venues["swap"].script.append(Outcome(share=Decimal(0), delay_ns=SECOND))
    strategy.leave(enter("500"))
    world.quote()
    world.stage.invalid(SPOT)
    world.stage.invalid(PERP)
    world.stage.wait(30 * SECOND)
    assert world.trades["1"].state is TradeState.OPEN
    assert len(world.venues["cash"].orders) == 1
    world.stage.quote(SPOT, 99.0, 99.1)
    world.stage.wait(SECOND)
    assert not world.trades
    world.check_books()


def test_only_the_net_position_decides_whether_an_order_may_be_marked_as_reducing() -> None:
    there, back = pair(SPOT, PERP, name="there"), pair(PERP, SPOT, name="back")
    strategies = {"s": ScriptedStrategy(there), "t": ScriptedStrategy(back)}
    world = World(SPOT, PERP, strategies=strategies, balances={"cash": {"USDT": Decimal(10**6), "BTC": Decimal(10)}})
    world.begin()
    strategies["s"].leave(enter("400"))
    world.quote()
    strategies["t"].leave(enter("300"))
    world.quote()
    assert world.net(PERP) == Decimal("-3.996") + Decimal("2.997")
    strategies["s"].leave(leave("1"))
    world.quote()
    order = world.venues["swap"].orders[-1]
    assert (order.side, order.quantity, order.reduce_only) == (Side.BUY, Decimal("3.996"), False)
    strategies["t"].leave(leave("2"))
    world.quote()
    order = world.venues["swap"].orders[-1]
    assert (order.side, order.quantity, order.reduce_only) == (Side.SELL, Decimal("2.997"), True)
    assert not any(order.reduce_only for order in world.venues["cash"].orders)
    assert world.net(PERP) == world.venue_net(PERP) == 0
    assert world.remainder() == 0


def test_entries_are_never_marked_as_reducing() -> None:
    world, _ = hedged()
    assert not any(order.reduce_only for venue in world.venues.values() for order in venue.orders)


def test_order_ids_are_unique_short_and_plain() -> None:
    world, strategy = hedged("900")
    for _ in range(25):
        strategy.leave(leave("1", "0.05"))
        world.quote()
    ids = [order.client_order_id for venue in world.venues.values() for order in venue.orders]
    assert len(set(ids)) == len(ids) == 2 + 2 * 25
    assert all(len(name) <= 36 and name.replace("-", "").isalnum() for name in ids)
    assert all(name.startswith("ae-0-") for name in ids)


def test_every_order_is_told_before_it_is_sent_and_timed() -> None:
    world, strategy = basic()
    strategy.leave(enter("500"))
    world.quote()
    told = [event.order for event in world.stage.told(OrderIntended)]
    assert [effect.order for effect in world.stage.effects if isinstance(effect, Submit)] == told
    assert SetTimer("ttl:1", START + 5 * SECOND) in world.stage.effects
