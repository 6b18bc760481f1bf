"""The standard tests of journals fail where a journal is wrong."""

import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from arbcore.journal.memory import MemoryJournal
from arbcore.ports.journal import RunMetadata, StoredEvent, StoredSnapshot
from arbcore.testing.journal import JournalSuite


class Trusting(MemoryJournal):
    """Takes whatever it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[StoredEvent] = []

    def append(self, events: Sequence[StoredEvent]) -> None:
        self.kept += events

    def read(self, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
        return (event for event in self.kept if first <= event.sequence <= (last or 10**18))

    def last(self) -> StoredEvent | None:
        return self.kept[-1] if self.kept else None


class OneShort(MemoryJournal):
    """Leaves the end of a range out."""

    def read(self, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
        return super().read(first, None if last is None else last - 1)


class Forgetful(MemoryJournal):
    """Remembers only the newest run."""

    def runs(self) -> Sequence[RunMetadata]:
        return super().runs()[-1:]


class Lonely(MemoryJournal):
    """Says that nobody writes it."""

    def writer(self) -> str:
        return ""


class Haunted(MemoryJournal):
    """Says that a writer is there when it has gone."""

    def writer(self) -> str:
        return f"process {os.getpid()}"


class Hoarding(MemoryJournal):
    """Returns snapshots the oldest first."""

    def snapshots(self) -> Sequence[StoredSnapshot]:
        return super().snapshots()[::-1]


class Careless(MemoryJournal):
    """Keeps any snapshot."""

    def keep_snapshot(self, snapshot: StoredSnapshot) -> None:
        self._snapshots.appendleft(snapshot)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("journal", "test"),
    [
        (Trusting, JournalSuite.test_refuses_what_does_not_continue_the_chain),
        (OneShort, partial(JournalSuite.test_reads_any_range, batch=3)),
        (Forgetful, JournalSuite.test_runs_come_back),
        (Hoarding, JournalSuite.test_keeps_the_last_three_snapshots),
        (Hoarding, JournalSuite.test_two_snapshots_of_one_event_are_two),
        (Careless, JournalSuite.test_a_snapshot_belongs_to_its_chain),
        (MemoryJournal, JournalSuite.test_snapshots_survive_reopening),
        (Lonely, JournalSuite.test_says_who_writes_it),
        (Haunted, JournalSuite.test_says_who_writes_it),
        (MemoryJournal, JournalSuite.test_readers_see_who_writes),
        (MemoryJournal, JournalSuite.test_goes_on_where_it_ended),
        (MemoryJournal, JournalSuite.test_readers_see_and_touch_nothing),
    ],
)
async def test_a_wrong_journal_fails(
    journal: type[MemoryJournal], test: Callable[..., Awaitable[None]], tmp_path: Path
) -> None:
    class Faulty(JournalSuite):
        """The suite of an author who calls this journal persistent."""

    result = test(Faulty(), lambda _context: journal(), tmp_path)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await result
