"""The spool: inputs in a file as they were flushed, until they become rows of data sets.

A file starts with `MAGIC`; then come frames: length and CRC-32 of the content, little-endian, and the content. The
first frame is the header as JSON, each other one is a batch of inputs. A batch is a list of sections, one for each
instrument and kind that is in it: kind, levels, length of the key, length of the rows, key, rows.
"""

import os
import re
import struct
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple
from zlib import crc32

import msgspec
from msgspec import Struct

from arbcore.errors import DataError
from arbcore.model.instrument import Instrument

MAGIC: Final = b"arbcore spool 1\n"
SPOOLS: Final = ".recording"
"""Folder of the spools within the folder of the data sets."""

_FRAME: Final = struct.Struct("<II")
_SECTION: Final = struct.Struct("<BBHI")
_KINDS: Final = ("quotes", "book", "trades", "funding", "fx", "marks", "breaks")
"""Sections name kinds by their places here, so new ones go to the end."""
_NAME: Final = re.compile(r"spool-(\d+)")


class Header(Struct, frozen=True):
    """What a spool says about itself: where its inputs come from, and the instruments that they may be of."""

    source: str
    instruments: tuple[Instrument, ...]


class Section(NamedTuple):
    """Packed rows of one kind of one instrument, or of one rate (``rates:name``)."""

    kind: str
    key: str
    levels: int
    body: bytes


def spool_paths(root: Path) -> dict[int, Path]:
    """Return the spools of a folder of data sets by number, in rising order."""
    named = ((_NAME.fullmatch(path.name), path) for path in (root / SPOOLS).glob("spool-*"))
    return dict(sorted((int(name[1]), path) for name, path in named if name))


def spool_path(root: Path, number: int) -> Path:
    """Return where a spool lies."""
    return root / SPOOLS / f"spool-{number:06d}"


def last_number(root: Path) -> int:
    """Return the highest number of a spool that lies in a folder, readable or not; 0 for none."""
    named = (_NAME.match(path.name) for path in (root / SPOOLS).glob("spool-*"))
    return max((int(name[1]) for name in named if name), default=0)


def put_aside(path: Path) -> None:
    """Rename a spool that can't be read, so that nobody tries again and nothing is lost."""
    path.replace(path.with_name(f"{path.name}.unreadable"))


def batch(sections: Iterable[Section]) -> bytes:
    """Return a frame of sections."""
    parts = []
    for section in sections:
        key = section.key.encode()
        parts += [_SECTION.pack(_KINDS.index(section.kind), section.levels, len(key), len(section.body)), key]
        parts.append(section.body)
    return _frame(b"".join(parts))


def _frame(content: bytes) -> bytes:
    return _FRAME.pack(len(content), crc32(content)) + content


class SpoolFile:
    """A spool being written.

    Args:
        path: Where it is made.
        header: What it says about itself.

    Raises:
        DataError: It can't be made.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.path: Final = path
        self.size = 0
        try:
            # Without a buffer of Python's, what was written survives the end of the process.
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise DataError(f"{path} can't be made: {error}", fix="choose another folder") from error
        try:
            self.write(MAGIC + _frame(msgspec.json.encode(header)))
        except DataError:
            # Else the file would be in the way of the next attempt.
            self.close()
            path.unlink()
            raise

    def write(self, data: bytes) -> None:
        """Append frames. Where that fails, the next call writes over what was not written whole.

        Raises:
            DataError: The disk refuses.
        """
        try:
            self._file.seek(self.size)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise DataError(f"{self.path} can't be written: {error}", fix="make room on the disk") from error
        self.size += len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Stream:
    """Where the rows of one kind of one instrument lie in a spool, by section: levels, offset and length."""

    __slots__ = ("lengths", "levels", "offsets")

    def __init__(self) -> None:
        self.levels: Final = array("B")
        self.offsets: Final = array("Q")
        self.lengths: Final = array("I")


class Spool:
    """A spool being read, up to the first frame that is not whole.

    Memory: 13 bytes for each section; the rows stay in the file.

    Args:
        path: The file.
        number: Its number.

    Raises:
        DataError: It can't be read, or a newer arbcore wrote it.
    """

    def __init__(self, path: Path, number: int) -> None:
        self.path: Final = path
        self.number: Final = number
        self.header = Header("", ())
        self.streams: Final[dict[tuple[str, str], Stream]] = {}
        """Streams by key and kind."""
        self.torn = 0
        """Bytes behind the last whole frame."""
        self.begun = False
        """Whether its header is whole; nothing can be read where it is not."""
        try:
            with path.open("rb") as file:
                self._index(file)
        except OSError as error:
            raise DataError(f"{path} can't be read: {error}", fix="give this user the right to read it") from error

    def sections(self, key: str, kind: str) -> Iterator[tuple[int, bytes]]:
        """Yield levels and rows of the sections of a stream.

        Raises:
            DataError: The file can't be read.
        """
        stream = self.streams[key, kind]
        try:
            with self.path.open("rb", buffering=0) as file:
                for levels, offset, length in zip(stream.levels, stream.offsets, stream.lengths, strict=True):
                    file.seek(offset)
                    yield levels, file.read(length)
        except OSError as error:
            raise DataError(f"{self.path} can't be read: {error}", fix="try again; the spool is kept") from error

    def _index(self, file: BinaryIO) -> None:
        size = os.fstat(file.fileno()).st_size
        frames = _frames(file, size)
        header = next(frames, None) if file.read(len(MAGIC)) == MAGIC else None
        end = 0
        try:
            if header is not None:
                self.header = msgspec.json.decode(header[1], type=Header)
                self.begun = True
                end = file.tell()
            for offset, content in frames if self.begun else ():
                self._sections(offset, content)
                end = offset + len(content)
        except (ValueError, IndexError, struct.error) as error:
            raise DataError(
                f"{self.path} can't be understood: {error}", fix="use the arbcore that wrote it, or move the file away"
            ) from error
        self.torn = size - end

    def _sections(self, offset: int, content: bytes) -> None:
        at = 0
        while at < len(content):
            kind, levels, key_length, length = _SECTION.unpack_from(content, at)
            body = at + _SECTION.size + key_length
            key = content[at + _SECTION.size : body].decode()
            stream = self.streams.setdefault((key, _KINDS[kind]), Stream())
            stream.levels.append(levels)
            stream.offsets.append(offset + body)
            stream.lengths.append(length)
            at = body + length


def _frames(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield place and content of frames, up to the first that is not whole."""
    while True:
        start = file.tell()
        head = file.read(_FRAME.size)
        if len(head) == _FRAME.size:
            length, checksum = _FRAME.unpack(head)
            # A torn length may be anything, and reading it may not take that much memory.
            content = file.read(length) if length <= size - file.tell() else b""
            if len(content) == length and crc32(content) == checksum:
                yield start + _FRAME.size, content
                continue
        return
