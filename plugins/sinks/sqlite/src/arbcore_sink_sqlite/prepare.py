"""Making a store ready before it is used: its tables, whose journal it is, and a torn tail."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from arbcore.context import Context
from arbcore.errors import ForeignJournal, JournalError
from arbcore.journal._sql import records
from arbcore.journal._sql.database import open_engine, schema, transaction
from arbcore.journal._sql.tables import CONTROL_ROWS, JOURNAL_ROWS, Row
from arbcore.journal.chain import START, Anchor
from arbcore.ports.journal import StoredEvent
from arbcore_sink_sqlite.connection import begin, connect, mark
from arbcore_sink_sqlite.settings import SqliteSettings
from arbcore_sink_sqlite.tail import LOOK_BACK, torn_tail

COLUMNS: Final = "SELECT sequence, time, type, key, CAST(body AS BLOB), CAST(hash AS BLOB) FROM event_store"
"""Reads events: the fields of `StoredEvent` in their order. Cast, since a changed row may hold any type."""


def prepare_control(path: Path, settings: SqliteSettings) -> None:
    """Make the control store where it is missing."""
    _create(path, settings, CONTROL_ROWS)


def prepare_journal(path: Path, settings: SqliteSettings, context: Context) -> None:
    """Make the journal where it is missing, and check and mend it where it is there. Needs the lease.

    Raises:
        ForeignJournal: It belongs to another session.
        JournalError: More is broken than an interrupted write can leave.
    """
    _create(path, settings, JOURNAL_ROWS)
    engine = open_engine("sqlite", lambda: connect(path, settings), begin)
    ours = (context.session, context.mode, context.environment)
    try:
        with transaction(engine, writes=True) as connection:
            _require_ours(path, ours, records.claim_identity(connection, *ours))
            rows = connection.exec_driver_sql(f"{COLUMNS} ORDER BY sequence DESC LIMIT {LOOK_BACK}").fetchall()
            broken, problem = torn_tail([StoredEvent(*row) for row in reversed(rows)])
            records.cut(connection, broken, problem)
            _require_noted(path, records.last_anchor(connection), lambda at: records.hash_at(connection, at))
    finally:
        engine.dispose()
    if broken:
        context.logger.warning(
            "%s: cut off %d events from %d on, kept in the table cut_event: an interrupted write left them broken (%s)",
            path, len(broken), broken[0].sequence, problem,
        )  # fmt: skip


def _require_ours(path: Path, ours: tuple[str, str, str], theirs: tuple[str, str, str]) -> None:
    if ours != theirs:
        wanted, found = ("{} ({}, {})".format(*identity) for identity in (ours, theirs))
        raise ForeignJournal(
            f"{path} belongs to session {found}, and this is {wanted}",
            "give this session a place or name of its own, or archive the old one",
        )


def _require_noted(path: Path, noted: Anchor, hash_at: Callable[[int], bytes | None]) -> None:
    """Refuse a journal that lacks what was there when a session closed: no interrupted write does that."""
    if noted != START and hash_at(noted.sequence) != noted.hash:
        raise JournalError(
            f"{path}: event {noted.sequence} was stored and is missing or changed",
            "restore the file, or copy the folder and run `arb journal verify` on the copy",
        )


def _create(path: Path, settings: SqliteSettings, rows: Sequence[type[Row]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = open_engine("sqlite", lambda: connect(path, settings), begin)
    with closing(connect(path, settings)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in schema(engine.dialect, rows):
            connection.execute(statement)
        mark(connection)
        connection.execute("COMMIT")
