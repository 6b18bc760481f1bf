"""The control store in SQLite: commands and drafts, in a file of their own so that nobody can lock the order path."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self

from arbcore.context import Context
from arbcore.errors import JournalError
from arbcore.journal._sql import commands
from arbcore.journal._sql.database import Connection, open_engine, transaction
from arbcore.journal._sql.tables import COMMANDS, DRAFTS
from arbcore.journal.reading import ReaderContext
from arbcore.model.command import CommandRequest
from arbcore.model.state import CommandState
from arbcore.ports.journal import StoredCommand
from arbcore_sink_sqlite.connection import CONTROL, Rights, begin, connect, place, restrict
from arbcore_sink_sqlite.errors import explained
from arbcore_sink_sqlite.prepare import prepare_control
from arbcore_sink_sqlite.settings import SqliteSettings

_INSERT: Final = frozenset({sqlite3.SQLITE_INSERT})
_ENGINE: Final[Rights] = {COMMANDS: _INSERT | {sqlite3.SQLITE_UPDATE}}
_OTHERS: Final[Rights] = {COMMANDS: _INSERT, DRAFTS: _INSERT}


class SqliteControlStore:
    """Commands and drafts of one session; several processes may have it open.

    Args:
        settings: Place and patience.
        context: The engine claims and answers; a `ReaderContext` inserts commands and drafts.
    """

    def __init__(self, settings: SqliteSettings, context: Context) -> None:
        self._settings: Final = settings
        self._path: Final = place(settings, context, CONTROL)
        self._outside: Final = isinstance(context, ReaderContext)
        self._engine: Final = open_engine("sqlite", self._connect, begin)

    async def __aenter__(self) -> Self:
        """Open it.

        Raises:
            JournalError: It can't be opened, or no session ever ran here.
        """
        if self._outside and not self._path.exists():
            raise JournalError(f"{self._path} does not exist: no session has run there", "start the session first")
        with explained(self._path, "open it"):
            if not self._outside:
                prepare_control(self._path, self._settings)
            self._connect().close()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        self._engine.dispose()

    def insert(self, request: CommandRequest) -> None:
        """Store a new command.

        Raises:
            JournalError: Its id was used before.
        """
        try:
            with self._transaction("store a command", writes=True) as connection:
                commands.add_command(connection, request)
        except JournalError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise JournalError(f"the command id {request.id!r} was used before", "use a new id") from error
            raise

    def claim(self, claimer: str) -> Sequence[StoredCommand]:
        """Claim every new command for a session, in order of insertion; each is returned to one claimer once."""
        with self._transaction("claim commands", writes=True) as connection:
            return commands.claim_commands(connection, claimer)

    def acknowledge(self, command_id: str, events: Sequence[int]) -> None:
        """Mark a claimed command as applied.

        Raises:
            JournalError: No such command is claimed.
        """
        with self._transaction("answer a command", writes=True) as connection:
            found = commands.settle_command(connection, command_id, CommandState.ACK, events=events)
        self._require_claimed(command_id, found)

    def fail(self, command_id: str, reason: str) -> None:
        """Mark a claimed command as refused.

        Raises:
            JournalError: No such command is claimed.
        """
        with self._transaction("answer a command", writes=True) as connection:
            found = commands.settle_command(connection, command_id, CommandState.FAILED, reason=reason)
        self._require_claimed(command_id, found)

    def commands(self) -> Sequence[StoredCommand]:
        """Return all commands, in order of insertion."""
        with self._transaction("read commands", writes=False) as connection:
            return commands.list_commands(connection)

    def insert_draft(self, text: str, author: str) -> int:
        """Store a draft of the config and return its version."""
        with self._transaction("store a draft", writes=True) as connection:
            return commands.add_draft(connection, text, author)

    def draft(self, version: int) -> str:
        """Return the text of a draft.

        Raises:
            JournalError: There is no such version.
        """
        with self._transaction("read a draft", writes=False) as connection:
            text = commands.get_draft(connection, version)
        if text is None:
            raise JournalError(f"{self._path} has no draft of version {version}")
        return text

    @contextmanager
    def _transaction(self, action: str, *, writes: bool) -> Iterator[Connection]:
        with explained(self._path, action), transaction(self._engine, writes=writes) as connection:
            yield connection

    def _require_claimed(self, command_id: str, found: bool) -> None:
        if not found:
            raise JournalError(f"the command {command_id!r} is not claimed, so it can't be answered")

    def _connect(self) -> sqlite3.Connection:
        connection = connect(self._path, self._settings)
        restrict(connection, _OTHERS if self._outside else _ENGINE)
        return connection
