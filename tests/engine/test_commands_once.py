"""Every command that reaches a venue: given twice it reaches it once, also where the process died in between."""

from collections import Counter
from decimal import Decimal
from typing import Final, get_args

import pytest

from arbcore.model.command import (
    AnyCommand,
    ApplyPreset,
    CancelAll,
    CancelOrder,
    ClosePosition,
    DisableSymbol,
    EnableSymbol,
    Flatten,
    InternalTransfer,
    PauseEngine,
    PlaceOrder,
    RebuildProjection,
    ResumeEngine,
    RunReconcile,
    SetEngineMode,
    SetLeverage,
    StartStrategy,
    StopEntry,
    StopSession,
    StopStrategy,
    UpdateConfig,
    Withdraw,
)
from arbcore.model.effect import Act, Cancel, EndSession, Submit
from arbcore.model.events import CommandAccepted, CommandFailed
from arbcore.model.input import ActionEnded, ActionState
from arbcore.model.order import OrderRequest, Side, TimeInForce
from arbcore.testing.scripted import SECOND
from arbcore.testing.scripted_venue import Outcome
from tests.engine.world import PERP, SPOT, World, basic, hedged

NAME: Final = "once"
MONEY: Final = Decimal("0.1")
RESTING: Final = Outcome(share=Decimal(0), rests=True)

ELSEWHERE: Final = {
    ApplyPreset,
    DisableSymbol,
    EnableSymbol,
    PauseEngine,
    RebuildProjection,
    ResumeEngine,
    RunReconcile,
    SetEngineMode,
    StartStrategy,
    StopEntry,
    StopStrategy,
    UpdateConfig,
}
"""Commands that ask nothing of a venue but, some of them, to cancel entries or to state its account."""


def by_hand(name: str = NAME) -> PlaceOrder:
    order = OrderRequest(
        client_order_id=f"ae-{name}",
        instrument=SPOT.key,
        side=Side.BUY,
        quantity=Decimal(1),
        price=Decimal(99),
        time_in_force=TimeInForce.GTC,
    )
    return PlaceOrder(venue="cash", order=order)


COMMANDS: Final[tuple[AnyCommand, ...]] = (
    by_hand(),
    CancelOrder(venue="cash", client_order_id="ae-rests"),
    CancelAll(),
    ClosePosition(trade="1"),
    Flatten(),
    StopSession(flatten=True),
    SetLeverage(instrument=PERP.key, leverage=3),
    InternalTransfer(transfer_id="t", venue="swap", source="a", target="b", currency="USDT", amount=MONEY),
    Withdraw(withdraw_id="w", venue="cash", currency="BTC", network="BTC", amount=MONEY, address="bc1q"),
)


def at_work(command: AnyCommand) -> World:
    """Return a session in which a command has something to do: a hedged trade, or an order that rests."""
    if not isinstance(command, CancelOrder | CancelAll):
        return hedged()[0]
    world, _ = basic()
    world.venues["cash"].script.append(RESTING)
    world.stage.command(by_hand("rests"), "rests")
    return world


def reached(world: World) -> Counter[str]:
    """Return what was asked of venues so far, by kind and subject."""
    found: Counter[str] = Counter()
    for effect in world.stage.effects:
        match effect:
            case Submit(order=order):
                found[f"submit {order.client_order_id}"] += 1
            case Cancel(client_order_id=name):
                found[f"cancel {name}"] += 1
            case Act(command_id=name):
                found[f"act {name}"] += 1
            case EndSession():
                found["end"] += 1
    return found


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: type(one).__name__)
def test_given_twice_it_reaches_its_venue_once(command: AnyCommand) -> None:
    world = at_work(command)
    before = reached(world)
    world.stage.command(command, NAME)
    once = reached(world)
    assert once - before, "it has reached a venue"
    assert world.stage.command(command, NAME) == []
    ended = ActionEnded(command_id=NAME, state=ActionState.DONE, detail="tx", recv_ts=world.stage.clock.now())
    world.stage.give(ended)
    assert world.stage.command(command, NAME) == []
    world.stage.wait(SECOND // 2)
    assert reached(world) == once
    assert max(once.values()) == 1
    told = [one.command_id for one in world.stage.told(CommandAccepted)]
    told += [one.command_id for one in world.stage.told(CommandFailed)]
    assert told.count(NAME) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("by", ["snapshot", "events"])
def test_given_again_after_the_process_died_it_does_not_reach_it(command: AnyCommand, by: str) -> None:
    world = at_work(command)
    kept, first = world.stage.engine.state(), len(world.stage.events)
    world.stage.command(command, NAME)
    if by == "snapshot":
        kept, first = world.stage.engine.state(), len(world.stage.events)
    following, _ = basic()
    engine = World(SPOT, PERP, strategies=following.stage.engine.parts.deciding.strategies).stage.engine
    engine.restore(kept)
    engine.absorb(world.stage.events[first:])
    refused = isinstance(command, SetLeverage) and by == "events"
    assert (NAME in engine.parts.commands.state()[0]) is not refused, "a leverage is told when the venue has answered"


def test_every_command_that_reaches_a_venue_is_here() -> None:
    """Whoever adds a command adds it above, or to those that concern the session alone."""
    assert {type(one) for one in COMMANDS} | ELSEWHERE == set(get_args(AnyCommand))


def test_both_ids_of_money_count() -> None:
    """The same withdrawal under another command is refused; so two terminals that make up ids pay once."""
    world, _ = hedged()
    withdraw = COMMANDS[-1]
    world.stage.command(withdraw, "a")
    assert isinstance(world.stage.command(withdraw, "b")[0], CommandFailed)
    assert reached(world)["act a"] == 1
    assert reached(world)["act b"] == 0


def test_two_entries_by_hand_have_two_ids() -> None:
    world, _ = basic()
    world.stage.command(by_hand("a"), "a")
    world.stage.command(by_hand("b"), "b")
    assert {"submit ae-a", "submit ae-b"} <= set(reached(world))
