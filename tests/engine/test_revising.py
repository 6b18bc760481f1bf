"""Settings that change while a session runs: taken over between two inputs, told, kept, and refused with what to do."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from arbcore.engine.engine import Engine
from arbcore.errors import JournalError
from arbcore.model.command import AnyCommand, ApplyPreset, Revision, UpdateConfig
from arbcore.model.events import AlertRaised, CommandAccepted, CommandFailed, ConfigChanged, Event, StrategyStopped
from arbcore.model.state import EngineState
from arbcore.ports.strategy import Trigger
from arbcore.runtime.facts import fact_of
from arbcore.testing.scripted import ScriptedStrategy, ScriptedTier, enter, pair
from tests.engine.world import BTC_ROUTE, PERP, SPOT, World

FIRST, SECOND = "a" * 4, "b" * 4
"""Hashes of configs, after a first and a second change; the first one's is empty."""


class Turning(ScriptedStrategy):
    """A strategy whose size may change, and nothing else."""

    def __init__(self) -> None:
        super().__init__(BTC_ROUTE)
        self.taken: list[Mapping[str, Any]] = []
        self.broken = False
        self.asked = 0

    def trigger(self, route: str) -> Trigger | None:
        self.asked += 1
        return super().trigger(route)

    def changeable(self) -> frozenset[str]:
        return frozenset({"size", "wait"})

    def reconfigure(self, settings: Mapping[str, Any]) -> None:
        if self.broken:
            raise ValueError("no")
        self.taken.append(settings)


class TurningTier(ScriptedTier):
    """Likewise a tier."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Mapping[str, Any]] = []
        self.broken = False

    def changeable(self) -> frozenset[str]:
        return frozenset({"size"})

    def reconfigure(self, settings: Mapping[str, Any]) -> None:
        if self.broken:
            raise ValueError("no")
        self.taken.append(settings)


def revision(place: str = "strategies.s", before: str = "", after: str = FIRST, **more: Any) -> Revision:
    known: dict[str, Any] = {
        "parts": {place: json.dumps({"size": 2})},
        "changes": {f"{place}.size": "1 -> 2"},
        "before": before,
        "after": after,
    }
    return Revision(**(known | more))


def update(made: Revision | None, version: int = 3) -> UpdateConfig:
    return UpdateConfig(version=version, revision=made)


def world() -> tuple[World, Turning, TurningTier]:
    strategy, tier = Turning(), TurningTier()
    return World(SPOT, PERP, strategies=strategy, tiers=[("t", tier)]).begin(), strategy, tier


def test_a_strategy_takes_it_over_and_it_is_told() -> None:
    running, strategy, _ = world()
    told = running.stage.command(update(revision()), "c")
    assert [type(event) for event in told] == [CommandAccepted, ConfigChanged]
    assert told[1] == ConfigChanged(
        version=3,
        changes={"strategies.s.size": "1 -> 2"},
        before="",
        after=FIRST,
        issued_by="tester",
        parts={"strategies.s": '{"size": 2}'},
    )
    assert strategy.taken == [{"size": 2}]
    accepted = next(one for one in running.stage.events if isinstance(one.event, CommandAccepted))
    changed = running.stage.events[-1]
    assert (changed.key, changed.cause) == ("3", accepted.sequence)


def test_a_tier_takes_it_over_and_reviews_at_once() -> None:
    running, _, tier = world()
    before = len(tier.reviews)
    told = running.stage.command(update(revision("risk.t")))
    assert isinstance(told[-1], ConfigChanged)
    assert tier.taken == [{"size": 2}]
    assert len(tier.reviews) == before + 1


def test_a_preset_is_told_under_its_commands_id() -> None:
    running, strategy, _ = world()
    (_, changed) = running.stage.command(ApplyPreset(strategy="s", preset="calm", revision=revision()), "c")
    assert isinstance(changed, ConfigChanged)
    assert (changed.version, running.stage.events[-1].key) == (0, "c")
    assert strategy.taken


def test_the_journal_tells_a_replay_all_that_it_needs() -> None:
    running, _, _ = world()
    command = update(revision())
    running.stage.command(command, "c")
    again, strategy, _ = world()
    facts = [fact for one in running.stage.events if (fact := fact_of(one)) is not None]
    for fact in facts:
        again.stage.give(fact)
    assert strategy.taken == [{"size": 2}]
    assert again.stage.told(ConfigChanged) == running.stage.told(ConfigChanged)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (update(None), "takes no changes of its config: `arb stop`, then `arb run`"),
        (update(revision(problem="it is no number")), "it is no number"),
        (update(revision(before=SECOND)), "was changed meanwhile: give it again"),
        (update(revision("strategies.u")), "strategies.u takes no changes while it runs"),
        (update(revision("strategies.plain")), "strategies.plain takes no changes while it runs"),
        (
            update(revision(changes={"strategies.s.routes[0].spot": "a -> b"})),
            "takes no change of routes while it runs, but of size, wait",
        ),
    ],
)
def test_what_cant_be_applied_is_refused_and_changes_nothing(command: AnyCommand, why: str) -> None:
    strategy = Turning()
    running = World(
        SPOT, PERP, strategies={"s": strategy, "plain": ScriptedStrategy(pair(SPOT, PERP, name="other"))}
    ).begin()
    (failed,) = running.stage.command(command)
    assert isinstance(failed, CommandFailed)
    assert why in failed.reason
    assert strategy.taken == []


def test_a_strategy_that_raises_is_stopped_and_a_tier_that_raises_stops_entries() -> None:
    running, strategy, tier = world()
    strategy.broken = tier.broken = True
    told = running.stage.command(update(revision()))
    assert StrategyStopped in [type(event) for event in told]
    told = running.stage.command(update(revision("risk.t", before=FIRST, after=SECOND)))
    assert [event.rule for event in told if isinstance(event, AlertRaised)] == ["risk_tier_error"]
    assert running.state() is EngineState.REDUCING


def changed_twice() -> tuple[World, list[Event]]:
    running, _, _ = world()
    told = running.stage.command(update(revision()))
    running.stage.command(
        update(revision("risk.t", before=FIRST, after=SECOND, parts={"risk.t": '{"size": 9}'}), version=4)
    )
    return running, told


def engine(config_hash: str = "") -> tuple[Engine, Turning, TurningTier]:
    strategy, tier = Turning(), TurningTier()
    made = World(SPOT, PERP, strategies=strategy, tiers=[("t", tier)], config_hash=config_hash)
    return made.stage.engine, strategy, tier


def test_a_snapshot_and_what_the_journal_tells_behind_it_are_kept() -> None:
    running, _, _ = world()
    running.stage.command(update(revision()))
    kept, first = running.stage.engine.state(), len(running.stage.events)
    running.stage.command(update(revision("risk.t", before=FIRST, after=SECOND), version=4))
    next_one, strategy, tier = engine()
    next_one.restore(kept)
    next_one.absorb(running.stage.events[first:])
    assert (strategy.taken, tier.taken) == ([{"size": 2}], [{"size": 2}])
    revising = next_one.parts.revising
    assert (revising.hash, sorted(revising.applied), revising.dropped) == (SECOND, ["risk.t", "strategies.s"], ())
    assert next_one.state().revising == running.stage.engine.state().revising


def test_an_edited_config_counts_instead() -> None:
    running, _ = changed_twice()
    next_one, strategy, tier = engine("edited")
    next_one.restore(running.stage.engine.state())
    revising = next_one.parts.revising
    assert strategy.taken == tier.taken == []
    assert (revising.hash, revising.applied) == ("edited", {})
    assert set(revising.dropped) == {"strategies.s", "risk.t"}


def test_a_part_that_does_not_take_it_any_more_is_named() -> None:
    running, _ = changed_twice()
    next_one, strategy, _ = engine()
    strategy.broken = True
    with pytest.raises(JournalError, match=r"strategies\.s does not take what was changed of it"):
        next_one.restore(running.stage.engine.state())


def test_routes_are_armed_anew() -> None:
    """A strategy that waits for a threshold is asked by its new one."""
    running, strategy, _ = world()
    asked = strategy.asked
    running.stage.command(update(revision()))
    assert strategy.asked > asked
    strategy.leave(enter())
    running.quote()
    assert running.trades
