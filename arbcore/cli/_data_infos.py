"""Data sets as a table or as JSON: the same for those found, imported and generated."""

from typing import TYPE_CHECKING

from arbcore.cli._frame_output import note, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arbcore.data.dataset import DatasetInfo


def show_infos(infos: "Sequence[DatasetInfo]", as_json: bool) -> None:
    """Print data sets: what they hold, from when to when; where it came from, and their notes, go to stderr."""
    if as_json:
        print_json({"schema_version": 1, "datasets": [_described(info) for info in infos]})
        return
    print_table(["venue", "symbol", "kind", "rows", "from", "to"], _rows(infos))
    for text, keys in _said(infos).items():
        note(f"{', '.join(keys)}: {text}")


def _said(infos: "Sequence[DatasetInfo]") -> dict[str, list[str]]:
    """Return sources and notes with the data sets that each is about: what is said of all is said once."""
    said: dict[str, list[str]] = {}
    for info in infos:
        for text in (f"from {info.source}", *info.notes):
            said.setdefault(text, []).append(info.key)
    return said


def _rows(infos: "Sequence[DatasetInfo]") -> list[list[object]]:
    from arbcore.data.instant import iso

    return [
        [info.venue, info.symbol, name, f"{kind.rows:,}", iso(kind.first_ts), iso(kind.last_ts)]
        for info in infos
        for name, kind in info.kinds.items()
    ]


def _described(info: "DatasetInfo") -> dict[str, object]:
    from arbcore.data.instant import iso

    kinds = {
        name: {
            "rows": kind.rows,
            "first": iso(kind.first_ts),
            "last": iso(kind.last_ts),
            "first_ts": kind.first_ts,
            "last_ts": kind.last_ts,
            "interval_ns": kind.interval_ns,
            "files": len(kind.files),
            "source": kind.source,
            "notes": kind.notes,
        }
        for name, kind in info.kinds.items()
    }
    return {
        "venue": info.venue,
        "symbol": info.symbol,
        "rate": info.rate,
        "instrument": info.instrument,
        "folder": info.folder,
        "hash": info.hash,
        "kinds": kinds,
    }
