"""Small files and profiles for tests of imports."""

import gzip
from pathlib import Path
from typing import Any

from arbcore.data._frames import Columns
from arbcore.data.imports.rows import RowChecks
from arbcore.data.imports.run import columns_of
from arbcore.ports.control import ImportProfile

S = 1_000_000_000
MINUTE = 60 * S
T0 = 1_748_455_800 * S
"""2025-05-28T18:10:00Z."""

BARS = """time,open,high,low,close,volume
2025-05-28 18:10:00,100,103,99,101,7
2025-05-28 18:15:00,101,104,100,102,8
2025-05-28 18:20:00,102,105,101,103,9
"""


def bars_profile(**changes: Any) -> ImportProfile:
    fields: dict[str, Any] = {
        "name": "bars",
        "kind": "bars",
        "columns": {"ts": "time", **{name: name for name in ("open", "high", "low", "close", "volume")}},
        "clock": "UTC",
        "interval_ns": 5 * MINUTE,
        "venue": "alpha",
        "symbol": "BTC-USDT",
    }
    return ImportProfile(**{**fields, **changes})


def profile(kind: str, columns: dict[str, str], **changes: Any) -> ImportProfile:
    fields: dict[str, Any] = {"name": kind, "kind": kind, "columns": columns, "time_unit": "s"}
    return ImportProfile(**{**fields, **changes})


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def read(given: ImportProfile, *paths: Path, repair: bool = False) -> Columns:
    """Return all checked columns of files, joined."""
    from arbcore.data._frames import np

    chunks = list(columns_of(given, paths, RowChecks(given, repair)))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
