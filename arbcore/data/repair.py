"""Writes a repaired copy of data sets; the original is only read."""

from pathlib import Path

from arbcore.data._raw import kind_in, raw_pieces
from arbcore.data.dataset import DatasetInfo, find_datasets
from arbcore.data.writer import DatasetWriter
from arbcore.errors import DataError


def repair(root: Path | str, out: Path | str) -> list[DatasetInfo]:
    """Copy all data sets of a folder without the rows that the writer refuses, and without rows that come twice.

    What was dropped is counted in the notes. Gaps, jumps of the price and wrong clocks are not repaired: no row can
    be put right without knowing what it should have been.

    Args:
        root: Folder of data sets, or a data set.
        out: Folder for the copies; it may not lie in the original, nor the original in it.

    Returns:
        Descriptions of the copies.

    Raises:
        DataError: The folders overlap, the copy's folder is not empty, a description or a whole file can't be read, or
            nothing is left of a kind.
    """
    original, copy = Path(root).resolve(), Path(out).resolve()
    if original.is_relative_to(copy) or copy.is_relative_to(original):
        raise DataError(f"a repaired copy in {out} would touch the original in {root}", fix="name a folder apart")
    if copy.exists() and any(copy.iterdir()):
        raise DataError(f"{out} is not empty", fix="name a new folder for the repaired copy")
    return [_copy(info, copy) for info in find_datasets(original)]


def _copy(info: DatasetInfo, out: Path) -> DatasetInfo:
    # A writer per kind, because each kind has a source and notes of its own; the writer keeps the other kinds.
    copies = [_copy_kind(info, name, out) for name in info.kinds]
    return copies[-1]


def _copy_kind(info: DatasetInfo, name: str, out: Path) -> DatasetInfo:
    kind, stated = kind_in(info, name), info.kinds[name]
    with DatasetWriter(
        out,
        venue=info.venue,
        symbol=info.symbol,
        instrument=info.instrument,
        rate=info.rate,
        source=stated.source,
        clock=stated.clock,
        notes=stated.notes,
        repair=True,
    ) as writer:
        for piece in raw_pieces(info, name, kind):
            if not piece.rows:
                raise DataError(piece.problem, fix="restore the file from a backup, or write the data set again")
            writer.append(name, piece.rows, interval_ns=stated.interval_ns)
    return writer.close()
