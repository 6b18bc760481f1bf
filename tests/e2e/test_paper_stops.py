"""How a session ends: by its time, by a signal, by a second one, by a kill at any moment."""

import json
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import Ran
from tests.e2e.live_project import CONFIG, Running, Simulator, make_live, session, simulated
from tests.e2e.offer import offer

Here = Callable[..., Ran]
KILLS = 50 if os.environ.get("ARBCORE_COUNTS") == "full" else 3
SESSION = Path("sessions", "live")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals between processes are POSIX"),
]

LINGERS = """
from anyio import sleep
from arbcore.hooks import hookimpl

class Sink:
    async def __aenter__(self):
        return self
    async def __aexit__(self, *exc):
        print("lingering", flush=True)
        await sleep(8)
    async def write(self, batch):
        pass
    async def flush(self, timeout_ns):
        return True

class Plugin:
    api_version: int = 1
    @hookimpl
    def open_sink(self, settings, context):
        return Sink()

plugin = Plugin()
"""
"""A sink that takes its time to close."""


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Two exchanges on this machine."""
    with simulated(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Path:
    """A project that trades on them."""
    return make_live(tmp_path_factory.mktemp("stops") / "project", simulator.address)


def stored(here: Here) -> int:
    """Verify the journal; return the number of its events."""
    told = here("journal", "verify", SESSION, "--json").told()
    assert told["ok"]
    events: int = told["events"]
    return events


def test_its_time_ends_it(project: Path, arb_here: Here) -> None:
    with session(project, "--for", "1s", "--json", "--no-record", "--kpi", "new/kpi.json") as run:
        told = run.end().told()
    assert (project / "new" / "kpi.json").stat().st_size > 0, "its folder is made"
    assert told["reason"] == "the time is over"
    assert told["end"] - told["start"] >= 10**9
    assert told["recording"] == ""
    assert stored(arb_here) == told["events"]
    arb_here("replay", SESSION).refused(1, "kept no market data", "--no-record")


def test_key_figures_that_can_not_be_written_hide_no_result(project: Path, arb_here: Here) -> None:
    (project / "file").write_text("mine", encoding="utf-8")
    ran = arb_here("run", *CONFIG, "--for", "1s", "--json", "--no-record", "--kpi", "file/kpi.json")
    assert ran.code == 1
    assert json.loads(ran.out)["reason"] == "the time is over"
    assert "file/kpi.json: " in ran.err
    assert "this is a defect" not in ran.err


def test_a_signal_ends_it_as_it_should(project: Path, arb_here: Here) -> None:
    with session(project) as run:
        run.says(" hedged after ")
        ran = run.stop(signal.SIGTERM)
    assert ran.code == 0, ran.err
    assert "SIGTERM was received" in ran.out
    assert "Traceback" not in ran.err
    (last,) = arb_here("events", "--journal", SESSION, "--limit", 1, "--json").told()["events"]
    assert (last["type"], last["event"]["reason"]) == ("EngineStopped", "SIGTERM was received")
    status = arb_here("status", SESSION, "--json").told()
    assert (status["condition"], status["stop_reason"]) == ("finished", "SIGTERM was received")
    assert arb_here("replay", SESSION, "--json").told()["identical"]


def test_a_second_interrupt_does_not_wait(project: Path, tmp_path: Path, arb_here: Here) -> None:
    """What was stored stays whole, and the process ends by the signal, so that scripts see an interrupt."""
    site = offer(tmp_path, "zz", LINGERS, kind="sinks")
    with session(project, "--sink", "slow=zz", env={"PYTHONPATH": str(site)}) as run:
        run.says("started (paper)")
        run.process.send_signal(signal.SIGINT)
        run.says("session ended: SIGINT was received")
        ran = run.stop(signal.SIGINT)
    assert ran.code in {130, -signal.SIGINT}, ran.err
    assert (ran.out, "Traceback" in ran.err) == ("", False)
    assert stored(arb_here) >= 1


@pytest.mark.timeout(30 * KILLS)
def test_killed_at_any_moment(project: Path, arb_here: Here) -> None:
    """Its journal is whole, its lease is free and says dead, what was recorded replays, and the next run starts."""
    chance = random.Random(KILLS)
    for number in range(KILLS):
        with session(project, name=f"kill-{number}") as run:
            if number:
                run.says("started (paper)")
            assert not run.left(chance.uniform(0, 2))
            run.process.kill()
            run.end()
        _check_killed(run, arb_here)
    with session(project, "--for", "1s") as run:
        ran = run.end()
    assert ran.code == 0, ran.err
    assert "an earlier run of this session was put aside: " in ran.err


def _check_killed(run: Running, here: Here) -> None:
    """Check what a killed session left behind; one that was killed while it started may have left nothing."""
    if "started (paper)" not in run.said():
        assert here("status", SESSION).code in {0, 4}
        return
    events = stored(here)
    status = here("status", SESSION, "--json").told()
    assert (status["condition"], status["writer"], status["events"]) == ("killed", "", events)
    shown = here("status", SESSION)
    assert "killed: it ended without a stop" in shown.out
    assert "its lease is free" in shown.err
    assert here("journal", "rebuild", SESSION, "--check", "--json").told()["differences"] == []
    replayed = here("replay", SESSION, "--json").told()
    assert replayed["identical"]
    assert any("was killed" in note for note in replayed["notes"])
