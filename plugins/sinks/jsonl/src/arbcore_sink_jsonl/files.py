"""A file of lines that is set aside under a number when it is full."""

import os
import re
from pathlib import Path
from typing import IO


class RotatingLines:
    """Appends whole lines to a file.

    The current file has the plain name, ``log.jsonl``; full ones are numbered upwards, ``log.1.jsonl`` being the
    oldest, so that a name, once given, always means the same lines.

    Args:
        path: The current file.
        max_bytes: Size beyond which it is set aside; a longer line has a file to itself.
        keep: Numbered files to keep, 0 for all.
    """

    def __init__(self, path: Path, max_bytes: int, keep: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._file: IO[bytes] | None = None
        self._size = 0

    def open(self) -> None:
        """Open the current file behind its last whole line; half a line, left by a crash, is cut off."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("ab")
        self._size = _whole_lines(self._path)
        self._file.truncate(self._size)

    def write(self, lines: list[bytes]) -> None:
        """Append lines, each without its newline.

        Raises:
            OSError: They could not be written.
        """
        waiting: list[bytes] = []
        for line in lines:
            if self._size and self._size + len(line) + 1 > self._max_bytes:
                self._put(waiting)
                waiting = []
                self._set_aside()
            waiting.append(line + b"\n")
            self._size += len(line) + 1
        self._put(waiting)

    def flush(self, *, sync: bool) -> None:
        """Hand everything to the system, and with ``sync`` wait for the disk."""
        if self._file is not None:
            self._file.flush()
            if sync:
                os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def numbered(self) -> list[Path]:
        """Return the files that were set aside, oldest first."""
        pattern = re.compile(rf"{re.escape(self._path.stem)}\.(\d+){re.escape(self._path.suffix)}")
        found = ((pattern.fullmatch(path.name), path) for path in self._path.parent.iterdir())
        return [path for _, path in sorted((int(match[1]), path) for match, path in found if match)]

    def _put(self, lines: list[bytes]) -> None:
        if lines and self._file is not None:
            self._file.write(b"".join(lines))

    def _set_aside(self) -> None:
        self.close()
        old = self.numbered()
        number = int(old[-1].name.removesuffix(self._path.suffix).rpartition(".")[2]) + 1 if old else 1
        self._path.rename(self._path.with_name(f"{self._path.stem}.{number}{self._path.suffix}"))
        if self._keep:
            for path in self.numbered()[: -self._keep]:
                path.unlink()
        self._file, self._size = self._path.open("ab"), 0


def _whole_lines(path: Path) -> int:
    """Return the length of a file up to its last newline."""
    end = path.stat().st_size
    with path.open("rb") as file:
        while end:
            start = max(end - 2**16, 0)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
    return 0
