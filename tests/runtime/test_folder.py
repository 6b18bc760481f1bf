"""The folder of a session: files appear whole, an earlier run is kept."""

from pathlib import Path

import pytest

from arbcore.errors import JournalError
from arbcore.runtime.folder import SessionFolder
from tests.runtime import runs

MOMENT = 1_790_000_000 * 10**9
NAME = "mine-20260921T141320Z"


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path / "sessions" / "mine")
    folder.keep("stats.json", b"old")
    folder.keep("stats.json", b"new")
    assert folder.stats.read_bytes() == b"new"
    assert [path.name for path in folder.path.iterdir()] == ["stats.json"]


def test_an_earlier_run_is_renamed_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    names = []
    for number in range(3):
        folder = SessionFolder(tmp_path / "sessions" / "mine")
        folder.keep("journal.db", str(number).encode())
        names.append(folder.put_aside(folder.path / "journal.db", MOMENT).name)
        assert not folder.path.exists()
    assert names == [NAME, f"{NAME}-2", f"{NAME}-3"]
    assert [(tmp_path / "sessions" / name / "journal.db").read_text() for name in names] == ["0", "1", "2"]


def test_a_journal_elsewhere_is_not_moved(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path / "sessions" / "mine")
    folder.keep("x", b"")
    with pytest.raises(JournalError, match="another name"):
        folder.put_aside(tmp_path / "elsewhere" / "journal.db", MOMENT)
    assert folder.path.exists()


def test_instruments_are_kept_exactly(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.keep_origin({"session": {"name": "mine"}}, runs.INSTRUMENTS)
    assert folder.read_instruments() == runs.INSTRUMENTS
    folder.instruments.write_text("{")
    with pytest.raises(JournalError, match="instruments"):
        folder.read_instruments()
