"""The lease of a journal: one writer. The system's lock decides, so a writer that was killed leaves none behind."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname

from arbcore.errors import JournalError

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        # Windows keeps others from reading locked bytes, so the lock lies far behind the text.
        os.lseek(file, 1 << 30, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


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
            _lock(file)
        except OSError as error:
            os.close(file)
            raise JournalError(
                f"{self._path.parent}: the journal is in use by {self._holder()}",
                "stop that session first; one journal has one writer",
            ) from error
        holder = {"pid": os.getpid(), "started": datetime.now(UTC).isoformat(), "host": gethostname()}
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, json.dumps({"session": self._session, **holder}).encode())
        self._file = file

    def release(self) -> None:
        """Give it back; a lease that is not held stays so."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _holder(self) -> str:
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            return f"process {held['pid']} on {held['host']} (session {held['session']}, since {held['started']})"
        except (OSError, ValueError, LookupError):
            return "another process"
