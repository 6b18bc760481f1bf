"""A paper session is killed again and again, and goes on each time: one chain, no order id twice, the books close."""

import json
import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.live_project import CONFIG, PATIENCE_S, Simulator, arb, make_live, session, simulated

pytestmark = pytest.mark.slow

KILLS = 200 if os.environ.get("ARBCORE_COUNTS") == "full" else 2
JOURNAL = Path("sessions/live/journal.db")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Two exchanges on this machine."""
    with simulated(tmp_path_factory.mktemp("simulator")) as running:
        yield running


def stored(project: Path, kind: str) -> list[dict[str, object]]:
    """Return the events of a type that a session stored."""
    path = project / JOURNAL
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'event_store'").fetchone()[0]:
            return []  # it is being made
        rows = connection.execute("SELECT body FROM event_store WHERE type = ? ORDER BY sequence", (kind,)).fetchall()
    return [json.loads(body)["event"] for (body,) in rows]


def wait_for(project: Path, kind: str, more_than: int) -> None:
    """Wait until a session has stored more events of a type."""
    until = time.monotonic() + PATIENCE_S
    while len(stored(project, kind)) <= more_than:
        assert time.monotonic() < until, f"no {kind}"
        time.sleep(0.02)


def test_a_session_that_is_killed_goes_on(simulator: Simulator, tmp_path: Path) -> None:
    """A restart forgets no position (HB#3324, HB-api#243), and gives no id twice (NT#3176)."""
    project = make_live(tmp_path / "project", simulator.address)
    chance = random.Random(5)
    for kill in range(KILLS):
        before = len(stored(project, "OrderIntended"))
        with session(project, "--resume", "--no-record", name=f"kill{kill}") as running:
            wait_for(project, "OrderIntended", before)
            running.left(chance.random() / 2)
            running.process.kill()
            running.process.wait(PATIENCE_S)
    ended = arb("run", *CONFIG, "--resume", "--no-record", "--for", "8s", "--json", cwd=project)
    assert ended.code == 0, ended.err
    result = json.loads(ended.out)
    assert result["pnl"]["remainder"] == "0"
    starts = stored(project, "EngineStarted")
    assert [start["resumed"] for start in starts] == [False] + [True] * KILLS
    assert len({start["epoch"] for start in starts}) == len(starts)
    ids = Counter(event["order"]["client_order_id"] for event in stored(project, "OrderIntended"))  # type: ignore[index]  # JSON
    assert ids.most_common(1)[0][1] == 1
    assert not stored(project, "TradeFrozen")
    assert arb("journal", "verify", "--session", "live", cwd=project).code == 0
