"""What a data set is: the description in its ``dataset.json``. Needs no third-party library beyond the kernel's."""

import hashlib
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from arbcore.errors import DataError
from arbcore.model.instrument import Instrument

SCHEMA_VERSION: Final = 1
DESCRIPTION: Final = "dataset.json"
RATES: Final = "rates"
"""Venue label of conversion rates."""


class FileInfo(Struct, frozen=True):
    """One Parquet file: its name and the number and the first and last time of its rows."""

    name: str
    rows: int
    first_ts: int
    last_ts: int


class KindInfo(Struct, frozen=True):
    """The rows of one kind.

    Attributes:
        rows: Number of rows in all files.
        first_ts: Time of the first row, by the column that orders the kind (``recv_ts``; bars: ``ts``).
        last_ts: Time of the last row.
        files: The files in the order of their rows.
        interval_ns: Length of a bar, 0 for other kinds.
        hash: SHA-256 over the columns' content.
        source: Where the rows come from.
        clock: Clock of the times as the source had them.
        notes: Conventions of these rows, and what was repaired.
        checked: Whether the rows passed the writer's checks. Recordings hold what arrived, right or wrong.
        levels: Levels a side that a recorded book has columns for; 0 for everything else.
    """

    rows: int
    first_ts: int
    last_ts: int
    files: tuple[FileInfo, ...]
    interval_ns: int = 0
    hash: str = ""
    source: str = ""
    clock: str = ""
    notes: tuple[str, ...] = ()
    checked: bool = True
    levels: int = 0


class DatasetInfo(Struct, frozen=True, kw_only=True):
    """Description of a data set: the rows of one market, or of one conversion rate.

    Attributes:
        schema_version: Version of this description.
        venue: Label of the venue; ``rates`` for conversion rates.
        symbol: The venue's own name of the market, or the name of the rate.
        instrument: The market with its grid, limits and fees; None for rates, and where it is not known.
        rate: Name of the conversion rate, empty for markets.
        source: Where the rows come from, of all kinds.
        clock: Clock of the times as the source had them, of all kinds; what is stored is UTC.
        notes: Conventions that a report must state, and what was repaired, of all kinds.
        kinds: What is there, by kind.
        hash: SHA-256 over the content: rows, instrument and names, not source, notes or cut into files.
        spool: Number of the last spool of a recording that is in here; 0 for what is no recording.
        folder: Where it was found; not stored.
    """

    schema_version: int = SCHEMA_VERSION
    venue: str
    symbol: str
    instrument: Instrument | None = None
    rate: str = ""
    source: str
    clock: str = "UTC"
    notes: tuple[str, ...] = ()
    kinds: dict[str, KindInfo]
    hash: str = ""
    spool: int = 0
    folder: str = ""

    @property
    def key(self) -> str:
        """Venue label and symbol, ``venue:symbol``."""
        return f"{self.venue}:{self.symbol}"

    @property
    def rows(self) -> int:
        """Number of rows of all kinds."""
        return sum(kind.rows for kind in self.kinds.values())


class _Version(Struct):
    schema_version: int


def content_hash(info: DatasetInfo) -> str:
    """Return the SHA-256 of what a description stands for: names, instrument, and the content of every kind."""
    identity = (info.venue, info.symbol, info.rate, _stated(info.instrument))
    kinds = [(name, kind.interval_ns, kind.rows, kind.hash) for name, kind in sorted(info.kinds.items())]
    return hashlib.sha256(msgspec.json.encode((identity, kinds), order="deterministic")).hexdigest()


def _stated(instrument: Instrument | None) -> dict[str, Any]:
    """Return the fields that differ from their defaults, so that a field added later changes no hash."""
    if instrument is None:
        return {}
    values = ((field, getattr(instrument, field.name)) for field in msgspec.structs.fields(instrument))
    return {field.name: value for field, value in values if value != field.default}


def dataset_folder(root: Path, venue: str, symbol: str) -> Path:
    """Return the folder of a data set; what a file name can't hold is percent-encoded.

    Raises:
        DataError: A name is empty or starts with a dot, which marks unfinished data sets.
    """
    for what, name in (("venue", venue), ("symbol", symbol)):
        if not name or name.startswith("."):
            raise DataError(f"{what} {name!r} can't name a data set", fix="use the venue's label and its own symbol")
    return root / quote(venue, safe="") / quote(symbol, safe="")


def write_info(folder: Path, info: DatasetInfo) -> None:
    """Write the description into the folder of a data set, which has all of it or the one before."""
    stored = {field.name: getattr(info, field.name) for field in msgspec.structs.fields(info)}
    del stored["folder"]
    text = msgspec.json.format(msgspec.json.encode(stored), indent=1)
    new = folder / f".{DESCRIPTION}"
    with new.open("wb") as file:
        file.write(text + b"\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / DESCRIPTION)


def read_info(folder: Path) -> DatasetInfo:
    """Return the description of the data set in a folder.

    Raises:
        DataError: There is none, it is damaged, or a newer arbcore wrote it.
    """
    path = folder / DESCRIPTION
    try:
        data = path.read_bytes()
        version = msgspec.json.decode(data, type=_Version).schema_version
        if version != SCHEMA_VERSION:
            raise DataError(
                f"{path}: schema version {version}, and this arbcore reads {SCHEMA_VERSION}",
                fix="use the arbcore that wrote it, or write the data set again",
            )
        info = msgspec.json.decode(data, type=DatasetInfo)
    except FileNotFoundError:
        raise DataError(f"{folder} is no data set: it has no {DESCRIPTION}", fix="name the right folder") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} can't be read: {error}", fix="write the data set again") from error
    return msgspec.structs.replace(info, folder=str(folder))


def dataset_folders(root: Path) -> list[Path]:
    """Return the folders of all data sets in a folder: itself, its children, or their children; sorted.

    Raises:
        DataError: The folder does not exist.
    """
    if not root.is_dir():
        raise DataError(f"there is no folder {root}", fix="name the folder that holds the data sets")
    paths = [root / DESCRIPTION, *root.glob(f"*/{DESCRIPTION}"), *root.glob(f"*/*/{DESCRIPTION}")]
    hidden = {path for path in paths if any(part.startswith(".") for part in path.relative_to(root).parts)}
    return sorted(path.parent for path in paths if path.is_file() and path not in hidden)


def find_datasets(root: Path) -> list[DatasetInfo]:
    """Return the descriptions of all data sets in a folder, sorted by venue and symbol, each with its folder.

    Raises:
        DataError: The folder does not exist, or a description can't be read.
    """
    return sorted(map(read_info, dataset_folders(root)), key=lambda info: (info.venue, info.symbol, info.folder))
