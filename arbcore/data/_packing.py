"""Market inputs as packed rows, and packed rows as columns: bit for bit, whatever was recorded."""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, groupby
from typing import Any, Final, NamedTuple

from msgspec.structs import astuple

from arbcore.data._frames import Columns, np
from arbcore.data.kinds import BREAKS, FUNDING, FX, MARKS, QUOTES, TRADES, Kind, book, with_columns
from arbcore.model.market import Book, BookInvalid, FundingRate, FxRate, MarketInput, MarkPrice, PublicTrade, Quote

MOST_LEVELS: Final = 30
"""Levels a side of a book that are kept; the numbers of levels that the venue showed tell of any others."""

KIND_OF: Final[dict[type, str]] = {
    Quote: "quotes",
    Book: "book",
    PublicTrade: "trades",
    FundingRate: "funding",
    FxRate: "fx",
    MarkPrice: "marks",
    BookInvalid: "breaks",
}
"""Kind in which each type of input is kept; bars are made of rows and never arrive."""

_KINDS: Final = {kind.name: kind for kind in (QUOTES, TRADES, FUNDING, FX, MARKS, BREAKS)}
_CODES: Final = {"int64": "q", "float64": "d", "bool": "?"}
_DTYPES: Final = {"int64": "<i8", "float64": "<f8", "bool": "?"}
_LENGTH: Final = struct.Struct("<I")


class Packed(NamedTuple):
    """Rows of one kind as bytes.

    Attributes:
        levels: Levels a side of each row of a book; 0 for other kinds.
        body: The rows one after another.
        rows: Number of rows.
        refused: Inputs whose values are not of the kind's types.
    """

    levels: int
    body: bytes
    rows: int
    refused: int


def recorded_kind(name: str, levels: int) -> Kind:
    """Return the kind of recorded rows: with every optional column."""
    kind = book(levels) if name == "book" else _KINDS[name]
    return with_columns(kind, kind.optional)


def pack(name: str, items: Sequence[MarketInput]) -> Packed:
    """Return inputs of one kind and instrument as rows; those whose values have other types are left out and counted.

    The levels of the deepest book decide how many each row has.
    """
    levels = 0
    if name == "book":
        levels = min(max(map(_depth, items), default=1), MOST_LEVELS)
    row: Callable[[MarketInput], bytes] = _packer(name, levels)
    rows = []
    for item in items:
        try:
            rows.append(row(item))
        except (struct.error, TypeError, ValueError, OverflowError, AttributeError):
            continue
    return Packed(levels, b"".join(rows), len(rows), len(items) - len(rows))


def unpack(name: str, levels: int, sections: Iterable[tuple[int, bytes]]) -> Columns:
    """Return packed rows as columns.

    Args:
        name: The kind.
        levels: Levels a side wanted, at least as many as any section has.
        sections: Levels a side and the rows of each section, in order.
    """
    pieces = [
        widened(_columns(recorded_kind(name, stored), b"".join(body for _, body in run)), recorded_kind(name, levels))
        for stored, run in groupby(sections, key=lambda section: section[0])
    ]
    return {column: np.concatenate([piece[column] for piece in pieces]) for column in pieces[0]}


def widened(columns: Columns, kind: Kind) -> Columns:
    """Return rows of a book with zeros for the levels that it lacks; other rows as they are."""
    count = len(columns[kind.clock])
    zeros = np.zeros(count)
    return {name: columns.get(name, zeros) for name in kind.columns}


def _depth(item: Any) -> int:
    sides = (item.bids, item.asks)
    return max(1, *(len(side) for side in sides if isinstance(side, tuple)))


@lru_cache(maxsize=MOST_LEVELS + len(_KINDS))
def _packer(name: str, levels: int) -> Callable[[Any], bytes]:
    """Return what makes a row of an input."""
    kind = recorded_kind(name, levels)
    pack_fixed: Callable[..., bytes] = _fixed(kind).pack
    if name == "book":
        return lambda item: pack_fixed(item.ts, item.recv_ts, *_levels(item, levels), len(item.bids), len(item.asks))
    if not _text(kind):
        return lambda item: pack_fixed(*astuple(item)[1:])

    def with_text(item: Any) -> bytes:
        *numbers, text = astuple(item)[1:]
        data: bytes = text.encode()
        return pack_fixed(*numbers) + _LENGTH.pack(len(data)) + data

    return with_text


def _levels(item: Book, levels: int) -> Iterator[float]:
    """Return the levels of a row in the order of its columns."""
    filling = ((0.0, 0.0),) * levels
    bids, asks = (*item.bids, *filling)[:levels], (*item.asks, *filling)[:levels]
    return chain.from_iterable((*bid, *ask) for bid, ask in zip(bids, asks, strict=True))


def _fixed(kind: Kind) -> struct.Struct:
    return struct.Struct("<" + "".join(_CODES[column] for column in kind.columns.values() if column != "text"))


def _text(kind: Kind) -> str:
    """Return the column of texts, which is the last one, or nothing."""
    return next((name for name, column in kind.columns.items() if column == "text"), "")


def _columns(kind: Kind, body: bytes) -> Columns:
    text = _text(kind)
    fixed = [(name, _DTYPES[column]) for name, column in kind.columns.items() if name != text]
    texts: list[str] = []
    if text:
        body, texts = _parted(body, _fixed(kind).size)
    rows = np.frombuffer(body, dtype=np.dtype(fixed))
    columns: Columns = {name: rows[name] for name, _ in fixed}
    return columns | {text: np.array(texts, dtype=object)} if text else columns


def _parted(body: bytes, size: int) -> tuple[bytes, list[str]]:
    """Return the numbers of all rows, and their texts."""
    numbers, texts, at = [], [], 0
    while at < len(body):
        end = at + size + _LENGTH.size
        (length,) = _LENGTH.unpack_from(body, at + size)
        numbers.append(body[at : at + size])
        texts.append(body[end : end + length].decode())
        at = end + length
    return b"".join(numbers), texts
