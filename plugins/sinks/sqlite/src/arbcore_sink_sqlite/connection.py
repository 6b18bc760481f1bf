"""Connections: the file's place, its mark, how it is written, and who may do what."""

import os
import sqlite3
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from arbcore.context import Context
from arbcore.errors import JournalError
from arbcore.journal.reading import ReaderContext
from arbcore_sink_sqlite.settings import SqliteSettings

JOURNAL: Final = "journal.db"
CONTROL: Final = "control.db"

_MARK: Final = 0x61726263
"""Says in the file's header that it is arbcore's: the letters arbc."""
_SCHEMA: Final = 1

Rights = Mapping[str, frozenset[int]]
"""What may be done to each table besides reading it; everything else is refused."""

_READING: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_FUNCTION}
)
_CHANGES: Final = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}


def place(settings: SqliteSettings, context: Context, name: str) -> Path:
    """Return where a store's file lies.

    Args:
        settings: May name the folder.
        context: Has the session's folder; a reader's may name a file or folder of its own.
        name: Name of the file.
    """
    location = context.location if isinstance(context, ReaderContext) else None
    if location is not None and location.is_file():
        return location.with_name(CONTROL) if name == CONTROL else location
    return (location or settings.path or context.data_dir) / name


def make_folder(folder: Path) -> None:
    """Make a folder, and sync every one that gains an entry by that, so that a synced file in it can be found again."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    if sys.platform != "win32":
        above = os.open(folder.parent, os.O_RDONLY)
        try:
            os.fsync(above)
        finally:
            os.close(above)


def connect(path: Path, settings: SqliteSettings, *, synchronous: str = "NORMAL") -> sqlite3.Connection:
    """Open a file for writing, in WAL mode, each statement a transaction of its own.

    Raises:
        JournalError: The file belongs to another program or to a newer arbcore.
        sqlite3.Error: It can't be opened.
    """
    connection = _open(str(path), settings)
    try:
        _check_mark(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA fullfsync = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path, settings: SqliteSettings) -> sqlite3.Connection:
    """Open a file so that nothing can be written, in a folder that may itself be read-only.

    Raises:
        JournalError: As for `connect`.
        sqlite3.Error: It can't be opened.
    """
    uri = path.absolute().as_uri()
    connection = _open(f"{uri}?mode=ro", settings, uri=True)
    try:
        _check_mark(connection, path)
    except sqlite3.OperationalError:
        connection.close()
        # WAL needs a file beside the database; without one nobody is writing, and it may be read as it lies.
        if path.with_name(path.name + "-wal").exists():
            raise
        connection = _open(f"{uri}?immutable=1", settings, uri=True)
        _check_mark(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def restrict(connection: sqlite3.Connection, rights: Rights) -> None:
    """Let a connection read everything, change what its rights say, and do nothing else."""
    connection.set_authorizer(_authorizer(rights))


def mark(connection: sqlite3.Connection) -> None:
    """Note in the file whose it is."""
    connection.execute(f"PRAGMA application_id = {_MARK}")
    connection.execute(f"PRAGMA user_version = {_SCHEMA}")


def begin(writes: bool) -> str:
    """Return how a transaction begins: one that writes takes the lock at once, so that waiting for it works."""
    return "BEGIN IMMEDIATE" if writes else "BEGIN"


def _open(address: str, settings: SqliteSettings, *, uri: bool = False) -> sqlite3.Connection:
    seconds = settings.busy_timeout / 10**9
    connection = sqlite3.connect(address, timeout=seconds, isolation_level=None, check_same_thread=False, uri=uri)
    # Damaged text must reach the one who verifies, so that it is told where it is.
    connection.text_factory = lambda raw: raw.decode(errors="backslashreplace")
    return connection


def _check_mark(connection: sqlite3.Connection, path: Path) -> None:
    mark_found, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and mark_found != _MARK:
        raise JournalError(f"{path} is a database of another program", "name another path, or move the file away")
    if version > _SCHEMA:
        raise JournalError(f"{path} was written by a newer arbcore (schema {version}, known: {_SCHEMA})", "update")


def _authorizer(rights: Rights) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    def decide(action: int, subject: str | None, value: str | None, *_: str | None) -> int:
        # SQLAlchemy asks a new connection for this setting.
        asked = action == sqlite3.SQLITE_PRAGMA and (subject, value) == ("read_uncommitted", None)
        changes = action in _CHANGES and action in rights.get(subject or "", frozenset())
        return sqlite3.SQLITE_OK if asked or changes or action in _READING else sqlite3.SQLITE_DENY

    return decide
