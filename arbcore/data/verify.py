"""Checks data sets: what is missing, damaged, out of order or unlikely. Nothing is changed here."""

from itertools import pairwise
from pathlib import Path
from typing import Final

from arbcore.data._files import ContentHash
from arbcore.data._inspect import Inspection, Limits
from arbcore.data._raw import kind_in, raw_pieces, typical_spacing
from arbcore.data._scale import Prices, scale_conflicts
from arbcore.data._spool import spool_paths
from arbcore.data._tally import Record, Tally, Verdict
from arbcore.data.dataset import DESCRIPTION, DatasetInfo, content_hash, dataset_folders, read_info
from arbcore.data.instant import SECOND_NS, iso
from arbcore.data.kinds import Kind
from arbcore.errors import DataError

__all__ = ["CLOCK_TOLERANCE_NS", "Record", "Verdict", "verify"]

CLOCK_TOLERANCE_NS: Final = SECOND_NS // 10
"""How long before the venue's own time a row may have been received."""

_LEAST_GAP_NS: Final = 60 * SECOND_NS
_GAP_FACTORS: Final = {"quotes": 100.0, "book": 100.0, "trades": 100.0, "marks": 100.0, "funding": 1.5, "fx": 5.0}
_SPOOLED: Final = "recorded and not in the data sets yet: a recorder is running, or was killed"
_NO_GAP: Final = 1 << 62
"""Nothing is missing where books did not break."""


def verify(root: Path | str, *, gap_ns: int = 0, tolerance_ns: int = CLOCK_TOLERANCE_NS) -> list[Record]:
    """Check all data sets of a folder.

    Args:
        root: Folder of data sets, or a data set.
        gap_ns: Time without rows that counts as a gap, for kinds other than bars; 0 for a hundred times the usual
            time between rows and a minute at least (funding: 1.5 times; conversion rates: 5 times). Bars may miss none.
        tolerance_ns: How long before the venue's own time a row may have been received.

    Returns:
        Records by data set and kind.

    Raises:
        DataError: The folder does not exist or holds no data set.
    """
    folders = dataset_folders(Path(root))
    spools = len(spool_paths(Path(root)))
    if not folders and not spools:
        raise DataError(f"{root} holds no data set", fix="name the folder that `--out` named")
    records = [Record("spool", str(root), spools, _SPOOLED, "warning")] if spools else []
    prices: list[Prices] = []
    for folder in folders:
        try:
            info = read_info(folder)
        except DataError as error:
            records.append(Record("description", str(folder), 1, error.what, "error"))
            continue
        records += [record for record in _description(info).records() if record.verdict != "ok"]
        for name in info.kinds:
            found, by_day = _kind(info, name, gap_ns, tolerance_ns)
            records += found.records()
            prices.append(Prices(info, by_day))
    records += [Record("units", *conflict, "error") for conflict in scale_conflicts(prices)]
    return records


def _description(info: DatasetInfo) -> Tally:
    tally = Tally(info.key)
    if content_hash(info) != info.hash:
        tally.add("hash", "error", f"{DESCRIPTION} was changed: its hash is not that of what it states")
    if info.instrument is None and not info.rate:
        tally.add("instrument", "warning", "the instrument is not stated, so no backtest can use it")
    listed = {DESCRIPTION, *(file.name for kind in info.kinds.values() for file in kind.files)}
    foreign = sorted(path.name for path in Path(info.folder).iterdir() if path.name not in listed)
    if foreign:
        tally.add("files", "error", f"not listed in {DESCRIPTION}, so never read: {foreign[0]}", len(foreign))
    return tally


def _kind(info: DatasetInfo, name: str, gap_ns: int, tolerance_ns: int) -> tuple[Tally, dict[int, float]]:
    """Check the rows of a kind; also return its price by day."""
    tally = Tally(f"{info.key} {name}")
    stated = info.kinds[name]
    try:
        kind = kind_in(info, name)
    except DataError as error:
        tally.add("files", "error", error.what)
        return tally, {}
    if (name == "bars") != (stated.interval_ns > 0):
        tally.add("description", "error", f"interval_ns is {stated.interval_ns}")
    _overlaps(info, name, tally)
    gap = stated.interval_ns or (_NO_GAP if name == "breaks" else gap_ns or _usual_gap(info, name, kind))
    limits = Limits(gap, tolerance_ns, "error" if stated.checked else "warning")
    inspection = Inspection(kind, stated.interval_ns, info.instrument, limits, tally)
    content, counts, whole = ContentHash(kind), dict.fromkeys((file.name for file in stated.files), 0), True
    for piece in raw_pieces(info, name, kind):
        if piece.problem:
            tally.add("files", "error", piece.problem)
            whole = False
        if piece.rows:
            counts[piece.file] += len(piece.rows[kind.clock])
            content.update(piece.rows)
            inspection.add(piece)
    tally.rows = sum(counts.values())
    for file in stated.files:
        if counts[file.name] != file.rows and whole:
            tally.add("files", "error", f"{file.name} has {counts[file.name]} rows, {DESCRIPTION} says {file.rows}")
    if whole and content.hexdigest() != stated.hash:
        tally.add("hash", "error", "the rows are not those that were written")
    return tally, inspection.prices


def _overlaps(info: DatasetInfo, name: str, tally: Tally) -> None:
    files = info.kinds[name].files
    for before, file in pairwise(files):
        if file.first_ts < before.last_ts:
            text = f"{file.name} starts {iso(file.first_ts)}, before {before.name} ends {iso(before.last_ts)}"
            tally.add("overlap", "error", text)


def _usual_gap(info: DatasetInfo, name: str, kind: Kind) -> int:
    usual = typical_spacing(info, name, kind) * _GAP_FACTORS[name]
    return int(max(usual, _LEAST_GAP_NS))
