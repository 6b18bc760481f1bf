"""`arb init` and `arb config new`: files to start from, and nothing lost."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from arbcore.config import load
from arbcore.templates import FOLDER

Run = Callable[..., tuple[int, str, str]]


def test_a_project_folder(arb: Run, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "project"
    code, out, err = arb("init", str(folder))
    assert code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        ".env.example",
        ".gitignore",
        "arb.yaml",
        "data",
        "results",
    ]
    assert out.splitlines() == [
        f"cd {folder}",
        "arb data generate --quotes 200000 --seed 1 --out data",
        "arb backtest",
    ]
    assert err.endswith(f"in {folder}; a backtest needs no key and no account\n"), (
        "it stands alone where stdout is piped"
    )
    ignored = (folder / ".gitignore").read_text().split()
    assert {".env", "data/", "results/", "sessions/"} <= set(ignored)


def test_in_the_current_folder_there_is_nowhere_to_go(
    arb: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = arb("init")
    assert code == 0
    assert out.splitlines()[0].startswith("arb data generate")
    assert (tmp_path / "arb.yaml").exists()


def test_nothing_is_overwritten_unasked(arb: Run, tmp_path: Path) -> None:
    (tmp_path / "arb.yaml").write_text("mine", encoding="utf-8")
    code, out, err = arb("init", str(tmp_path))
    assert (code, out) == (1, "")
    assert "arb.yaml: there already, nothing was written\n  fix: add --force" in err
    assert [path.name for path in tmp_path.iterdir()] == ["arb.yaml"]
    assert arb("init", str(tmp_path), "--force")[0] == 0
    assert (tmp_path / "arb.yaml").read_text() == (FOLDER / "arb.yaml").read_text()


def test_a_folder_that_can_not_be_made(arb: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    code, _, err = arb("init", str(tmp_path / "file" / "below"))
    assert code == 1
    assert "Not a directory" in err


def test_a_config_alone(arb: Run, tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    assert arb("config", "new", str(path))[0] == 0
    assert path.read_text() == (FOLDER / "arb.yaml").read_text()
    assert arb("config", "new", str(path))[0] == 1
    assert arb("config", "new", str(path), "--force")[0] == 0


def test_the_template_states_nothing_secret_and_refers_to_the_examples_names() -> None:
    names = [line.partition("=")[0] for line in (FOLDER / "env.example").read_text().splitlines() if line[:1].isupper()]
    text = (FOLDER / "arb.yaml").read_text()
    assert len(names) == 4
    assert all(f"{{env: {name}}}" in text for name in names)


def test_the_template_ignores_what_it_says_is_made(project: Path) -> None:
    raw = load([project / "arb.yaml"], {})
    assert raw.values["backtest"]["data"] == "data"


@pytest.mark.slow
def test_a_new_project_backtests_at_once(project: Path) -> None:
    pytest.importorskip("polars", reason="data sets need arbcore[data]")
    arb = [sys.executable, "-m", "arbcore"]
    generate = ["data", "generate", "--quotes", "20000", "--seed", "1", "--out", "data"]
    subprocess.run([*arb, *generate], check=True, capture_output=True, timeout=100)
    done = subprocess.run([*arb, "backtest", "--json"], check=True, capture_output=True, text=True, timeout=100)
    told = json.loads(done.stdout)
    assert told["quotes"] == 20000
    assert told["trades"] > 0
