"""Reading back: what was written comes out, in one order, and nothing else does."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.data._frames import column_names, write_rows
from arbcore.data._rows import RowReader
from arbcore.data.dataset import DatasetInfo
from arbcore.data.instant import DAY_NS
from arbcore.data.kinds import BREAKS, FUNDING, FX, MARKS, QUOTES, TRADES
from arbcore.data.source import BarRule, open_source
from arbcore.errors import DataError
from arbcore.model.market import Book, BookInvalid, FundingRate, FxRate, MarketInput, MarkPrice, PublicTrade, Quote
from tests.data.samples import (
    T0,
    S,
    bars,
    funding,
    fx,
    inputs,
    instrument,
    quotes,
    redescribe,
    spoil,
    stored,
    write,
)

KEY = "alpha:BTC-USDT"


@pytest.mark.parametrize(
    ("struct", "kind"),
    [
        (Quote, QUOTES),
        (PublicTrade, TRADES),
        (FundingRate, FUNDING),
        (FxRate, FX),
        (MarkPrice, MARKS),
        (BookInvalid, BREAKS),
    ],
)
def test_columns_are_the_fields_of_the_inputs(struct: type[msgspec.Struct], kind: Any) -> None:
    """The reader passes columns by position, so their order is that of the fields."""
    named = list(struct.__struct_fields__)
    assert named == [named[0], *kind.columns, *kind.optional]


def test_every_kind_comes_back(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes([T0 + 3]))
    write(tmp_path, "funding", funding([T0 + 2]))
    trade = {"ts": [T0 + 1], "recv_ts": [T0 + 1], "price": [7.5], "size": [2.0], "buyer_took": [False]}
    write(tmp_path, "trades", trade)
    write(tmp_path, "fx", fx([T0]))
    levels = {f"{name}_{level}": [0.0] for level in range(3) for name in ("bid", "bid_size", "ask", "ask_size")}
    levels |= {"bid_0": [9.0], "bid_size_0": [1.0], "bid_1": [8.0], "bid_size_1": [2.0], "ask_0": [10.0]}
    write(tmp_path, "book", {"ts": [T0 + 4], "recv_ts": [T0 + 5], **levels, "ask_size_0": [0.0]})
    source = open_source(tmp_path)
    assert inputs(source) == [
        FxRate("usdt_krw", T0, T0, 1300.0, 1301.0, "a test"),
        PublicTrade(KEY, T0 + 1, T0 + 1, 7.5, 2.0, buyer_took=False),
        FundingRate(KEY, T0 + 2, T0 + 2, 0.0001, settled=True, next_ts=T0 + 2 + 8 * 3600 * S),
        Quote(KEY, T0 - 2, T0 + 3, 100.0, 100.5, 1.0, 2.0),
        Book(KEY, T0 + 4, T0 + 5, ((9.0, 1.0), (8.0, 2.0)), ((10.0, 0.0),)),
    ]
    assert (source.instruments, source.rates, source.rows) == ((instrument(),), ("usdt_krw",), 5)
    assert inputs(source) == inputs(source)


def test_optional_columns_come_back_where_they_were_written(tmp_path: Path) -> None:
    write(tmp_path, "funding", {**funding([T0]), "interval_ns": [3600 * S]})
    write(tmp_path, "fx", {**fx([T0 + 1]), "source": ["somewhere"]})
    write(tmp_path, "marks", {"ts": [T0], "recv_ts": [T0 + 2], "mark": [100.125], "index": [100.0]})
    write(tmp_path, "breaks", {"ts": [T0], "recv_ts": [T0 + 3], "reason": ["BOOK_GAP"]})
    levels = {f"{name}_{level}": [9.0 - level] for level in range(2) for name in ("bid", "bid_size")}
    levels |= {f"{name}_{level}": [0.0] for level in range(2) for name in ("ask", "ask_size")}
    write(tmp_path, "book", {"ts": [T0], "recv_ts": [T0 + 4], **levels, "bids": [1], "asks": [2]})
    assert inputs(open_source(tmp_path)) == [
        FundingRate(KEY, T0, T0, 0.0001, settled=True, next_ts=T0 + 8 * 3600 * S, interval_ns=3600 * S),
        FxRate("usdt_krw", T0 + 1, T0 + 1, 1300.0, 1301.0, "somewhere"),
        MarkPrice(KEY, T0, T0 + 2, 100.125, 100.0),
        BookInvalid(KEY, T0, T0 + 3, "BOOK_GAP"),
        Book(KEY, T0, T0 + 4, ((9.0, 9.0),), ((0.0, 0.0), (0.0, 0.0))),
    ]


prices = st.floats(1e-9, 1e12, allow_nan=False)
sizes = st.floats(0, 1e12, allow_nan=False)
quote_rows = st.lists(st.tuples(st.integers(0, 3 * DAY_NS), prices, prices, sizes, sizes), min_size=1, max_size=30)


@given(rows=quote_rows, piece_rows=st.integers(1, 8))
def test_any_rows_come_back_exactly(rows: list[tuple[int, float, float, float, float]], piece_rows: int) -> None:
    rows.sort(key=lambda row: row[0])
    expected = [
        Quote(KEY, T0 + time, T0 + time, min(one, two), max(one, two), bid_size, ask_size)
        for time, one, two, bid_size, ask_size in rows
    ]
    columns = {name: [getattr(quote, name) for quote in expected] for name in QUOTES.columns}
    with TemporaryDirectory() as folder:
        info = write(Path(folder), "quotes", columns)
        assert inputs(open_source(folder)) == expected
        in_pieces = list(RowReader(info, "quotes", None, None, piece_rows))
    assert all(0 < len(piece["bid"]) <= piece_rows for piece in in_pieces)
    assert [bid for piece in in_pieces for bid in piece["bid"].tolist()] == columns["bid"]


def rank(item: MarketInput) -> tuple[Any, ...]:
    """Return what orders inputs, written down once more."""
    if isinstance(item, FxRate):
        return (item.recv_ts, 0, "rates", item.name, "fx")
    kind = {"Quote": "quotes", "FundingRate": "funding"}.get(type(item).__name__, "bars")
    phase = 2 if type(item).__name__ == "OpeningQuote" else 1
    return (item.recv_ts, phase, *item.instrument.split(":"), kind)


steps = st.sets(st.integers(0, 8))
times = st.lists(st.integers(0, 8).map(lambda step: T0 + step * S), min_size=1, max_size=12).map(sorted)


@given(
    alpha=times,
    beta=times,
    other=times,
    rate=times,
    paid=times,
    open_steps=steps,
    most=st.integers(1, 9),
)
def test_the_order_is_that_of_a_naive_sort(
    alpha: list[int],
    beta: list[int],
    other: list[int],
    rate: list[int],
    paid: list[int],
    open_steps: set[int],
    most: int,
) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, "quotes", quotes(alpha))
        write(root, "funding", funding(paid))
        write(root, "quotes", quotes(beta), venue="beta")
        write(root, "quotes", quotes(other), symbol="AAA")
        write(root, "fx", fx(rate))
        opens = [T0 + step * S for step in sorted(open_steps | {0})]
        write(root, "bars", bars(opens), venue="gamma", interval_ns=S)
        source = open_source(root, bars=BarRule({"gamma": 1.0}), chunk_rows=most)
        merged = inputs(source)
    assert merged == sorted(merged, key=rank)
    assert sum(isinstance(item, Quote) for item in merged) == len(alpha) + len(beta) + len(other)
    for key, expected in (("alpha:BTC-USDT", alpha), ("beta:BTC-USDT", beta), ("alpha:AAA", other)):
        of_one = [item for item in merged if isinstance(item, Quote) and item.instrument == key]
        assert [item.recv_ts for item in of_one] == expected
        assert [item.bid_size for item in of_one] == [1.0 + index for index in range(len(expected))]


@given(start=st.integers(-2, 12), length=st.integers(0, 12))
def test_a_range_is_inclusive_at_its_start_and_exclusive_at_its_end(start: int, length: int) -> None:
    received = [T0 + step * DAY_NS // 4 for step in range(10)]
    first, last = T0 + start * DAY_NS // 4, T0 + (start + length) * DAY_NS // 4
    with TemporaryDirectory() as folder:
        write(Path(folder), "quotes", quotes(received))
        found = inputs(open_source(folder, start=first, end=last))
    assert [item.recv_ts for item in found] == [time for time in received if first <= time < last]


def test_venues_come_under_the_ids_of_the_config(tmp_path: Path) -> None:
    for venue in ("alpha", "beta", "gamma"):
        write(tmp_path, "quotes", quotes([T0]), venue=venue)
    write(tmp_path, "fx", fx([T0]))
    source = open_source(tmp_path, venues={"alpha": "zeta", "beta": "beta"}, instruments=["zeta:BTC-USDT"])
    assert [item.key for item in source.instruments] == ["zeta:BTC-USDT"]
    assert [getattr(item, "instrument", "fx") for item in inputs(source)] == ["fx", "zeta:BTC-USDT"]
    both = open_source(tmp_path, venues={"alpha": "zeta", "beta": "beta"}, rates=[])
    assert [getattr(item, "instrument", "fx") for item in inputs(both)] == ["beta:BTC-USDT", "zeta:BTC-USDT"]


def test_what_is_wanted_and_missing_is_named_with_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes([T0]))
    with pytest.raises(DataError, match="no data set of alpha:ETH, rates:usdt_krw; it holds alpha:BTC-USDT"):
        open_source(tmp_path, instruments=["alpha:ETH", "alpha:BTC-USDT"], rates=["usdt_krw"])
    with pytest.raises(DataError, match="no data set of these exchanges; it holds alpha:BTC-USDT"):
        open_source(tmp_path, venues={"beta": "beta"})
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="it holds none"):
        open_source(tmp_path / "empty")


def test_a_market_may_come_only_once_and_must_be_described(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes([T0]))
    write(tmp_path, "quotes", quotes([T0]), venue="beta")
    with pytest.raises(DataError, match="both hold one:BTC-USDT"):
        open_source(tmp_path, venues={"alpha": "one", "beta": "one"})
    write(tmp_path / "x", "quotes", quotes([T0]), instrument=None)
    with pytest.raises(DataError, match="does not say which instrument"):
        open_source(tmp_path / "x")


def test_the_hash_is_that_of_what_is_read(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes([T0, T0 + 1]))
    write(tmp_path, "fx", fx([T0]))
    whole = open_source(tmp_path).hash
    assert open_source(tmp_path, chunk_rows=1).hash == whole
    others = [
        open_source(tmp_path, rates=[]),
        open_source(tmp_path, start=T0),
        open_source(tmp_path, end=T0 + 1),
        open_source(tmp_path, venues={"alpha": "beta"}),
    ]
    write(tmp_path, "quotes", quotes([T0, T0 + 2]))
    assert len({whole, open_source(tmp_path).hash, *(source.hash for source in others)}) == 6


def _missing(info: DatasetInfo) -> None:
    (Path(info.folder) / info.kinds["quotes"].files[1].name).unlink()


def _more(info: DatasetInfo) -> None:
    path = Path(info.folder) / info.kinds["quotes"].files[0].name
    rows = stored(info, "quotes")
    write_rows(path, {name: column.repeat(2) for name, column in rows.items()})


def _fewer(info: DatasetInfo) -> None:
    path = Path(info.folder) / info.kinds["quotes"].files[0].name
    write_rows(path, {name: column[:1] for name, column in stored(info, "quotes").items()})


def _late(info: DatasetInfo) -> None:
    spoil(info, "quotes", recv_ts={1: T0 + 5})


def _garbage(info: DatasetInfo) -> None:
    (Path(info.folder) / info.kinds["quotes"].files[0].name).write_bytes(b"no parquet")


def _no_column(info: DatasetInfo) -> None:
    path = Path(info.folder) / info.kinds["quotes"].files[0].name
    rows = stored(info, "quotes")
    del rows["bid"]
    write_rows(path, rows)


def _wrong_type(info: DatasetInfo) -> None:
    path = Path(info.folder) / info.kinds["quotes"].files[0].name
    rows = stored(info, "quotes")
    write_rows(path, {**rows, "bid": rows["bid"].astype("int64")})


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_missing, "quotes-2023-11-1[67].parquet can't be read"),
        (_more, "more rows than"),
        (_fewer, "fewer rows than"),
        (_late, "goes back in time after 2023-11-15T00:00:00.0000001Z"),
        (_garbage, "can't be read"),
        (_no_column, "missing columns .*bid"),
        (_wrong_type, "column bid is Int64, not Float64"),
    ],
)
@pytest.mark.parametrize("later", [10, DAY_NS])
def test_damage_is_refused(tmp_path: Path, damage: Callable[[DatasetInfo], None], told: str, later: int) -> None:
    info = write(tmp_path, "quotes", quotes([T0 + 100, T0 + 110, T0 + 120, T0 + DAY_NS + later]))
    damage(info)
    with pytest.raises(DataError, match=told):
        inputs(open_source(tmp_path))


def test_files_that_overlap_are_refused(tmp_path: Path) -> None:
    info = write(tmp_path, "quotes", quotes([T0, T0 + DAY_NS]))
    redescribe(info, "quotes", files=info.kinds["quotes"].files[::-1])
    with pytest.raises(DataError, match="goes back in time"):
        inputs(open_source(tmp_path))


def test_time_going_back_between_pieces_is_refused(tmp_path: Path) -> None:
    info = write(tmp_path, "quotes", quotes([T0, T0 + 1, T0 + 2, T0 + 3]))
    spoil(info, "quotes", recv_ts={2: T0 - 2, 3: T0 - 1})
    with pytest.raises(DataError, match=r"goes back in time after 2023-11-15T00:00:00\.000000001Z"):
        list(RowReader(info, "quotes", None, None, 2))


def test_large_files_are_read_in_pieces_and_small_ones_together(tmp_path: Path) -> None:
    info = write(tmp_path, "quotes", quotes([T0 + step * DAY_NS // 100 for step in range(350)]))
    assert [len(piece["bid"]) for piece in RowReader(info, "quotes", None, None, 64)] == [64, 36, 64, 36, 64, 36, 50]
    assert [len(piece["bid"]) for piece in RowReader(info, "quotes", None, None, 200)] == [200, 150]
    assert column_names(Path(info.folder) / info.kinds["quotes"].files[0].name) == list(QUOTES.columns)
