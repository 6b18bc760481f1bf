"""What was recorded is read back: the same inputs, bit for bit, in the same order."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from arbcore.data.dataset import find_datasets
from arbcore.data.recorder import recover
from arbcore.data.verify import verify
from arbcore.model.market import Book, MarketInput
from tests.data.samples import T0, files_below
from tests.data_recording.streams import (
    KEYS,
    abandon,
    any_stream,
    bits,
    known_stream,
    put_all,
    read_back,
    record,
    recorder,
)


@given(items=any_stream(), cuts=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["flush", "rotate"]))))
def test_any_inputs_come_back(items: list[MarketInput], cuts: list[tuple[int, str]]) -> None:
    """Wherever it was flushed and rotated."""
    todo = dict(cuts)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        to = recorder(root)
        for index, item in enumerate(items):
            to.put(item)
            if todo.get(index) in {"flush", "rotate"}:
                to.flush(item.recv_ts)
            if todo.get(index) == "rotate":
                to.rotate()
        to.close()
        assert bits(read_back(root)) == bits(items)
        assert (to.recorded, to.skipped) == (len(items), {})
        # Odd rows are what was recorded; only clocks and units that can't be are errors still.
        found = verify(root) if items else []
        assert {each.check for each in found if each.verdict == "error"} <= {"zone", "units"}


@given(items=any_stream(), at=st.integers(0, 10**6), flush_each=st.integers(1, 5))
def test_a_spool_cut_anywhere_gives_what_was_flushed_before(items: list[MarketInput], at: int, flush_each: int) -> None:
    with TemporaryDirectory() as folder:
        root, sizes = Path(folder), [(0, 0)]
        to = recorder(root)
        for index, item in enumerate(items):
            to.put(item)
            if index % flush_each == 0:
                to.flush(item.recv_ts)
                assert to._spool is not None
                sizes.append((to._spool.size, index + 1))
        abandon(to)
        spool = root / ".recording" / "spool-000001"
        cut = at % (sizes[-1][0] + 1)
        if spool.exists():
            spool.write_bytes(spool.read_bytes()[:cut])
        recover(root)
        kept = max(count for size, count in sizes if size <= cut)
        assert bits(read_back(root)) == bits(items[:kept])
        assert not spool.exists()


@given(items=any_stream(12), rotate_each=st.integers(4, 12))
def test_the_hash_is_that_of_all_rows_however_they_were_turned(items: list[MarketInput], rotate_each: int) -> None:
    with TemporaryDirectory() as folder:
        whole, parts = (Path(folder) / name for name in ("whole", "parts"))
        # Books start with the deepest, so that all files have the same columns.
        start: list[MarketInput] = [Book(key, T0, T0 - 9 + row, ((1.0, 1.0),) * 30, ()) for row, key in enumerate(KEYS)]
        record(whole, start + items)
        record(parts, start + items, rotate_each=rotate_each)
        assert [info.hash for info in find_datasets(whole)] == [info.hash for info in find_datasets(parts)]


def test_the_whole_known_stream_comes_back_through_small_spools(tmp_path: Path) -> None:
    items = known_stream(3000)
    with recorder(tmp_path, spool_rows=500) as to:
        for start in range(0, 3000, 100):
            put_all(to, items[start : start + 100])
            to.flush(items[start].recv_ts)
            if to.due:
                to.rotate()
    assert read_back(tmp_path) == items
    assert {info.spool for info in find_datasets(tmp_path)} == {6}
    assert not list((tmp_path / ".recording").glob("spool-*"))


def test_a_continued_recording_states_the_hash_of_all_its_rows(tmp_path: Path) -> None:
    items = known_stream(300)
    record(tmp_path, items[:140], rotate_each=70)
    record(tmp_path, items[140:], rotate_each=70)
    assert len(read_back(tmp_path)) == 300 + len(KEYS)
    assert not [each for each in verify(tmp_path) if each.verdict == "error"]


def test_recovering_twice_changes_nothing(tmp_path: Path) -> None:
    record(tmp_path, known_stream(100))
    before = files_below(tmp_path)
    assert recover(tmp_path) == []
    assert files_below(tmp_path) == before
