"""Bytes in memory up to a bound, and before that in an unnamed temporary file."""

from tempfile import TemporaryFile
from typing import IO


class Spool:
    """A growing run of bytes of which only the newest part is in memory.

    Unlike the standard library's spooled file it loses nothing where the disk is full: what can't be moved out
    stays in memory.

    Args:
        bound: Bytes kept in memory before they move to the file.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._tail = bytearray()
        self._moved = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self._moved + len(self._tail)

    def append(self, data: bytes) -> None:
        """Add bytes at the end.

        Raises:
            OSError: The memory is full and the file can't take it; nothing was added and nothing is lost.
        """
        if len(self._tail) + len(data) > self._bound:
            self._move()
        self._tail += data

    def read(self, position: int, size: int) -> bytes:
        """Return bytes from a position; fewer than asked for where file and memory meet, none only at the end."""
        if self._file is None or position >= self._moved:
            start = position - self._moved
            return bytes(self._tail[start : start + size])
        self._file.seek(position)
        return self._file.read(min(size, self._moved - position)) or b""

    def close(self) -> None:
        """Drop everything."""
        if self._file is not None:
            self._file.close()
        self._tail.clear()

    def _move(self) -> None:
        if self._file is None:
            self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - closed by `close`
        self._file.seek(self._moved)
        written, tail = 0, bytes(self._tail)
        while written < len(tail):
            written += self._file.write(tail[written:])
        self._moved += written
        self._tail.clear()
