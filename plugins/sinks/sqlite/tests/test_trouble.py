"""A full disk, a locked database, a file that is not ours: one clear error each, and nothing stored is lost."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import Popen

import pytest

from arbcore.errors import JournalError
from arbcore.journal.chain import verify
from arbcore.model.command import CommandRequest, PauseEngine
from arbcore.ports.journal import StoredEvent
from arbcore.testing.stores import chain_of, reader_context, store_context
from arbcore_sink_sqlite.control import SqliteControlStore
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

FILLER = """
import asyncio, resource, sys
from pathlib import Path
from arbcore.errors import JournalError
from arbcore.journal.chain import GENESIS
from arbcore.testing.stores import chain_of, store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

async def main():
    journal = SqliteJournal(SqliteSettings(use="sqlite", durability=sys.argv[2]), store_context(Path(sys.argv[1])))
    async with journal:
        sys.dont_write_bytecode = True
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        number, previous = 0, GENESIS
        for _ in range(10_000):
            events = chain_of(3, number + 1, previous)
            try:
                journal.append(events)
            except JournalError as error:
                assert isinstance(error.__cause__, Exception)
                print(number, str(error).replace("\\n", " "), flush=True)
                break
            number, previous = events[-1].sequence, events[-1].hash
        print(sum(1 for _ in journal.read()))

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is POSIX")
@pytest.mark.anyio
@pytest.mark.parametrize("durability", ["process", "power"])
async def test_a_full_disk(
    spawn: Callable[..., Popen[str]], settings: SqliteSettings, tmp_path: Path, durability: str
) -> None:
    filler = spawn(FILLER, tmp_path, durability)
    first, second = filler.communicate()[0].splitlines()[:2]
    stored, _, message = first.partition(" ")
    assert int(stored) > 100
    assert "can't store event" in message
    assert "disk" in message
    assert int(second) == int(stored)
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        report = verify(journal.read())
        assert report.ok
        assert report.events == int(stored)
        journal.append(chain_of(1, report.events + 1, report.last.hash))


@pytest.mark.anyio
async def test_room_again_and_it_goes_on(settings: SqliteSettings, tmp_path: Path) -> None:
    events = chain_of(2000)
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.append(events[:10])
        _limit_pages(journal, 40)
        with pytest.raises(JournalError, match="disk is full"):
            journal.append(events[10:])
        assert list(journal.read()) == events[:10]
        assert journal.last() == events[9]
        _limit_pages(journal, 100_000)
        journal.append(events[10:])
        assert verify(journal.read()).events == 2000


@pytest.mark.anyio
async def test_a_buffer_keeps_what_the_disk_refused(tmp_path: Path) -> None:
    settings, events = SqliteSettings(use="sqlite", durability="batch", batch_events=500), chain_of(1200)
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.append(events[:400])
        _limit_pages(journal, 30)
        with pytest.raises(JournalError, match="disk is full"):
            journal.append(events[400:900])
        assert journal.last() == events[399]
        _limit_pages(journal, 100_000)
        journal.append(events[400:])
    async with SqliteJournal(settings, reader_context(tmp_path)) as reader:
        assert list(reader.read()) == events


@pytest.mark.anyio
async def test_a_locked_database(settings: SqliteSettings, tmp_path: Path, events: list[StoredEvent]) -> None:
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.append(events[:2])
        other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        for batch in (events[2:3], events[2:]):
            with pytest.raises(JournalError, match=r"can't store event 3 .*another process holds its lock"):
                journal.append(batch)
        assert list(journal.read()) == events[:2]
        other.execute("ROLLBACK")
        other.close()
        journal.append(events[2:])
        assert verify(journal.read()).events == 40


@pytest.mark.anyio
async def test_a_database_locked_before_it_is_opened(settings: SqliteSettings, tmp_path: Path) -> None:
    async with SqliteJournal(settings, store_context(tmp_path)):
        pass
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalError, match="can't open it: another process holds its lock"):
        async with SqliteJournal(settings, store_context(tmp_path)):
            pytest.fail("a locked database was opened")
    other.close()
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        assert journal.last() is None


@pytest.mark.anyio
async def test_a_locked_control_store(settings: SqliteSettings, tmp_path: Path) -> None:
    async with SqliteControlStore(settings, store_context(tmp_path)) as store:
        other = sqlite3.connect(tmp_path / "control.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="can't claim commands: another process holds its lock"):
            store.claim("session")
        other.close()
        assert list(store.claim("session")) == []


@pytest.mark.anyio
async def test_what_is_not_ours_is_left_alone(settings: SqliteSettings, tmp_path: Path) -> None:
    for name in ("text", "foreign", "newer"):
        (tmp_path / name).mkdir()
    (tmp_path / "text" / "journal.db").write_text("no database, but long enough to be read as one " * 50)
    for name, statements in {
        "foreign": ["CREATE TABLE theirs (a)"],
        "newer": ["CREATE TABLE t (a)", f"PRAGMA application_id = {0x61726263}", "PRAGMA user_version = 99"],
    }.items():
        connection = sqlite3.connect(tmp_path / name / "journal.db")
        for statement in statements:
            connection.execute(statement)
        connection.close()
    for name, message in {"text": "not an SQLite", "foreign": "another program", "newer": "newer arbcore"}.items():
        before = (tmp_path / name / "journal.db").read_bytes()
        for context in (store_context(tmp_path / name), reader_context(tmp_path / name)):
            with pytest.raises(JournalError, match=message):
                async with SqliteJournal(settings, context):
                    pytest.fail(f"opened {name}")
        assert (tmp_path / name / "journal.db").read_bytes() == before


@pytest.mark.anyio
async def test_a_folder_that_can_not_be_made(settings: SqliteSettings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for store in (SqliteJournal, SqliteControlStore):
        with pytest.raises(JournalError, match="can't open it"):
            async with store(settings, store_context(tmp_path / "file" / "session")):
                pytest.fail("opened a store below a file")


@pytest.mark.anyio
async def test_damage_anywhere_in_the_file_is_never_taken_for_sound(settings: SqliteSettings, tmp_path: Path) -> None:
    events, outcomes = chain_of(200), set()
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.append(events)
    file = tmp_path / "journal.db"
    sound = file.read_bytes()
    for place in range(8, len(sound), 1009):
        file.write_bytes(sound[:place] + b"\xff" * 16 + sound[place + 16 :])
        try:
            async with SqliteJournal(settings, reader_context(tmp_path)) as reader:
                read = list(reader.read())
                outcomes.add("sound" if verify(read).ok else "found")
                assert not verify(read).ok or read == events
        except JournalError:
            outcomes.add("refused")
    assert {"found", "refused"} <= outcomes


@pytest.mark.anyio
async def test_a_journal_that_is_not_open_says_so(settings: SqliteSettings, tmp_path: Path) -> None:
    journal = SqliteJournal(settings, store_context(tmp_path))
    with pytest.raises(JournalError, match="not open"):
        journal.append(chain_of(1))
    async with journal:
        journal.append(chain_of(1))
    with pytest.raises(JournalError, match="not open"):
        list(journal.read())


def _limit_pages(journal: SqliteJournal, pages: int) -> None:
    connection = journal._opened()
    connection.set_authorizer(None)
    connection.execute(f"PRAGMA max_page_count = {pages}")


@pytest.mark.anyio
async def test_a_damaged_command_is_refused_and_holds_up_no_other(settings: SqliteSettings, tmp_path: Path) -> None:
    async with SqliteControlStore(settings, store_context(tmp_path)) as store:
        for name in ("a", "damaged", "b"):
            store.insert(CommandRequest(id=name, command=PauseEngine(), issued_by="cli", recv_ts=5))
        with closing(sqlite3.connect(tmp_path / "control.db")) as other:
            other.execute("UPDATE command_store SET body = ? WHERE id = 'damaged'", (b"\xff{",))
            other.commit()
        assert [command.request.id for command in store.claim("session")] == ["a", "b"]
        with closing(sqlite3.connect(tmp_path / "control.db")) as other:
            ((state, reason),) = other.execute("SELECT state, reason FROM command_store WHERE id = 'damaged'")
    assert state == "FAILED"
    assert "can't read the command" in reason
