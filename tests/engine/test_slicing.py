"""Large entries in parts: each once the one before it is hedged, and only while it may still be opened."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.engine.approval import part_of
from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.model.command import Flatten, StopEntry
from arbcore.model.events import AlertRaised, OrderIntended
from arbcore.model.intent import Intent
from arbcore.model.trade import TradeState
from arbcore.ports.policy import Depth, Slice
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter
from arbcore.testing.scripted_venue import part
from tests.engine.world import PERP, World, basic

D = Decimal


class Thirds:
    """A slicer of three parts, a second apart; remembers what it was told."""

    def __init__(self, *shares: str) -> None:
        self.shares = [D(each) for each in shares or ("0.3", "0.3", "0.4")]
        self.told: list[tuple[Intent, Sequence[Depth]]] = []

    def slices(self, intent: Intent, depth: Sequence[Depth], now: int) -> Sequence[Slice]:
        self.told.append((intent, depth))
        return [Slice(share, now + number * SECOND) for number, share in enumerate(self.shares)]

    def state(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None: ...


def sliced(*shares: str) -> tuple[World, ScriptedStrategy, Thirds]:
    slicer = Thirds(*shares)
    world, strategy = basic(slicer=slicer, execution=ExecutionSettings(slicer="p"))
    strategy.leave(enter("2000"))
    world.quote()
    return world, strategy, slicer


def sizes(world: World) -> list[Decimal]:
    return [event.order.quantity for event in world.stage.told(OrderIntended) if event.venue == "cash"]


def test_an_entry_that_is_larger_than_the_touch_goes_in_parts() -> None:
    world, _, slicer = sliced()
    ((intent, depth),) = slicer.told
    assert [leg.quantity for leg in intent.legs] == [D("19.98")] * 2  # 10 are offered
    assert [(each.offered, each.wanted) for each in depth] == [(10.0, 19.98)] * 2
    assert sizes(world) == [D("5.994")]
    world.stage.wait(SECOND)
    world.quote()
    world.stage.wait(2 * SECOND)
    assert sizes(world) == [D("5.994"), D("5.994"), D("7.992")]
    assert world.sizes() == [D("19.98"), D("-19.98")]
    assert world.trades["1"].state is TradeState.HEDGED
    assert len(world.trades) == 1
    world.check_books()


def test_a_part_waits_for_the_one_before_it_to_be_hedged() -> None:
    world, _, _ = sliced()
    world.venues["swap"].script.append(part("0.5"))
    world.venues["cash"].script.extend([part("1"), part("0")])  # the second part parts, and its repair does not fill
    world.stage.wait(SECOND)
    assert world.trades["1"].state is TradeState.OPEN
    assert len(sizes(world)) == 3
    world.stage.wait(10 * SECOND)
    assert [trade.state for trade in world.trades.values()] == [TradeState.HEDGED]
    world.check_books()


@pytest.mark.parametrize("command", [StopEntry(), Flatten()])
def test_parts_that_a_stop_overtakes_are_dropped(command: StopEntry | Flatten) -> None:
    world, _, _ = sliced()
    world.stage.command(command)
    before = len(sizes(world))
    world.stage.wait(10 * SECOND)
    assert len(sizes(world)) == before
    world.check_books()


def test_a_part_waits_for_the_edge_of_the_decision() -> None:
    world, _, _ = sliced()
    world.stage.quote(PERP, 99.0, 99.1)
    world.stage.wait(10 * SECOND)
    assert len(sizes(world)) == 1
    world.quote()
    world.stage.wait(SECOND)
    assert len(sizes(world)) == 2


def test_parts_that_no_venue_would_take_are_sent_in_one() -> None:
    world, _, _ = sliced("0.001", "0.999")
    assert sizes(world) == [D("19.98")]


@pytest.mark.parametrize("shares", [("0.5", "0.4"), ("1.5", "-0.5")])
def test_a_slicer_that_is_wrong_is_told_and_the_entry_goes_in_one(shares: tuple[str, ...]) -> None:
    world, _, _ = sliced(*shares)
    assert [event.rule for event in world.stage.told(AlertRaised)] == ["policy_error"]
    assert sizes(world) == [D("19.98")]


def test_more_than_was_approved_is_no_part_of_it() -> None:
    _, _, slicer = sliced()
    ((intent, _),) = slicer.told
    assert part_of(intent, intent).intent is intent
    larger = tuple(replace(leg, quantity=leg.quantity + 1) for leg in intent.legs)
    for other in (replace(intent, trade="other"), replace(intent, legs=larger)):
        with pytest.raises(TypeError, match="no part"):
            part_of(intent, other)
