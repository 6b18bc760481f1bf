"""Two legs and what can happen to them: part fills, refusals, late and repeated fills, silence."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.engine.execution import ExecutionSettings
from arbcore.journal.folds import rebuild
from arbcore.model.effect import Cancel, SetTimer, Submit
from arbcore.model.events import (
    AlertRaised,
    DriftDetected,
    IntentEnded,
    OpportunitySkipped,
    OrderCancelled,
    OrderIntended,
    OrderUpdated,
    TradeClosed,
    TradeExecuted,
    TradeFrozen,
    TradeHedged,
    TradeOpened,
)
from arbcore.model.intent import IntentKind, IntentState
from arbcore.model.order import Fill, OrderReport, OrderState, Side
from arbcore.model.state import Severity
from arbcore.model.trade import TradeState
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave, pair
from arbcore.testing.scripted_venue import NONE, REFUSED, SILENT, TWICE, Outcome, part
from arbcore.testing.stage import START
from tests.engine.world import BTC_ROUTE, PERP, SPOT, World, basic, hedged, market


def sizes(world: World, trade: str = "1") -> list[Decimal]:
    return [leg.quantity for leg in world.trades[trade].legs]


def ended(world: World) -> list[tuple[IntentKind, IntentState]]:
    return [(event.kind, event.state) for event in world.stage.told(IntentEnded)]


def test_both_legs_fill_and_the_trade_is_hedged() -> None:
    world, strategy = basic()
    strategy.leave(enter("500"))
    world.quote()
    assert sizes(world) == [Decimal("4.995"), Decimal("-4.995")]
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
    assert sizes(world) == [Decimal("2.497"), Decimal("-2.497")]
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
    assert sizes(world) == [Decimal("2.49"), Decimal("-2.49")]
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


def test_a_fill_that_is_told_twice_counts_once() -> None:
    world, strategy = basic()
    world.venues["cash"].script.append(TWICE)
    world.venues["swap"].script.append(TWICE)
    strategy.leave(enter("500"))
    world.quote()
    assert len(world.stage.told(TradeExecuted)) == 2
    assert not world.stage.told(DriftDetected)
    assert sizes(world) == [Decimal("4.995"), Decimal("-4.995")]
    world.check_books()


def test_a_fill_that_is_told_again_after_its_intent_ended_counts_once() -> None:
    world, _ = hedged()
    fill = next(event for event in world.stage.told(TradeExecuted) if event.instrument == SPOT.key)
    world.stage.give(again(world, fill, fill.fill_id))
    assert not world.stage.told(DriftDetected)
    assert sizes(world) == [Decimal("4.995"), Decimal("-4.995")]
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
    assert sizes(world) == [Decimal("2.497"), Decimal("-2.497")]
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
    assert sizes(world) == [Decimal("4.995"), Decimal("-2.997")]
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
    assert sizes(world) == [Decimal("2.997"), Decimal("-2.997")]
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


def test_a_venue_that_never_answers_holds_up_its_own_trade_only() -> None:
    second = pair(SPOT, PERP, name="other")
    strategies = {"s": ScriptedStrategy(BTC_ROUTE), "t": ScriptedStrategy(second)}
    world = World(SPOT, PERP, strategies=strategies).begin()
    world.venues["swap"].script.append(SILENT)
    strategies["s"].leave(enter("500"))
    strategies["t"].leave(enter("500"))
    world.quote()
    assert [trade.state for trade in world.trades.values()] == [TradeState.OPEN, TradeState.HEDGED]
    world.stage.wait(60 * SECOND)
    assert [trade.state for trade in world.trades.values()] == [TradeState.OPEN, TradeState.HEDGED]
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
    assert [event.attempt for event in repairs] == [1, 2, 3, 4]
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
    world.stage.wait(30 * SECOND)
    assert world.trades["1"].state is TradeState.OPEN
    assert len(world.venues["cash"].orders) == 1
    world.stage.quote(SPOT, 99.0, 99.1)
    world.stage.wait(SECOND)
    assert not world.trades
    world.check_books()


def test_what_is_too_small_for_any_order_stays_as_dust() -> None:
    fine = market("cash", "BTCUSDT", lot="0.00001", min_quantity="0.00001")
    strategy = ScriptedStrategy(pair(fine, PERP))
    world = World(fine, PERP, strategies=strategy).begin()
    world.venues["cash"].script.append(part("0.99"))
    strategy.leave(enter("500"))
    world.quote()
    bought = Decimal("4.94505")
    assert sizes(world) == [bought, Decimal("-4.945")]  # 0.00005 coins are worth 0.005 USDT
    assert world.trades["1"].state is TradeState.HEDGED
    strategy.leave(leave("1"))
    world.quote()
    assert [leg.quantity for leg in world.closed[0].legs] == [0, 0]
    world.check_books()


def test_dust_that_cannot_be_sold_does_not_keep_a_trade_open() -> None:
    fine = market("cash", "BTCUSDT", lot="0.00001", min_quantity="0.00001")
    strategy = ScriptedStrategy(pair(fine, PERP))
    world = World(fine, PERP, strategies=strategy).begin()
    strategy.leave(enter("500"))
    world.quote()
    world.venues["cash"].script.append(part("0.99"))
    strategy.leave(leave("1"))
    world.quote()
    assert [leg.quantity for leg in world.closed[0].legs] == [Decimal("0.04995"), 0]
    world.check_books()


def test_a_trade_that_holds_nothing_but_dust_is_closed_with_it() -> None:
    """Both legs fill but for a hundredth, which is hedged and too little for an order."""
    world, strategy = hedged("500")
    for venue in world.venues.values():
        venue.script.append(part("0.99"))
    strategy.leave(leave("1"))
    world.quote()
    assert [leg.quantity for leg in world.closed[0].legs] == [Decimal("0.05"), Decimal("-0.05")]
    assert world.net(SPOT) == -world.net(PERP) == Decimal("0.05")
    strategy.leave(enter("500"))
    world.quote()
    assert [trade.state for trade in world.trades.values()] == [TradeState.HEDGED]
    world.check_books()


def test_an_entry_that_fills_next_to_nothing_is_closed_with_its_dust() -> None:
    world, strategy = basic()
    for venue in world.venues.values():
        venue.script.append(part("0.01"))
    strategy.leave(enter("500"))
    world.quote()
    assert not world.trades
    assert world.net(SPOT) == -world.net(PERP) == Decimal("0.049")
    world.check_books()


def test_dust_of_many_trades_is_one_sum() -> None:
    world, strategy = basic()
    for number in range(30):
        strategy.leave(enter("500"))
        world.quote(100.0 + number / 10)
        for venue in world.venues.values():
            venue.script.append(part("0.99"))
        strategy.leave(*(leave(trade) for trade in world.trades))
        world.quote(100.0)
        assert not world.trades
    lots = world.stage.engine.parts.accounts.lots
    assert not list(lots)
    assert set(lots.dust) == {SPOT.key, PERP.key}
    assert lots.dust[SPOT.key].quantity == world.net(SPOT) > 1
    world.check_books()


@pytest.mark.parametrize("share", ["0.5", "0.3333", "0.9"])
def test_a_partial_close_keeps_the_legs_matched(share: str) -> None:
    world, strategy = hedged()
    strategy.leave(leave("1", share))
    world.quote()
    spot, perp = sizes(world)
    assert spot == -perp
    closed = Decimal("4.995") - spot
    assert Decimal("4.995") * Decimal(share) - Decimal("0.001") < closed <= Decimal("4.995") * Decimal(share)
    assert world.trades["1"].state is TradeState.HEDGED
    assert [event.trade for event in world.stage.told(TradeHedged)] == ["1", "1"]
    world.check_books()


def test_the_time_of_legs_that_differ_is_told_for_a_partial_close_too() -> None:
    world, strategy = hedged()
    world.venues["swap"].script.append(Outcome(delay_ns=3 * SECOND))
    strategy.leave(leave("1", "0.5"))
    world.quote()
    world.stage.wait(4 * SECOND)
    assert [event.unhedged_ns for event in world.stage.told(TradeHedged)] == [0, 3 * SECOND]
    trade = rebuild(world.stage.events).projections.trades["1"]
    assert trade.state is TradeState.HEDGED
    assert trade.legs == world.trades["1"].legs
    world.check_books()


def test_a_partial_close_takes_the_same_coins_of_legs_that_differ_by_dust() -> None:
    fine = market("cash", "BTCUSDT", lot="0.00001", min_quantity="0.00001", min_notional="200")
    strategy = ScriptedStrategy(pair(fine, PERP))
    world = World(fine, PERP, strategies=strategy).begin()
    world.venues["swap"].script.append(part("0.9"))  # half a coin too much is under the smallest value of an order
    strategy.leave(enter("500"))
    world.quote()
    assert sizes(world) == [Decimal("4.995"), Decimal("-4.495")]
    strategy.leave(leave("1", "0.5"))
    world.quote()
    assert sizes(world) == [Decimal("2.748"), Decimal("-2.248")]
    world.check_books()


def test_a_partial_close_that_would_leave_too_little_closes_all() -> None:
    world, strategy = hedged("500")
    strategy.leave(leave("1", "0.99"))  # a hundredth of 500 is under the smallest value of 10
    world.quote()
    assert not world.trades
    world.check_books()


def test_a_close_that_no_venue_would_take_is_a_skip() -> None:
    world, strategy = hedged("50")
    strategy.leave(leave("1"))
    world.quote(1.0)  # the spot leg is worth less than the smallest order now
    assert world.trades["1"].state is TradeState.HEDGED
    world.stage.finish()
    assert [skip.reason for skip in world.stage.told(OpportunitySkipped)] == ["SIZE_BELOW_MINIMUM"]


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
