"""`arb demo`, and what `arb backtest` does before and around a run."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from arbcore.cli import backtest as command
from arbcore.config import Config

Run = Callable[..., tuple[int, str, str]]

pytest.importorskip("polars", reason="data sets need arbcore[data]")
pytest.importorskip("arbcore_exchange_simulator", reason="the demo needs the simulator")


def steps(err: str) -> list[str]:
    """Return the commands that a demo says it does."""
    return [line.split()[2] for line in err.splitlines() if line.startswith("$ arb ")]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, current for the test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_it_shows_its_steps_and_keeps_what_is_there(arb: Run, here: Path) -> None:
    code, out, err = arb("demo", "--for", "300ms", "--plain")
    assert code == 0, err
    assert steps(err) == ["init", "simulator", "run"]
    assert "cd demo" not in out, "the advice of init is not for the reader of a demo"
    assert "Session demo (paper)" in out
    changes = here / "demo" / "demo.yaml"
    changes.write_text(changes.read_text().replace("name: demo", "name: mine").replace("[BTC, ETH, XRP]", "[SOL]"))
    code, out, err = arb("demo", "--for", "300ms", "--plain", "--seed", "5")
    assert code == 0, err
    assert steps(err) == ["simulator", "run"]
    assert "$ arb simulator --seed 5 --symbols SOL" in err
    assert "Session mine (paper)" in out
    assert "arb replay demo/sessions/mine" in err.replace("\\", "/")


def test_a_config_that_is_wrong_ends_it_and_its_simulator(arb: Run, here: Path) -> None:
    """The simulator has been started by then; pytest would tell of a process that is left."""
    (here / "mine").mkdir()
    (here / "mine" / "arb.yaml").write_text("schema_version: 1\nsession: {nam: x}\n", encoding="utf-8")
    code, out, err = arb("demo", "--dir", "mine", "--for", "1s")
    assert (code, out) == (3, "")
    assert "session.nam" in err
    assert "did you mean name?" in err


def test_a_folder_that_is_a_file(arb: Run, here: Path) -> None:
    (here / "demo").write_text("mine", encoding="utf-8")
    code, out, err = arb("demo", "--for", "1s")
    assert (code, out) == (1, "")
    assert "demo" in err
    assert (here / "demo").read_text(encoding="utf-8") == "mine"


def test_a_time_that_is_none(arb: Run, here: Path) -> None:
    code, _, err = arb("demo", "--for", "soon")
    assert code == 2
    assert "'soon' is not a duration" in err
    assert list(here.iterdir()) == []


def test_a_config_without_a_strategy_is_refused(arb: Run, project: Path) -> None:
    code, out, err = arb("backtest", "--without", "premium", "--json")
    assert (code, out) == (3, "")
    assert "the config has no strategy" in err
    assert project.exists()


def test_two_runs_in_one_second_have_folders_of_their_own(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    monkeypatch.setattr(command, "datetime", Stopped)
    config = _config(project)
    first = command._results(config)
    assert first == project / "results" / "kimchi-20260102T030405"
    first.mkdir()
    assert command._results(config) == project / "results" / "kimchi-20260102T030405-2"


def _config(project: Path) -> Config:
    from arbcore.cli._frame_config import Selection

    config, _ = Selection((project / "arb.yaml",)).open("backtest")
    return config
