"""Sessions that are killed in the middle of something an operator or a slicer wanted, and go on from their journal."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.journal.memory import MemoryJournal
from arbcore.model.command import StopSession
from arbcore.model.effect import EndSession
from arbcore.model.events import AlertRaised, OrderIntended, TradeExecuted
from arbcore.model.intent import Intent
from arbcore.model.order import OrderOrigin
from arbcore.ports.policy import Depth, Slice
from arbcore.runtime.recovery import keep
from arbcore.testing.faulty.plan import SECOND, Fault, Trouble
from arbcore.testing.scripted import enter
from tests.matrix.field import SEOUL, SWAP, Field
from tests.matrix.truths import quiet, violations


def hedged() -> Field:
    """Return a journaled session with a hedged trade."""
    field = Field(journal=MemoryJournal())
    field.rig.begin()
    field.strategy.leave(enter("500"))
    field.rig.wait(3 * SECOND)
    return field


def ends(field: Field) -> int:
    return sum(isinstance(effect, EndSession) for effect in field.rig.effects)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("venue", [SEOUL, SWAP])
def test_a_session_that_is_to_end_once_it_is_flat_does_so_after_a_restart(venue: str, *, after: bool) -> None:
    field = hedged()
    field.rig.deaths.append((venue, Trouble(fault=Fault.RESTART, nth=1, lasts_ns=SECOND, after=after)))
    field.rig.command(StopSession(flatten=True))
    assert not ends(field)
    field.rig.wait(60 * SECOND)
    assert field.rig.starts == 2
    assert not field.rig.engine.parts.execution.trades
    assert ends(field)
    assert violations(field) == []


def test_one_that_was_flat_when_it_was_killed_ends_and_one_that_had_ended_goes_on() -> None:
    field = hedged()
    field.rig.command(StopSession(flatten=True))
    field.rig.wait(3 * SECOND)
    assert ends(field) == 1
    field.rig.kill(SECOND)  # before anybody ended it
    field.rig.wait(10 * SECOND)
    assert (field.rig.starts, ends(field)) == (2, 2)
    field.rig.finish()
    field.rig.kill(SECOND)
    field.rig.wait(10 * SECOND)
    assert (field.rig.starts, ends(field)) == (3, 2)


class Halves:
    """A slicer of two parts, ten seconds apart."""

    def slices(self, intent: Intent, depth: Sequence[Depth], now: int) -> Sequence[Slice]:
        return [Slice(Decimal("0.5"), now), Slice(Decimal("0.5"), now + 10 * SECOND)]

    def state(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None: ...


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("sent", [1, 2])
def test_a_sliced_entry_that_is_killed_between_its_parts_sends_none_of_them_twice(sent: int, *, kept: bool) -> None:
    journal = MemoryJournal()
    field = Field(ExecutionSettings(slicer="halves"), journal=journal, slicer=Halves())
    rig = field.rig
    rig.begin()
    field.strategy.leave(enter("500"))
    rig.wait(3 * SECOND)
    if kept:
        keep(journal, rig.engine, {})
    rig.wait(10 * SECOND if sent == 2 else 0)
    before = [one.order.quantity for one in rig.told(OrderIntended)]
    assert len(before) == 2 * sent
    rig.kill(SECOND)
    rig.wait(400 * SECOND)
    assert [one.order.quantity for one in rig.told(OrderIntended)] == before
    assert quiet(field)
    assert violations(field) == []


def test_a_liquidation_that_is_told_while_the_process_is_away_is_booked_after_it() -> None:
    field = hedged()
    field.rig.kill(5 * SECOND)
    field.swap.strike(Trouble(fault=Fault.LIQUIDATION), field.rig.now)
    field.rig.wait(60 * SECOND)
    assert not field.rig.engine.parts.execution.trades
    assert [one.rule for one in field.rig.told(AlertRaised)] == ["position_taken"]
    assert violations(field) == []


def test_a_fill_of_ours_that_is_told_after_the_liquidation_that_took_it_is_taken_too() -> None:
    field = Field()
    field.swap.plan.append(Trouble(fault=Fault.LATE_FILL, lasts_ns=4 * SECOND))
    field.swap.plan.append(Trouble(fault=Fault.LIQUIDATION, after=True))
    field.rig.begin()
    field.strategy.leave(enter("500"))
    field.rig.wait(30 * SECOND)
    taken = [one for one in field.rig.told(TradeExecuted) if one.origin is OrderOrigin.LIQUIDATION]
    assert [one.quantity for one in taken] == [Decimal("4.995")]
    assert not field.rig.engine.parts.execution.trades
    assert violations(field) == []


def test_people_are_told_once_where_no_market_takes_an_order_any_more() -> None:
    field = Field()
    for venue in (field.seoul, field.swap):
        venue.plan.append(Trouble(fault=Fault.DELISTING, after=True))
    field.rig.begin()
    field.strategy.leave(enter("500"))
    field.rig.wait(300 * SECOND)
    assert [one.rule for one in field.rig.told(AlertRaised)].count("trade_unhedged") == 1
