"""Money between venues: a ledger account of its own while it travels, and no result but what the network takes."""

from decimal import Decimal

import pytest

from arbcore.engine.accounts import IN_TRANSIT
from arbcore.model.command import RunReconcile, Withdraw
from arbcore.model.events import AlertRaised, BalanceChanged, DepositDetected, DriftDetected, Envelope, Event
from arbcore.model.input import ActionEnded, ActionState
from arbcore.model.money import plain
from arbcore.testing.scripted import SECOND, ScriptedStrategy
from tests.engine.world import BTC_ROUTE, PERP, SPOT, World, hedged

HOUR = 3600 * SECOND


def withdraw(world: World, amount: str = "500") -> None:
    """Withdraw from the venue ``cash``, which does it at once and shows it when a test moves its books."""
    command = Withdraw(
        withdraw_id="w1", venue="cash", currency="USDT", network="TRX", amount=Decimal(amount), address="T1"
    )
    world.stage.command(command, "c-w1")
    world.stage.give(
        ActionEnded(command_id="c-w1", state=ActionState.DONE, detail="tx9", recv_ts=world.stage.clock.now())
    )


def compare(world: World) -> list[Event]:
    """Have both venues compared until every drift is told."""
    return world.stage.command(RunReconcile()) + world.stage.wait(20 * SECOND)


def moves(events: list[Event]) -> list[tuple[str, str, str]]:
    return [(one.venue, plain(one.change), one.reason) for one in events if isinstance(one, BalanceChanged)]


def on_its_way(world: World) -> Decimal:
    return world.stage.engine.parts.accounts.cash.balances.get((IN_TRANSIT, "USDT"), Decimal(0))


def equity(world: World) -> Decimal:
    value = world.stage.engine.parts.valuation.equity()
    assert value is not None
    return value


def test_a_withdrawal_is_under_way_until_it_arrives_and_costs_what_the_network_took() -> None:
    world = hedged()[0]
    before = equity(world)
    withdraw(world)
    world.venues["cash"].books.move("USDT", Decimal(-501))
    told = compare(world)
    assert moves(told) == [("cash", "-500", "transfer"), (IN_TRANSIT, "500", "transfer"), ("cash", "-1", "drift")]
    assert [one.cause_class for one in told if isinstance(one, DriftDetected)] == ["transfer"]
    assert [on_its_way(world), equity(world)] == [500, before - 1]
    world.venues["swap"].books.move("USDT", Decimal(498))
    told = compare(world)
    assert moves(told) == [(IN_TRANSIT, "-498", "transfer"), ("swap", "498", "transfer"), (IN_TRANSIT, "-2", "drift")]
    assert [one for one in told if isinstance(one, DepositDetected)] == [
        DepositDetected(deposit_tx_id="tx9", venue="swap", currency="USDT", amount=Decimal(498))
    ]
    assert [on_its_way(world), equity(world)] == [0, before - 3]
    assert not world.stage.engine.parts.transit.shipments
    assert world.remainder() == 0


def test_what_arrives_before_it_was_seen_to_leave_is_the_same_money() -> None:
    world = hedged()[0]
    withdraw(world)
    world.venues["swap"].books.move("USDT", Decimal(500))
    compare(world)
    assert on_its_way(world) == -500
    world.venues["cash"].books.move("USDT", Decimal(-500))
    compare(world)
    assert on_its_way(world) == 0
    assert world.remainder() == 0


def test_what_arrives_nowhere_in_time_has_left_the_session_and_is_no_loss() -> None:
    world = hedged()[0]
    before = equity(world)
    withdraw(world)
    world.venues["cash"].books.move("USDT", Decimal(-500))
    compare(world)
    told = world.stage.wait(HOUR)
    assert [one.rule for one in told if isinstance(one, AlertRaised)] == ["transfer_overdue"]
    assert moves(told) == [(IN_TRANSIT, "-500", "withdrawal")]
    assert equity(world) == before
    assert world.remainder() == 0


@pytest.mark.parametrize("amount", ["100", "-100"])
def test_money_that_is_paid_in_or_taken_out_is_told_and_is_no_result(amount: str) -> None:
    """Pain: a withdrawal that a bot takes for a loss stops it."""
    world = hedged()[0]
    before = equity(world)
    world.venues["cash"].books.move("USDT", Decimal(amount))
    told = compare(world)
    paid_in = amount == "100"
    assert moves(told) == [("cash", amount, "deposit" if paid_in else "withdrawal")]
    assert len([one for one in told if isinstance(one, DepositDetected)]) == paid_in
    assert equity(world) == before
    assert world.remainder() == 0


def test_another_amount_is_another_matter() -> None:
    world = hedged()[0]
    withdraw(world)
    world.venues["cash"].books.move("USDT", Decimal(-50))
    assert moves(compare(world)) == [("cash", "-50", "withdrawal")]
    assert on_its_way(world) == 0


def test_money_under_way_survives_a_restart_by_state_and_by_journal() -> None:
    world = hedged()[0]
    first = len(world.stage.events)
    state = world.stage.engine.state()
    withdraw(world)
    world.venues["cash"].books.move("USDT", Decimal(-501))
    compare(world)
    behind: list[Envelope] = world.stage.events[first:]
    for kept, events in ((world.stage.engine.state(), list[Envelope]()), (state, behind)):
        engine = World(SPOT, PERP, strategies=ScriptedStrategy(BTC_ROUTE)).stage.engine
        engine.restore(kept)
        engine.absorb(events)
        parts = engine.parts
        assert [(one.left, one.arrived) for one in parts.transit.shipments.values()] == [(True, False)]
        assert parts.accounts.cash.balances[IN_TRANSIT, "USDT"] == 500
        assert parts.accounts.capital == world.stage.engine.parts.accounts.capital
        assert parts.accounts.realised == world.stage.engine.parts.accounts.realised
