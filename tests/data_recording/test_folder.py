"""The folder of a recording: one recorder at a time, gone on from where it stopped, and nothing else in it."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from arbcore.data._spool import SpoolFile
from arbcore.data.dataset import find_datasets
from arbcore.data.recorder import Recovered, recover
from arbcore.data.source import open_source
from arbcore.errors import DataError
from arbcore.model.market import BookInvalid
from tests.data.samples import T0, S, files_below, instrument, quotes, spoil, write
from tests.data_recording.streams import INSTRUMENTS, KEYS, abandon, kept_unread, quote, read_back, record, recorder


def _no_room(*_args: object) -> None:
    raise OSError("no room")


def test_a_second_recorder_is_refused(tmp_path: Path) -> None:
    with recorder(tmp_path) as to:
        to.put(quote(T0))
        to.flush(T0)
        with pytest.raises(DataError, match="a recorder is writing here"):
            recorder(tmp_path)
        with pytest.raises(DataError, match="a recorder is writing here"):
            recover(tmp_path)
        code = f"from arbcore.data.recorder import recover; recover({str(tmp_path)!r})"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "a recorder is writing here" in other.stderr
    assert read_back(tmp_path) == [quote(T0)]
    recorder(tmp_path).close()


def test_what_was_left_is_turned_when_the_next_recorder_opens(tmp_path: Path) -> None:
    kept_unread(tmp_path, [quote(T0), quote(T0 + 1)])
    assert read_back(tmp_path) == []
    spool = tmp_path / ".recording" / "spool-000001"
    spool.write_bytes(spool.read_bytes() + b"torn")
    with recorder(tmp_path) as to:
        assert to.recovered == [Recovered(1, 2, 4)]
        to.put(quote(T0 + 100))
    assert read_back(tmp_path) == [
        quote(T0),
        quote(T0 + 1),
        BookInvalid(KEYS[0], T0 + 2, T0 + 2, "DATA_GAP"),
        quote(T0 + 100),
    ]


def test_a_spool_that_cannot_be_read_is_put_aside(tmp_path: Path) -> None:
    kept_unread(tmp_path, [quote(T0)])
    spool = tmp_path / ".recording" / "spool-000001"
    spool.write_bytes(b"\0" * 100)
    with recorder(tmp_path) as to:
        assert to.recovered == [Recovered(1, 0, 100)]
        to.put(quote(T0 + 1))
    assert (tmp_path / ".recording" / "spool-000001.unreadable").read_bytes() == b"\0" * 100
    assert find_datasets(tmp_path)[0].spool == 2


def test_a_spool_of_another_version_stops_everything(tmp_path: Path) -> None:
    kept_unread(tmp_path, [quote(T0)])
    path = tmp_path / ".recording" / "spool-000001"
    path.unlink()
    SpoolFile(path, {"later": 1}).close()  # type: ignore[arg-type]
    with pytest.raises(DataError, match="can't be understood"):
        recover(tmp_path)
    assert path.exists()


def test_nothing_is_broken_where_the_clock_went_back(tmp_path: Path) -> None:
    record(tmp_path, [quote(T0)])
    with recorder(tmp_path) as to:
        to.put(quote(T0 - S))
        with pytest.raises(
            DataError, match="the recording ends at 2023-11-15T00:00:00Z, and this was received at 2023"
        ):
            to.flush(T0)
        to.put(quote(T0 + S))
    assert read_back(tmp_path)[-1] == quote(T0 + S)


def test_another_description_of_an_instrument_is_refused(tmp_path: Path) -> None:
    record(tmp_path, [quote(T0)])
    other = replace(INSTRUMENTS[0], lot=Decimal("0.5"))
    with pytest.raises(
        DataError, match=r"was recorded with lot=0\.0001, and now has lot=0\.5\n  fix: record to another"
    ):
        recorder(tmp_path, instruments=[other])
    with pytest.raises(DataError, match="recorded twice"):
        recorder(tmp_path, instruments=[INSTRUMENTS[0], other])
    recorder(tmp_path, instruments=[instrument("gamma")]).close()


@pytest.mark.parametrize("kind", ["quotes", "fx"])
def test_other_data_is_never_mixed_with_a_recording(tmp_path: Path, kind: str) -> None:
    rows = quotes([T0]) if kind == "quotes" else {"ts": [T0], "recv_ts": [T0], "bid": [1.0], "ask": [1.0]}
    write(tmp_path, kind, rows)
    before = files_below(tmp_path)
    with pytest.raises(DataError, match="which are no recording"):
        recorder(tmp_path)
    recorder(tmp_path / "apart").close()
    assert before.items() <= files_below(tmp_path).items()


def test_what_was_turned_before_other_rows_came_beside_it_is_not_turned_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = recorder(tmp_path)
    to.put(quote(T0))
    to.flush(T0)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _no_room)
        with pytest.raises(DataError, match="can't be removed: no room"):
            to.rotate()
    abandon(to)
    write(tmp_path, "trades", {"ts": [T0], "recv_ts": [T0], "price": [1.0], "size": [1.0], "buyer_took": [True]})
    assert [each.rows for each in recover(tmp_path)] == [0]
    assert len(read_back(tmp_path)) == 2
    with pytest.raises(DataError, match="no recording"):
        recorder(tmp_path)


def test_a_spool_never_goes_into_rows_of_another_writer(tmp_path: Path) -> None:
    kept_unread(tmp_path, [quote(T0)])
    write(tmp_path, "quotes", quotes([T0]))
    before = read_back(tmp_path)
    with pytest.raises(DataError, match="'a test', which are no recording"):
        recover(tmp_path)
    assert read_back(tmp_path) == before


def test_changed_rows_are_not_gone_on_from(tmp_path: Path) -> None:
    record(tmp_path, [quote(T0), quote(T0 + 1)])
    spoil(find_datasets(tmp_path)[0], "quotes", bid={0: 7.0})
    to = recorder(tmp_path)
    to.put(quote(T0 + 100))
    with pytest.raises(DataError, match="not those that were recorded"):
        to.close()
    (tmp_path / "alpha" / "BTC-USDT").rename(tmp_path / "away")
    assert [each.rows for each in recover(tmp_path)] == [2]
    assert quote(T0 + 100) in [item for chunk in open_source(tmp_path / "alpha").chunks() for item in chunk]
