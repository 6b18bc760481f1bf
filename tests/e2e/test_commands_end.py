"""A session that is stopped from another terminal: flat, replayed as it was, and nothing runs after it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Ran
from tests.e2e.live_project import PATIENCE_S, make_live, session, simulated

pytestmark = pytest.mark.slow

Here = Callable[..., Ran]
PRESETS = "strategies: {premium: {presets: {small: {notional: 400}}}}\n"
GIVEN = ("--session", "live", "--timeout", "40s", "--json")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project whose session trades on a simulator."""
    folder = tmp_path / "simulator"
    folder.mkdir()
    with simulated(folder) as running:
        yield make_live(tmp_path / "project", running.address, PRESETS)


def trades(arb_here: Here) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = arb_here("trades", "sessions/live", "--limit", 0, "--json").told()["trades"]
    return found


def test_it_ends_flat_and_then_nothing_runs(arb_here: Here, project: Path) -> None:
    with session(project, "--json") as running:
        running.says(" closed ")
        end = time.monotonic() + PATIENCE_S
        while all(trade["state"] == "closed" for trade in trades(arb_here)):
            assert time.monotonic() < end, "no trade was opened"
            time.sleep(0.1)
        changed = arb_here("config", "set", "strategies.premium.enter_bps", 14, *GIVEN).told()
        assert [event["type"] for event in changed["events"]] == ["CommandAccepted", "ConfigChanged"]
        assert changed["events"][1]["event"]["changes"] == {"strategies.premium.enter_bps": "15.0 -> 14.0"}
        arb_here("config", "preset", "premium", "small", *GIVEN).told()
        stopped = arb_here("stop", "--flatten", "--yes", *GIVEN).told()
        assert stopped["events"][0]["type"] == "CommandAccepted"
        ended = running.end().told()
    assert ended["reason"].startswith("stopped by ")
    assert ended["open_trades"] == 0
    replayed = arb_here("replay", "sessions/live", "--json").told()
    assert (replayed["identical"], replayed["events"]) == (True, ended["events"])
    arb_here("pause", *GIVEN).refused(4, "session live is not running", "arb run")
    arb_here("pause", "--session", "never").refused(4, "that session never ran here")
