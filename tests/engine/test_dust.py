"""Partial closes, and what is too little for any order."""

from decimal import Decimal

import pytest

from arbcore.journal.folds import rebuild
from arbcore.model.events import (
    OpportunitySkipped,
    TradeHedged,
)
from arbcore.model.trade import TradeState
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave, pair
from arbcore.testing.scripted_venue import Outcome, part
from tests.engine.world import PERP, SPOT, World, basic, hedged, market, perpetual


def test_what_is_too_small_for_any_order_stays_as_dust() -> None:
    fine = market("cash", "BTCUSDT", lot="0.00001", min_quantity="0.00001")
    strategy = ScriptedStrategy(pair(fine, PERP))
    world = World(fine, PERP, strategies=strategy).begin()
    world.venues["cash"].script.append(part("0.99"))
    strategy.leave(enter("500"))
    world.quote()
    bought = Decimal("4.94505")
    assert world.sizes() == [bought, Decimal("-4.945")]  # 0.00005 coins are worth 0.005 USDT
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
    spot, perp = world.sizes()
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
    swap = perpetual("swap", "BTCUSDT-PERP", min_notional="200")
    strategy = ScriptedStrategy(pair(fine, swap))
    world = World(fine, swap, strategies=strategy).begin()
    world.venues["swap"].script.append(part("0.9"))  # half a coin is under the smallest value of an order, either way
    strategy.leave(enter("500"))
    world.quote()
    assert world.sizes() == [Decimal("4.995"), Decimal("-4.495")]
    strategy.leave(leave("1", "0.5"))
    world.quote()
    assert world.sizes() == [Decimal("2.748"), Decimal("-2.248")]
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
