"""Putting a finished data set in the place of an older one."""

import os
import shutil
from pathlib import Path

from arbcore.data.dataset import DESCRIPTION, DatasetInfo, KindInfo, read_info
from arbcore.errors import DataError


def replaceable(folder: Path) -> DatasetInfo | None:
    """Return the data set that lies where a new one goes, None where nothing does.

    Raises:
        DataError: Something else lies there, which replacing would delete.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return None
    info = read_info(folder)
    listed = {DESCRIPTION, *(file.name for kind in info.kinds.values() for file in kind.files)}
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in listed)
    if foreign:
        raise DataError(
            f"{folder} holds files that are not of its data set: {', '.join(foreign[:5])}", fix="move them away"
        )
    return info


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def keep_files(kinds: dict[str, KindInfo], folder: Path, new: Path) -> None:
    """Put the files of kinds that stay into the new folder, as links where the file system has them."""
    for file in (file for kind in kinds.values() for file in kind.files):
        _link(folder / file.name, new / file.name)


def swap(new: Path, folder: Path) -> None:
    """Put a finished folder in its place, and what lay there beside it; if that fails, nothing has changed."""
    older = new.with_name("old")
    if folder.exists():
        folder.rename(older)
    try:
        new.rename(folder)
    except OSError:
        if older.exists():
            older.rename(folder)
        raise
