"""Writing: files per day, checks, whole or not at all, and hashes of the content."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.data import _files
from arbcore.data.dataset import DatasetInfo, find_datasets, read_info
from arbcore.data.instant import DAY_NS
from arbcore.data.writer import DatasetWriter
from arbcore.errors import DataError
from tests.data.samples import T0, S, bars, files_below, funding, fx, instrument, quotes, write


def names(folder: str | Path) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def append_all(root: Path, pieces: Iterable[dict[str, Any]]) -> DatasetInfo:
    with DatasetWriter(root, venue="alpha", symbol="BTC-USDT", source="") as writer:
        for piece in pieces:
            writer.append("quotes", piece)
    return writer.close()


def test_rows_are_cut_at_utc_days(tmp_path: Path) -> None:
    info = write(tmp_path, "quotes", quotes([T0 - 1, T0, T0 + DAY_NS - 1, T0 + 3 * DAY_NS]))
    assert names(info.folder) == [
        "dataset.json",
        "quotes-2023-11-14.parquet",
        "quotes-2023-11-15.parquet",
        "quotes-2023-11-18.parquet",
    ]
    stated = info.kinds["quotes"]
    assert [file.rows for file in stated.files] == [1, 2, 1]
    assert (stated.rows, stated.first_ts, stated.last_ts) == (4, T0 - 1, T0 + 3 * DAY_NS)


def test_a_day_with_many_rows_has_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "PART_ROWS", 3)
    info = write(tmp_path, "quotes", quotes([T0 + index for index in range(8)]))
    assert [file.name for file in info.kinds["quotes"].files] == [
        "quotes-2023-11-15.parquet",
        "quotes-2023-11-15-1.parquet",
        "quotes-2023-11-15-2.parquet",
    ]
    assert [file.rows for file in info.kinds["quotes"].files] == [3, 3, 2]


def test_pending_rows_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "PART_ROWS", 10)
    pending = []
    with DatasetWriter(tmp_path, venue="alpha", symbol="BTC-USDT", source="") as writer:
        for start in range(0, 100, 7):
            writer.append("quotes", quotes([T0 + start + index for index in range(7)]))
            pending.append(writer._rows["quotes"]._parts._pending_rows)
    assert max(pending) < 10
    assert writer.close().rows == 105


def test_bars_are_cut_by_their_opening(tmp_path: Path) -> None:
    info = write(tmp_path, "bars", bars([T0 - 300 * S, T0]), interval_ns=300 * S)
    assert [file.name for file in info.kinds["bars"].files] == ["bars-2023-11-14.parquet", "bars-2023-11-15.parquet"]
    assert info.kinds["bars"].interval_ns == 300 * S


@given(cuts=st.lists(st.integers(0, 40), max_size=6), part_rows=st.integers(1, 50))
def test_equal_content_has_an_equal_hash_whatever_its_pieces(cuts: list[int], part_rows: int) -> None:
    times = [T0 + index * 3600 * S for index in range(40)]
    whole = quotes(times)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        once = write(Path(folder) / "a", "quotes", whole)
        patch.setattr(_files, "PART_ROWS", part_rows)
        with DatasetWriter(
            Path(folder) / "b", venue="alpha", symbol="BTC-USDT", instrument=instrument(), source="other", notes=["x"]
        ) as writer:
            for first, last in pairwise(sorted({0, 40, *cuts})):
                writer.append("quotes", {name: np.array(values[first:last]) for name, values in whole.items()})
        again = writer.close()
    assert again.hash == once.hash
    assert again.kinds["quotes"].hash == once.kinds["quotes"].hash


@pytest.mark.parametrize("column", ["ts", "recv_ts", "bid", "ask", "bid_size", "ask_size"])
def test_one_changed_cell_changes_the_hash(tmp_path: Path, column: str) -> None:
    rows = quotes([T0, T0 + 10, T0 + 20])
    before = write(tmp_path, "quotes", rows)
    rows[column] = [*rows[column][:2], rows[column][2] + 1] if column != "bid" else [*rows[column][:2], 1.0]
    assert write(tmp_path, "quotes", rows).hash != before.hash


def test_swapped_columns_change_the_hash(tmp_path: Path) -> None:
    rows = quotes([T0])
    before = write(tmp_path, "quotes", rows)
    rows["bid_size"], rows["ask_size"] = rows["ask_size"], rows["bid_size"]
    assert write(tmp_path, "quotes", rows).hash != before.hash


BAD_QUOTES: dict[str, tuple[str, Any, str]] = {
    "not a number": ("bid", float("nan"), "column bid: not a finite number"),
    "infinite": ("ask", float("inf"), "column ask: not a finite number"),
    "negative size": ("ask_size", -1.0, "column ask_size: a negative size"),
    "no price": ("bid", 0.0, "column bid: not a positive price"),
    "crossed": ("bid", 1000.0, "column bid: the bid is above the ask"),
    "milliseconds": ("recv_ts", T0 // 1_000_000, "column recv_ts: not a time in nanoseconds"),
    "seconds": ("ts", T0 // S, "column ts: not a time in nanoseconds"),
    "back in time": ("recv_ts", T0 - 1, "column recv_ts: goes back in time"),
}


@pytest.mark.parametrize("case", BAD_QUOTES)
def test_a_bad_row_is_refused_by_row_and_column_and_leaves_nothing(tmp_path: Path, case: str) -> None:
    column, value, told = BAD_QUOTES[case]
    rows = quotes([T0, T0 + 1, T0 + 2, T0 + 3])
    rows[column][2] = value
    good = quotes([T0 - 9, T0 - 8, T0 - 7])
    with pytest.raises(DataError, match=f"alpha:BTC-USDT quotes: row 5, {told}") as caught:
        append_all(tmp_path, [good, rows])
    assert "repair" in caught.value.fix
    assert files_below(tmp_path) == {}


@pytest.mark.parametrize("case", BAD_QUOTES)
def test_repair_drops_the_bad_row_and_says_so(tmp_path: Path, case: str) -> None:
    column, value, _ = BAD_QUOTES[case]
    rows = quotes([T0, T0 + 1, T0 + 2, T0 + 3])
    good = {name: [values[index] for index in (0, 1, 3)] for name, values in rows.items()}
    rows[column][2] = value
    info = write(tmp_path, "quotes", rows, repair=True, notes=["first"])
    assert info.kinds["quotes"].hash == write(tmp_path / "good", "quotes", good).kinds["quotes"].hash
    assert info.notes[0] == "first"
    assert info.notes[1].startswith("repair dropped quotes rows: 1 (")


def test_repair_counts_by_check_and_keeps_going_after_a_wild_time(tmp_path: Path) -> None:
    rows = quotes([T0, T0 + 90 * 365 * DAY_NS, T0 + 1, T0 + 1, T0])
    rows["bid_size"][2] = -1.0
    info = write(tmp_path, "quotes", rows, repair=True)
    assert info.rows == 2
    assert info.notes[0].startswith("repair dropped quotes rows: ")
    assert sorted(info.notes[0].removeprefix("repair dropped quotes rows: ").split("; ")) == [
        "1 (a negative size)",
        "1 (goes back in time)",
        "1 (not a time in nanoseconds between 2009 and 2100)",
    ]


def test_repair_drops_rows_that_come_twice_also_across_calls(tmp_path: Path) -> None:
    row = quotes([T0])
    with DatasetWriter(tmp_path, venue="alpha", symbol="BTC-USDT", source="", repair=True) as writer:
        writer.append("quotes", row)
        writer.append("quotes", row)
    assert writer.close().rows == 1


def test_equal_trades_are_kept(tmp_path: Path) -> None:
    trade = {"ts": [T0] * 2, "recv_ts": [T0] * 2, "price": [1.0] * 2, "size": [1.0] * 2, "buyer_took": [True] * 2}
    assert write(tmp_path, "trades", trade, repair=True).rows == 2


BAD_BARS: dict[str, tuple[str, Any, str]] = {
    "high": ("high", 100.0, "column high: high and low do not bound"),
    "low": ("low", 102.5, "column low: high and low do not bound"),
    "twice": ("ts", T0, "column ts: starts before the bar before it has ended"),
    "overlap": ("ts", T0 + 59 * S, "column ts: starts before the bar before it has ended"),
    "volume": ("volume", -1.0, "column volume: a negative size"),
}


@pytest.mark.parametrize("case", BAD_BARS)
def test_bars_that_contradict_themselves_are_refused(tmp_path: Path, case: str) -> None:
    column, value, told = BAD_BARS[case]
    rows = bars([T0, T0 + 60 * S, T0 + 120 * S])
    rows[column][1] = value
    with pytest.raises(DataError, match=f"row 1, {told}"):
        write(tmp_path, "bars", rows, interval_ns=60 * S)


def book(**changes: float) -> dict[str, Any]:
    row = {
        "bid_0": 99.0, "bid_size_0": 1.0, "ask_0": 100.0, "ask_size_0": 1.0,
        "bid_1": 98.0, "bid_size_1": 2.0, "ask_1": 101.0, "ask_size_1": 2.0,
    }  # fmt: skip
    return {"ts": [T0], "recv_ts": [T0], **{name: [value] for name, value in (row | changes).items()}}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bid_1": 99.0}, "column bid_1: the levels are not"),
        ({"ask_1": 100.0}, "column ask_1: the levels are not"),
        ({"ask_0": 0.0, "ask_size_0": 0.0}, "column ask_1: the levels are not"),
        ({"bid_1": 0.0}, "column bid_1: the levels are not"),
        ({"bid_0": 100.5, "ask_0": 100.0}, "column bid_0: the bid is above the ask"),
        ({"bid_size_1": -2.0}, "column bid_size_1: a negative size"),
        ({"ask_1": -2.0}, "column ask_1: not a positive price"),
    ],
)
def test_books_that_contradict_themselves_are_refused(tmp_path: Path, changes: dict[str, float], told: str) -> None:
    with pytest.raises(DataError, match=told):
        write(tmp_path, "book", book(**changes))


def test_a_book_may_lack_levels(tmp_path: Path) -> None:
    assert write(tmp_path, "book", book(bid_1=0.0, bid_size_1=0.0)).rows == 1


@pytest.mark.parametrize(
    ("kind", "columns", "interval", "told"),
    [
        ("candles", {"ts": [T0]}, 0, "no kind of data 'candles'"),
        ("quotes", {"ts": [T0], "recv_ts": [T0], "bid": [1.0]}, 0, "missing columns"),
        ("quotes", {**quotes([T0]), "mood": [1]}, 0, "unknown columns"),
        ("quotes", {**quotes([T0]), "bid": [1.0, 2.0]}, 0, "different lengths"),
        ("quotes", {**quotes([T0]), "recv_ts": [float(T0)]}, 0, "recv_ts holds float64"),
        ("quotes", {**quotes([T0]), "bid": ["dear"]}, 0, "bid can't be taken as float64"),
        ("breaks", {"ts": [T0], "recv_ts": [T0], "reason": [1]}, 0, "reason holds other things than texts"),
        ("breaks", {"ts": [T0], "recv_ts": [T0], "reason": "BOOK_GAP"}, 0, "reason holds other things than texts"),
        ("marks", {"ts": [0], "recv_ts": [T0], "mark": [1.0], "index": [1.0]}, 0, "column ts: not a time"),
        ("quotes", {**quotes([T0]), "bid": [[1.0]]}, 0, "bid holds float64 in 2 dimensions"),
        ("quotes", {**quotes([T0]), "recv_ts": [2**70]}, 0, "recv_ts"),
        ("quotes", quotes([T0]), 60, "interval_ns is 60"),
        ("bars", bars([T0]), 0, "interval_ns is 0"),
        ("fx", fx([T0]), 0, "don't belong here"),
    ],
)
def test_columns_that_are_not_those_of_the_kind_are_refused(
    tmp_path: Path, kind: str, columns: dict[str, Any], interval: int, told: str
) -> None:
    writer = DatasetWriter(tmp_path, venue="alpha", symbol="BTC-USDT", source="")
    with pytest.raises(DataError, match=told):
        writer.append(kind, columns, interval_ns=interval)
    assert files_below(tmp_path) == {}


def test_a_kind_may_not_change_its_columns_or_interval(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path, venue="alpha", symbol="BTC-USDT", source="")
    writer.append("bars", bars([T0]), interval_ns=60 * S)
    with pytest.raises(DataError, match="changed their columns or interval"):
        writer.append("bars", bars([T0 + 60 * S]), interval_ns=30 * S)


def test_a_writer_that_failed_takes_and_publishes_nothing_more(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path, venue="alpha", symbol="BTC-USDT", source="")
    writer.append("quotes", quotes([T0]))
    with pytest.raises(DataError, match="no kind of data"):
        writer.append("candles", {})
    with pytest.raises(DataError, match="an earlier call failed"):
        writer.append("quotes", quotes([T0 + 1]))
    with pytest.raises(DataError, match="an earlier call failed"):
        writer.close()
    assert files_below(tmp_path) == {}


@pytest.mark.parametrize(
    "names_given",
    [
        {"venue": "alpha", "symbol": "BTC", "rate": "usdt_krw"},
        {"venue": "rates", "symbol": "krw", "rate": "usdt_krw"},
        {"venue": "beta", "symbol": "BTC-USDT", "instrument": instrument()},
    ],
)
def test_names_that_contradict_each_other_are_refused(tmp_path: Path, names_given: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        DatasetWriter(tmp_path, source="", **names_given)


def test_nothing_appears_without_rows_or_after_an_error(tmp_path: Path) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield quotes([T0])
        raise KeyError("the source broke")

    with pytest.raises(DataError, match="no row was written"):
        append_all(tmp_path, [])
    with pytest.raises(KeyError):
        append_all(tmp_path, broken())
    assert files_below(tmp_path) == {}
    assert find_datasets(tmp_path) == []


def test_a_failed_writer_leaves_the_old_data_set(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes([T0]))
    before = files_below(tmp_path)
    rows = quotes([T0, T0 + 1])
    rows["bid"][1] = float("nan")
    with pytest.raises(DataError):
        write(tmp_path, "quotes", rows)
    assert files_below(tmp_path) == before


def test_a_closed_writer_takes_nothing_more(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path, venue="alpha", symbol="BTC-USDT", source="") as writer:
        writer.append("quotes", quotes([T0]))
        info = writer.close()
        with pytest.raises(DataError, match="closed"):
            writer.append("quotes", quotes([T0]))
    assert writer.close() == info


def test_other_kinds_are_kept_and_written_ones_replaced(tmp_path: Path) -> None:
    write(tmp_path, "bars", bars([T0, T0 + DAY_NS]), interval_ns=60 * S, notes=("by the minute",), clock="KST")
    write(tmp_path, "funding", funding([T0]), notes=("thirds of the day's mean",))
    info = write(tmp_path, "bars", bars([T0]), interval_ns=60 * S, notes=("once more",))
    assert info == read_info(Path(info.folder))
    assert sorted(info.kinds) == ["bars", "funding"]
    assert info.notes == ("once more", "thirds of the day's mean")
    assert names(info.folder) == ["bars-2023-11-15.parquet", "dataset.json", "funding-2023-11-15.parquet"]


def test_kinds_of_one_market_can_not_have_two_descriptions(tmp_path: Path) -> None:
    write(tmp_path, "bars", bars([T0]), interval_ns=60 * S)
    before = files_below(tmp_path)
    with pytest.raises(DataError, match="another description of alpha:BTC-USDT"):
        write(tmp_path, "funding", funding([T0]), instrument=instrument(tick="0.01"))
    assert files_below(tmp_path) == before
    write(tmp_path, "bars", bars([T0]), interval_ns=60 * S, instrument=instrument(tick="0.01"))


def test_foreign_files_are_never_deleted(tmp_path: Path) -> None:
    info = write(tmp_path, "quotes", quotes([T0]))
    (Path(info.folder) / "my-notes.txt").write_text("precious")
    with pytest.raises(DataError, match=r"not of its data set: my-notes\.txt"):
        write(tmp_path, "quotes", quotes([T0]))
    other = tmp_path / "alpha" / "ETH-USDT"
    other.mkdir()
    (other / "thesis.txt").write_text("precious")
    with pytest.raises(DataError, match="is no data set"):
        write(tmp_path, "quotes", quotes([T0]), symbol="ETH-USDT")
    assert (other / "thesis.txt").read_text() == "precious"


def test_arrays_may_be_used_again_after_append(tmp_path: Path) -> None:
    rows = {name: np.array(values) for name, values in quotes([T0]).items()}
    with DatasetWriter(tmp_path, venue="alpha", symbol="BTC-USDT", source="", instrument=instrument()) as writer:
        writer.append("quotes", rows)
        rows["bid"][0] = 7.0
    assert writer.close().hash == write(tmp_path, "quotes", quotes([T0])).hash


def test_a_full_disk_is_one_clear_error_and_keeps_the_old(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes([T0]))
    before = files_below(tmp_path)
    code = """
import resource, signal, sys
from pathlib import Path
from arbcore.errors import DataError
from tests.data.samples import T0, quotes, write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.dont_write_bytecode = True
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write(Path(sys.argv[1]), "quotes", quotes([T0 + 1000 * index for index in range(20_000)]))
except DataError as error:
    print("refused:", error.what)
"""
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout.startswith("refused:"), run.stderr
    assert "can't be written" in run.stdout
    assert files_below(tmp_path) == before
