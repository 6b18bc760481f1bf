"""Imports as a whole: all data sets or none, and what is there already is safe."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from arbcore.data.dataset import DatasetInfo, find_datasets, read_info
from arbcore.data.imports.run import run_imports
from arbcore.errors import DataError
from arbcore.model.instrument import Instrument
from arbcore.ports.control import ImportProfile
from tests.data.samples import instrument
from tests.data_imports.formats import BARS, bars_profile, profile, write

FUNDING = profile("funding", {"ts": "t", "rate": "r"}, venue="alpha", symbol="BTC-USDT", files="funding.csv")
RATE = profile("fx", {"ts": "t", "price": "p"}, rate="usdt_krw", files="rate.csv", skip_empty=True, notes=("daily",))
MARKET = bars_profile(files="bars.csv", source="example.org")


def known(_profile: ImportProfile) -> Instrument:
    return instrument()


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    write(tmp_path, "in/bars.csv", BARS)
    write(tmp_path, "in/funding.csv", "t,r\n1748476800,0.0001\n")
    write(tmp_path, "in/rate.csv", "t,p\n1748476800,\n1748476801,1380\n")
    return tmp_path / "in"


@pytest.fixture
def run(sources: Path, tmp_path: Path) -> Callable[..., list[DatasetInfo]]:
    def run_here(*profiles: ImportProfile, **options: bool) -> list[DatasetInfo]:
        return run_imports(profiles, [sources], tmp_path / "out", known, **options)

    return run_here


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_kinds_of_one_market_share_a_data_set(run: Callable[..., list[DatasetInfo]], tmp_path: Path) -> None:
    infos = run(MARKET, FUNDING, RATE)
    assert [info.key for info in infos] == ["alpha:BTC-USDT", "rates:usdt_krw"]
    assert sorted(infos[0].kinds) == ["bars", "funding"]
    assert infos[0].instrument == instrument()
    assert infos[0].kinds["bars"].source == "example.org: bars.csv"
    assert infos[1].notes == ("daily", "fx: 1 rows left out: an empty cell")
    assert [info.key for info in find_datasets(tmp_path / "out")] == ["alpha:BTC-USDT", "rates:usdt_krw"]


def test_one_bad_row_leaves_nothing_of_the_whole_recipe(
    run: Callable[..., list[DatasetInfo]], sources: Path, tmp_path: Path
) -> None:
    write(sources, "rate.csv", "t,p\n1748476800,1380\n1748476801,many\n")
    with pytest.raises(DataError, match=r"rate\.csv, line 3, column 'p'"):
        run(MARKET, FUNDING, RATE)
    assert files_in(tmp_path / "out") == []


def test_a_failed_import_leaves_what_was_there(
    run: Callable[..., list[DatasetInfo]], sources: Path, tmp_path: Path
) -> None:
    before = run(MARKET)[0]
    write(sources, "bars.csv", BARS + "2025-05-28 18:20:00,102,105,101,103,9\n")
    with pytest.raises(DataError, match="line 5"):
        run(MARKET, RATE)
    assert read_info(Path(before.folder)).hash == before.hash
    assert not [path for path in files_in(tmp_path / "out") if "rates" in path.parts]


def test_the_same_import_again_gives_the_same_data(run: Callable[..., list[DatasetInfo]]) -> None:
    assert [info.hash for info in run(MARKET, RATE)] == [info.hash for info in run(MARKET, RATE)]


def test_rows_from_elsewhere_are_replaced_only_when_told(run: Callable[..., list[DatasetInfo]], sources: Path) -> None:
    run(MARKET)
    write(sources, "other.csv", BARS.replace("101,104", "101,110"))
    other = replace(MARKET, files="other.csv")
    with pytest.raises(DataError, match=r"already holds 3 bars rows from 'example\.org: bars\.csv'\n.*--replace"):
        run(other)
    assert run(other, replace=True)[0].kinds["bars"].source == "example.org: other.csv"


def test_two_imports_of_one_kind_are_refused(run: Callable[..., list[DatasetInfo]]) -> None:
    with pytest.raises(DataError, match="several imports make the bars of alpha:BTC-USDT"):
        run(MARKET, MARKET)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (replace(MARKET, venue=""), "what do the files describe"),
        (replace(RATE, symbol="KRW-USDT"), "a rate has no venue and no symbol"),
        (replace(FUNDING, kind="candles"), "unknown kind"),
        (replace(FUNDING, columns={"ts": "t", "rate": "missing"}), "no column 'missing'"),
    ],
)
def test_profiles_without_a_sense_are_refused(
    run: Callable[..., list[DatasetInfo]], tmp_path: Path, given: ImportProfile, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        run(given)
    assert files_in(tmp_path / "out") == []


def test_an_empty_source_is_refused(run: Callable[..., list[DatasetInfo]], sources: Path) -> None:
    write(sources, "rate.csv", "t,p\n1748476800,\n")
    with pytest.raises(DataError, match="no row"):
        run(RATE)


def test_repair_is_counted_in_the_notes(run: Callable[..., list[DatasetInfo]], sources: Path) -> None:
    write(sources, "funding.csv", "t,r\n1748505600,0.0001\n1748476800,0.0002\n1748476800,0.0003\n")
    with pytest.raises(DataError, match=r"funding\.csv, line 3.*goes back in time\n.*--repair"):
        run(FUNDING)
    (info,) = run(FUNDING, repair=True)
    assert info.kinds["funding"].rows == 2
    assert info.notes == ("funding: 1 rows left out: the same time is there twice",)


def test_a_corrected_clock_is_stated(run: Callable[..., list[DatasetInfo]], sources: Path) -> None:
    write(sources, "rate.csv", "t,p\n1748476800,1380\n")
    given = replace(RATE, columns={"recv_ts": "t", "price": "p"}, receive_shift_ns=1_270_000_000)
    (info,) = run(given)
    assert info.clock == "UTC, receiver's clock corrected by +1.27 s"
