"""Rows that can't be true, written past every check: refused with a clear error, or counted where everyone sees it."""

import shutil
from collections.abc import Callable, Mapping
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from arbcore.data.dataset import read_info
from tests.data.samples import spoil
from tests.e2e.commands import Ran, amount

UPBIT, BINANCE, RATE = "upbit/KRW-BTC", "binance/BTCUSDT", "rates/usdt_krw"
ROWS = range(9_000, 9_003)

Here = Callable[..., Ran]


def spoilt(project: Path, folder: Path, market: str, kind: str, cells: Mapping[str, Mapping[int, Any]]) -> Path:
    """Return a copy of the project's data with cells replaced."""
    shutil.copytree(project / "data", folder)
    spoil(read_info(folder / market), kind, **cells)
    return folder


def each(value: float) -> dict[int, float]:
    """Return a value for each of the bad rows."""
    return dict.fromkeys(ROWS, value)


@pytest.mark.parametrize(
    ("market", "kind", "cells", "reason", "check"),
    [
        (UPBIT, "quotes", {"bid": each(nan)}, "INPUT_NOT_FINITE", "number"),
        (BINANCE, "quotes", {"ask": each(inf)}, "INPUT_NOT_FINITE", "number"),
        (BINANCE, "quotes", {"ask_size": each(nan)}, "INPUT_NOT_FINITE", "number"),
        (UPBIT, "quotes", {"bid_size": each(-1.0)}, "INPUT_NOT_FINITE", "size"),
        (UPBIT, "quotes", {"bid": each(-5.0)}, "INPUT_NOT_FINITE", "price"),
        (UPBIT, "quotes", {"bid": each(0.0), "ask": each(0.0)}, "INPUT_NOT_FINITE", "price"),
        (UPBIT, "quotes", {"bid": each(1e12)}, "BOOK_CROSSED", "crossed"),
        (RATE, "fx", {"bid": each(nan)}, "INPUT_NOT_FINITE", "number"),
        (RATE, "fx", {"bid": each(1e9)}, "BOOK_CROSSED", "crossed"),
    ],
)
def test_they_are_counted_and_nothing_is_decided_on_them(
    project: Path,
    tmp_path: Path,
    arb_here: Here,
    first: Ran,
    market: str,
    kind: str,
    cells: Mapping[str, Mapping[int, Any]],
    reason: str,
    check: str,
) -> None:
    data = spoilt(project, tmp_path / "data", market, kind, cells)
    told = arb_here("backtest", "--json", "--data", data).told()
    assert told["rejected"][reason]["count"] >= len(ROWS)
    assert told["rejected"][reason]["episodes"] >= 1
    assert abs(told["trades"] - first.told()["trades"]) <= 3
    assert told["pnl"]["remainder"] == "0"
    assert amount(told, "total") == amount(told, "ledger_change")
    found = arb_here("data", "verify", data, "--json")
    assert found.code == 1
    assert check in found.out


def test_a_funding_rate_that_is_no_number_is_counted(project: Path, tmp_path: Path, arb_here: Here) -> None:
    data = spoilt(project, tmp_path / "data", BINANCE, "funding", {"rate": {0: nan}})
    told = arb_here("backtest", "--json", "--data", data).told()
    assert told["rejected"] == {"INPUT_NOT_FINITE": {"episodes": 1, "count": 1}}


def test_time_that_goes_back_ends_the_run(project: Path, tmp_path: Path, arb_here: Here) -> None:
    info = read_info(project / "data" / UPBIT)
    early = info.kinds["quotes"].first_ts + 1
    data = spoilt(project, tmp_path / "data", UPBIT, "quotes", {"recv_ts": {9_000: early}})
    told = "upbit:KRW-BTC quotes: quotes-2025-01-06.parquet goes back in time after"
    arb_here("backtest", "--json", "--data", data).refused(1, told, "arb data verify", "--repair")


def test_a_wild_time_ends_the_run(project: Path, tmp_path: Path, arb_here: Here) -> None:
    """One stamp of the next century would make the session live through all the years between."""
    data = spoilt(project, tmp_path / "data", UPBIT, "quotes", {"recv_ts": {29_999: 2**62}})
    arb_here("backtest", "--json", "--data", data).refused(1, "outside the time that its data set describes")


def test_a_repaired_copy_trades(project: Path, tmp_path: Path, arb_here: Here) -> None:
    early = read_info(project / "data" / UPBIT).kinds["quotes"].first_ts + 1
    bad: dict[str, dict[int, Any]] = {"recv_ts": {9_000: early}, "bid": {8_000: nan, 8_001: 1e12}}
    data = spoilt(project, tmp_path / "data", UPBIT, "quotes", {**bad, "ask_size": {8_002: -1.0}})
    repaired = arb_here("data", "verify", data, "--repair", "--out", tmp_path / "repaired", "--json")
    assert repaired.told()["ok"] is True
    told = arb_here("backtest", "--json", "--data", tmp_path / "repaired").told()
    assert told["quotes"] == 60_000 - 4
    assert told["rejected"].keys() <= {"RATE_STALE", "BOOK_STALE"}
    assert "repair dropped quotes rows" in "\n".join(told["notes"])


@pytest.mark.parametrize("damage", ["truncated", "missing", "no description"])
def test_a_damaged_file_ends_the_run(project: Path, tmp_path: Path, arb_here: Here, damage: str) -> None:
    data = tmp_path / "data"
    shutil.copytree(project / "data", data)
    (file,) = (data / UPBIT).glob("quotes-*.parquet")
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:-1000])
    elif damage == "missing":
        file.unlink()
    else:
        (data / UPBIT / "dataset.json").write_text("{", encoding="utf-8")
    arb_here("backtest", "--json", "--data", data).refused(1, "KRW-BTC", "can't be read")
