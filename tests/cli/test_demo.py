"""`arb demo`, and what `arb backtest` does before and around a run."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from arbcore.cli import backtest as command
from arbcore.config import Config

Run = Callable[..., tuple[int, str, str]]

pytest.importorskip("polars", reason="data sets need arbcore[data]")


@pytest.mark.slow
def test_it_shows_its_steps_and_keeps_what_is_there(arb: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = arb("demo", "--quotes", "4000", "--seed", "1")
    assert code == 0
    steps = [line.split()[2] for line in err.splitlines() if line.startswith("$ arb ")]
    assert steps == ["init", "data", "backtest"]
    assert "cd demo" not in out, "the advice of init is not for the reader of a demo"
    assert "remainder" in out
    (tmp_path / "demo" / "arb.yaml").write_text(
        (tmp_path / "demo" / "arb.yaml").read_text().replace("name: kimchi", "name: mine")
    )
    code, out, err = arb("demo")
    assert code == 0
    assert "demo/data holds data already" in err
    assert "Session mine" in out


def test_a_step_that_fails_ends_it(arb: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = arb("demo", "--quotes", "0")
    assert code == 1
    assert "arb data ended with exit code 2" in err


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
