"""Torn tails are cut and kept; anything that an interrupted write can't do is refused or left to be found."""

import logging
import shutil
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from arbcore.errors import JournalError
from arbcore.journal.chain import verify
from arbcore.ports.journal import StoredEvent
from arbcore.testing.stores import chain_of, reader_context, store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings
from arbcore_sink_sqlite.tail import LOOK_BACK, torn_tail


async def crashed(folder: Path, settings: SqliteSettings, events: list[StoredEvent], closed: int = 0) -> None:
    """Leave a journal as a crash does: copied while it was open, closed well only after its first events."""
    source = folder.with_name("source")
    async with SqliteJournal(settings, store_context(source)) as journal:
        journal.append(events[:closed])
    async with SqliteJournal(settings, store_context(source)) as journal:
        journal.append(events[closed:])
        shutil.copytree(source, folder)


def change(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "journal.db")
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE event_store SET body = substr(body, 1, 30) WHERE sequence >= 39",
        "UPDATE event_store SET hash = x'00' WHERE sequence >= 39",
        "UPDATE event_store SET body = zeroblob(10) WHERE sequence >= 39",
        "UPDATE event_store SET sequence = sequence + 5 WHERE sequence >= 39",
    ],
)
async def test_a_torn_tail_is_cut_and_kept(
    settings: SqliteSettings,
    tmp_path: Path,
    events: list[StoredEvent],
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = tmp_path / "crashed"
    await crashed(folder, settings, events, closed=5)
    change(folder, damage)
    with caplog.at_level(logging.WARNING):
        async with SqliteJournal(settings, store_context(folder)) as journal:
            assert journal.last() == events[37]
            journal.append(events[38:])
            assert verify(journal.read()).events == 40
    assert "cut off 2 events" in caplog.text
    connection = sqlite3.connect(folder / "journal.db")
    assert connection.execute("SELECT count(*) FROM cut_event").fetchone() == (2,)
    connection.close()


@pytest.mark.anyio
async def test_all_of_a_short_journal_may_be_torn(settings: SqliteSettings, tmp_path: Path) -> None:
    folder = tmp_path / "crashed"
    await crashed(folder, settings, chain_of(1))
    change(folder, "UPDATE event_store SET body = x'7b'")
    async with SqliteJournal(settings, store_context(folder)) as journal:
        assert journal.last() is None
        journal.append(chain_of(3))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM event_store WHERE sequence >= 35", "UPDATE event_store SET hash = x'00' WHERE sequence >= 39"],
)
async def test_what_was_there_at_a_close_can_not_be_torn(
    settings: SqliteSettings, tmp_path: Path, events: list[StoredEvent], damage: str
) -> None:
    folder = tmp_path / "closed"
    async with SqliteJournal(settings, store_context(folder)) as journal:
        journal.append(events)
    change(folder, damage)
    with pytest.raises(JournalError, match="event 40 was stored and is missing or changed"):
        async with SqliteJournal(settings, store_context(folder)):
            pytest.fail("a journal that lost events was opened")
    async with SqliteJournal(settings, reader_context(folder)) as reader:
        assert len(list(reader.read())) >= 34


@pytest.mark.anyio
async def test_a_change_in_the_middle_stays_to_be_found(
    settings: SqliteSettings, tmp_path: Path, events: list[StoredEvent]
) -> None:
    folder = tmp_path / "crashed"
    await crashed(folder, settings, events)
    change(folder, "UPDATE event_store SET body = replace(body, 'r20', 'r99') WHERE sequence = 20")
    async with SqliteJournal(settings, store_context(folder)) as journal:
        assert journal.last() == events[-1]
        report = verify(journal.read())
        assert (report.bad, report.torn) == (20, False)


def test_the_window_is_checked_from_its_second_event() -> None:
    newest = chain_of(LOOK_BACK + 10)[10:]
    assert torn_tail(newest) == ([], "")
    broken = replace(newest[-1], body=b"{")
    assert torn_tail([*newest[:-1], broken])[0] == [broken]
