"""Turns spools into rows of data sets: each spool once, whatever crashes in between.

A data set notes the number of the last spool that is in it, in the same write of its description that lists the new
files. So a spool that was turned into some data sets only, or into files that no description lists yet, is simply
turned again: data sets that have it are passed over, files are written again under the same names.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from arbcore.data._files import ContentHash, PartFiles, keep
from arbcore.data._frames import Columns, column_names, read_rows, write_rows
from arbcore.data._packing import recorded_kind, unpack, widened
from arbcore.data._spool import Spool
from arbcore.data.dataset import (
    DESCRIPTION,
    RATES,
    DatasetInfo,
    KindInfo,
    content_hash,
    dataset_folder,
    read_info,
    write_info,
)
from arbcore.data.kinds import Kind, kind_of
from arbcore.errors import DataError

_PIECE_BYTES: Final = 1_048_576
"""Packed rows that are turned at once: little, because other threads wait meanwhile."""
_DEPTHS: Final = (1, 5, 10, 15, 20, 30)
"""Levels that a book's files have: few values, so that a book that deepens seldom needs its files written again."""


class Archive:
    """The data sets of a recording.

    Memory: the rows of one file (32 MiB) while they are gathered and written, and a running hash of each data set and
    kind.

    Args:
        root: Folder of the data sets.
    """

    def __init__(self, root: Path) -> None:
        self._root: Final = root
        self._hashes: Final[dict[tuple[str, str], tuple[Kind, ContentHash]]] = {}

    def add(self, spool: Spool) -> int:
        """Put the rows of a spool into its data sets; those that have them already stay as they are.

        Returns:
            Rows that were added.

        Raises:
            DataError: The disk refuses, or rows that were there are not those that were recorded.
        """
        return sum(self._add(spool, key) for key in sorted({key for key, _ in spool.streams}))

    def _add(self, spool: Spool, key: str) -> int:
        info, folder = self._begun(spool, key)
        if info.spool >= spool.number:
            return 0
        _sweep(folder, info, spool.number)
        names = sorted(name for owner, name in spool.streams if owner == key)
        extended = {name: self._extended(spool, key, name, info, folder) for name in names}
        kinds = info.kinds | {name: described for name, (described, _) in extended.items()}
        new = replace(info, kinds=dict(sorted(kinds.items())), spool=spool.number, source=_joined(info, spool))
        try:
            write_info(folder, replace(new, hash=content_hash(new)))
        except OSError as error:
            raise DataError(f"{folder} can't be written: {error}", fix="make room on the disk") from error
        # Only now: had anything failed, the hashes would be ahead of the files.
        self._hashes.update({(key, name): hashed for name, (_, hashed) in extended.items()})
        return new.rows - info.rows

    def _begun(self, spool: Spool, key: str) -> tuple[DatasetInfo, Path]:
        """Return the description of a data set as it is, or of one without rows, and its folder, which is made."""
        venue, symbol = key.split(":", 1)
        folder = dataset_folder(self._root, venue, symbol)
        if (folder / DESCRIPTION).exists():
            return read_info(folder), folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{folder} can't be made: {error}", fix="make room, or choose another folder") from error
        instrument = next((each for each in spool.header.instruments if each.key == key), None)
        rate = symbol if venue == RATES else ""
        empty = DatasetInfo(
            venue=venue, symbol=symbol, instrument=instrument, rate=rate, source=spool.header.source, kinds={}
        )
        return empty, folder

    def _extended(
        self, spool: Spool, key: str, name: str, info: DatasetInfo, folder: Path
    ) -> tuple[KindInfo, tuple[Kind, ContentHash]]:
        """Write the rows of one kind, and return its new description with what the next spool goes on from."""
        before = info.kinds.get(name) or KindInfo(0, 0, 0, (), checked=False, source=spool.header.source, clock="UTC")
        if before.checked:
            raise DataError(
                f"{folder} holds {name} rows from '{before.source}', which are no recording",
                fix="move this data set away and start the recording again; what arrived since is kept",
            )
        levels = _depth(max(spool.streams[key, name].levels, default=0)) if name == "book" else 0
        kind = recorded_kind(name, max(levels, before.levels))
        content = self._hash(key, kind, before, folder).copy()
        parts = PartFiles(folder, kind, suffix=f"-s{spool.number}", content=content, lasting=True)
        for rows in _rows(spool, key, kind):
            parts.add(rows)
        parts.finish()
        files = (*before.files, *parts.files)
        described = replace(
            before,
            rows=before.rows + sum(file.rows for file in parts.files),
            first_ts=files[0].first_ts,
            last_ts=files[-1].last_ts,
            files=files,
            hash=content.hexdigest(),
            source=_joined(before, spool),
            levels=kind.levels,
        )
        return described, (kind, content)

    def _hash(self, key: str, kind: Kind, before: KindInfo, folder: Path) -> ContentHash:
        """Return the running hash of the rows that are there, read from the files unless it is known."""
        known, content = self._hashes.get((key, kind.name), (None, ContentHash(kind)))
        if known == kind or not before.files:
            return content
        stated, content = ContentHash(recorded_kind(kind.name, before.levels)), ContentHash(kind)
        for file in before.files:
            rows = _read(folder / file.name, kind)
            stated.update(rows)
            content.update(rows)
        if stated.hexdigest() != before.hash:
            raise DataError(
                f"{folder}: its {kind.name} rows are not those that were recorded",
                fix="move this data set away and start the recording again; what arrived since is kept",
            )
        return content


def _read(path: Path, kind: Kind) -> Columns:
    """Return the rows of a file; where a book has become deeper, the file is replaced by one with room for that."""
    stored = kind_of(kind.name, column_names(path))
    rows = read_rows([path], stored.columns)
    if stored.levels == kind.levels:
        return rows
    deeper, new = widened(rows, kind), path.with_name(f".{path.name}")
    write_rows(new, deeper)
    keep(new)
    new.replace(path)
    return deeper


def _rows(spool: Spool, key: str, kind: Kind) -> Iterator[Columns]:
    """Yield the rows of a stream in pieces."""
    sections: list[tuple[int, bytes]] = []
    size = 0
    for section in spool.sections(key, kind.name):
        sections.append(section)
        size += len(section[1])
        if size >= _PIECE_BYTES:
            yield unpack(kind.name, kind.levels, sections)
            sections, size = [], 0
    if sections:
        yield unpack(kind.name, kind.levels, sections)


def _depth(levels: int) -> int:
    return next(depth for depth in _DEPTHS if depth >= levels)


def _joined(info: DatasetInfo | KindInfo, spool: Spool) -> str:
    """Return the source of all rows: that of the spool too, where it is another."""
    known = info.source.split("; ")
    return "; ".join(dict.fromkeys((*known, spool.header.source)))


def _sweep(folder: Path, info: DatasetInfo, number: int) -> None:
    """Delete files that a crash left of the same spool: they will be written again."""
    listed = {file.name for kind in info.kinds.values() for file in kind.files}
    for pattern in (f"*-s{number}.parquet", f"*-s{number}-*.parquet", ".*.parquet", f".{DESCRIPTION}"):
        for path in folder.glob(pattern):
            if path.name not in listed:
                path.unlink()
