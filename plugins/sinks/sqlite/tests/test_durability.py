"""Durability: what is synced and when, as the database itself tells it."""

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from arbcore.errors import JournalError
from arbcore.ports.journal import Durable
from arbcore.testing.stores import chain_of, reader_context, store_context
from arbcore_sink_sqlite.connection import make_folder
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

pytestmark = pytest.mark.anyio

NORMAL, FULL = 1, 2
"""`PRAGMA synchronous`: synced at checkpoints only, or at every commit."""


def journal_in(folder: Path, durability: str, mode: str = "paper") -> SqliteJournal:
    settings = SqliteSettings.model_validate({"use": "sqlite", "durability": durability})
    return SqliteJournal(settings, store_context(folder, mode=mode))


def level(journal: SqliteJournal) -> int:
    """Return how the writer's own connection syncs now."""
    connection = journal._opened()
    connection.set_authorizer(None)
    (found,) = connection.execute("PRAGMA synchronous").fetchone()
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize(("durability", "first", "later"), [("process", 2, 1), ("power", 2, 2), ("batch", 1, 1)])
async def test_what_a_start_stores_first_is_synced_and_the_rest_by_durability(
    tmp_path: Path, durability: str, first: int, later: int
) -> None:
    """The first events hold the epoch of the order ids, which no later start may give again."""
    events = chain_of(9)
    for start in (0, 3):
        async with journal_in(tmp_path, durability) as journal:
            assert level(journal) == first
            journal.append(events[start : start + 2])
            assert level(journal) == later
            journal.append(events[start + 2 : start + 3])
            assert level(journal) == later


@pytest.mark.parametrize("durability", ["process", "power"])
async def test_the_commit_is_over_when_append_returns(tmp_path: Path, durability: str) -> None:
    """Whoever acts after `append` acts on events that anybody can read, both legs of a trade in one commit."""
    said: list[str] = []
    async with journal_in(tmp_path, durability) as journal:
        connection = journal._opened()
        connection.set_trace_callback(said.append)
        journal.append(chain_of(4))
        assert not connection.in_transaction
        assert [text.split()[0] for text in said if not text.startswith("PRAGMA")] == [
            "BEGIN",
            *["INSERT"] * 4,
            "COMMIT",
        ]
        with closing(sqlite3.connect(f"file:{journal.location()}?mode=ro", uri=True)) as other:
            assert other.execute("SELECT count(*) FROM event_store").fetchone() == (4,)


async def test_the_first_events_stay_synced_until_they_are_stored(tmp_path: Path) -> None:
    async with journal_in(tmp_path, "process") as journal:
        with pytest.raises(JournalError):
            journal.append(chain_of(2, first=5))
        assert level(journal) == FULL
        journal.append(chain_of(2))
        assert level(journal) == NORMAL


async def test_real_orders_are_stored_before_they_leave(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"journal\.durability: batch") as caught:
        async with journal_in(tmp_path / "live", "batch", mode="live"):
            pytest.fail("a live session keeps its events in memory")
    assert "power" in str(caught.value)
    assert not (tmp_path / "live").exists()
    reader = SqliteSettings.model_validate({"use": "sqlite", "durability": "batch"})
    async with journal_in(tmp_path, "power", mode="live"), SqliteJournal(reader, reader_context(tmp_path)):
        pass  # who only reads loses nothing


@pytest.mark.parametrize(
    ("durability", "mode", "survives"),
    [
        ("process", "live", "process"),
        ("power", "paper", "power"),
        ("batch", "paper", "nothing"),
        ("auto", "live", "power"),
        ("auto", "paper", "process"),
        ("auto", "backtest", "nothing"),
    ],
)
async def test_a_journal_tells_what_its_events_survive(
    tmp_path: Path, durability: str, mode: str, survives: str
) -> None:
    journal = journal_in(tmp_path, durability, mode)
    assert isinstance(journal, Durable)
    assert journal.survives() == survives


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Path]]:
    """A function that returns the folders synced so far."""
    found: list[Path] = []
    sync = os.fsync

    def noted(file: int) -> None:
        found.append(Path(f"/proc/self/fd/{file}").readlink())
        sync(file)

    monkeypatch.setattr(os, "fsync", noted)
    return lambda: found


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which file is synced")
async def test_new_folders_are_synced_with_those_above(tmp_path: Path, synced: Callable[[], list[Path]]) -> None:
    make_folder(tmp_path / "sessions" / "kimchi")
    make_folder(tmp_path / "sessions" / "kimchi")
    assert synced() == [tmp_path, tmp_path / "sessions"]
