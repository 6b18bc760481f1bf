"""Conformance suite of journals."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import ClassVar

import anyio
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from arbcore.context import Context
from arbcore.errors import JournalError
from arbcore.journal.chain import GENESIS, seal, verify
from arbcore.model.events import Envelope
from arbcore.ports.journal import ControlStore, Journal, RunMetadata, StoredSnapshot
from arbcore.testing._suite import Suite
from arbcore.testing.events import journals
from arbcore.testing.stores import chain_of, fewer_examples, reader_context, snapshot_of, store_context

OpenJournal = Callable[[Context], Journal]
OpenControlStore = Callable[[Context], ControlStore]

_RUN = RunMetadata(
    session="test",
    mode="paper",
    started_wall="2026-01-01T00:00:00Z",
    python="3.12.1",
    plugins={"sink:x": ("dist", "1.0", "ab")},
    config_hash="cd",
)


class JournalSuite(Suite):
    """Standard tests of a journal.

    Fixtures that the author gives:
        open_journal: A function from a context to a journal that is not entered, as the hook `open_journal`. The
            same ``data_dir`` means the same journal; a `ReaderContext` opens it for reading.

    Attributes:
        persistent: False for a journal that ends with its object; what needs a second opening is then skipped.
    """

    persistent: ClassVar[bool] = True

    @pytest.fixture
    def folders(self, tmp_path: Path) -> Iterator[Path]:
        """Fresh folders for tests that need many; none of them exists."""
        return (tmp_path / f"session{number}" for number in count())

    @pytest.mark.anyio
    async def test_a_new_journal_is_empty(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """Nothing is in it, and it says where it lies."""
        async with open_journal(store_context(tmp_path / "new" / "deep")) as journal:
            assert journal.last() is None
            assert list(journal.read()) == []
            assert list(journal.runs()) == []
            assert journal.location()

    def test_any_events_come_back(self, open_journal: OpenJournal, folders: Iterator[Path]) -> None:
        """Every event of the catalogue is returned byte for byte, in order, with its columns."""

        async def round_trip(envelopes: list[Envelope]) -> None:
            stored = seal(GENESIS, envelopes)
            async with open_journal(store_context(next(folders))) as journal:
                journal.append(stored)
                assert list(journal.read()) == stored

        @settings(max_examples=fewer_examples())
        @given(journals(max_size=6))
        def check(envelopes: list[Envelope]) -> None:
            anyio.run(round_trip, envelopes)

        check()

    @pytest.mark.anyio
    @pytest.mark.parametrize("batch", [1, 3, 50])
    async def test_reads_any_range(self, open_journal: OpenJournal, tmp_path: Path, batch: int) -> None:
        """Both ends of a range are included, and ranges beyond the end are cut there."""
        events = chain_of(50)
        async with open_journal(store_context(tmp_path)) as journal:
            for start in range(0, 50, batch):
                journal.append(events[start : start + batch])
                assert journal.last() == events[: start + batch][-1]
            assert list(journal.read()) == events
            assert list(journal.read(10)) == events[9:]
            assert list(journal.read(10, 20)) == events[9:20]
            assert list(journal.read(last=5)) == events[:5]
            assert list(journal.read(50, 10**12)) == events[49:]
            assert list(journal.read(51)) == []

    @pytest.mark.anyio
    async def test_appending_nothing_changes_nothing(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """An empty batch is no error."""
        async with open_journal(store_context(tmp_path)) as journal:
            journal.append(())
            assert journal.last() is None

    @pytest.mark.anyio
    async def test_refuses_what_does_not_continue_the_chain(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """Gaps, repetitions and other chains are refused, whole batches at a time, and leave no trace."""
        events = chain_of(8)
        wrong = (
            events[4:],
            events[2:4],
            [events[3], events[5]],
            [events[3], events[3]],
            chain_of(1, first=4),
            [replace(events[3], hash=bytes(32))],
        )
        async with open_journal(store_context(tmp_path)) as journal:
            journal.append(events[:3])
            for batch in wrong:
                with pytest.raises(JournalError):
                    journal.append(batch)
                assert list(journal.read()) == events[:3]
                assert journal.last() == events[2]
            journal.append(events[3:])
            assert verify(journal.read()).ok

    @pytest.mark.anyio
    async def test_events_may_come_while_it_is_read(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """Appending in the middle of reading disturbs neither."""
        events, seen = chain_of(60), []
        async with open_journal(store_context(tmp_path)) as journal:
            journal.append(events[:20])
            for event in journal.read():
                seen.append(event)
                if event.sequence == 10:
                    journal.append(events[20:])
            assert seen == events[: len(seen)]
            assert len(seen) >= 20
            assert list(journal.read()) == events

    @pytest.mark.anyio
    async def test_runs_come_back(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """What ran is returned, oldest first, and is no event."""
        second = replace(_RUN, started_wall="2026-01-02T00:00:00Z")
        async with open_journal(store_context(tmp_path)) as journal:
            journal.start_run(_RUN)
            journal.start_run(second)
            assert list(journal.runs()) == [_RUN, second]
            assert journal.last() is None

    @pytest.mark.anyio
    async def test_keeps_the_last_three_snapshots(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """They come back byte for byte, the newest first, are no events, and the oldest go."""
        events, taken = chain_of(5), list[StoredSnapshot]()
        async with open_journal(store_context(tmp_path)) as journal:
            assert list(journal.snapshots()) == []
            for event in events:
                journal.append([event])
                taken.insert(0, snapshot_of(event))
                journal.keep_snapshot(taken[0])
                assert list(journal.snapshots()) == taken[:3]
            assert list(journal.read()) == events

    @pytest.mark.anyio
    async def test_two_snapshots_of_one_event_are_two(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """State may change without an event; the later snapshot comes first."""
        event = chain_of(1)[0]
        async with open_journal(store_context(tmp_path)) as journal:
            journal.append([event])
            for body in (b"earlier", b"later"):
                journal.keep_snapshot(snapshot_of(event, body))
            assert [snapshot.body for snapshot in journal.snapshots()] == [b"later", b"earlier"]

    @pytest.mark.anyio
    async def test_a_snapshot_belongs_to_its_chain(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """One of another chain, of older events or of events that are not stored is refused and leaves no trace."""
        events = chain_of(3)
        async with open_journal(store_context(tmp_path)) as journal:
            with pytest.raises(JournalError):
                journal.keep_snapshot(snapshot_of(events[0]))
            journal.append(events[:2])
            other = replace(snapshot_of(events[1]), chain=bytes(32))
            for wrong in (snapshot_of(events[0]), snapshot_of(events[2]), other):
                with pytest.raises(JournalError):
                    journal.keep_snapshot(wrong)
            assert list(journal.snapshots()) == []

    @pytest.mark.anyio
    async def test_snapshots_survive_reopening(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """Opened again, by the session or by a reader, they are there; a reader keeps none."""
        self._need_persistence()
        events = chain_of(2)
        async with open_journal(store_context(tmp_path)) as journal:
            journal.append(events[:1])
            journal.keep_snapshot(snapshot_of(events[0]))
        async with open_journal(reader_context(tmp_path)) as reader:
            assert list(reader.snapshots()) == [snapshot_of(events[0])]
            with pytest.raises(JournalError):
                reader.keep_snapshot(snapshot_of(events[0]))
        async with open_journal(store_context(tmp_path)) as journal:
            journal.append(events[1:])
            journal.keep_snapshot(snapshot_of(events[1]))
            assert list(journal.snapshots()) == [snapshot_of(event) for event in reversed(events)]

    @pytest.mark.anyio
    async def test_goes_on_where_it_ended(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """Opened again it holds all of it, and takes what continues it."""
        self._need_persistence()
        events = chain_of(9)
        for start in range(0, 9, 3):
            async with open_journal(store_context(tmp_path)) as journal:
                assert journal.last() == (events[start - 1] if start else None)
                journal.append(events[start : start + 3])
        async with open_journal(store_context(tmp_path)) as journal:
            assert list(journal.read()) == events

    @pytest.mark.anyio
    @pytest.mark.parametrize("other", [{"session": "b"}, {"mode": "live"}, {"environment": "testnet"}])
    async def test_belongs_to_one_session(
        self, open_journal: OpenJournal, tmp_path: Path, other: dict[str, str]
    ) -> None:
        """Another session, mode or environment is refused, and the journal stays usable."""
        self._need_persistence()
        async with open_journal(store_context(tmp_path)) as journal:
            journal.append(chain_of(2))
        with pytest.raises(JournalError):
            async with open_journal(store_context(tmp_path, **other)):
                pytest.fail(f"a journal of another session was opened with {other}")
        async with open_journal(store_context(tmp_path)) as journal:
            assert list(journal.read()) == chain_of(2)

    @pytest.mark.anyio
    async def test_has_one_writer(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """A second writer is refused while the first is there, and welcome after it."""
        self._need_persistence()
        async with open_journal(store_context(tmp_path)) as journal:
            with pytest.raises(JournalError):
                async with open_journal(store_context(tmp_path)):
                    pytest.fail("two writers opened one journal")
            journal.append(chain_of(1))
        async with open_journal(store_context(tmp_path)) as journal:
            assert journal.last() == chain_of(1)[0]

    @pytest.mark.anyio
    async def test_says_who_writes_it(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """The process is named while the journal is open for writing, and nobody afterwards."""
        journal = open_journal(store_context(tmp_path))
        async with journal:
            assert str(os.getpid()) in journal.writer()
        assert journal.writer() == ""

    @pytest.mark.anyio
    async def test_readers_see_who_writes(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """A reader sees whether a writer is alive, whenever it asks, and keeps none from coming."""
        self._need_persistence()
        async with open_journal(store_context(tmp_path)), open_journal(reader_context(tmp_path)) as reader:
            assert str(os.getpid()) in reader.writer()
        async with open_journal(reader_context(tmp_path)) as reader:
            for _ in range(3):
                assert reader.writer() == ""
                async with open_journal(store_context(tmp_path)):
                    assert str(os.getpid()) in reader.writer()
            assert reader.writer() == ""

    @pytest.mark.anyio
    async def test_readers_see_and_touch_nothing(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """Readers beside the writer and after it see what it stored, whatever session they come from."""
        self._need_persistence()
        events = chain_of(4)
        async with open_journal(store_context(tmp_path)) as journal:
            journal.start_run(_RUN)
            journal.append(events[:2])
            list(journal.read())  # a journal that buffers stores what it has, so that it can be read
            async with open_journal(reader_context(tmp_path)) as reader:
                assert list(reader.read()) == events[:2]
                with pytest.raises(JournalError):
                    reader.append(events[2:])
                with pytest.raises(JournalError):
                    reader.start_run(_RUN)
                journal.append(events[2:])
                list(journal.read())
                assert reader.last() == events[3]
        async with open_journal(reader_context(tmp_path)) as reader:
            assert list(reader.read()) == events
            assert list(reader.runs()) == [_RUN]

    @pytest.mark.anyio
    async def test_a_reader_makes_no_journal(self, open_journal: OpenJournal, tmp_path: Path) -> None:
        """Looking where nothing is is an error and leaves nothing behind."""
        self._need_persistence()
        with pytest.raises(JournalError):
            async with open_journal(reader_context(tmp_path / "none")):
                pytest.fail("a reader opened a journal that is not there")
        assert not (tmp_path / "none").exists()

    def _need_persistence(self) -> None:
        if not self.persistent:
            pytest.skip("this journal ends with its object")
