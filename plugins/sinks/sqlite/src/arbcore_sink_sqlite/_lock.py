"""The system's lock on a file: held by one, seen by all, gone with the process that held it."""

import os
import sys

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """Windows keeps others from reading locked bytes, so the lock lies far behind the text."""

    def lock(file: int) -> None:
        """Lock an open file.

        Raises:
            OSError: Somebody holds a lock on it.
        """
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def is_held(file: int) -> bool:
        """Tell whether somebody holds the lock; a glance takes it for a moment where nobody does."""
        try:
            lock(file)
        except PermissionError:
            return True
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
        return False

else:
    import fcntl

    def lock(file: int) -> None:
        """Lock an open file.

        Raises:
            OSError: Somebody holds a lock on it.
        """
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def is_held(file: int) -> bool:
        """Tell whether somebody holds the lock. A glance shares it for a moment, so glances don't see each other."""
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
        return False
