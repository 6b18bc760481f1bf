"""What a venue closes by itself: told, booked to what owns the position, and the rest brought into line."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.model.events import AlertRaised, DriftDetected, PositionChanged, TradeExecuted
from arbcore.model.order import Fill, OrderOrigin, OrderReport, OrderState, Side
from arbcore.model.reason import Reason
from arbcore.model.state import Severity
from arbcore.model.trade import TradeState
from arbcore.testing.scripted import SECOND, enter, leave
from arbcore.testing.scripted_venue import REFUSED, Outcome, part
from tests.engine.world import PERP, SPOT, World, hedged

ENDS = (OrderOrigin.LIQUIDATION, OrderOrigin.SETTLEMENT)


def taken(
    world: World, quantity: str, origin: OrderOrigin, fill_id: str = "t1", side: Side = Side.BUY, fee: str = "0.37"
) -> Fill:
    """Let the venue of the perpetual close something, and tell it."""
    now = world.stage.clock.now()
    fill = Fill(
        fill_id=fill_id,
        client_order_id=f"autoclose-{fill_id}",
        instrument=PERP.key,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal("101.3"),
        fee=Decimal(fee),
        fee_currency="USDT",
        venue_order_id="v9",
        origin=origin,
        ts=now,
        recv_ts=now,
    )
    world.venues["swap"].books.book(PERP, fill)
    world.stage.give(fill)
    return fill


def alerts(world: World) -> list[AlertRaised]:
    return [one for one in world.stage.told(AlertRaised) if one.rule == "position_taken"]


@pytest.mark.parametrize("origin", ENDS)
def test_what_is_left_after_a_liquidation_or_settlement_is_closed(origin: OrderOrigin) -> None:
    """Liquidation surprises of spot and perpetual (HB#4364): the coins are not left alone."""
    world, _ = hedged()
    taken(world, "4.995", origin)
    (trade,) = world.closed
    assert (trade.id, trade.exit_reason) == ("1", Reason.EXIT_VENUE)
    (drift,) = world.stage.told(DriftDetected)
    assert (drift.cause_class, drift.venue) == (origin, "swap")
    (alert,) = alerts(world)
    assert alert.severity is Severity.P0
    assert "trades 1: the rest is closed" in alert.text
    world.check_books()


def test_a_part_of_a_liquidation_closes_all_the_same() -> None:
    world, _ = hedged()
    taken(world, "2", OrderOrigin.LIQUIDATION)
    assert [trade.id for trade in world.closed] == ["1"]
    world.check_books()


def test_a_deleveraging_makes_the_hedge_smaller_and_nothing_buys_it_back() -> None:
    world, _ = hedged()
    taken(world, "1.995", OrderOrigin.ADL)
    assert world.sizes() == [Decimal(3), Decimal(-3)]
    assert world.trades["1"].state is TradeState.HEDGED
    assert [order.side for order in world.venues["swap"].orders] == [Side.SELL]
    world.check_books()


def test_the_same_execution_is_told_and_booked_once() -> None:
    world, _ = hedged()
    fill = taken(world, "1.995", OrderOrigin.ADL)
    world.stage.give(fill)
    assert len(world.stage.told(DriftDetected)) == len(alerts(world)) == 1
    assert world.sizes() == [Decimal(3), Decimal(-3)]
    world.check_books()


def test_an_order_of_the_venue_is_told_beside_its_executions_and_people_once() -> None:
    world, _ = hedged()
    now = world.stage.clock.now()
    report = OrderReport(
        client_order_id="autoclose-t", state=OrderState.FILLED, venue_order_id="v9", instrument=PERP.key,
        origin=OrderOrigin.ADL, ts=now, recv_ts=now,
    )  # fmt: skip
    world.stage.give(report)
    world.stage.give(report)
    for number in "12":
        fill = replace(taken_fill(world, number), client_order_id="autoclose-t", origin=OrderOrigin.ADL)
        world.venues["swap"].books.book(PERP, fill)
        world.stage.give(fill)
    assert len(world.stage.told(DriftDetected)) == 3
    assert len(alerts(world)) == 1
    world.check_books()


def taken_fill(world: World, number: str) -> Fill:
    now = world.stage.clock.now()
    return Fill(
        fill_id=f"t{number}", client_order_id="", instrument=PERP.key, side=Side.BUY, quantity=Decimal(1),
        price=Decimal(101), fee=Decimal(0), fee_currency="USDT", origin=OrderOrigin.LIQUIDATION, ts=now, recv_ts=now,
    )  # fmt: skip


def test_the_oldest_trade_loses_first_and_the_fee_is_shared_to_its_last_digit() -> None:
    world, strategy = hedged("300")
    strategy.leave(enter("400"))
    world.quote()
    fill = taken(world, "4.5", OrderOrigin.ADL)
    parts = [one for one in world.stage.told(TradeExecuted) if one.fill_id == fill.fill_id]
    assert [(one.trade, one.quantity, one.touch) for one in parts] == [
        ("1", Decimal("2.997"), fill.price),
        ("2", Decimal("1.503"), fill.price),
    ]
    assert {one.origin for one in parts} == {OrderOrigin.ADL}
    assert [trade.id for trade in world.closed] == ["1"]
    assert world.sizes("2") == [Decimal("2.493"), Decimal("-2.493")]
    world.check_books()


def test_dust_is_lost_before_trades_are() -> None:
    world, _ = hedged()
    sold = replace(taken_fill(world, "0"), side=Side.SELL, quantity=Decimal("0.4"), origin=OrderOrigin.OURS)
    world.venues["swap"].books.book(PERP, sold)
    accounts = world.stage.engine.parts.accounts
    accounts.fill(sold, "gone", sold.price)
    accounts.forget("gone", [PERP.key])
    fill = taken(world, "1.395", OrderOrigin.ADL)
    parts = [one for one in world.stage.told(TradeExecuted) if one.fill_id == fill.fill_id]
    assert [(one.trade, one.quantity) for one in parts] == [("", Decimal("0.4")), ("1", Decimal("0.995"))]
    assert accounts.lots.dust[PERP.key].quantity == 0
    assert world.sizes() == [Decimal(4), Decimal(-4)]
    world.check_books()


def test_what_nobody_of_ours_owns_is_told_and_not_booked() -> None:
    world, _ = hedged()
    now = world.stage.clock.now()
    fill = replace(taken_fill(world, "1"), side=Side.SELL)  # the session is short: a long position is somebody else's
    world.stage.give(fill)
    world.stage.give(replace(taken_fill(world, "2"), instrument="swap:ETHUSDT-PERP"))
    world.stage.give(replace(taken_fill(world, "3"), origin=OrderOrigin.FOREIGN, ts=now))
    assert len(world.stage.told(DriftDetected)) == 3
    assert not alerts(world)
    assert world.sizes() == [Decimal("4.995"), Decimal("-4.995")]
    world.check_books()


def test_a_frozen_trade_is_booked_and_left_to_the_person_it_waits_for() -> None:
    world, strategy = hedged(execution=ExecutionSettings(repair_attempts=1))
    world.venues["swap"].script.append(part("0.5"))
    world.venues["swap"].otherwise = REFUSED
    strategy.leave(leave("1"))
    world.quote()
    world.stage.wait(10 * SECOND)
    assert world.trades["1"].state is TradeState.FROZEN
    sent = len(world.venues["cash"].orders)
    taken(world, "1", OrderOrigin.ADL)
    assert world.trades["1"].state is TradeState.FROZEN
    assert len(world.venues["cash"].orders) == sent
    assert len(alerts(world)) == 1
    world.check_books()


def test_a_liquidation_while_an_exit_is_in_flight_leaves_nothing_the_wrong_way_round() -> None:
    world, strategy = hedged()
    world.venues["swap"].script.append(Outcome(delay_ns=SECOND))
    strategy.leave(leave("1"))
    world.quote()
    taken(world, "2", OrderOrigin.ADL)
    world.stage.wait(10 * SECOND)
    assert not world.trades
    assert world.net(PERP) == world.net(SPOT) == 0
    assert world.stage.told(PositionChanged)[-1].after == 0
    world.check_books()
