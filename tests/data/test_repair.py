"""A repaired copy lacks what was wrong; the original is never touched."""

from pathlib import Path

import pytest

from arbcore.data.dataset import find_datasets
from arbcore.data.instant import DAY_NS
from arbcore.data.repair import repair
from arbcore.data.source import open_source
from arbcore.data.verify import verify
from arbcore.errors import DataError
from tests.data.samples import T0, S, bars, files_below, funding, fx, inputs, quotes, redescribe, spoil, write


def spoilt(root: Path) -> dict[str, bytes]:
    """Write data sets of which one is wrong in four rows, and return every file."""
    times = [T0 + index * S for index in range(20)]
    info = write(root, "quotes", quotes(times), notes=("kept",))
    write(root, "funding", funding(times), notes=("paid thrice a day",))
    write(root, "fx", fx(times))
    spoil(info, "quotes", bid={3: float("nan"), 4: 1000.0}, recv_ts={7: T0, 9: 17})
    return files_below(root)


def test_the_copy_is_well_and_the_original_as_it_was(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    before = spoilt(original)
    assert any(record.verdict == "error" for record in verify(original))
    described = repair(original, copy)
    assert files_below(original) == before
    assert {record.verdict for record in verify(copy)} == {"ok"}
    assert described == find_datasets(copy)
    sizes = [item.bid_size for item in inputs(open_source(copy)) if hasattr(item, "bid_size")]
    assert sizes == [1.0 + row for row in range(20) if row not in {3, 4, 7, 9}]


def test_the_copy_says_what_was_dropped_and_keeps_what_was_stated(tmp_path: Path) -> None:
    spoilt(tmp_path / "original")
    market = repair(tmp_path / "original", tmp_path / "copy")[0]
    assert set(market.kinds) == {"quotes", "funding"}
    assert market.kinds["funding"].notes == ("paid thrice a day",)
    kept, dropped = market.kinds["quotes"].notes
    assert kept == "kept"
    assert sorted(dropped.removeprefix("repair dropped quotes rows: ").split("; ")) == [
        "1 (goes back in time)",
        "1 (not a finite number)",
        "1 (not a time in nanoseconds between 2009 and 2100)",
        "1 (the bid is above the ask)",
    ]


def test_what_is_well_keeps_its_hash(tmp_path: Path) -> None:
    info = write(tmp_path / "original", "bars", bars([T0, T0 + 60 * S]), interval_ns=60 * S)
    (copied,) = repair(tmp_path / "original", tmp_path / "copy")
    assert (copied.hash, copied.notes) == (info.hash, ())


def test_overlapping_files_become_one_order(tmp_path: Path) -> None:
    info = write(tmp_path / "original", "quotes", quotes([T0, T0 + DAY_NS]))
    redescribe(info, "quotes", files=(*info.kinds["quotes"].files, info.kinds["quotes"].files[0]))
    (copied,) = repair(tmp_path / "original", tmp_path / "copy")
    assert copied.rows == 2
    assert copied.notes == ("repair dropped quotes rows: 1 (goes back in time)",)


@pytest.mark.parametrize("out", [".", "copy", "..", "../../elsewhere/.."])
def test_a_copy_that_would_touch_the_original_is_refused(tmp_path: Path, out: str) -> None:
    original = tmp_path / "deep" / "original"
    before = spoilt(original)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(DataError, match="would touch the original"):
        repair(original, original / out)
    assert files_below(original) == before


def test_a_copy_goes_into_an_empty_folder(tmp_path: Path) -> None:
    spoilt(tmp_path / "original")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine.txt").write_text("precious")
    with pytest.raises(DataError, match="is not empty"):
        repair(tmp_path / "original", tmp_path / "copy")
    assert files_below(tmp_path / "copy") == {"mine.txt": b"precious"}


def test_a_lost_file_is_not_passed_over(tmp_path: Path) -> None:
    info = write(tmp_path / "original", "quotes", quotes([T0, T0 + DAY_NS]))
    (Path(info.folder) / info.kinds["quotes"].files[1].name).unlink()
    with pytest.raises(DataError, match=r"quotes-2023-11-16\.parquet can't be read"):
        repair(tmp_path / "original", tmp_path / "copy")
    assert files_below(tmp_path / "copy") == {}
