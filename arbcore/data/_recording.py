"""What lies in the folder of a recording: its data sets, and spools that are to become rows of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import fields

from arbcore.data._archive import Archive
from arbcore.data._lock import FolderLock
from arbcore.data._spool import SPOOLS, Spool, last_number, put_aside, spool_paths
from arbcore.data.dataset import DatasetInfo, dataset_folder, find_datasets
from arbcore.errors import DataError
from arbcore.model.instrument import Instrument


class Recovered(Struct, frozen=True):
    """A spool that became rows of data sets after its recorder had ended.

    Attributes:
        spool: Its number.
        rows: Rows that were not in the data sets yet.
        torn: Bytes at its end that were cut off, because they were not written whole.
    """

    spool: int
    rows: int
    torn: int


def recover(root: Path | str) -> list[Recovered]:
    """Turn what a recorder that was killed left into rows of data sets; nothing is done twice.

    Args:
        root: Folder of the data sets; one without anything left need not be writable.

    Returns:
        What was left, in the order in which it was recorded.

    Raises:
        DataError: A recorder is writing there, the disk refuses, or data sets are not as they were left.
    """
    folder = Path(root)
    if not spool_paths(folder):
        return []
    held = FolderLock(folder / SPOOLS, str(root))
    try:
        return Recording(folder).turn()
    finally:
        held.release()


class Recording:
    """The folder of a recording. Whoever changes it holds its lock.

    Args:
        root: Folder of the data sets.
    """

    def __init__(self, root: Path) -> None:
        self._root: Final = root
        self._archive: Final = Archive(root)

    @property
    def last_spool(self) -> int:
        """Highest number that a spool had; 0 for none."""
        return max(last_number(self._root), *(info.spool for info in self.datasets()), 0)

    @property
    def last_ts(self) -> int:
        """Time of the last row of all data sets, 0 for none."""
        return max((kind.last_ts for info in self.datasets() for kind in info.kinds.values()), default=0)

    def datasets(self) -> list[DatasetInfo]:
        """Return the data sets that were recorded, sorted by key.

        Raises:
            DataError: A description can't be read.
        """
        return [info for info in find_datasets(self._root) if info.spool]

    def turn(self, below: int | None = None) -> list[Recovered]:
        """Turn spools into rows of data sets, and delete them.

        Args:
            below: Number of the first spool that is not turned; None for all.

        Returns:
            What was turned.

        Raises:
            DataError: The disk refuses, or data sets are not as they were left. The spool stays.
        """
        numbers = [number for number in spool_paths(self._root) if below is None or number < below]
        return [self._turn(number) for number in numbers]

    def continued(self, instruments: Sequence[Instrument]) -> tuple[str, ...]:
        """Return the keys of the instruments that have rows already.

        Raises:
            DataError: An instrument can't name a data set or comes twice, or the folder holds other data of it.
        """
        there = {info.key: info for info in find_datasets(self._root)}
        wanted = {instrument.key: instrument for instrument in instruments}
        if len(wanted) < len(instruments):
            raise DataError("an instrument is to be recorded twice", fix="name each instrument once")
        for info in there.values():
            if not is_recording(info) and (info.key in wanted or info.rate):
                raise DataError(
                    f"{info.folder} holds rows from '{info.source}', which are no recording",
                    fix="record to another folder",
                )
        for key, instrument in wanted.items():
            dataset_folder(self._root, instrument.venue, instrument.symbol)
            if key in there:
                _agree(there[key], instrument)
        return tuple(sorted(wanted.keys() & there.keys()))

    def _turn(self, number: int) -> Recovered:
        spool = Spool(spool_paths(self._root)[number], number)
        rows = self._archive.add(spool)
        try:
            if spool.begun:
                spool.path.unlink()
            else:
                put_aside(spool.path)
        except OSError as error:
            raise DataError(f"{spool.path} can't be removed: {error}", fix="give this user the right to") from error
        return Recovered(number, rows, spool.torn)


def is_recording(info: DatasetInfo) -> bool:
    """Tell whether a data set holds a recording and nothing else: other writers may put kinds beside it."""
    return info.spool > 0 and not any(kind.checked for kind in info.kinds.values())


def _agree(info: DatasetInfo, instrument: Instrument) -> None:
    if info.instrument == instrument:
        return
    before = info.instrument
    names = [field.name for field in fields(instrument)]
    changed = [name for name in names if getattr(before, name, None) != getattr(instrument, name)]
    was = ", ".join(f"{name}={getattr(before, name, None)}" for name in changed)
    now = ", ".join(f"{name}={getattr(instrument, name)}" for name in changed)
    raise DataError(
        f"{info.folder}: {info.key} was recorded with {was}, and now has {now}", fix="record to another folder"
    )
