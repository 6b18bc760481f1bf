"""Kinds of rows in a data set, and their columns."""

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from arbcore.errors import DataError

ColumnType = Literal["int64", "float64", "bool", "text"]

_TIMES: Final[dict[str, ColumnType]] = {"ts": "int64", "recv_ts": "int64"}


class Kind(Struct, frozen=True):
    """One kind of row. Times are UTC nanoseconds, prices and sizes float64.

    Attributes:
        name: Name of the kind, and the first part of its files' names.
        columns: Type of every column, in the order in which they are stored and hashed.
        clock: The column that orders the rows.
        prices: Columns that must be positive.
        sizes: Columns that must not be negative.
        touch: Columns of the best bid and ask.
        levels: Levels a side of a book; 0 for other kinds.
        optional: Columns that rows may have after the others: all rows of a data set or none.
    """

    name: str
    columns: dict[str, ColumnType]
    clock: str = "recv_ts"
    prices: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    touch: tuple[str, str] | None = None
    levels: int = 0
    optional: dict[str, ColumnType] = {}

    @property
    def reference_price(self) -> str:
        """The column that stands for the price level of a row; empty where a kind has none."""
        if self.name == "bars":
            return "close"
        return self.touch[0] if self.touch else next(iter(self.prices), "")


def _floats(*names: str) -> dict[str, ColumnType]:
    return dict.fromkeys(names, "float64")


_SIDE: Final[dict[str, ColumnType]] = {"buyer_took": "bool"}
_SETTLEMENT: Final[dict[str, ColumnType]] = {"settled": "bool", "next_ts": "int64"}
_REASON: Final[dict[str, ColumnType]] = {"reason": "text"}
_COUNTS: Final[dict[str, ColumnType]] = {"bids": "int64", "asks": "int64"}
_OPENING: Final[dict[str, ColumnType]] = {"ts": "int64"}


QUOTES: Final = Kind(
    "quotes",
    _TIMES | _floats("bid", "ask", "bid_size", "ask_size"),
    prices=("bid", "ask"),
    sizes=("bid_size", "ask_size"),
    touch=("bid", "ask"),
)
TRADES: Final = Kind(
    "trades",
    _TIMES | _floats("price", "size") | _SIDE,
    prices=("price",),
    sizes=("size",),
)
FUNDING: Final = Kind("funding", _TIMES | _floats("rate") | _SETTLEMENT, optional={"interval_ns": "int64"})
FX: Final = Kind(
    "fx", _TIMES | _floats("bid", "ask"), prices=("bid", "ask"), touch=("bid", "ask"), optional={"source": "text"}
)
MARKS: Final = Kind("marks", _TIMES | _floats("mark", "index"), prices=("mark",), sizes=("index",))
BREAKS: Final = Kind("breaks", _TIMES | _REASON)
"""When a book stopped being trustworthy, and why: the holes of a recording."""
BARS: Final = Kind(
    "bars",
    _OPENING | _floats("open", "high", "low", "close", "volume"),
    clock="ts",
    prices=("open", "high", "low", "close"),
    sizes=("volume",),
)

_FIXED: Final = {kind.name: kind for kind in (QUOTES, TRADES, FUNDING, FX, MARKS, BREAKS, BARS)}

KIND_NAMES: Final = tuple(sorted((*_FIXED, "book")))
"""Every kind, in the order in which rows of the same time are delivered."""


def book(levels: int) -> Kind:
    """Return the kind of a book with a number of levels a side, best first: ``bid_0``, ``bid_size_0``, ``ask_0`` ...

    A level that the venue does not show has price 0 and size 0, as have all deeper ones. The optional ``bids`` and
    ``asks`` are the numbers of levels that the venue showed; where they are larger, deeper levels were cut off.
    """
    names = [f"{name}_{level}" for level in range(levels) for name in ("bid", "bid_size", "ask", "ask_size")]
    return Kind("book", _TIMES | _floats(*names), touch=("bid_0", "ask_0"), levels=levels, optional=_COUNTS)


def kind_of(name: str, columns: Iterable[str]) -> Kind:
    """Return the kind with a name, with those of its optional columns that there are.

    A book takes its number of levels from the columns.

    Raises:
        DataError: There is no such kind, or columns are missing or unknown.
    """
    present = set(columns)
    if name == "book":
        kind = book(max(1, sum(column.startswith("bid_size_") for column in present)))
    elif name in _FIXED:
        kind = _FIXED[name]
    else:
        raise DataError(f"there is no kind of data {name!r}", fix=f"use one of {', '.join(KIND_NAMES)}")
    missing = [column for column in kind.columns if column not in present]
    unknown = sorted(present - kind.columns.keys() - kind.optional.keys())
    if missing or unknown:
        what = f"{name}: missing columns {missing}" if missing else f"{name}: unknown columns {unknown}"
        raise DataError(what, fix=f"the columns of {name} are {', '.join(kind.columns)}")
    return with_columns(kind, present)


def with_columns(kind: Kind, optional: Iterable[str]) -> Kind:
    """Return a kind whose rows have the optional columns named, in the order in which the kind lists them."""
    named = set(optional)
    more = {name: column for name, column in kind.optional.items() if name in named}
    return replace(kind, columns=kind.columns | more)
