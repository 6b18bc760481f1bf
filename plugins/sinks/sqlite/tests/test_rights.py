"""Who may do what, as SQLite enforces it, and from another process."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import anyio
import pytest

from arbcore.errors import JournalError
from arbcore.journal.projections import Projections
from arbcore.model.command import CommandRequest, PauseEngine
from arbcore.testing.stores import chain_of, reader_context, store_context
from arbcore_sink_sqlite.control import SqliteControlStore
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

NEVER = [
    "UPDATE event_store SET time = 0",
    "DELETE FROM event_store",
    "DROP TABLE event_store",
    "CREATE TABLE mine (a)",
    "CREATE TRIGGER t AFTER INSERT ON event_store BEGIN SELECT 1; END",
    "DELETE FROM run_metadata",
    "UPDATE snapshot_store SET body = x'00'",
    "UPDATE journal_identity SET session = 'mine'",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA writable_schema = ON",
    "ATTACH ':memory:' AS other",
]
INSERT = "INSERT INTO event_store VALUES (99, 0, 'EnginePaused', '', x'7b7d', x'00')"


@pytest.mark.anyio
async def test_nobody_changes_events(settings: SqliteSettings, tmp_path: Path) -> None:
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.append(chain_of(3))
        async with SqliteJournal(settings, reader_context(tmp_path)) as reader:
            for statement in NEVER:
                with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
                    journal._opened().execute(statement)
                with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
                    reader._opened().execute(statement)
            with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
                reader._opened().execute(INSERT)
            with pytest.raises(JournalError, match="may not do that"):
                reader.project(Projections().summary())
        assert list(journal.read()) == chain_of(3)


@pytest.mark.anyio
async def test_a_control_store_is_inserted_into_and_answered(settings: SqliteSettings, tmp_path: Path) -> None:
    async with (
        SqliteControlStore(settings, store_context(tmp_path)) as store,
        SqliteControlStore(settings, reader_context(tmp_path)) as outside,
    ):
        outside.insert(CommandRequest(id="a", command=PauseEngine(), issued_by="cli", recv_ts=1))
        with pytest.raises(JournalError, match="may not do that"):
            store.insert_draft("a: 1", "engine")
        for owner, statement in (
            (store, "DELETE FROM command_store"),
            (store, "UPDATE config_store SET body = ''"),
            (outside, "UPDATE command_store SET state = 'ACK'"),
            (outside, "DELETE FROM config_store"),
            (outside, "DROP TABLE command_store"),
        ):
            connection = owner._connect()
            with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
                connection.execute(statement)
            connection.close()
        assert [command.request.id for command in store.claim("session")] == ["a"]


@pytest.mark.anyio
async def test_a_control_store_that_never_was_is_not_made(settings: SqliteSettings, tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no session has run there"):
        async with SqliteControlStore(settings, reader_context(tmp_path / "typo")):
            pytest.fail("opened a store that is not there")
    assert not (tmp_path / "typo").exists()


READER = """
import asyncio, sys
from pathlib import Path
from arbcore.errors import JournalError
from arbcore.testing.stores import chain_of, reader_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

async def main():
    async with SqliteJournal(SqliteSettings(use="sqlite"), reader_context(Path(sys.argv[1]))) as reader:
        print(sum(1 for _ in reader.read()))
        try:
            reader.append(chain_of(1, 4, reader.last().hash))
        except JournalError as error:
            print(error.what)

asyncio.run(main())
"""


@pytest.mark.anyio
async def test_another_process_reads_and_can_not_write(
    spawn: Callable[..., Popen[str]], settings: SqliteSettings, tmp_path: Path
) -> None:
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.append(chain_of(3))
        count, refusal = spawn(READER, tmp_path).communicate()[0].splitlines()
        assert count == "3"
        assert "may not do that" in refusal
        assert list(journal.read()) == chain_of(3)


CLAIMER = """
import asyncio, sys
from pathlib import Path
from arbcore.model.state import CommandState
from arbcore.testing.stores import store_context
from arbcore_sink_sqlite.control import SqliteControlStore
from arbcore_sink_sqlite.settings import SqliteSettings

async def main():
    async with SqliteControlStore(SqliteSettings(use="sqlite"), store_context(Path(sys.argv[1]))) as store:
        print("ready", flush=True)
        while True:
            for command in store.claim(sys.argv[2]):
                print(command.request.id, flush=True)
            if sum(command.state is not CommandState.NEW for command in store.commands()) == int(sys.argv[3]):
                return

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.anyio
async def test_two_processes_claim_each_command_once(
    spawn: Callable[..., Popen[str]], settings: SqliteSettings, tmp_path: Path
) -> None:
    total, patient = 60, settings.model_copy(update={"busy_timeout": 30 * 10**9})
    async with SqliteControlStore(patient, store_context(tmp_path)):
        claimers = [spawn(CLAIMER, tmp_path, name, str(total)) for name in ("one", "two")]
        for claimer in claimers:
            assert claimer.stdout is not None
            assert claimer.stdout.readline() == "ready\n"
        async with SqliteControlStore(patient, reader_context(tmp_path)) as outside:
            for number in range(total):
                outside.insert(CommandRequest(id=str(number), command=PauseEngine(), issued_by="cli", recv_ts=number))
            got = [claimer.communicate()[0].split() for claimer in claimers]
            assert sorted([*got[0], *got[1]], key=int) == [str(number) for number in range(total)]
            claimed = {command.request.id: command.claimed_by for command in outside.commands()}
            assert claimed == {**dict.fromkeys(got[0], "one"), **dict.fromkeys(got[1], "two")}


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.anyio
async def test_a_folder_that_can_not_be_written_is_read_as_it_lies(settings: SqliteSettings, tmp_path: Path) -> None:
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.append(chain_of(3))
    await anyio.Path(tmp_path).chmod(0o500)
    try:
        async with SqliteJournal(settings, reader_context(tmp_path)) as reader:
            assert list(reader.read()) == chain_of(3)
    finally:
        await anyio.Path(tmp_path).chmod(0o700)


@pytest.mark.anyio
async def test_events_in_the_log_beside_the_file_are_read(settings: SqliteSettings, tmp_path: Path) -> None:
    crashed = tmp_path / "crashed"
    async with SqliteJournal(settings, store_context(tmp_path / "source")) as journal:
        journal.append(chain_of(3))
        shutil.copytree(tmp_path / "source", crashed)
    assert (crashed / "journal.db-wal").stat().st_size > 0
    async with SqliteJournal(settings, reader_context(crashed)) as reader:
        assert list(reader.read()) == chain_of(3)


@pytest.mark.skipif(sys.platform == "win32", reason="drive letters")
@pytest.mark.anyio
async def test_a_reader_may_name_file_or_folder(settings: SqliteSettings, tmp_path: Path) -> None:
    there = tmp_path / "a b#?%20"
    async with SqliteJournal(settings, store_context(there)) as journal:
        journal.append(chain_of(2))
    for location in (there, there / "journal.db"):
        async with SqliteJournal(settings, reader_context(tmp_path / "elsewhere", location)) as reader:
            assert reader.location() == str(there / "journal.db")
            assert list(reader.read()) == chain_of(2)
