"""Watching and recording without trading: `arb monitor`, and `arb data record` with a backtest on what it kept."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import Ran
from tests.e2e.live_project import CONFIG, Simulator, arb, make_live, running, simulated

Here = Callable[..., Ran]
pytestmark = pytest.mark.slow
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals between processes are POSIX")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Two exchanges on this machine."""
    with simulated(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Path:
    """A project that looks at them."""
    return make_live(tmp_path_factory.mktemp("watching") / "project", simulator.address)


@needs_posix
def test_a_monitor_shows_edges_and_leaves_nothing_behind(project: Path) -> None:
    with running("monitor", *CONFIG, "--plain", cwd=project, name="monitor") as run:
        run.says("upbit public-1 connected")
        run.says("binance public-1 connected")
        assert not run.left(1.0)
        ran = run.stop()
    assert (ran.code, ran.out) == (0, ""), ran.err
    for text in ("best edge", "session ended: SIGINT was received"):
        assert text in ran.err
    for alien in (" enters ", "PnL", "Traceback", "Warning"):
        assert alien not in ran.err
    assert not (project / "sessions").exists()


def test_a_monitor_ends_by_its_time(arb_here: Here) -> None:
    ran = arb_here("monitor", *CONFIG, "--for", "200ms", "--plain")
    assert (ran.code, ran.out) == (0, "")
    assert "session ended: the time is over" in ran.err


@needs_posix
def test_what_was_recorded_is_sound_and_can_be_traded_on(project: Path, arb_here: Here) -> None:
    with running("data", "record", *CONFIG, "--out", "tape", "--json", cwd=project, name="record") as run:
        run.says("upbit public-1 connected")
        run.says("binance public-1 connected")
        assert not run.left(2.5)
        ran = run.stop()
    told = ran.told()
    assert told["reason"] == "SIGINT was received"
    assert told["skipped"] == {}
    assert set(told["instruments"]) == {"upbit:KRW-BTC", "upbit:KRW-ETH", "binance:BTCUSDT", "binance:ETHUSDT"}
    assert "Traceback" not in ran.err
    verified = arb_here("data", "verify", "tape")
    assert verified.code == 0, verified.out + verified.err
    backtest = arb_here("backtest", *CONFIG, "--data", "tape", "--json").told()
    assert backtest["inputs"] >= told["inputs"] > 50
    assert backtest["trades"] + backtest["open_trades"] >= 1
    assert backtest["pnl"]["remainder"] == "0"


@needs_posix
def test_a_recording_that_was_killed_is_continued(project: Path, arb_here: Here) -> None:
    """What is there stays and is sound; the next one adds to it."""
    record = ("data", "record", *CONFIG, "--out", "torn", "--instrument", "upbit:KRW-BTC")
    with running(*record, cwd=project) as run:
        run.says("upbit public-1 connected")
        assert not run.left(1.5)
        run.process.send_signal(signal.SIGKILL)
        run.end()
    ran = arb(*record, "--for", "1s", "--json", cwd=project)
    second = ran.told()
    assert arb_here("data", "verify", "torn").code == 0
    sets = arb_here("data", "list", "torn", "--json").told()["datasets"]
    kinds = {f"{one['venue']} {kind}": told for one in sets for kind, told in one["kinds"].items()}
    assert kinds["upbit book"]["files"] == kinds["rates fx"]["files"] == 2
    assert sum(kind["rows"] for kind in kinds.values()) > second["inputs"]


def test_an_instrument_that_nobody_lists(project: Path) -> None:
    record = ("data", "record", *CONFIG, "--for", "1s", "--out", "none", "--instrument", "upbit:KRW-BTCC")
    arb(*record, cwd=project).refused(3, "no venue of the config lists", "did you mean upbit:KRW-BTC?")
    assert not (project / "none").exists()
