"""SQLite's errors in words: what happened, where, and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from arbcore.errors import JournalError

_KNOWN = {
    sqlite3.SQLITE_BUSY: (
        "another process holds its lock",
        "close other programs that have the file open, or raise busy_timeout",
    ),
    sqlite3.SQLITE_FULL: ("the disk is full", "make room; everything stored before is intact"),
    sqlite3.SQLITE_IOERR: ("the disk refused", "check room, quota and health of the disk"),
    sqlite3.SQLITE_READONLY: ("it can't be written", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_CANTOPEN: ("it can't be opened", "check that the folder exists and who may use it"),
    sqlite3.SQLITE_NOTADB: ("it is not an SQLite database", "name another path, or move the file away"),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", "copy the folder, then run `arb journal verify` on the copy"),
    sqlite3.SQLITE_AUTH: ("this process may not do that", "only the session's engine writes here: give it a command"),
}


@contextmanager
def explained(path: Path, action: str) -> Iterator[None]:
    """Turn what the database raises into one clear error.

    Args:
        path: The file.
        action: What could not be done, as in ``can't store events``.

    Raises:
        JournalError: For any error of SQLite or of the file system.
    """
    try:
        yield
    except sqlite3.Error as error:
        # The low byte is the error, the others tell its kind.
        why, fix = _KNOWN.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, (str(error), ""))
        detail = "" if str(error) in why else f" ({error})"
        raise JournalError(f"{path}: can't {action}: {why}{detail}", fix) from error
    except UnicodeDecodeError as error:
        # SQLite quotes damaged names in its messages, which Python can't decode then.
        why, fix = _KNOWN[sqlite3.SQLITE_CORRUPT]
        raise JournalError(f"{path}: can't {action}: {why}", fix) from error
    except OSError as error:
        raise JournalError(f"{path}: can't {action}: {error.strerror or error}", "check the folder") from error
