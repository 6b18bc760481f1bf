"""Every fault that was put into a data set is found, and what is well is left alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arbcore.data._frames import write_rows
from arbcore.data.dataset import DatasetInfo, find_datasets
from arbcore.data.instant import DAY_NS
from arbcore.data.verify import Record, verify
from arbcore.errors import DataError
from tests.data.samples import (
    MINUTE,
    T0,
    S,
    bars,
    files_below,
    funding,
    fx,
    instrument,
    quotes,
    redescribe,
    spoil,
    stored,
    write,
)

QUOTES_AT = "alpha:BTC-USDT quotes"


def found(root: Path, **options: Any) -> dict[str, Record]:
    """Return what is not well, by check; each check once."""
    records = [record for record in verify(root, **options) if record.verdict != "ok"]
    assert len({record.check for record in records}) == len(records)
    return {record.check: record for record in records}


def every(seconds: int, count: int) -> list[int]:
    return [T0 + index * seconds * S for index in range(count)]


def test_a_good_folder_is_well(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes(every(1, 200)))
    write(tmp_path, "funding", funding(every(8 * 3600, 6)))
    write(tmp_path, "bars", bars(every(60, 5)), venue="beta", interval_ns=MINUTE)
    write(tmp_path, "fx", fx(every(3600, 5)))
    records = verify(tmp_path)
    assert {(record.where, record.count, record.verdict) for record in records} == {
        ("alpha:BTC-USDT funding", 6, "ok"),
        (QUOTES_AT, 200, "ok"),
        ("beta:BTC-USDT bars", 5, "ok"),
        ("rates:usdt_krw fx", 5, "ok"),
    }


FAULTS: dict[str, tuple[dict[str, dict[int, float]], str, str]] = {
    "not a number": ({"bid": {3: float("nan")}}, "number", "row 3 (2023-11-15T00:00:03Z): bid: not a finite number"),
    "infinite": ({"bid_size": {3: float("inf")}}, "number", "bid_size: not a finite number"),
    "negative size": ({"ask_size": {3: -1.0}}, "size", "row 3 (2023-11-15T00:00:03Z): ask_size: a negative size"),
    "crossed": ({"bid": {4: 200.0}}, "crossed", "row 4 (2023-11-15T00:00:04Z): bid: the bid is above the ask"),
    "locked": ({"ask": {4: 102.0}}, "locked", "row 4 (2023-11-15T00:00:04Z): bid equals ask"),
    "late": ({"recv_ts": {4: T0}, "ts": {4: T0}}, "order", "row 4 (2023-11-15T00:00:00Z): recv_ts: goes back in time"),
    "no time": ({"recv_ts": {4: T0 // 10**6}}, "time", "row 4 (1970-01-01T00:28:20.0064Z): recv_ts: not a time"),
    "no price": ({"bid": {4: -1.0}}, "price", "bid: not a positive price"),
    "ten times": ({"bid": {5: 1030.0}, "ask": {5: 1031.0}}, "units", "row 5 (2023-11-15T00:00:05Z): the price jumps"),
    "off the grid": ({"bid": {6: 102.9}}, "grid", "row 6 (2023-11-15T00:00:06Z): bid is off the instrument's tick"),
    "early": ({"ts": {6: T0 + 60 * S}}, "clock", "row 6 (2023-11-15T00:00:06Z): received before the venue's own"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_seeded_fault_is_found_where_it_is(tmp_path: Path, fault: str) -> None:
    cells, check, example = FAULTS[fault]
    info = write(tmp_path, "quotes", quotes(every(1, 20)))
    spoil(info, "quotes", **cells)
    problems = found(tmp_path)
    assert problems[check].where == QUOTES_AT
    assert example in problems[check].first
    # Any change is also one of the content.
    assert problems["hash"].verdict == "error"
    assert problems.keys() - {check, "hash"} <= {"order", "gap", "units"}


@pytest.mark.parametrize(
    ("check", "verdict"), [("locked", "warning"), ("grid", "warning"), ("clock", "warning"), ("units", "error")]
)
def test_what_recordings_have_is_a_warning(tmp_path: Path, check: str, verdict: str) -> None:
    info = write(tmp_path, "quotes", quotes(every(1, 20)))
    for cells, name, _ in FAULTS.values():
        if name == check:
            spoil(info, "quotes", **cells)
    assert found(tmp_path)[check].verdict == verdict


def test_faults_are_counted_over_all_pieces_with_the_first_as_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arbcore.data._raw.GROUP_ROWS", 4)
    info = write(tmp_path, "quotes", quotes(every(1, 20)))
    spoil(info, "quotes", bid_size={6: -1.0, 7: -1.0, 15: -1.0}, recv_ts={8: T0, 9: T0})
    problems = found(tmp_path)
    assert (problems["size"].count, problems["order"].count) == (3, 2)
    assert "row 6 " in problems["size"].first
    assert "row 8 " in problems["order"].first


def test_a_row_that_comes_twice_is_found_also_across_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbcore.data._raw.GROUP_ROWS", 2)
    rows = quotes(every(1, 3))
    write(tmp_path, "quotes", {name: [*values[:2], values[1], values[2]] for name, values in rows.items()})
    problems = found(tmp_path)
    assert problems.keys() == {"duplicate"}
    assert (problems["duplicate"].count, problems["duplicate"].verdict) == (1, "warning")
    assert "quotes-2023-11-15.parquet row 2 " in problems["duplicate"].first


def test_gaps_are_longer_than_usual_or_than_asked(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes([*every(1, 100), T0 + 400 * S]))
    assert found(tmp_path)["gap"] == Record(
        "gap", QUOTES_AT, 1, "nothing from 2023-11-15T00:01:39Z to 2023-11-15T00:06:40Z", "warning"
    )
    assert found(tmp_path, gap_ns=400 * S) == {}
    assert found(tmp_path, gap_ns=S // 2)["gap"].count == 100


def test_breaks_and_mark_prices_need_no_rhythm_and_no_grid(tmp_path: Path) -> None:
    times = [T0, T0 + S, T0 + 2 * S, T0 + 86_400 * S]
    write(tmp_path, "breaks", {"ts": times, "recv_ts": times, "reason": ["BOOK_GAP"] * 4})
    assert found(tmp_path) == {}
    write(tmp_path, "marks", {"ts": times, "recv_ts": times, "mark": [100.123] * 4, "index": [100.0] * 4})
    assert set(found(tmp_path)) == {"gap"}


def test_a_text_that_changed_is_found(tmp_path: Path) -> None:
    info = write(tmp_path, "breaks", {"ts": [T0, T0], "recv_ts": [T0, T0], "reason": ["AB", "C"]})
    spoil(info, "breaks", reason={0: "A", 1: "BC"})
    assert set(found(tmp_path)) == {"hash"}


def test_each_missing_bar_is_a_gap(tmp_path: Path) -> None:
    write(tmp_path, "bars", bars([T0, T0 + MINUTE, T0 + 3 * MINUTE]), interval_ns=MINUTE)
    assert found(tmp_path)["gap"].first == "nothing from 2023-11-15T00:01:00Z to 2023-11-15T00:03:00Z"


def test_a_missing_settlement_is_a_gap(tmp_path: Path) -> None:
    hours = [0, 8, 16, 32, 40, 48]
    write(tmp_path, "funding", funding([T0 + hour * 3600 * S for hour in hours]))
    assert found(tmp_path)["gap"].count == 1


@pytest.mark.parametrize(("hours", "verdict"), [(9, "error"), (-9, "warning")])
def test_times_in_another_zone_are_found(tmp_path: Path, hours: int, verdict: str) -> None:
    rows = quotes(every(1, 20))
    rows["ts"] = [time + hours * 3600 * S for time in rows["ts"]]
    write(tmp_path, "quotes", rows)
    problem = found(tmp_path)["zone"]
    assert (problem.verdict, problem.count) == (verdict, 20)
    assert f"differ from the venue's by {-hours:+d} h" in problem.first


def test_a_rate_that_is_known_a_day_late_is_no_time_zone(tmp_path: Path) -> None:
    rates = fx(every(86400, 5))
    rates["recv_ts"] = [time + DAY_NS for time in rates["ts"]]
    write(tmp_path, "fx", rates)
    assert found(tmp_path) == {}


def test_a_receiver_that_runs_behind_is_found_within_its_tolerance(tmp_path: Path) -> None:
    rows = quotes(every(1, 20))
    rows["ts"] = [time + 1_270_000_000 for time in rows["ts"]]
    write(tmp_path, "quotes", rows)
    assert found(tmp_path)["clock"].count == 20
    assert found(tmp_path, tolerance_ns=2 * S) == {}


def _unlink(info: DatasetInfo) -> None:
    (Path(info.folder) / info.kinds["quotes"].files[1].name).unlink()


def _shorten(info: DatasetInfo) -> None:
    rows = stored(info, "quotes")
    write_rows(Path(info.folder) / info.kinds["quotes"].files[0].name, {name: col[:-1] for name, col in rows.items()})


def _garbage(info: DatasetInfo) -> None:
    (Path(info.folder) / info.kinds["quotes"].files[1].name).write_bytes(b"PAR1 not really PAR1")


def _foreign(info: DatasetInfo) -> None:
    (Path(info.folder) / "quotes-2099-01-01.parquet").write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_unlink, "quotes-2023-11-16.parquet can't be read"),
        (_garbage, "quotes-2023-11-16.parquet can't be read"),
        (_shorten, "quotes-2023-11-15.parquet has 9 rows, dataset.json says 10"),
        (_foreign, "not listed in dataset.json, so never read: quotes-2099-01-01.parquet"),
    ],
)
def test_files_that_are_not_as_described_are_found(
    tmp_path: Path, damage: Callable[[DatasetInfo], None], told: str
) -> None:
    info = write(tmp_path, "quotes", quotes([*every(1, 10), *[time + DAY_NS for time in every(1, 10)]]))
    damage(info)
    problem = found(tmp_path, gap_ns=2 * DAY_NS)["files"]
    assert told in problem.first
    assert problem.verdict == "error"


def test_no_file_at_all_is_an_error(tmp_path: Path) -> None:
    info = write(tmp_path, "quotes", quotes([T0]))
    (Path(info.folder) / info.kinds["quotes"].files[0].name).unlink()
    assert "no file of quotes is there" in found(tmp_path)["files"].first


def test_empty_cells_are_found(tmp_path: Path) -> None:
    info = write(tmp_path, "quotes", quotes(every(1, 3)))
    rows: dict[str, Any] = stored(info, "quotes")
    from polars import Series

    rows["bid"] = Series([1.0, None, 2.0])
    write_rows(Path(info.folder) / info.kinds["quotes"].files[0].name, rows)
    problems = found(tmp_path)
    assert "column bid has 1 empty cells" in problems["files"].first
    assert "row 1 " in problems["number"].first


def test_files_that_overlap_are_found(tmp_path: Path) -> None:
    info = write(tmp_path, "quotes", quotes([T0, T0 + DAY_NS]))
    redescribe(info, "quotes", files=info.kinds["quotes"].files[::-1])
    problems = found(tmp_path)
    assert "starts 2023-11-15T00:00:00Z, before quotes-2023-11-16.parquet ends" in problems["overlap"].first
    assert "order" in problems


def test_a_changed_description_is_found(tmp_path: Path) -> None:
    info = write(tmp_path, "bars", bars(every(60, 3)), interval_ns=MINUTE)
    path = Path(info.folder) / "dataset.json"
    path.write_text(path.read_text().replace('"0.0005"', '"0.0004"'))
    assert found(tmp_path)["hash"].first.startswith("dataset.json was changed")
    path.write_text("{")
    assert found(tmp_path)["description"].verdict == "error"


def test_a_wrong_interval_is_found(tmp_path: Path) -> None:
    info = write(tmp_path, "bars", bars(every(60, 3)), interval_ns=MINUTE)
    redescribe(info, "bars", interval_ns=0)
    assert found(tmp_path, gap_ns=DAY_NS)["description"].first == "interval_ns is 0"
    redescribe(info, "bars", interval_ns=2 * MINUTE)
    assert found(tmp_path)["overlap"].count == 2


def test_a_market_without_instrument_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes([T0]), instrument=None)
    assert found(tmp_path)["instrument"].verdict == "warning"


@pytest.mark.parametrize(
    ("krw_price", "rate", "name", "well"),
    [
        (130_000.0, 1300.0, "usdt_krw", True),
        (130_000.0, 1 / 1300.0, "krw_usdt", True),
        (100.0, 1300.0, "usdt_krw", False),
        (130_000.0, 1 / 1300.0, "usdt_krw", False),
        (130_000.0, 1300.0, "usd_krw", True),
    ],
)
def test_price_levels_are_compared_across_currencies(
    tmp_path: Path, krw_price: float, rate: float, name: str, well: bool
) -> None:
    write(tmp_path, "quotes", quotes(every(1, 5), 100.0))
    won = instrument("beta", "BTC-USDT", quote="KRW")
    write(tmp_path, "quotes", quotes(every(1, 5), krw_price), venue="beta", instrument=won)
    rates = fx(every(1, 5), rate)
    rates["ask"] = rates["bid"]
    write(tmp_path, "fx", rates, rate=name)
    problems = found(tmp_path)
    assert problems.keys() == (set() if well else {"units"})
    if not well:
        assert problems["units"].where == "alpha:BTC-USDT and beta:BTC-USDT"


def test_price_levels_of_one_currency_are_compared(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes(every(1, 5), 100.0))
    write(tmp_path, "quotes", quotes(every(1, 5), 1000.0), venue="beta")
    assert found(tmp_path)["units"].count == 1


def test_a_folder_without_data_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no data set"):
        verify(tmp_path)


def test_looking_changes_nothing(tmp_path: Path) -> None:
    info = write(tmp_path, "quotes", quotes(every(1, 20)))
    spoil(info, "quotes", bid={3: float("nan")})
    before = files_below(tmp_path)
    verify(tmp_path)
    assert files_below(tmp_path) == before
    assert find_datasets(tmp_path)[0].rows == 20
