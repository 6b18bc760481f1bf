"""Rows that can't be are refused with file and line, or dropped and counted when told to."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.data.imports.rows import RowChecks
from arbcore.data.imports.run import columns_of
from arbcore.errors import DataError
from arbcore.ports.control import ImportProfile
from tests.data_imports.formats import BARS, bars_profile, profile, read, write

FX = profile("fx", {"ts": "t", "bid": "b", "ask": "a"})
FUNDING = profile("funding", {"ts": "t", "rate": "r"})
TRADES = profile("trades", {"ts": "t", "price": "p", "size": "s", "buyer_took": "=1"})
QUOTES = profile("quotes", {"ts": "t", "recv_ts": "r", "bid": "b", "ask": "a", "bid_size": "=1", "ask_size": "=1"})
BAR_ROW = "2025-05-28 18:15:00,101,104,100,102,8"


@pytest.mark.parametrize(
    ("given_profile", "text", "message"),
    [
        (bars_profile(), BARS.replace(BAR_ROW, "2025-05-28 18:05:00,101,104,100,102,8"), "line 3.*starts before"),
        (bars_profile(), BARS.replace(BAR_ROW, "2025-05-28 18:10:00,101,104,100,102,8"), "line 3.*starts before"),
        (bars_profile(), BARS.replace(BAR_ROW, "2025-05-28 18:12:00,101,104,100,102,8"), "line 3.*starts before"),
        (bars_profile(), BARS.replace("104,100", "101,100"), "line 3, column 'high': 101: high and low do not bound"),
        (bars_profile(), BARS.replace("101,104", "0,104"), "line 3, column 'open': 0: not a positive price"),
        (bars_profile(), BARS.replace("102,8", "102,-8"), "line 3, column 'volume': -8: a negative size"),
        (FX, "t,b,a\n1700000000,1380,1379\n", "line 2, column 'b': 1380: the bid is above the ask"),
        (FX, "t,b,a\n1700000000,1,2\n1700000000,1,2\n", "line 3.*the same time is there twice"),
        (FX, "t,b,a\n1700000001,1,2\n1700000000,1,2\n", "line 3.*goes back in time"),
        (FUNDING, "t,r\n1700000000,0.01\n1700000001,1.2\n", "line 3, column 'r': 1.2: no fraction of the notional"),
        (TRADES, "t,p,s\n1700000000,1,2\n1700000000,1,2\n1699999999,1,2\n", "line 4.*goes back in time"),
        (QUOTES, "t,r,b,a\n1700000002,1700000000,1,2\n", "line 2: received 2.000 s before it happened"),
    ],
)
def test_a_bad_row_is_refused_by_line(tmp_path: Path, given_profile: ImportProfile, text: str, message: str) -> None:
    path = write(tmp_path, "rows.csv", text)
    with pytest.raises(DataError, match=rf"rows\.csv, {message}"):
        read(given_profile, path)


def test_the_same_trade_time_may_come_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.csv", "t,p,s\n1700000000,1,2\n1700000000,1,2\n")
    assert len(read(TRADES, path)["ts"]) == 2


def test_order_counts_across_files(tmp_path: Path) -> None:
    first = write(tmp_path, "a.csv", "t,b,a\n1700000005,1,2\n")
    second = write(tmp_path, "b.csv", "t,b,a\n1700000001,1,2\n")
    assert len(read(FX, second, first)["ts"]) == 2
    with pytest.raises(DataError, match=r"b\.csv, line 2.*goes back in time"):
        read(FX, first, second)


def test_repair_sorts_and_drops_and_counts(tmp_path: Path) -> None:
    text = "t,b,a\n1700000003,3,4\n1700000001,1,2\n1700000001,7,8\n1700000002,9,2\n"
    checks = RowChecks(FX, repair=True)
    (columns,) = columns_of(FX, [write(tmp_path, "rows.csv", text)], checks)
    assert columns["ts"].tolist() == [1_700_000_001 * 10**9, 1_700_000_003 * 10**9]
    assert columns["bid"].tolist() == [1.0, 3.0]
    assert dict(checks.dropped) == {"the same time is there twice": 1, "the bid is above the ask": 1}


def test_repair_changes_no_clock(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.csv", "t,r,b,a\n1700000002,1700000000,1,2\n")
    with pytest.raises(DataError, match="--receive-shift"):
        read(QUOTES, path, repair=True)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.integers(1, 7))
def test_repaired_rows_are_the_first_of_each_time_in_order(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int], files: int
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    rows = [(second, 100 + number) for number, second in enumerate(seconds)]
    cuts = [rows[start::1][: len(rows) // files + 1] for start in range(0, len(rows), len(rows) // files + 1)]
    paths = [
        write(folder, f"{number}.csv", "t,b,a\n" + "".join(f"{1_700_000_000 + s},{b},{b}\n" for s, b in cut))
        for number, cut in enumerate(cuts)
    ]
    checks = RowChecks(FX, repair=True)
    (columns,) = columns_of(FX, paths, checks)
    first: dict[int, Any] = {}
    for second, bid in rows:
        first.setdefault(second, float(bid))
    assert ((columns["ts"] // 10**9) - 1_700_000_000).tolist() == sorted(first)
    assert columns["bid"].tolist() == [first[second] for second in sorted(first)]
    assert sum(checks.dropped.values()) == len(rows) - len(first)
