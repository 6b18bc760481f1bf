"""Recovery from a journal: which snapshot is taken, what is refused, when snapshots are kept."""

from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from arbcore.engine.output import Output
from arbcore.errors import JournalError
from arbcore.journal.memory import MemoryJournal
from arbcore.model.events import TradeClosed
from arbcore.model.input import AccountSnapshot
from arbcore.ports.journal import StoredEvent, StoredSnapshot
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.recovery import LEAST_NS, PERIOD_NS, Keeper, keep, recover
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave
from arbcore.testing.scripted_venue import ScriptedVenue
from arbcore.testing.stage import Stage
from tests.engine.recovering import HAPPENINGS, Taped
from tests.engine.world import BTC_ROUTE, DOLLARS, PERP, SPOT, World


class Damaged(MemoryJournal):
    """A journal of which the first snapshots that are read are damaged."""

    def __init__(self, damaged: int) -> None:
        super().__init__()
        self.damaged = damaged

    def snapshots(self) -> list[StoredSnapshot]:
        kept = list(super().snapshots())
        return [replace(one, body=b"?" + one.body) for one in kept[: self.damaged]] + kept[self.damaged :]


class Journaled(Stage):
    """A stage whose events are journaled."""

    def __init__(self, journal: MemoryJournal, strategy: ScriptedStrategy) -> None:
        venues = {one.venue: ScriptedVenue(one.venue, [one], DOLLARS) for one in (SPOT, PERP)}
        super().__init__((SPOT, PERP), venues, {"s": strategy})
        self._log = EventLog(journal)

    def _perform(self, output: Output) -> None:
        if output.events:
            self._log.append(output.events)
        super()._perform(output)

    def both(self) -> None:
        for instrument in (SPOT, PERP):
            self.quote(instrument, 100.0, 100.1)


def session(journal: MemoryJournal, trades: int = 2) -> Journaled:
    """Run a session with an open trade, and keep a snapshot when it began and after each entry."""
    strategy = ScriptedStrategy(BTC_ROUTE)
    stage = Journaled(journal, strategy)
    stage.begin()
    stage.both()
    keep(journal, stage.engine, {})
    for _ in range(trades):
        strategy.leave(enter("100"))
        stage.both()
        keep(journal, stage.engine, {})
    return stage


@pytest.mark.parametrize("damaged", [0, 1, 2])
def test_a_damaged_snapshot_falls_back_to_the_one_before(damaged: int) -> None:
    journal = Damaged(damaged)
    stage = session(journal)
    recovered = recover(journal)
    assert recovered is not None
    assert len(recovered.passed_over) == damaged
    assert all("digest" in fault for fault in recovered.passed_over)
    engine = World(SPOT, PERP, strategies=ScriptedStrategy(BTC_ROUTE)).stage.engine
    engine.restore(recovered.kept.engine)
    engine.absorb(recovered.events)
    assert list(engine.parts.execution.trades) == list(stage.engine.parts.execution.trades) == ["1", "2"]
    assert engine.parts.accounts.state() == stage.engine.parts.accounts.state()
    assert recovered.open_trades == ("1", "2")


def test_without_any_sound_snapshot_it_says_what_to_do() -> None:
    journal = Damaged(3)
    session(journal)
    with pytest.raises(JournalError, match="--clean"):
        recover(journal)


def test_a_damaged_event_behind_the_snapshot_is_told() -> None:
    class Changed(MemoryJournal):
        def read(self, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
            for event in super().read(first, last):
                yield replace(event, body=event.body + b" ") if event.type == "EngineStopped" else event

    journal = Changed()
    session(journal).finish()
    newest = journal.last()
    assert newest is not None
    with pytest.raises(JournalError, match=f"event {newest.sequence} is damaged"):
        recover(journal)


def test_a_session_that_never_traded_leaves_nothing_to_go_on_with() -> None:
    journal = MemoryJournal()
    stage = Journaled(journal, ScriptedStrategy(BTC_ROUTE))
    stage.begin()
    assert journal.last() is not None
    assert recover(journal) is None
    assert recover(MemoryJournal()) is None


def test_a_config_that_lacks_what_an_open_trade_needs_is_refused() -> None:
    journal = MemoryJournal()
    session(journal)
    recovered = recover(journal)
    assert recovered is not None
    other = World(SPOT, PERP, strategies={"other": ScriptedStrategy(BTC_ROUTE)}).stage.engine
    with pytest.raises(JournalError, match=r"trade 1 of BTC is open, and the route .* is not configured"):
        other.restore(recovered.kept.engine)


def test_snapshots_are_taken_at_the_begin_after_closed_trades_and_by_time() -> None:
    journal, strategy = MemoryJournal(), ScriptedStrategy(BTC_ROUTE)
    stage = Journaled(journal, strategy)
    keeper = Keeper(journal, stage.engine, {})
    taken: list[bytes] = []

    def rest(now: int) -> int:
        before = len(taken)
        keeper.rest(now)
        newest = journal.snapshots()[:1]
        if newest and (not taken or newest[0].digest != taken[-1] or before == 0):
            taken.append(newest[0].digest)
        return len(taken)

    stage.begin()
    assert rest(0) == 0, "nothing is kept while the engine boots"
    stage.both()
    assert rest(0) == 1
    strategy.leave(enter("100"))
    stage.both()
    strategy.leave(leave("1"))
    stage.both()
    assert stage.told(TradeClosed)
    keeper.watch(stage.events)
    assert rest(LEAST_NS - 1) == 1, "not oftener than this"
    assert rest(LEAST_NS) == 2
    stage.wait(SECOND)
    stage.both()
    assert rest(LEAST_NS + PERIOD_NS - 1) == 2
    assert rest(LEAST_NS + PERIOD_NS) == 3


@settings(max_examples=10)
@given(st.lists(HAPPENINGS, min_size=10, max_size=30))
def test_a_venue_that_forgot_is_restated_from_the_ledger(happenings: list[tuple[str, object]]) -> None:
    """What a simulated venue holds is what the engine counts, wherever its orders have ended."""
    # Payments of funding are made up beside the scripted venues' books.
    taped = Taped([one for one in happenings if one[0] != "funding"])
    taped.world.stage.wait(120 * SECOND)
    accounts = taped.world.stage.engine.parts.accounts
    for name, venue in taped.world.venues.items():
        theirs, ours = venue.snapshot(0), accounts.statement(name, 0)
        assert {one.currency: one.total for one in ours.balances} == {
            one.currency: one.total for one in theirs.balances if one.total
        } or ours.positions  # what part of a position paid out goes by lots here and by sums there
        assert {one.instrument: one.quantity for one in ours.positions} == {
            one.instrument: one.quantity for one in theirs.positions if one.quantity
        }
        assert _paid(ours) == _paid(theirs)


def _paid(account: AccountSnapshot) -> Decimal:
    """Return dollars less what open positions have cost: the same however closed parts were valued."""
    cash = sum((one.total for one in account.balances if one.currency == "USDT"), Decimal(0))
    return cash - sum((one.entry_value for one in account.positions), Decimal(0))


def test_a_digest_is_of_the_whole_body() -> None:
    journal = MemoryJournal()
    session(journal)
    stored = journal.snapshots()[0]
    assert sha256(stored.body).digest() == stored.digest
