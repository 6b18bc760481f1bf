"""What already lies where data is to be written: recordings are never replaced by accident."""

from collections.abc import Callable
from pathlib import Path

from arbcore.data.dataset import DESCRIPTION, dataset_folder, read_info
from arbcore.errors import DataError


def refuse_replacing(root: Path, venue: str, symbol: str, kind: str, mine: Callable[[str], bool]) -> None:
    """Refuse to write rows where others of the same kind lie.

    Args:
        root: Folder of all data sets.
        venue: Label of the venue.
        symbol: Symbol of the market, or name of the rate.
        kind: Kind of the rows to write.
        mine: Tells by their source whether the rows there may be replaced: they are the writer's own.

    Raises:
        DataError: There are rows of another source.
    """
    folder = dataset_folder(root, venue, symbol)
    if not (folder / DESCRIPTION).exists():
        return
    there = read_info(folder).kinds.get(kind)
    if there is not None and not mine(there.source):
        raise DataError(
            f"{folder} already holds {there.rows} {kind} rows from '{there.source}'",
            "write to another folder (--out), or give --replace",
        )
