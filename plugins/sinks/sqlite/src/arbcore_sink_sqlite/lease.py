"""The lease of a journal: one writer. The system's lock decides, so a writer that was killed leaves none behind."""

import json
import os
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname
from typing import Final

from arbcore.errors import JournalError
from arbcore_sink_sqlite._lock import is_held, lock

PATIENCE_S: Final = 2.0
"""How long a writer tries where only glances of readers stand in its way; each lasts microseconds."""

_PAUSE_S: Final = 0.01


class Lease:
    """The right to write a journal, held until it is released or the process ends.

    Args:
        path: File of the lease.
        session: Name of the session, for people who meet the lease.
    """

    def __init__(self, path: Path, session: str) -> None:
        self._path = path
        self._session = session
        self._file: int | None = None

    def take(self) -> None:
        """Take the lease.

        Raises:
            JournalError: Another holder, in this process or another one, is alive.
        """
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock_patiently(file)
        except OSError as error:
            os.close(file)
            raise JournalError(
                f"{self._path.parent}: the journal is in use by {self._named()}",
                "stop that session first; one journal has one writer",
            ) from error
        holder = {"pid": os.getpid(), "started": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "host": gethostname()}
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, json.dumps({"session": self._session, **holder}).encode())
        self._file = file

    def release(self) -> None:
        """Give it back; a lease that is not held stays so."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def holder(self) -> str:
        """Return who holds it now, empty where nobody does, whatever the file's text says.

        Raises:
            OSError: The file can't be read.
        """
        if self._file is not None:
            return self._named()
        try:
            file = os.open(self._path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
        except FileNotFoundError:
            return ""
        try:
            return self._named() if is_held(file) else ""
        finally:
            os.close(file)

    def _named(self) -> str:
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            return f"process {held['pid']} on {held['host']} (session {held['session']}, since {held['started']})"
        except (OSError, ValueError, LookupError, TypeError):
            return "another process"


def _lock_patiently(file: int) -> None:
    """Lock a file; try again while nobody but a reader who looks stands in the way.

    Raises:
        OSError: A writer holds the lock.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return lock(file)
        except OSError:
            if is_held(file) or time.monotonic() >= until:
                raise
        # Writers that start together see each other's glance, too: not at the same moment the next time.
        time.sleep(random.uniform(0, _PAUSE_S))  # noqa: S311 - it keeps no secret
