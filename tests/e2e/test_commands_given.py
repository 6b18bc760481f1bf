"""Commands given to a running session from another process: taken once, answered with what they led to."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.live_project import Running, Simulator, arb, make_live, session, simulated

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Two exchanges on this machine."""
    with simulated(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Path:
    """A project that trades on them."""
    return make_live(tmp_path_factory.mktemp("given") / "project", simulator.address)


@pytest.fixture(scope="module")
def running(project: Path) -> Iterator[Running]:
    """Its session, which has begun to trade."""
    with session(project, "--json", "--no-record") as run:
        run.says(" closed ")
        yield run


CONFIGS = ("-c", "arb.yaml", "-c", "quick.yaml", "-c", "more.yaml")


def test_pause(project: Path, running: Running) -> None:
    told = arb("pause", *CONFIGS, "--json", cwd=project).told()
    assert told["state"] == "ACK"
    assert [event["type"] for event in told["events"]] == ["CommandAccepted", "EngineModeChanged", "EnginePaused"]
    print(json.dumps(told, indent=1))
