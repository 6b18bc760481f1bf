"""Bars: decide at a close, fill at the next open, nothing across a gap."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.data._bars import BarShape, closing_inputs, closings, opening_inputs, openings
from arbcore.data._frames import Columns
from arbcore.data.source import BarRule, open_source
from arbcore.errors import ConfigurationError, DataError
from arbcore.model.market import BookInvalid, ClosingQuote, OpeningQuote
from tests.data.samples import MINUTE, T0, bars, fx, inputs, quotes, write

RULE = BarRule({"alpha": 10.0}, 0.5)
KEY = "alpha:BTC-USDT"


def opens(*minutes: int) -> list[int]:
    return [T0 + minute * MINUTE for minute in minutes]


def closing(close: float, minute: int, volume: float) -> ClosingQuote:
    time, size = T0 + minute * MINUTE, volume / 2
    return ClosingQuote(KEY, time, time, close * (1 - 0.001), close * (1 + 0.001), size, size)


def opening(price: float, minute: int, volume_before: float) -> OpeningQuote:
    time, size = T0 + minute * MINUTE, volume_before / 2
    return OpeningQuote(KEY, time, time, price * (1 - 0.001), price * (1 + 0.001), size, size)


def gap(minute: int) -> BookInvalid:
    return BookInvalid(KEY, T0 + minute * MINUTE, T0 + minute * MINUTE, "DATA_GAP")


def test_each_bar_decides_at_its_close_and_fills_at_the_next_open(tmp_path: Path) -> None:
    write(tmp_path, "bars", bars(opens(0, 1, 2)), interval_ns=MINUTE)
    assert inputs(open_source(tmp_path, bars=RULE)) == [
        closing(101, 1, 10),
        opening(101, 1, 10),
        closing(102, 2, 11),
        opening(102, 2, 11),
        gap(3),
    ]


def test_nothing_is_decided_before_a_gap_and_nothing_filled_after_it(tmp_path: Path) -> None:
    write(tmp_path, "bars", bars(opens(0, 1, 5, 6)), interval_ns=MINUTE)
    assert inputs(open_source(tmp_path, bars=RULE)) == [
        closing(101, 1, 10),
        opening(101, 1, 10),
        gap(2),
        closing(103, 6, 12),
        opening(103, 6, 12),
        gap(7),
    ]


def test_a_bar_alone_decides_nothing(tmp_path: Path) -> None:
    write(tmp_path, "bars", bars(opens(0)), interval_ns=MINUTE)
    assert inputs(open_source(tmp_path, bars=RULE)) == [gap(1)]


def test_a_bar_without_volume_offers_nothing(tmp_path: Path) -> None:
    rows = bars(opens(0, 1, 2))
    rows["volume"] = [0.0, 4.0, 0.0]
    write(tmp_path, "bars", rows, interval_ns=MINUTE)
    assert inputs(open_source(tmp_path, bars=RULE)) == [
        closing(101, 1, 0),
        opening(101, 1, 0),
        closing(102, 2, 4),
        opening(102, 2, 4),
        gap(3),
    ]


def test_all_venues_close_before_any_opens(tmp_path: Path) -> None:
    for venue in ("alpha", "beta"):
        write(tmp_path, "bars", bars(opens(0, 1)), venue=venue, interval_ns=MINUTE)
    write(tmp_path, "fx", fx(opens(1)))
    at_one = inputs(open_source(tmp_path, bars=BarRule({"alpha": 1.0, "beta": 1.0})))[:5]
    assert [(type(item).__name__, getattr(item, "instrument", "")[:5]) for item in at_one] == [
        ("FxRate", ""),
        ("ClosingQuote", "alpha"),
        ("ClosingQuote", "beta:"),
        ("OpeningQuote", "alpha"),
        ("OpeningQuote", "beta:"),
    ]


def test_a_range_takes_whole_bars_and_ends_like_a_gap(tmp_path: Path) -> None:
    write(tmp_path, "bars", bars(opens(0, 1, 2, 3, 4)), interval_ns=MINUTE)
    start, end = opens(1, 4)
    assert inputs(open_source(tmp_path, bars=RULE, start=start, end=end)) == [
        closing(102, 2, 11),
        opening(102, 2, 11),
        closing(103, 3, 12),
        opening(103, 3, 12),
        gap(4),
    ]


def test_a_missing_half_spread_names_the_config_key(tmp_path: Path) -> None:
    write(tmp_path, "bars", bars(opens(0)), venue="recorded", interval_ns=MINUTE)
    with pytest.raises(DataError, match=r"backtest\.half_spread_bps\.alpha") as caught:
        open_source(tmp_path, venues={"recorded": "alpha"}, bars=BarRule({"recorded": 5.0}))
    assert "alpha has bars" in caught.value.what


@pytest.mark.parametrize(
    ("spreads", "share", "key"),
    [
        ({"alpha": -1.0}, 0.1, "half_spread_bps.alpha"),
        ({"alpha": float("nan")}, 0.1, "half_spread_bps.alpha"),
        ({}, 1.5, "bar_depth_share"),
    ],
)
def test_numbers_without_meaning_are_refused(spreads: dict[str, float], share: float, key: str) -> None:
    with pytest.raises(ConfigurationError, match=key):
        BarRule(spreads, share)


def test_the_report_learns_what_was_assumed(tmp_path: Path) -> None:
    write(tmp_path, "bars", bars(opens(0)), interval_ns=5 * MINUTE, notes=("made up",))
    convention, assumption = open_source(tmp_path, bars=RULE).notes
    assert convention == "alpha:BTC-USDT: made up"
    assert assumption == (
        "alpha:BTC-USDT: bars of 5 min carry no touch; half-spread 10 bps from the config, "
        "50% of a bar's volume at the touch; nothing is decided before a gap"
    )


def test_bars_give_way_to_quotes_and_say_so(tmp_path: Path) -> None:
    write(tmp_path, "bars", bars(opens(0)), interval_ns=MINUTE)
    write(tmp_path, "quotes", quotes([T0]))
    source = open_source(tmp_path)
    assert [type(item).__name__ for item in inputs(source)] == ["Quote"]
    assert source.notes == ("alpha:BTC-USDT: its bars are not used, because it has quotes or books",)
    assert source.rows == 1


def test_bars_that_overlap_in_a_damaged_file_count_as_a_gap() -> None:
    rows = {name: np.array(values) for name, values in bars([T0, T0 + MINUTE // 2]).items()}
    shape = BarShape(KEY, MINUTE, 0.001, 0.5)
    (first, last) = closings([rows], shape)
    assert [item.ts for item in closing_inputs(KEY, first) if isinstance(item, BookInvalid)] == [T0 + MINUTE]
    assert len(closing_inputs(KEY, last)) == 1
    assert list(openings([rows], shape)) == []


def pieces(minutes: list[int], cuts: list[int]) -> list[Columns]:
    rows = {name: np.array(values) for name, values in bars(opens(*minutes)).items()}
    edges = sorted({0, len(minutes), *(cut for cut in cuts if cut < len(minutes))})
    return [{name: column[first:last] for name, column in rows.items()} for first, last in pairwise(edges)]


@given(minutes=st.sets(st.integers(0, 30), min_size=1), cuts=st.lists(st.integers(1, 30), max_size=8))
def test_bar_rules_hold_however_the_rows_are_cut(minutes: set[int], cuts: list[int]) -> None:
    ordered = sorted(minutes)
    shape = BarShape(KEY, MINUTE, 0.001, 0.5)
    closes = [item for rows in closings(pieces(ordered, cuts), shape) for item in closing_inputs(KEY, rows)]
    opened = [item for rows in openings(pieces(ordered, cuts), shape) for item in opening_inputs(KEY, rows)]
    expected_closes = [
        closing(101.0 + index, minute + 1, 10.0 + index) if minute + 1 in minutes else gap(minute + 1)
        for index, minute in enumerate(ordered)
    ]
    expected_opens = [
        opening(100.0 + index, minute, 9.0 + index) for index, minute in enumerate(ordered) if minute - 1 in minutes
    ]
    assert closes == expected_closes
    assert opened == expected_opens
    decided = {item.ts for item in closes if isinstance(item, ClosingQuote)}
    assert decided == {item.ts for item in opened if isinstance(item, OpeningQuote)}
