"""Who may touch which store, tried out by real processes: the engine's, and any other one beside it."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

TRIES = """
import asyncio, json, sqlite3, sys
from pathlib import Path
from arbcore.testing.stores import reader_context, store_context
from arbcore_sink_sqlite.control import SqliteControlStore
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

WORDS = {
    "read": "SELECT * FROM {table} WHERE 0",
    "insert": "INSERT INTO {table} SELECT * FROM {table} WHERE 0",
    "update": "UPDATE {table} SET {column} = {column} WHERE 0",
    "delete": "DELETE FROM {table} WHERE 0",
}
ELSE = ("DROP TABLE {table}", "ALTER TABLE {table} RENAME TO other", "CREATE INDEX i ON {table} ({column})")
FILE = ("CREATE TABLE mine (a)", "ATTACH ':memory:' AS other", "PRAGMA journal_mode = DELETE", "VACUUM")


def may(connection, statement):
    try:
        connection.execute(statement).fetchall()
    except sqlite3.DatabaseError as error:
        assert any(word in str(error) for word in ('not authorized', 'prohibited', 'denied')), (statement, error)
        return False
    return True


def rights(connection):
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {}
    for table in tables:
        if table.startswith("sqlite_"):
            continue
        column = connection.execute(f"SELECT * FROM {table} WHERE 0").description[0][0]
        words = {word: may(connection, text.format(table=table, column=column)) for word, text in WORDS.items()}
        found[table] = [word for word, allowed in words.items() if allowed]
        for text in ELSE:
            assert not may(connection, text.format(table=table, column=column)), (table, text)
    for text in FILE:
        assert not may(connection, text), text
    return found


async def main():
    context = (store_context if sys.argv[2] == "engine" else reader_context)(Path(sys.argv[1]))
    settings = SqliteSettings(use="sqlite")
    async with SqliteJournal(settings, context) as journal, SqliteControlStore(settings, context) as control:
        commands = control._connect()
        print(json.dumps({**rights(journal._opened()), **rights(commands)}), flush=True)
        commands.close()
        sys.stdin.read()

asyncio.run(main())
"""
"""What a process is let do to each table. SQLite decides when it prepares a statement, so that none touches a row."""

ENGINE = {
    "event_store": ["read", "insert"],
    "command_store": ["read", "insert", "update"],
    "config_store": ["read"],
    "projection": ["read", "insert", "update", "delete"],
}
OTHERS = {
    "event_store": ["read"],
    "command_store": ["read", "insert"],
    "config_store": ["read", "insert"],
    "projection": ["read"],
}


@pytest.mark.slow
def test_each_process_may_do_what_the_catalogue_says(spawn: Callable[..., Popen[str]], tmp_path: Path) -> None:
    engine = spawn(TRIES, tmp_path, "engine")
    assert engine.stdout is not None
    first = json.loads(engine.stdout.readline())
    other = spawn(TRIES, tmp_path, "other")  # while the engine's process has both stores open
    second = json.loads(other.communicate()[0])
    assert engine.poll() is None
    for found, expected in ((first, ENGINE), (second, OTHERS)):
        projections = {table: words for table, words in found.items() if table.startswith("projection")}
        assert projections, "there is none"
        assert all(sorted(words) == sorted(expected["projection"]) for words in projections.values()), projections
        for table in ("event_store", "command_store", "config_store"):
            assert found[table] == expected[table], table
    kept_by_the_engine = set(first) - {"event_store", "command_store", "config_store"}
    assert all(second[table] == ["read"] for table in kept_by_the_engine), "anything else is read only, too"


CALLS = """
import asyncio, sys
from pathlib import Path
from arbcore.errors import JournalError
from arbcore.journal.projections import Projections
from arbcore.model.command import CommandRequest, PauseEngine
from arbcore.testing.stores import chain_of, reader_context
from arbcore_sink_sqlite.control import SqliteControlStore
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

async def main():
    context, settings = reader_context(Path(sys.argv[1])), SqliteSettings(use="sqlite")
    async with SqliteJournal(settings, context) as journal, SqliteControlStore(settings, context) as control:
        control.insert(CommandRequest(id="a", command=PauseEngine(), issued_by="t", recv_ts=1))
        assert control.insert_draft("a: 1", "t") == 1
        for call in (
            lambda: journal.append(chain_of(1)),
            lambda: journal.project(Projections().summary()),
            lambda: control.claim("t"),
            lambda: control.acknowledge("a", []),
            lambda: control.fail("a", "x"),
        ):
            try:
                call()
            except JournalError as error:
                print(str(error).replace(chr(10), " "))
            else:
                print("done")

asyncio.run(main())
"""


@pytest.mark.slow
def test_what_is_refused_is_told_clearly(spawn: Callable[..., Popen[str]], tmp_path: Path) -> None:
    engine = spawn(TRIES, tmp_path, "engine")
    assert engine.stdout is not None
    engine.stdout.readline()
    told = spawn(CALLS, tmp_path).communicate()[0].splitlines()
    assert len(told) == 5
    for line in told:
        assert "this process may not do that" in line
        assert "fix: only the session's engine writes here: give it a command" in line
