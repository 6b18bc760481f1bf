"""Trouble under the journal: one clear error, exit code 1, and what was stored before is whole."""

import json
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.commands import Ran, arb, exported
from tests.e2e.offer import changed, offer

# Python writes compiled modules cut off at the limit, and other processes would read them.
FULL = (
    "import resource, sys; sys.dont_write_bytecode = True; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
)
KEEPS_NOTHING_BACK = ("--set", "journal.durability=process")
Here = Callable[..., Ran]
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="limits and signals are POSIX")


def run(project: Path, out: Path, *arguments: str, prelude: str = "", path: Path | None = None) -> Ran:
    """Backtest the project with its journal kept."""
    return arb(
        "backtest", "--json", "--journal", "--out", out, *arguments, cwd=project, prelude=prelude, path=path
    )  # fmt: skip


def stored(here: Here, out: Path) -> int:
    """Verify a journal; return the number of its events."""
    told = here("journal", "verify", out, "--json").told()
    assert told["ok"] is True
    events: int = told["events"]
    return events


@needs_posix
@pytest.mark.parametrize(("size", "least"), [(700_000, 500), (200_000, 100)])
def test_a_full_disk(project: Path, tmp_path: Path, arb_here: Here, size: int, least: int) -> None:
    ran = run(project, tmp_path, *KEEPS_NOTHING_BACK, prelude=FULL.format(size=size))
    ran.refused(1, "journal.db: can't store event", "the disk refused", "check room")
    events = stored(arb_here, tmp_path)
    assert events >= least
    assert f"can't store event {events + 1} " in ran.err
    assert arb_here("journal", "rebuild", tmp_path, "--json").told()["differences"] == []


@needs_posix
def test_a_full_disk_before_anything_is_stored(project: Path, tmp_path: Path) -> None:
    ran = run(project, tmp_path, prelude=FULL.format(size=20_000))
    ran.refused(1, "journal.db: can't open it", "the disk refused")


@needs_posix
def test_a_full_disk_under_new_data(project: Path, tmp_path: Path) -> None:
    """No half of a data set appears, and what lay there stays."""
    data = tmp_path / "data"
    generate = ("data", "generate", "--quotes", 2_000, "--seed", 1, "--out", data)
    assert arb(*generate, cwd=project).code == 0
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    ran = arb(
        "data", "generate", "--quotes", 20_000, "--seed", 2, "--out", data, "--replace", "--json",
        cwd=project, prelude=FULL.format(size=20_000),
    )  # fmt: skip
    ran.refused(1, "can't be written", "make room")
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before


LOCKS = """        if not hasattr(self, "other"):
            import sqlite3
            self.other = sqlite3.connect({path!r}, isolation_level=None)
            self.other.execute("BEGIN EXCLUSIVE")
"""


def test_a_database_locked_in_the_middle(project: Path, tmp_path: Path, arb_here: Here) -> None:
    out = tmp_path / "run"
    locking = changed(("        pass\n", LOCKS.format(path=str(out / "journal.db"))))
    ran = run(
        project, out, *KEEPS_NOTHING_BACK, "--set", "journal.busy_timeout=50ms", "--without", "premium", "-s", "a=zz",
        path=offer(tmp_path / "site", "zz", locking),
    )  # fmt: skip
    ran.refused(1, "journal.db: can't store event", "another process holds its lock", "busy_timeout")
    assert f"can't store event {stored(arb_here, out) + 1} " in ran.err


def test_a_database_locked_from_the_start(project: Path, tmp_path: Path, arb_here: Here) -> None:
    told = run(project, tmp_path).told()
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ran = run(project, tmp_path, "--set", "journal.busy_timeout=50ms")
    ran.refused(1, "journal.db: can't open it", "another process holds its lock", "busy_timeout")
    assert stored(arb_here, tmp_path) == told["events"]


def test_a_journal_that_holds_an_earlier_run(project: Path, tmp_path: Path, arb_here: Here) -> None:
    told = run(project, tmp_path).told()
    run(project, tmp_path).refused(1, "holds the events of an earlier run", "--out")
    verified = arb_here("journal", "verify", tmp_path, "--json").told()
    assert (verified["events"], len(verified["runs"])) == (told["events"], 1)


KILLS = """        import os, signal
        self.told = getattr(self, "told", 0) + 1
        if self.told == 40:
            os.kill(os.getpid(), signal.SIGKILL)
"""
SHORT = ("--without", "premium", "-s", "a=zz", "--set", "backtest.end=2025-01-06T00:10:00Z")


@pytest.fixture(scope="module")
def killed(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of a run that was killed in its middle."""
    folder = tmp_path_factory.mktemp("killed")
    site = offer(folder / "site", "zz", changed(("        pass\n", KILLS)))
    ran = run(project, folder / "run", *SHORT, *KEEPS_NOTHING_BACK, path=site)
    assert (ran.code, ran.out) == (-signal.SIGKILL, "")
    return folder / "run"


@needs_posix
def test_killed_in_the_middle(project: Path, killed: Path, tmp_path: Path, arb_here: Here) -> None:
    """Everything stored is whole, the lease is free, and the next run tells the same story to its end."""
    events = stored(arb_here, killed)
    assert events >= 100
    sound = offer(tmp_path / "site", "zz")
    again = run(project, tmp_path / "run", *SHORT, *KEEPS_NOTHING_BACK, path=sound).told()
    assert again["events"] > events
    assert _lines(project, tmp_path / "run")[:events] == _lines(project, killed)


@needs_posix
def test_killed_with_events_held_back(project: Path, tmp_path: Path, arb_here: Here) -> None:
    """What a buffer held is lost, as the durability `batch` says; what was stored is whole."""
    site = offer(tmp_path / "site", "zz", changed(("        pass\n", KILLS)))
    ran = run(project, tmp_path / "run", *SHORT, "--set", "journal.batch_events=100", path=site)
    assert ran.code == -signal.SIGKILL
    assert stored(arb_here, tmp_path / "run") >= 50


@needs_posix
def test_a_torn_tail_is_named_and_cut_off_by_the_next_that_opens_it(
    project: Path, killed: Path, tmp_path: Path, arb_here: Here
) -> None:
    """What an interrupted write may leave at the end: an event whose bytes are not its own."""
    shutil.copytree(killed, tmp_path / "torn")
    events = stored(arb_here, tmp_path / "torn")
    with closing(sqlite3.connect(tmp_path / "torn" / "journal.db", isolation_level=None)) as database:
        database.execute("UPDATE event_store SET body = CAST('{' AS BLOB) WHERE sequence = ?", (events,))
    ran = arb_here("journal", "verify", tmp_path / "torn", "--json")
    found = json.loads(ran.out)
    assert (ran.code, found["ok"], found["torn"], found["bad"]) == (1, False, True, events)
    assert "an interrupted write" in ran.err
    # A backtest does not go on where another ended, and opening the journal has mended it all the same.
    run(project, tmp_path / "torn", *SHORT, path=offer(tmp_path / "site", "zz")).refused(1, "an earlier run")
    assert stored(arb_here, tmp_path / "torn") == events - 1


def _lines(project: Path, out: Path) -> list[bytes]:
    return exported(out, project / "arb.yaml").splitlines()
