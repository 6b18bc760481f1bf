"""What is allotted bounds a session: nothing else of an account is counted, valued, used or sold."""

from decimal import Decimal
from typing import Any

import pytest

from arbcore.model.command import RunReconcile
from arbcore.model.events import DriftDetected, FundingApplied, OpportunitySkipped, OrderIntended, QuarantineStarted
from arbcore.model.input import FundingPayment
from arbcore.model.order import Fill, Side
from arbcore.model.reason import Reason
from arbcore.model.state import EngineState
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave
from tests.engine.world import BTC_ROUTE, PERP, SPOT, World

ALLOTTED = {"cash": {"USDT": Decimal(1000)}, "swap": {"USDT": Decimal(2000)}}
THEIRS = {"USDT": Decimal(50_000), "BTC": Decimal(3), "PEPE": Decimal(10**9)}


def shared(**more: Any) -> tuple[World, ScriptedStrategy]:
    """Return a running session on accounts that hold coins and positions of somebody else, too."""
    strategy = ScriptedStrategy(BTC_ROUTE)
    settings: dict[str, Any] = {"balances": {"cash": THEIRS}, "allotted": ALLOTTED, **more}
    world = World(SPOT, PERP, strategies=strategy, **settings)
    hand(world, Side.SELL, "5")
    return world.begin(), strategy


def hand(world: World, side: Side, quantity: str, price: str = "90") -> None:
    """Trade on the perpetual's account by hand: the venue's books move, and the session hears nothing."""
    world.venues["swap"].books.book(
        PERP,
        Fill(
            fill_id=f"hand {side} {quantity}",
            client_order_id="",
            instrument=PERP.key,
            side=side,
            quantity=Decimal(quantity),
            price=Decimal(price),
            fee=Decimal(0),
            fee_currency="USDT",
            ts=0,
            recv_ts=0,
        ),
    )


def test_an_account_with_coins_that_nothing_values_still_boots_and_only_the_allotted_part_counts() -> None:
    world, _ = shared()
    parts = world.stage.engine.parts
    assert world.state() is EngineState.RUNNING
    assert parts.valuation.equity() == 3000
    assert parts.valuation.positions() == []
    assert parts.accounts.free("cash", "BTC") == 0
    assert parts.accounts.free("cash", "PEPE") == 0
    assert parts.accounts.free("cash", "USDT") == 1000


def test_a_trade_is_bounded_by_what_is_allotted_and_sells_no_more_than_it_bought() -> None:
    world, strategy = shared()
    strategy.leave(enter("1500"))  # more than is allotted, less than is there
    world.quote()
    bought = world.sizes()[0]
    assert 900 < bought * Decimal("100.1") < 1000
    strategy.leave(leave("1"))
    world.quote()
    sold = [event.order for event in world.stage.told(OrderIntended) if event.order.side is Side.SELL]
    assert [order.quantity for order in sold if order.instrument == SPOT.key] == [bought]
    assert world.venues["cash"].books.cash["BTC"] == 3


@pytest.mark.parametrize("price", [60.0, 100.0, 140.0])
def test_the_result_is_the_sessions_own_however_others_fare(price: float) -> None:
    world, strategy = shared()
    strategy.leave(enter("800"))
    world.quote()
    world.quote(price)
    assert world.remainder() == 0


def test_an_account_that_holds_less_than_is_allotted_gives_what_it_has() -> None:
    world, _ = shared(balances={"cash": {"USDT": Decimal(300)}})
    assert world.stage.engine.parts.accounts.free("cash", "USDT") == 300


def test_coins_that_are_allotted_are_stock() -> None:
    world, _ = shared(allotted={**ALLOTTED, "cash": {"USDT": Decimal(1000), "BTC": Decimal("0.5")}})
    assert world.stage.engine.parts.accounts.free("cash", "BTC") == Decimal("0.5")
    assert world.remainder() == 0


def reconciled(world: World) -> list[tuple[str, str]]:
    """Compare twice; return subject and cause of every drift."""
    events = world.stage.command(RunReconcile()) + world.stage.wait(10 * SECOND)
    return [(one.subject, str(one.cause_class)) for one in events if isinstance(one, DriftDetected)]


def test_what_others_do_is_told_once_and_changes_no_result() -> None:
    world, strategy = shared()
    strategy.leave(enter("800"))
    world.quote()
    before = world.stage.engine.parts.valuation.equity()
    assert not reconciled(world)
    hand(world, Side.BUY, "2", "100")
    world.venues["cash"].books.move("BTC", Decimal(4))
    world.venues["cash"].books.move("USDT", Decimal(-9_000))
    assert reconciled(world) == [
        ("balance cash:USDT", "withdrawal"),
        ("coins cash:BTC", "deposit"),
        ("position swap:BTCUSDT-PERP", "unknown"),
    ]
    # What the position's moving paid is seen once the position itself is known.
    assert reconciled(world) == [("balance swap:USDT", "withdrawal")]
    assert not reconciled(world)
    assert world.stage.engine.parts.valuation.equity() == before
    assert world.remainder() == 0


def test_a_payment_for_the_net_position_is_shared_with_whom_the_rest_of_it_belongs() -> None:
    world, strategy = shared()
    strategy.leave(enter("800"))
    world.quote()
    ours = world.net(PERP)
    assert world.venue_net(PERP) == ours - 5
    paid = Decimal("-1.5")
    world.venues["swap"].books.move("USDT", paid)
    now = world.stage.clock.now()
    world.stage.give(
        FundingPayment(
            payment_id="p1",
            instrument=PERP.key,
            amount=paid,
            currency="USDT",
            rate=Decimal("0.0001"),
            quantity=world.venue_net(PERP),
            ts=now,
            recv_ts=now,
        )
    )
    (applied,) = world.stage.told(FundingApplied)
    assert applied.amount == (paid * ours / (ours - 5)).quantize(Decimal("1e-12"))
    assert not reconciled(world)
    assert world.remainder() == 0


def test_a_payment_for_somebody_elses_position_is_not_booked() -> None:
    world, _ = shared()
    world.venues["swap"].books.move("USDT", Decimal(2))
    now = world.stage.clock.now()
    world.stage.give(
        FundingPayment(
            payment_id="p1",
            instrument=PERP.key,
            amount=Decimal(2),
            currency="USDT",
            rate=Decimal("0.0001"),
            quantity=Decimal(-5),
            ts=now,
            recv_ts=now,
        )
    )
    assert not world.stage.told(FundingApplied)
    assert world.remainder() == 0


def test_what_a_venue_holds_is_the_sessions_part_and_that_of_others() -> None:
    world, strategy = shared()
    strategy.leave(enter("800"))
    world.quote()
    parts = world.stage.engine.parts
    whole = parts.others.whole("cash", 0)
    stated = world.venues["cash"].snapshot(0)
    assert {one.currency: one.total for one in whole.balances} == {one.currency: one.total for one in stated.balances}
    (position,) = parts.others.whole("swap", 0).positions
    assert position.quantity == world.venue_net(PERP)


def test_nothing_is_added_to_a_position_of_which_something_is_gone() -> None:
    world, strategy = shared()
    strategy.leave(enter("400"))
    world.quote()
    hand(world, Side.BUY, "9")
    assert ("position swap:BTCUSDT-PERP", "unknown") in reconciled(world)
    sent = len(world.stage.told(OrderIntended))
    strategy.leave(enter("200"))
    world.quote()
    assert len(world.stage.told(OrderIntended)) == sent
    world.stage.finish()
    assert Reason.BALANCE_QUARANTINED in {event.reason for event in world.stage.told(OpportunitySkipped)}


@pytest.mark.parametrize(("theirs", "marked"), [(Side.SELL, True), (Side.BUY, False)])
def test_a_close_is_marked_as_reducing_only_where_the_whole_accounts_position_allows_it(
    theirs: Side, *, marked: bool
) -> None:
    """Our short of 4 beside a long of somebody else is no short for the venue, which would refuse the mark."""
    strategy = ScriptedStrategy(BTC_ROUTE)
    world = World(SPOT, PERP, strategies=strategy, balances={"cash": THEIRS}, allotted=ALLOTTED)
    hand(world, theirs, "6")
    world.begin()
    strategy.leave(enter("400"))
    world.quote()
    strategy.leave(leave("1"))
    world.quote()
    closes = [one.order for one in world.stage.told(OrderIntended) if one.order.instrument == PERP.key][1:]
    assert [order.reduce_only for order in closes] == [marked]
    assert not world.trades
    assert world.remainder() == 0


def test_somebody_elses_position_on_the_other_side_takes_nothing_of_ours() -> None:
    strategy = ScriptedStrategy(BTC_ROUTE)
    world = World(SPOT, PERP, strategies=strategy, balances={"cash": THEIRS}, allotted=ALLOTTED)
    hand(world, Side.BUY, "6")
    world.begin()
    strategy.leave(enter("400"))
    world.quote()
    hand(world, Side.BUY, "1")
    assert ("position swap:BTCUSDT-PERP", "unknown") in reconciled(world)
    assert not world.stage.told(QuarantineStarted)
    hand(world, Side.SELL, "9")  # now more than they had
    assert reconciled(world)
    assert reconciled(world) == [("balance swap:USDT", "deposit")]
    assert world.remainder() == 0
