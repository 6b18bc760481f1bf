"""Streams of inputs as a recorder gets them, and what is read back of them."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from hypothesis import strategies as st

from arbcore.data.dataset import find_datasets
from arbcore.data.recorder import Recorder
from arbcore.data.source import open_source
from arbcore.model.market import Book, BookInvalid, FundingRate, FxRate, MarketInput, MarkPrice, PublicTrade, Quote
from tests.data.samples import T0, S, instrument

INSTRUMENTS = (instrument(), instrument("alpha", "A/B"), instrument("beta"))
KEYS = [each.key for each in INSTRUMENTS]

_numbers = st.floats(width=64) | st.sampled_from([100.0, 0.0, -0.0])
_times = st.integers(-(2**63), 2**63 - 1) | st.just(T0)
_sides = st.lists(st.tuples(_numbers, _numbers), max_size=30).map(tuple)
_values: dict[type[MarketInput], tuple[st.SearchStrategy[Any], ...]] = {
    Quote: (_numbers, _numbers, _numbers, _numbers),
    Book: (_sides, _sides),
    PublicTrade: (_numbers, _numbers, st.booleans()),
    FundingRate: (_numbers, st.booleans(), _times, _times),
    MarkPrice: (_numbers, _numbers),
    BookInvalid: (st.text(),),
    FxRate: (_numbers, _numbers, st.text()),
}


@st.composite
def any_stream(draw: st.DrawFn, most: int = 25) -> list[MarketInput]:
    """Return inputs of all kinds with any values, whose receive times rise."""
    items: list[MarketInput] = []
    at = T0
    for kind, step in draw(
        st.lists(st.tuples(st.sampled_from(list(_values)), st.sampled_from([1, S, 9 * 3600 * S])), max_size=most)
    ):
        at += step
        key = draw(st.sampled_from(["usdt_krw", "a/b:c"] if kind is FxRate else KEYS))
        items.append(kind(key, draw(_times), at, *(draw(value) for value in _values[kind])))
    return items


def quote(at: int, bid: float = 100.0, key: str = KEYS[0]) -> Quote:
    return Quote(key, at - 5, at, bid, bid + 0.5, 1.0, 2.0)


def known_stream(count: int) -> list[MarketInput]:
    """Return the beginning of a stream of all kinds that is always the same."""
    chance = Random(7)
    items: list[MarketInput] = []
    for index in range(count):
        at, key, bid = T0 + index * 1000, KEYS[index % 3], 100.0 + chance.randrange(100)
        sides = [tuple((bid + 0.5 * level, 1.0) for level in range(chance.randrange(9))) for _ in range(2)]
        made: list[MarketInput] = [
            quote(at, bid, key),
            Book(key, at, at, sides[0], sides[1]),
            PublicTrade(key, at, at, bid, 1.0, buyer_took=index % 2 == 0),
            FundingRate(key, at, at, 0.0001, settled=False, next_ts=at + S, interval_ns=S),
            FxRate("usdt_krw", at, at, 1300.0 + index, 1301.0 + index, "somewhere"),
            MarkPrice(key, at, at, bid, bid),
            BookInvalid(key, at, at, "DATA_GAP"),
        ]
        items.append(made[index % len(made)])
    return items


def recorder(root: Path, **options: Any) -> Recorder:
    return Recorder(root, **{"instruments": INSTRUMENTS, "source": "a test", **options})


def put_all(to: Recorder, items: Iterable[MarketInput]) -> None:
    for item in items:
        to.put(item)


def abandon(to: Recorder) -> None:
    """Do with a recorder what the system does when its process ends: nothing is written."""
    to._waiting.clear()
    to._end_spool()
    to._held.release()


def kept_unread(root: Path, items: list[MarketInput]) -> None:
    """Leave inputs in a spool, as a recorder that was killed does."""
    to = recorder(root)
    put_all(to, items)
    to.flush(items[-1].recv_ts)
    abandon(to)


def record(root: Path, items: Iterable[MarketInput], *, rotate_each: int = 1 << 30, **options: Any) -> None:
    """Record inputs with a rotation after so many of them."""
    rest = iter(items)
    with recorder(root, **options) as to:
        while piece := list(islice(rest, rotate_each)):
            put_all(to, piece)
            to.flush(piece[-1].recv_ts)
            to.rotate()


def read_back(root: Path) -> list[MarketInput]:
    """Return every input of the data sets, none where there are none."""
    if not root.is_dir() or not find_datasets(root):
        return []
    return [item for chunk in open_source(root).chunks() for item in chunk]


def bits(items: Iterable[MarketInput]) -> list[bytes]:
    """Return inputs so that equal ones are equal bit for bit: not a number equals itself, -0.0 does not equal 0.0."""
    return [msgspec.msgpack.encode((type(item).__name__, item)) for item in items]
