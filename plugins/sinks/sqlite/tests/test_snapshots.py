"""Snapshots in a journal that was written before there were any."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from arbcore.ports.journal import StoredEvent
from arbcore.testing.stores import reader_context, snapshot_of, store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings


@pytest.mark.anyio
async def test_a_journal_without_the_table_opens_and_gets_it(
    settings: SqliteSettings, tmp_path: Path, events: list[StoredEvent]
) -> None:
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.append(events)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("DROP TABLE snapshot_store")
    async with SqliteJournal(settings, reader_context(tmp_path)) as reader:
        assert list(reader.snapshots()) == []
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.keep_snapshot(snapshot_of(events[-1]))
        assert list(journal.snapshots()) == [snapshot_of(events[-1])]


@pytest.mark.anyio
async def test_a_snapshot_is_never_ahead_of_its_events(tmp_path: Path, events: list[StoredEvent]) -> None:
    settings = SqliteSettings(use="sqlite", durability="batch")
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.append(events)
        journal.keep_snapshot(snapshot_of(events[-1]))
        async with SqliteJournal(settings, reader_context(tmp_path)) as reader:
            assert reader.last() == events[-1]
