"""What only a venue can do: told before it is asked for, asked for once, and traced until it ended."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.model.command import AnyCommand, InternalTransfer, SetLeverage, Withdraw
from arbcore.model.effect import Act, Trace
from arbcore.model.events import (
    AlertRaised,
    CommandAccepted,
    CommandFailed,
    Event,
    InternalTransferCompleted,
    InternalTransferFailed,
    InternalTransferRequested,
    WithdrawCompleted,
    WithdrawFailed,
    WithdrawRequested,
)
from arbcore.model.input import ActionEnded, ActionState
from arbcore.testing.scripted import SECOND
from tests.engine.world import PERP, World, basic

TRANSFER = InternalTransfer(
    transfer_id="t1", venue="swap", source="spot", target="margin", currency="USDT", amount=Decimal("12.5")
)
WITHDRAW = Withdraw(
    withdraw_id="w1", venue="cash", currency="BTC", network="BTC", amount=Decimal("0.1"), address="bc1q"
)


def ended(world: World, command_id: str, state: ActionState, detail: str = "") -> list[Event]:
    """Tell the engine how an action ended."""
    now = world.stage.clock.now()
    return world.stage.give(ActionEnded(command_id=command_id, state=state, detail=detail, recv_ts=now))


def asked(world: World, kind: type[Act | Trace]) -> list[Act | Trace]:
    return [effect for effect in world.stage.effects if isinstance(effect, kind)]


@pytest.mark.parametrize(
    ("command", "requested", "done", "failed"),
    [
        (TRANSFER, InternalTransferRequested, InternalTransferCompleted, InternalTransferFailed),
        (WITHDRAW, WithdrawRequested, WithdrawCompleted, WithdrawFailed),
    ],
)
def test_money_moves_once_and_both_ends_are_told(
    command: InternalTransfer | Withdraw, requested: type[Event], done: type[Event], failed: type[Event]
) -> None:
    for state, end in ((ActionState.DONE, done), (ActionState.REFUSED, failed)):
        world, _ = basic()
        told = world.stage.command(command, "c")
        assert [type(event) for event in told] == [CommandAccepted, requested]
        assert asked(world, Act) == [Act(command.venue, "c", command)]
        first = len(world.stage.events)
        (event,) = ended(world, "c", state, "the venue's words")
        assert type(event) is end
        assert world.stage.events[first].cause == world.stage.events[first - 1].sequence
        assert ended(world, "c", ActionState.DONE) == [], "it ended before"
        world.stage.wait(3600 * SECOND)
        assert not asked(world, Trace)


def test_what_nothing_settles_is_looked_for_and_never_made_again() -> None:
    world, _ = basic()
    world.stage.command(WITHDRAW, "c")
    (alert,) = ended(world, "c", ActionState.UNKNOWN, "timeout")
    assert isinstance(alert, AlertRaised)
    assert "not sent again" in alert.text
    since = world.stage.clock.now()
    for number in range(1, 6):
        world.stage.wait(300 * SECOND)
        assert len(asked(world, Trace)) == number
        assert ended(world, "c", ActionState.UNKNOWN, "not in the history") == [], "people are told once"
    assert asked(world, Trace)[0] == Trace("cash", "c", WITHDRAW, since)
    (event,) = ended(world, "c", ActionState.DONE, "tx")
    assert event == WithdrawCompleted(withdraw_id="w1", withdraw_tx_id="tx")
    assert len(asked(world, Act)) == 1
    world.stage.wait(3600 * SECOND)
    assert len(asked(world, Trace)) == 5


def test_a_trace_that_nobody_answers_is_made_again() -> None:
    world, _ = basic()
    world.stage.command(TRANSFER, "c")
    ended(world, "c", ActionState.UNKNOWN)
    world.stage.wait(1000 * SECOND)
    assert len(asked(world, Trace)) == 4
    assert len(asked(world, Act)) == 1


def test_the_same_transfer_under_another_command_is_refused() -> None:
    world, _ = basic()
    world.stage.command(TRANSFER, "c")
    ended(world, "c", ActionState.DONE)
    (failed,) = world.stage.command(TRANSFER, "d")
    assert isinstance(failed, CommandFailed)
    assert "transfer t1 was asked for before" in failed.reason
    assert len(asked(world, Act)) == 1


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (replace(TRANSFER, venue="x"), "there is no exchange 'x'; there are: cash, swap"),
        (replace(TRANSFER, amount=Decimal(0)), "more than nothing"),
        (replace(TRANSFER, amount=Decimal("NaN")), "more than nothing"),
    ],
)
def test_a_transfer_that_makes_no_sense_is_refused(command: AnyCommand, why: str) -> None:
    world, _ = basic()
    (failed,) = world.stage.command(command)
    assert isinstance(failed, CommandFailed)
    assert why in failed.reason
    assert not asked(world, Act)


def test_a_leverage_is_answered_when_the_venue_has() -> None:
    world, _ = basic()
    command = SetLeverage(instrument=PERP.key, leverage=3)
    assert world.stage.command(command, "c") == []
    assert asked(world, Act) == [Act("swap", "c", command)]
    (accepted,) = ended(world, "c", ActionState.DONE)
    assert isinstance(accepted, CommandAccepted)
    world.stage.command(command, "d")
    (failed,) = ended(world, "d", ActionState.REFUSED, "the bracket allows 2")
    assert isinstance(failed, CommandFailed)
    assert failed.reason == "the bracket allows 2"
    world.stage.command(command, "e")
    (failed,) = ended(world, "e", ActionState.UNKNOWN)
    assert isinstance(failed, CommandFailed)


def test_a_recovered_engine_looks_for_what_had_not_ended() -> None:
    before, _ = basic()
    before.stage.command(TRANSFER, "c")
    before.stage.command(WITHDRAW, "d")
    ended(before, "d", ActionState.DONE)
    world, _ = basic()
    actions = world.stage.engine.parts.actions
    for envelope in before.stage.events:
        actions.absorb(envelope)
    assert list(actions.pending) == ["c"]
    kept = before.stage.engine.parts.actions
    before.stage.command(SetLeverage(instrument=PERP.key, leverage=3), "e")
    assert list(kept.pending) == ["c", "e"]
    actions.restore(dict(kept.pending), kept.given())
    actions.resume()
    assert list(actions.pending) == ["c"], "a leverage is in no history"
    world.quote()
    (trace,) = asked(world, Trace)
    assert (trace.venue, trace.command_id) == ("swap", "c")
    assert not asked(world, Act)
    for command in (TRANSFER, WITHDRAW):
        assert isinstance(world.stage.command(command)[0], CommandFailed), "neither is made again"


@pytest.mark.parametrize(("bound", "at_s"), [(2 * SECOND, 62), (None, 900)])
def test_what_no_history_holds_after_the_venues_bound_was_never_sent(bound: int | None, at_s: int) -> None:
    world, _ = basic(accepts_for={"cash": bound})
    before, _ = basic()
    before.stage.command(WITHDRAW, "c")
    actions = world.stage.engine.parts.actions
    for envelope in before.stage.events:
        actions.absorb(envelope)
    world.quote()
    actions.resume()  # the process before died between the telling and the asking
    start, absences = world.stage.clock.now(), 0
    while not world.stage.told(WithdrawFailed):
        late = world.stage.clock.now() - start >= at_s * SECOND
        absences += late
        told = ended(world, "c", ActionState.ABSENT, "not in the history")
        assert bool(told and isinstance(told[-1], WithdrawFailed)) == (absences == 3)
        world.stage.wait(20 * SECOND)
    (failed,) = world.stage.told(WithdrawFailed)
    assert failed.reason.startswith("it was not sent")
    assert not asked(world, Act)
    assert not actions.pending
    traces = len(asked(world, Trace))
    world.stage.wait(3600 * SECOND)
    assert len(asked(world, Trace)) == traces, "it is over"
    (again,) = world.stage.command(WITHDRAW, "d")
    assert isinstance(again, CommandFailed), "and is not made again under the same id"


def test_a_history_that_is_not_told_proves_nothing() -> None:
    world, _ = basic(accepts_for={"cash": 2 * SECOND})
    world.stage.command(WITHDRAW, "c")
    for state in (ActionState.UNKNOWN, *(3 * (ActionState.ABSENT, ActionState.ABSENT, ActionState.UNKNOWN))):
        ended(world, "c", state)
        world.stage.wait(100 * SECOND)
    assert not world.stage.told(WithdrawFailed)
    ended(world, "c", ActionState.DONE, "tx")
    assert world.stage.told(WithdrawCompleted)
