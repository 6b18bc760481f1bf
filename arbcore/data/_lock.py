"""The right to write a recording, which the system takes back when the process that holds it ends."""

import os
import sys
from pathlib import Path

from arbcore.errors import DataError

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """Keeps a second recorder, in this process or another one, out of a folder.

    Args:
        folder: The folder, which is made.
        what: What is being recorded into, for messages.

    Raises:
        DataError: Somebody else holds it, or the folder can't be made.
    """

    def __init__(self, folder: Path, what: str) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: int | None = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise DataError(f"{folder} can't be made: {error}", fix="choose another folder") from error
        try:
            _take(self._file)
        except OSError as error:
            self.release()
            raise DataError(
                f"{what}: a recorder is writing here", fix="stop it first, or record to another folder"
            ) from error

    def release(self) -> None:
        """Give it back; what is not held stays so."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
