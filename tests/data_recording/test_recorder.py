"""The recorder: when it rotates, what it refuses, what it leaves out and says so."""

import threading
from pathlib import Path
from typing import Any

import pytest

from arbcore.data import recorder as recorder_module
from arbcore.data._frames import column_names
from arbcore.data._spool import SpoolFile
from arbcore.data.dataset import find_datasets, read_info
from arbcore.data.recorder import Recorder, recover
from arbcore.data.repair import repair
from arbcore.data.verify import verify
from arbcore.errors import DataError
from arbcore.model.market import Book, BookInvalid, FxRate, MarkPrice, OpeningQuote, Quote
from tests.data.samples import T0, S, spoil
from tests.data_recording.streams import (
    KEYS,
    kept_unread,
    known_stream,
    put_all,
    quote,
    read_back,
    record,
    recorder,
)


def levels(count: int) -> tuple[tuple[float, float], ...]:
    return tuple((100.0 + level, 1.0) for level in range(count))


def due(to: Recorder) -> bool:
    return to.due


def test_a_rotation_is_due_by_rows_or_by_time(tmp_path: Path) -> None:
    with recorder(tmp_path, spool_rows=3, rotate_ns=10 * S) as to:
        to.flush(T0)
        assert not due(to)
        put_all(to, [quote(T0 + 1), quote(T0 + 2)])
        to.flush(T0)
        assert not due(to)
        to.put(quote(T0 + 3))
        to.flush(T0 + S)
        assert due(to)
        to.rotate()
        assert not due(to)
        to.put(quote(T0 + 4))
        to.flush(T0 + 5 * S)
        to.flush(T0 + 15 * S - 1)
        assert not due(to)
        to.flush(T0 + 15 * S)
        assert due(to)
    assert to.recorded == 4


def test_files_are_named_by_day_and_spool_and_an_idle_rotation_makes_none(tmp_path: Path) -> None:
    day = 86_400 * S
    with recorder(tmp_path) as to:
        to.rotate()
        put_all(to, [quote(T0), quote(T0 + day)])
        to.flush(T0)
        to.rotate()
        to.rotate()
        to.put(quote(T0 + day + 1))
    (info,) = find_datasets(tmp_path)
    assert [file.name for file in info.kinds["quotes"].files] == [
        "quotes-2023-11-15-s1.parquet",
        "quotes-2023-11-16-s1.parquet",
        "quotes-2023-11-16-s2.parquet",
    ]
    assert (info.source, info.spool, info.kinds["quotes"].checked) == ("a test", 2, False)


def test_what_arrives_during_a_rotation_is_recorded(tmp_path: Path) -> None:
    items = known_stream(4000)
    with recorder(tmp_path) as to:
        for start in range(0, 4000, 200):
            turning = threading.Thread(target=to.rotate)
            turning.start()
            put_all(to, items[start : start + 200])
            to.flush(items[start].recv_ts)
            turning.join()
    assert read_back(tmp_path) == items


def test_closing_writes_what_waits_and_says_what_there_is(tmp_path: Path) -> None:
    to = recorder(tmp_path)
    to.put(quote(T0))
    infos = to.close()
    assert [info.key for info in infos] == [KEYS[0]]
    assert to.close() == infos
    assert read_back(tmp_path) == [quote(T0)]


def test_inputs_that_cannot_be_recorded_are_counted(tmp_path: Path) -> None:
    bad: Any = [
        quote(T0 + 1),
        quote(T0 + 1),
        quote(T0),
        quote(T0 + 2, key="alpha:UNKNOWN"),
        OpeningQuote(KEYS[0], T0, T0 + 3, 1.0, 2.0, 1.0, 1.0),
        FxRate("", T0, T0 + 4, 1.0, 1.0, ""),
        Quote(KEYS[0], T0, T0 + 5, "dear", 1.0, 1.0, 1.0),  # type: ignore[arg-type]
        Quote(KEYS[0], 2**63, T0 + 6, 1.0, 1.0, 1.0, 1.0),
        Book(KEYS[0], T0, T0 + 7, None, ()),  # type: ignore[arg-type]
        BookInvalid(KEYS[0], T0, T0 + 8, "\ud800"),
        quote(4_102_444_800 * S),
        quote(T0 + 9),
    ]
    with recorder(tmp_path) as to:
        put_all(to, bad)
    assert read_back(tmp_path) == [quote(T0 + 1), quote(T0 + 9)]
    assert to.skipped == {
        "not received after the one before": 3,
        "of an instrument that is not recorded": 1,
        "not of a kind that arrives": 1,
        "of a rate without a proper name": 1,
        "with values of other types": 4,
    }


def test_memory_is_bounded_and_a_hole_breaks_its_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "MOST_WAITING", 3)
    with recorder(tmp_path) as to:
        put_all(to, [quote(T0 + index, key=KEYS[index % 2]) for index in range(8)])
        to.put(FxRate("usdt_krw", T0, T0 + 8, 1.0, 1.0, ""))
        assert len(to._waiting) == 5
        to.flush(T0)
        put_all(to, [quote(T0 + 10 + index) for index in range(4)])
    assert to.skipped == {"too much waited for the disk": 7}
    assert read_back(tmp_path) == [
        *(quote(T0 + index, key=KEYS[index % 2]) for index in range(3)),
        BookInvalid(KEYS[1], T0 - 2, T0 + 3, "DATA_GAP"),
        BookInvalid(KEYS[0], T0 - 1, T0 + 4, "DATA_GAP"),
        *(quote(T0 + 10 + index) for index in range(3)),
        BookInvalid(KEYS[0], T0 + 8, T0 + 13, "DATA_GAP"),
    ]


def test_a_full_disk_loses_nothing_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorder(tmp_path) as to:
        to.put(quote(T0))
        to.flush(T0)
        spool = to._spool
        assert spool is not None
        to.put(quote(T0 + 1))
        with monkeypatch.context() as patch:
            patch.setattr(spool, "_file", FullDisk(spool._file))
            with pytest.raises(DataError, match="can't be written: no room"):
                to.flush(T0 + 1)
            to.put(quote(T0 + 2))
            with pytest.raises(DataError, match="make room"):
                to.flush(T0 + 2)
        assert to.recorded == 1
        to.flush(T0 + 3)
        assert to.recorded == 3
    assert read_back(tmp_path) == [quote(T0), quote(T0 + 1), quote(T0 + 2)]


class FullDisk:
    """A file that takes half of what is written, and nothing after that until it is tried again."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._halved = False

    def write(self, data: memoryview) -> int:
        if self._halved:
            raise OSError("no room")
        self._halved = True
        return int(self._file.write(data[: len(data) // 2]))

    def seek(self, place: int) -> None:
        self._halved = False
        self._file.seek(place)


def test_a_spool_that_could_not_be_begun_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorder(tmp_path) as to:
        to.put(quote(T0))
        with monkeypatch.context() as patch:
            patch.setattr(SpoolFile, "write", _refused)
            with pytest.raises(DataError, match="no room"):
                to.flush(T0)
        assert not list((tmp_path / ".recording").glob("spool-*"))
        to.flush(T0)
    assert read_back(tmp_path) == [quote(T0)]


def _refused(*_args: object) -> None:
    raise DataError("no room")


def test_a_failed_rotation_goes_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorder(tmp_path) as to:
        to.put(quote(T0))
        to.flush(T0)
        with monkeypatch.context() as patch:
            patch.setattr("arbcore.data._archive.write_info", _no_room)
            with pytest.raises(DataError, match="make room"):
                to.rotate()
        to.put(quote(T0 + 1))
        to.flush(T0 + 1)
        to.rotate()
        assert read_back(tmp_path) == [quote(T0), quote(T0 + 1)]


def _no_room(*_args: object) -> None:
    raise OSError("no room")


def test_books_may_deepen(tmp_path: Path) -> None:
    books = [Book(KEYS[0], T0, T0 + row, levels(count), levels(1)) for row, count in enumerate((0, 5, 6, 2, 30))]
    record(tmp_path, books, rotate_each=1)
    assert read_back(tmp_path) == books
    info = find_datasets(tmp_path)[0]
    folder = Path(info.folder)
    columns = {tuple(column_names(folder / file.name)) for file in info.kinds["book"].files}
    assert (len(columns), info.kinds["book"].levels) == (1, 30)
    assert not [each for each in verify(tmp_path) if each.check in {"hash", "files"}]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["dataset.json", *(file.name for file in info.kinds["book"].files)]
    )


def test_levels_too_deep_are_cut_and_told(tmp_path: Path) -> None:
    record(tmp_path, [Book(KEYS[0], T0, T0, levels(1), levels(31))])
    assert read_back(tmp_path) == [Book(KEYS[0], T0, T0, levels(1), levels(30))]
    assert [each.first for each in verify(tmp_path) if each.check == "cut"] == [
        "book-2023-11-15-s1.parquet row 0 (2023-11-15T00:00:00Z): deeper levels were not kept"
    ]


def test_wrong_rows_are_kept_and_told_without_an_error(tmp_path: Path) -> None:
    wrong = [quote(T0), Quote(KEYS[0], T0, T0 + 1, 101.0, 100.0, -1.0, 1.0), quote(T0 + 2, float("inf"))]
    record(tmp_path, wrong)
    assert read_back(tmp_path) == wrong
    found = {(each.check, each.verdict) for each in verify(tmp_path)}
    assert {("crossed", "warning"), ("size", "warning"), ("number", "warning")} <= found
    assert "error" not in {verdict for _, verdict in found}
    spoil(find_datasets(tmp_path)[0], "quotes", bid={0: 7.0})
    assert ("hash", "error") in {(each.check, each.verdict) for each in verify(tmp_path)}


def test_a_repaired_copy_of_a_recording_is_checked(tmp_path: Path) -> None:
    record(
        tmp_path / "raw",
        [
            quote(T0),
            quote(T0 + 1, -1.0),
            BookInvalid(KEYS[0], T0, T0 + 2, "BOOK_GAP"),
            MarkPrice(KEYS[0], T0, T0 + 3, 100.1234, 100.0),
            FxRate("usdt_krw", T0, T0 + 4, 1300.0, 1301.0, "somewhere"),
        ],
    )
    repair(tmp_path / "raw", tmp_path / "copy")
    assert read_back(tmp_path / "copy") == [item for item in read_back(tmp_path / "raw") if item != quote(T0 + 1, -1.0)]
    assert {each.verdict for each in verify(tmp_path / "copy")} == {"ok"}
    info = read_info(tmp_path / "copy" / "alpha" / "BTC-USDT")
    assert (info.spool, info.kinds["quotes"].checked) == (0, True)


def test_verify_tells_of_what_waits_in_a_spool(tmp_path: Path) -> None:
    kept_unread(tmp_path, [quote(T0)])
    (found,) = verify(tmp_path)
    assert (found.check, found.verdict, found.count) == ("spool", "warning", 1)
    recover(tmp_path)
    assert {each.check for each in verify(tmp_path)} == {"rows"}


def test_different_sources_are_all_named(tmp_path: Path) -> None:
    record(tmp_path, [quote(T0)], source="one")
    record(tmp_path, [quote(T0 + S)], source="two")
    record(tmp_path, [quote(T0 + 2 * S)], source="one")
    assert find_datasets(tmp_path)[0].source == "one; two"
