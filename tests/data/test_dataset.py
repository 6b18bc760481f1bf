"""The description of a data set, and what it needs to be read."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from arbcore.data.dataset import DatasetInfo, content_hash, dataset_folder, find_datasets, read_info, write_info
from arbcore.data.instant import iso, utc_day
from arbcore.errors import DataError
from tests.data.samples import T0, S, bars, funding, fx, instrument, quotes, write


def test_description_comes_back_with_its_folder(tmp_path: Path) -> None:
    written = write(tmp_path, "quotes", quotes([T0, T0 + S]), notes=("made up",), clock="KST")
    (found,) = find_datasets(tmp_path)
    assert found == written
    assert found.folder == str(tmp_path / "alpha" / "BTC-USDT")
    assert found.instrument == instrument()
    assert (found.key, found.rows, found.source, found.clock, found.notes) == (
        "alpha:BTC-USDT",
        2,
        "a test",
        "KST",
        ("made up",),
    )
    assert "folder" not in (Path(found.folder) / "dataset.json").read_text()


def test_symbols_with_slashes_stay_below_the_root(tmp_path: Path) -> None:
    written = write(tmp_path, "quotes", quotes([T0]), symbol="BTC/../../USDT:USDT")
    assert Path(written.folder).parent == tmp_path / "alpha"
    assert [info.symbol for info in find_datasets(tmp_path)] == ["BTC/../../USDT:USDT"]


@pytest.mark.parametrize(("venue", "symbol"), [("", "BTC"), ("alpha", ""), (".hidden", "BTC"), ("alpha", "..")])
def test_names_that_no_folder_can_have_are_refused(tmp_path: Path, venue: str, symbol: str) -> None:
    with pytest.raises(DataError, match="can't name a data set"):
        dataset_folder(tmp_path, venue, symbol)


def test_a_data_set_is_found_from_every_level(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes([T0]), venue="beta")
    write(tmp_path, "fx", fx([T0]))
    write(tmp_path, "quotes", quotes([T0]))
    assert [info.key for info in find_datasets(tmp_path)] == ["alpha:BTC-USDT", "beta:BTC-USDT", "rates:usdt_krw"]
    assert [info.key for info in find_datasets(tmp_path / "beta")] == ["beta:BTC-USDT"]
    assert [info.key for info in find_datasets(tmp_path / "beta" / "BTC-USDT")] == ["beta:BTC-USDT"]


def test_missing_damaged_and_newer_descriptions_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        find_datasets(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is no data set"):
        read_info(tmp_path)
    path = tmp_path / "dataset.json"
    path.write_text('{"schema_version": 1, "venue": "alpha"')
    with pytest.raises(DataError, match="can't be read"):
        read_info(tmp_path)
    path.write_text('{"schema_version": 1, "venue": "alpha"}')
    with pytest.raises(DataError, match=r"can't be read.*symbol"):
        read_info(tmp_path)
    path.write_text('{"schema_version": 99, "new": true}')
    with pytest.raises(DataError, match="schema version 99"):
        read_info(tmp_path)


def test_the_hash_covers_content_and_not_provenance(tmp_path: Path) -> None:
    info = write(tmp_path, "bars", bars([T0]), interval_ns=S)
    assert info.hash == content_hash(info)
    told = replace(info, source="elsewhere", notes=("other",), clock="KST", folder="/x")
    assert content_hash(told) == info.hash
    dearer = replace(instrument(), lot=Decimal(1))
    for changed in (
        replace(info, symbol="ETH-USDT"),
        replace(info, instrument=dearer),
        replace(info, kinds={"bars": replace(info.kinds["bars"], interval_ns=2 * S)}),
        replace(info, kinds={"bars": replace(info.kinds["bars"], hash="0" * 64)}),
    ):
        assert content_hash(changed) != info.hash


def test_the_hash_of_given_content_never_changes(tmp_path: Path) -> None:
    """Reports name data by this hash, so a change of it needs a new schema version."""
    info = write(tmp_path, "quotes", quotes([T0, T0 + S]))
    assert info.kinds["quotes"].hash == "0e05f2a053e64e8272f48ce4a2cf0e3ed81de18ea075062c884ea95ad70826a5"
    assert info.hash == "5cf1dffaa5719fca8520219e77309fcd6fb3bc2a83fdfe7aad270577ee0ad3f1"


def test_description_is_written_as_it_is_read(tmp_path: Path) -> None:
    info = write(tmp_path, "funding", funding([T0]))
    write_info(tmp_path, info)
    assert read_info(tmp_path) == replace(info, folder=str(tmp_path))


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "1970-01-01T00:00:00Z"), (T0 + 1, "2023-11-15T00:00:00.000000001Z"), (T0 + S // 2, "2023-11-15T00:00:00.5Z")],
)
def test_times_are_shown_exactly(ns: int, text: str) -> None:
    assert iso(ns) == text
    assert text.startswith(utc_day(ns))


def test_a_number_that_is_no_time_is_shown_as_it_is() -> None:
    assert iso(2**80) == f"{2**80} ns"


def test_descriptions_need_no_column_library() -> None:
    code = "import sys, arbcore.data.dataset; print(sorted({'numpy', 'polars'} & sys.modules.keys()))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("library", ["numpy", "polars"])
def test_a_missing_library_names_the_extra(library: str) -> None:
    code = f"import sys; sys.modules[{library!r}] = None; import arbcore.data.source"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"DataError: data sets need polars and numpy, and {library} is not installed" in run.stderr
    assert "pip install 'arbcore[data]'" in run.stderr


def test_default_schema_version_is_stored(tmp_path: Path) -> None:
    write_info(tmp_path, DatasetInfo(venue="alpha", symbol="BTC", source="", kinds={}))
    assert read_info(tmp_path).schema_version == 1
