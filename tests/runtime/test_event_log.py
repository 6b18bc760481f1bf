"""The event log: one chain from the first event on, continued where a journal ends, and untouched by a failure."""

from collections.abc import Sequence

import pytest

from arbcore.errors import JournalError
from arbcore.journal.chain import GENESIS, verify
from arbcore.journal.memory import MemoryJournal
from arbcore.model.events import EnginePaused
from arbcore.ports.journal import StoredEvent
from arbcore.runtime.event_log import EventLog
from arbcore.testing.events import numbered

EVENTS = numbered([(number, "", EnginePaused(reason=str(number))) for number in range(20)])


class Full(MemoryJournal):
    """A journal that refuses to store more than a number of batches."""

    room = 1

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Store, or refuse."""
        if not self.room:
            raise JournalError("the disk is full")
        self.room -= 1
        super().append(events)


def test_the_hash_depends_on_the_events_and_not_on_how_they_were_handed_over() -> None:
    whole, parts = EventLog(MemoryJournal()), EventLog(MemoryJournal())
    assert whole.hash == GENESIS.hex()
    whole.append(EVENTS)
    for first in range(0, 20, 3):
        parts.append(EVENTS[first : first + 3])
    assert whole.hash == parts.hash
    assert whole.count == parts.count == 20


def test_it_goes_on_where_a_journal_ends() -> None:
    journal = MemoryJournal()
    EventLog(journal).append(EVENTS[:12])
    later = EventLog(journal)
    later.append(EVENTS[12:])
    assert verify(journal.read()).ok
    assert later.count == 8
    whole = EventLog(MemoryJournal())
    whole.append(EVENTS)
    assert later.hash == whole.hash


def test_what_could_not_be_stored_is_not_counted() -> None:
    log = EventLog(Full())
    log.append(EVENTS[:5])
    before = log.hash
    with pytest.raises(JournalError, match="the disk is full"):
        log.append(EVENTS[5:])
    assert (log.hash, log.count) == (before, 5)
