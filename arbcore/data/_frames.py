"""The one door to polars and numpy: columns in and out of Parquet files."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from arbcore.errors import DataError

try:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray
except ModuleNotFoundError as error:
    raise DataError(
        f"data sets need polars and numpy, and {error.name} is not installed", fix="pip install 'arbcore[data]'"
    ) from error

__all__ = [
    "GROUP_ROWS",
    "Column",
    "Columns",
    "Flags",
    "Floats",
    "Ints",
    "column_names",
    "np",
    "read_rows",
    "warm_up",
    "write_rows",
]

Column: TypeAlias = NDArray[Any]
Columns: TypeAlias = dict[str, Column]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

GROUP_ROWS: Final = 32_768
"""Rows in a row group, the smallest piece that can be read: about 1.5 MiB of quotes."""

_TYPES: Final = {"int64": pl.Int64, "float64": pl.Float64, "bool": pl.Boolean, "text": pl.String}
_HOLES: Final = {"int64": 0, "float64": float("nan"), "bool": False, "text": ""}
_WRONG: Final = (OSError, pl.exceptions.PolarsError)


def write_rows(path: Path, columns: Mapping[str, Column]) -> None:
    """Write columns of one length to a new file.

    Raises:
        DataError: The file can't be written, for example because the disk is full.
    """
    try:
        pl.DataFrame([_series(name, column) for name, column in columns.items()]).write_parquet(
            path, compression="lz4", row_group_size=GROUP_ROWS, statistics=False
        )
    except _WRONG as error:
        raise DataError(f"{path} can't be written: {error}", fix="make room, or choose another folder") from error


def warm_up() -> None:
    """Write a row to nowhere: the first write of a process holds up all its threads for about 50 ms."""
    pl.DataFrame([_series("ts", np.zeros(1))]).write_parquet(io.BytesIO(), compression="lz4", statistics=False)


def column_names(path: Path) -> list[str]:
    """Return the columns of a file.

    Raises:
        DataError: The file can't be read.
    """
    try:
        return list(pl.read_parquet_schema(path))
    except _WRONG as error:
        raise _unreadable(path, error) from error


def read_rows(
    paths: Sequence[Path],
    types: Mapping[str, str],
    offset: int = 0,
    length: int | None = None,
    *,
    holes: bool = False,
) -> Columns:
    """Return columns of the files' rows, which follow one another; only the row groups concerned are read.

    Args:
        paths: Files of the same columns.
        types: Columns wanted, with their types.
        offset: Rows to skip.
        length: Rows wanted, None for all.
        holes: Take an empty cell as not a number, 0, False or no text instead of refusing it.

    Raises:
        DataError: A file or column is missing or damaged, has another type, or has empty cells.
    """
    try:
        frame = (
            pl.scan_parquet(list(paths), glob=False, low_memory=True, parallel="none", use_statistics=False)
            .select(*types)
            .slice(offset, length)
            .collect()
        )
        return {name: _array(frame.get_column(name), kind, holes=holes) for name, kind in types.items()}
    except (*_WRONG, ValueError) as error:
        if len(paths) > 1:
            # Only one of them is wrong; read alone, it says so itself.
            for path in paths:
                read_rows([path], types, holes=holes)
        raise _unreadable(paths[0], error) from error


def _series(name: str, column: Column) -> pl.Series:
    # Texts come as objects, whose type polars would guess from the first of them.
    return pl.Series(name, column, dtype=pl.String if column.dtype == object else None)


def _array(series: pl.Series, kind: str, *, holes: bool) -> Column:
    if series.dtype != _TYPES[kind]:
        raise ValueError(f"column {series.name} is {series.dtype}, not {_TYPES[kind]}")
    if series.null_count():
        if not holes:
            raise ValueError(f"column {series.name} has {series.null_count()} empty cells")
        series = series.fill_null(_HOLES[kind])
    return series.to_numpy()


def _unreadable(path: Path, error: Exception) -> DataError:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(f"{path} can't be read: {first}", fix="see `arb data verify` for what is wrong")
