"""Streams: rows of one data set and kind on their way to becoming inputs."""

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Final, Protocol

from arbcore.data._bars import BarShape, closing_inputs, closings, opening_inputs, openings
from arbcore.data._frames import Columns, np
from arbcore.data._rows import RowReader
from arbcore.model.market import (
    Book,
    BookInvalid,
    FundingRate,
    FxRate,
    MarketInput,
    MarkPrice,
    PublicTrade,
    Quote,
)

Build = Callable[[Columns], list[MarketInput]]
"""Makes the inputs for some rows."""


_PLAIN: Final[dict[str, Callable[..., MarketInput]]] = {
    "quotes": Quote,
    "trades": PublicTrade,
    "funding": FundingRate,
    "marks": MarkPrice,
    "breaks": BookInvalid,
}


class Stream(Protocol):
    """Rows in the order of their time, and how to make inputs of them."""

    @property
    def clock(self) -> str:
        """The column that orders the rows."""
        ...

    @property
    def build(self) -> Build:
        """What makes the inputs for some of the rows."""
        ...

    def __iter__(self) -> Iterator[Columns]:
        """Yield pieces that are not empty, from the start."""
        ...


class RowStream:
    """The rows of a reader as they are."""

    def __init__(self, rows: Iterable[Columns], build: Build, clock: str = "recv_ts") -> None:
        self.clock: Final = clock
        self.build: Final = build
        self._rows = rows

    def __iter__(self) -> Iterator[Columns]:
        """Yield the pieces."""
        return iter(self._rows)


class BarStream:
    """Bars as touches at their closes or at their opens."""

    def __init__(self, rows: RowReader, shape: BarShape, *, opens: bool) -> None:
        self.clock: Final = "ts"
        inputs = opening_inputs if opens else closing_inputs
        self.build: Final[Build] = lambda columns: inputs(shape.instrument, columns)
        self._rows = rows
        self._shape = shape
        self._touches = openings if opens else closings

    def __iter__(self) -> Iterator[Columns]:
        """Yield the pieces."""
        touches = self._touches(self._rows, self._shape)
        return (piece for piece in touches if len(piece["ts"]))


def row_stream(rows: RowReader, key: str, source: str) -> RowStream:
    """Return the stream of a kind other than bars.

    Args:
        rows: The reader.
        key: Key of the instrument, or name of the rate.
        source: Source of a rate whose rows don't name one.
    """
    if rows.kind.name == "book":
        return RowStream(rows, lambda columns: _books(key, rows.kind.levels, columns))
    names = tuple(rows.kind.columns)
    if rows.kind.name == "fx" and "source" in names:
        return RowStream(rows, lambda columns: list(map(FxRate, repeat(key), *_lists(columns, names))))
    if rows.kind.name == "fx":
        return RowStream(rows, lambda columns: list(map(FxRate, repeat(key), *_lists(columns, names), repeat(source))))
    make: Final = _PLAIN[rows.kind.name]
    # The fields of these inputs are the instrument and then the columns, in their order.
    return RowStream(rows, lambda columns: list(map(make, repeat(key), *_lists(columns, names))))


def _lists(columns: Columns, names: Iterable[str]) -> list[list[object]]:
    return [columns[name].tolist() for name in names]


def _books(key: str, levels: int, columns: Columns) -> list[MarketInput]:
    sides = []
    count = len(columns["ts"])
    for side in ("bid", "ask"):
        prices = np.stack([columns[f"{side}_{level}"] for level in range(levels)], axis=1).tolist()
        sizes = np.stack([columns[f"{side}_size_{level}"] for level in range(levels)], axis=1).tolist()
        shown = columns[f"{side}s"].tolist() if f"{side}s" in columns else [None] * count
        sides.append([_levels(*row) for row in zip(prices, sizes, shown, strict=True)])
    return list(map(Book, repeat(key), columns["ts"].tolist(), columns["recv_ts"].tolist(), *sides))


def _levels(prices: list[float], sizes: list[float], shown: int | None) -> tuple[tuple[float, float], ...]:
    """Return the levels that the venue showed: as many as it is said, else those with a price."""
    if shown is not None:
        return tuple(zip(prices[:shown], sizes[:shown], strict=True))
    return tuple((price, size) for price, size in zip(prices, sizes, strict=True) if price)
