"""What of a session can be replayed that was gone on with, or that sent real orders; the rest is said plainly."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arbcore.model.events import TradeOpened
from arbcore.session import run_checked
from tests.e2e.commands import Ran
from tests.e2e.live_project import Simulator, arb, make_live, session, simulated
from tests.e2e.test_live_session import MARKET, Follower, keys, project

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_simulator import Simulator as Near
from arbcore_exchange_simulator import SimulatorSettings

__all__ = ["keys"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Two exchanges on this machine."""
    with simulated(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.mark.parametrize("killed", [False, True])
def test_the_first_start_of_a_session_that_went_on(simulator: Simulator, tmp_path: Path, killed: bool) -> None:
    made = make_live(tmp_path / "project", simulator.address)
    with session(made, name="first") as run:
        run.says(" hedged after ")
        if killed:
            run.left(2)  # what is recorded is written once a second
            run.process.kill()
            run.process.wait(40)
        else:
            assert run.stop().code == 0
    with session(made, "--resume", "--for", "2s", name="second") as run:
        assert run.end().code == 0
    told = replayed(made / "sessions" / "live")
    (*_, note) = told["notes"]
    start = int(note.partition("gone on with at event ")[2].partition(":")[0])
    assert f"only its first start was compared, {start - 1:,} events" in note
    assert (told["identical"], told["difference"]) == (False, None)
    assert told["compared"] < start < told["events"]
    assert killed or told["compared"] == start - 1


@pytest.mark.anyio
@pytest.mark.usefixtures("keys")
async def test_a_live_session_up_to_what_its_venues_said(tmp_path: Path) -> None:
    follower = Follower()
    async with Near(SimulatorSettings.model_validate(MARKET)) as simulator:
        selection = project(tmp_path / "project", simulator.address)
        live = tmp_path / "project" / "live.yaml"
        live.write_text(live.read_text(encoding="utf-8").replace("record: false", "record: true"), encoding="utf-8")
        config, plugins = selection.open("live")
        await run_checked(config, plugins, follower.wish(lambda: bool(follower.of(TradeOpened))))
    told = replayed(tmp_path / "project" / "sessions" / "live.live.simulator")
    assert (told["identical"], told["difference"]) == (False, None)
    assert f"up to event {told['compared'] + 1} (" in told["notes"][-1]


def replayed(folder: Path) -> dict[str, Any]:
    """Replay a session; return what was found."""
    ran: Ran = arb("replay", folder, "--json", cwd=folder.parents[1])
    assert ran.code == 1, ran.err
    return Ran(0, ran.out, ran.err).told()
