"""Rows of every kind from their mapping, and mappings that can't make a kind."""

from pathlib import Path

import pytest

from arbcore.data.imports.mapping import check_profile, parse
from arbcore.errors import DataError
from tests.data_imports.formats import BARS, MINUTE, T0, S, bars_profile, profile, read, write

QUOTES = "t,b,a,bs,as,l\n1700000000,100,101,5,6,100\n1700000001,102,103,7,8,200\n"
FUNDING = "day,mean\n2025-07-01,0.0001\n2025-07-02,-0.0002\n"


def test_bars(tmp_path: Path) -> None:
    columns = read(bars_profile(), write(tmp_path, "bars.csv", BARS))
    assert columns["ts"].tolist() == [T0, T0 + 5 * MINUTE, T0 + 10 * MINUTE]
    assert columns["high"].tolist() == [103.0, 104.0, 105.0]
    assert "recv_ts" not in columns


def test_quotes_are_known_when_they_happen_unless_delayed(tmp_path: Path) -> None:
    path = write(tmp_path, "quotes.csv", QUOTES)
    mapping = {"ts": "t", "bid": "b", "ask": "a", "bid_size": "bs", "ask_size": "as"}
    at_once = read(profile("quotes", mapping), path)
    later = read(profile("quotes", mapping, delay_ns=3 * S), path)
    assert at_once["recv_ts"].tolist() == at_once["ts"].tolist() == [1_700_000_000 * S, 1_700_000_001 * S]
    assert later["ts"].tolist() == at_once["ts"].tolist()
    assert (later["recv_ts"] - later["ts"]).tolist() == [3 * S, 3 * S]
    assert at_once["ask_size"].tolist() == [6.0, 8.0]


def test_last_prices_get_a_half_spread(tmp_path: Path) -> None:
    mapping = {"ts": "t", "price": "l", "bid_size": "=0", "ask_size": "=2"}
    columns = read(profile("quotes", mapping, half_spread_bps=50.0), write(tmp_path, "quotes.csv", QUOTES))
    assert columns["bid"].tolist() == [99.5, 199.0]
    assert columns["ask"].tolist() == pytest.approx([100.5, 201.0])
    assert columns["bid_size"].tolist() == [0.0, 0.0]


def test_rates_with_separators(tmp_path: Path) -> None:
    path = write(tmp_path, "usd.csv", 'Date,Price\n2024-05-30,"1,377.50"\n')
    given = profile("fx", {"ts": "Date", "price": "Price"}, thousands=",", time_unit="text", clock="UTC")
    columns = read(given, path)
    assert columns["bid"].tolist() == columns["ask"].tolist() == [1377.5]


def test_a_mean_may_stand_for_several_settlements(tmp_path: Path) -> None:
    given = profile(
        "funding",
        {"ts": "day", "rate": "mean"},
        time_unit="text",
        clock="UTC",
        repeat=3,
        repeat_every_ns=8 * 60 * MINUTE,
    )
    columns = read(given, write(tmp_path, "funding.csv", FUNDING))
    first = columns["ts"][0]
    assert ((columns["ts"] - first) // (60 * MINUTE)).tolist() == [0, 8, 16, 24, 32, 40]
    assert columns["rate"].tolist() == [0.0001] * 3 + [-0.0002] * 3
    assert columns["settled"].all()
    assert columns["next_ts"].tolist() == [0] * 6


def test_lines_of_repeated_rows_are_those_of_their_source(tmp_path: Path) -> None:
    given = profile("funding", {"ts": "day", "rate": "mean"}, time_unit="text", clock="UTC", repeat=2)
    (rows,) = parse(given, write(tmp_path, "funding.csv", FUNDING))
    assert rows.table.lines == [2, 2, 3, 3]


FEED = (
    '1700000000900000000 {"s":"t","d":{"T":1700000001000,"p":"10.5","q":"2","m":true}}\n'
    '1700000001000000000 {"s":"q","d":{"b":"10"}}\n'
    '1700000002000000000 {"s":"t","d":{"T":1700000002100,"p":"10.6","q":"3","m":false}}\n'
)


def test_the_receivers_clock_is_corrected_and_is_in_nanoseconds(tmp_path: Path) -> None:
    mapping = {"recv_ts": "@", "ts": "d.T", "price": "d.p", "size": "d.q", "buyer_took": "!d.m"}
    given = profile(
        "trades",
        mapping,
        format="stamped-jsonl",
        where={"s": "t"},
        time_unit="ms",
        receive_shift_ns=150_000_000,
    )
    columns = read(given, write(tmp_path, "feed", FEED))
    assert columns["recv_ts"].tolist() == [1_700_000_001_050_000_000, 1_700_000_002_150_000_000]
    assert columns["ts"].tolist() == [1_700_000_001_000_000_000, 1_700_000_002_100_000_000]
    assert columns["buyer_took"].tolist() == [False, True]


def test_without_a_venue_time_the_receivers_stands_for_it(tmp_path: Path) -> None:
    mapping = {"recv_ts": "@", "price": "d.b", "bid_size": "=0", "ask_size": "=0"}
    given = profile("quotes", mapping, format="stamped-jsonl", where={"s": "q"}, receive_shift_ns=S)
    columns = read(given, write(tmp_path, "feed", FEED))
    assert columns["ts"].tolist() == columns["recv_ts"].tolist() == [1_700_000_002_000_000_000]


def test_rows_with_empty_cells_are_skipped_only_when_told(tmp_path: Path) -> None:
    path = write(tmp_path, "rates.csv", "t,p\n1700000000,\n1700000001,1380\n")
    given = profile("fx", {"ts": "t", "price": "p"})
    with pytest.raises(DataError, match=r"rates\.csv, line 2, column 'p' is empty\n.*skip_empty"):
        read(given, path)
    (rows,) = parse(profile("fx", {"ts": "t", "price": "p"}, skip_empty=True), path)
    assert (rows.skipped, rows.columns["bid"].tolist()) == (1, [1380.0])


def test_rows_outside_of_the_wanted_time_are_left_out_and_not_looked_at(tmp_path: Path) -> None:
    path = write(tmp_path, "bars.csv", BARS.replace("100,103", "none,103"))
    columns = read(bars_profile(begin_ns=T0 + 5 * MINUTE, end_ns=T0 + 10 * MINUTE), path)
    assert columns["ts"].tolist() == [T0 + 5 * MINUTE]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "candles"}, "unknown kind 'candles'"),
        ({"kind": "quotes", "interval_ns": 0}, "quotes have no column 'close'"),
        ({"columns": {"ts": "t", "open": "o"}}, "bars need the column 'high'"),
        ({"columns": {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"}}, "need the column 'ts'"),
        ({"interval_ns": 0}, "bars, and nothing else, have an interval"),
        ({"repeat": 3}, "repeat 3 needs a positive repeat_every"),
        ({"repeat": 0}, "repeat 0"),
    ],
)
def test_profiles_that_make_no_kind_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_profile(bars_profile(**changes))


@pytest.mark.parametrize(
    ("kind", "columns", "missing"),
    [
        ("quotes", {"ts": "t", "bid": "b", "bid_size": "s", "ask_size": "s"}, "ask"),
        ("fx", {"ts": "t"}, "bid"),
        ("funding", {"ts": "t"}, "rate"),
        ("trades", {"ts": "t", "price": "p", "size": "s"}, "buyer_took"),
        ("book", {"ts": "t", "bids": "b"}, "bids"),
    ],
)
def test_every_kind_has_columns_that_it_needs(kind: str, columns: dict[str, str], missing: str) -> None:
    with pytest.raises(DataError, match=f"need the column '{missing}'"):
        check_profile(profile(kind, columns))
