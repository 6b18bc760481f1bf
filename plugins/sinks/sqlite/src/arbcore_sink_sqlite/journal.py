"""The journal in SQLite."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final, Self

import msgspec

from arbcore.context import Context
from arbcore.errors import JournalError
from arbcore.journal._sql import records
from arbcore.journal._sql.database import insert_events, open_engine, transaction
from arbcore.journal._sql.tables import APPENDED, PROJECTIONS, SNAPSHOTS
from arbcore.journal.chain import START, Anchor, require_continuation, require_place
from arbcore.journal.projections import Summary
from arbcore.journal.reading import ReaderContext
from arbcore.ports.journal import RunMetadata, StoredEvent, StoredSnapshot, Survival
from arbcore_sink_sqlite.connection import (
    JOURNAL,
    Rights,
    begin,
    connect,
    connect_to_read,
    make_folder,
    place,
    restrict,
)
from arbcore_sink_sqlite.errors import explained
from arbcore_sink_sqlite.lease import Lease
from arbcore_sink_sqlite.prepare import COLUMNS, prepare_journal
from arbcore_sink_sqlite.settings import SqliteSettings

_INSERT: Final = frozenset({sqlite3.SQLITE_INSERT})
_ALL: Final = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_KEEP: Final = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_DELETE})
_ENGINE: Final[Rights] = {
    **dict.fromkeys(APPENDED, _INSERT),
    **dict.fromkeys(PROJECTIONS, _ALL),
    SNAPSHOTS: _KEEP,
}
_READER: Final[Rights] = {}
_CHUNK: Final = 1000
_END: Final = 2**63 - 1


class SqliteJournal:
    """Events of one session in a file; the engine's process appends, all others read.

    Args:
        settings: Place, durability and patience.
        context: Whose journal it is. A `ReaderContext` opens it for reading, without the lease.
    """

    def __init__(self, settings: SqliteSettings, context: Context) -> None:
        self._settings: Final = settings
        self._context: Final = context
        self._path: Final = place(settings, context, JOURNAL)
        self._reading: Final = isinstance(context, ReaderContext)
        self._durability: Final = settings.durability_in(context.mode)
        self._lease: Final = Lease(self._path.with_suffix(".lease"), context.session)
        self._engine: Final = open_engine("sqlite", self._connect, begin)
        self._insert: Final = insert_events(self._engine.dialect)
        self._connection: sqlite3.Connection | None = None
        self._pending: list[StoredEvent] = []
        self._last: StoredEvent | None = None
        self._begins = self._durability == "process" and not self._reading

    async def __aenter__(self) -> Self:
        """Open it and take the lease.

        Raises:
            JournalError: It can't be opened, belongs to another session or mode, or is in use; or real orders would
                leave before they are stored.
        """
        self._require_stored_first()
        try:
            with explained(self._path, "open it"):
                if not self._reading:
                    make_folder(self._path.parent)
                    self._lease.take()
                    prepare_journal(self._path, self._settings, self._context)
                self._connection = self._connect()
                if self._begins:
                    self._sync("FULL")
                self._last = self._newest()
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Store what is buffered, note the place in the chain, close, and give the lease back."""
        try:
            if self._connection is not None and not self._reading:
                self.flush()
                self._note()
        except JournalError:
            # The error that ends the session says more than what follows from it.
            if not any(exc):
                raise
        finally:
            self._close()

    def start_run(self, metadata: RunMetadata) -> None:
        """Note what runs, outside the chain."""
        with explained(self._path, "note the run"), transaction(self._engine, writes=True) as connection:
            records.add_run(connection, metadata)

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Store events that continue the chain, all or none.

        Raises:
            JournalError: They can't be stored; nothing stored before is lost.
        """
        if not events:
            return
        require_continuation(self._place(), events)
        if self._durability != "batch" or self._reading:
            self._store(events)
        else:
            if len(self._pending) + len(events) > self._settings.batch_events:
                self.flush()
            self._pending += events
        self._last = events[-1]

    def flush(self) -> None:
        """Store what `batch` keeps in memory.

        Raises:
            JournalError: It can't be stored; it stays in memory, and the next try takes it along.
        """
        if self._pending:
            self._store(self._pending)
            self._pending = []

    def last(self) -> StoredEvent | None:
        """Return the newest event, None where there is none."""
        return self._newest() if self._reading else self._last

    def read(self, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
        """Return events by sequence, in order, both ends included; what is appended meanwhile is among them."""
        self.flush()
        end = _END if last is None else min(last, _END)
        while rows := self._select("WHERE sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?", first, end, _CHUNK):
            yield from (StoredEvent(*row) for row in rows)
            first = rows[-1][0] + 1

    def runs(self) -> Sequence[RunMetadata]:
        """Return what ran on this journal, oldest first."""
        with explained(self._path, "read it"), transaction(self._engine, writes=False) as connection:
            return records.list_runs(connection)

    def keep_snapshot(self, snapshot: StoredSnapshot) -> None:
        """Store a snapshot beside the chain, as durably as events; only the last three are kept.

        Raises:
            JournalError: It is not of the newest event, or can't be stored.
        """
        require_place(self._place(), snapshot)
        self.flush()
        with explained(self._path, "keep a snapshot"), transaction(self._engine, writes=True) as connection:
            records.add_snapshot(connection, snapshot)

    def snapshots(self) -> Sequence[StoredSnapshot]:
        """Return the snapshots that are kept, the newest first; none from a journal that never was open for any."""
        with explained(self._path, "read it"):
            known = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
            if not self._opened().execute(known, (SNAPSHOTS,)).fetchone()[0]:
                return ()
        with explained(self._path, "read it"), transaction(self._engine, writes=False) as connection:
            return records.list_snapshots(connection)

    def survives(self) -> Survival:
        """Return what events survive once `append` has returned."""
        return "nothing" if self._durability == "batch" else self._durability

    def location(self) -> str:
        """Return where it lies, for people."""
        return str(self._path)

    def writer(self) -> str:
        """Return who holds the lease now, empty where nobody does.

        Raises:
            JournalError: The lease can't be read.
        """
        with explained(self._path, "see who writes it"):
            return self._lease.holder()

    def project(self, summary: Summary) -> None:
        """Replace the stored projections, all or none."""
        with explained(self._path, "store projections"), transaction(self._engine, writes=True) as connection:
            records.put_summary(connection, summary)

    def projected(self) -> Summary | None:
        """Return the stored projections, None where none were stored."""
        with explained(self._path, "read it"), transaction(self._engine, writes=False) as connection:
            return records.get_summary(connection)

    def _require_stored_first(self) -> None:
        if self._durability == "batch" and self._context.mode == "live" and not self._reading:
            raise JournalError(
                "journal.durability: batch keeps events in memory: real orders would leave before they are stored",
                "use power, the default with real orders, or process",
            )

    def _connect(self) -> sqlite3.Connection:
        if self._reading:
            connection = connect_to_read(self._path, self._settings)
        else:
            full = self._durability == "power"
            connection = connect(self._path, self._settings, synchronous="FULL" if full else "NORMAL")
        restrict(connection, _READER if self._reading else _ENGINE)
        return connection

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise JournalError(f"{self._path} is not open", "enter the journal first: `async with journal:`")
        return self._connection

    def _sync(self, level: str) -> None:
        """Say whether each write waits for the disk; the session's rights don't allow it, so they are lifted for it."""
        connection = self._opened()
        connection.set_authorizer(None)
        connection.execute(f"PRAGMA synchronous = {level}")
        restrict(connection, _ENGINE)

    def _store(self, events: Sequence[StoredEvent]) -> None:
        self._write(events)
        if self._begins:
            # What a start stores first holds the epoch of its order ids. It outlives the power even where the rest
            # need not, so that no later start can take the same one.
            self._begins = False
            self._sync("NORMAL")

    def _write(self, events: Sequence[StoredEvent]) -> None:
        connection, rows = self._opened(), [msgspec.structs.astuple(event) for event in events]
        with explained(self._path, f"store event {events[0].sequence} and {len(events) - 1} more"):
            if len(rows) == 1:
                connection.execute(self._insert, rows[0])
                return
            try:
                connection.execute(begin(writes=True))
                connection.executemany(self._insert, rows)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _select(self, where: str, *values: int) -> list[tuple[int, int, str, str, bytes, bytes]]:
        connection = self._opened()
        with explained(self._path, "read it"):
            return connection.execute(f"{COLUMNS} {where}", values).fetchall()

    def _newest(self) -> StoredEvent | None:
        rows = self._select("ORDER BY sequence DESC LIMIT 1")
        return StoredEvent(*rows[0]) if rows else None

    def _place(self) -> Anchor:
        last = self.last()
        return Anchor(last.sequence, last.hash) if last else START

    def _note(self) -> None:
        if self._last is not None:
            with explained(self._path, "close it"), transaction(self._engine, writes=True) as connection:
                records.add_anchor(connection, self._last)

    def _close(self) -> None:
        self._engine.dispose()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._lease.release()
