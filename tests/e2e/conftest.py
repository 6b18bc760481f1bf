"""Projects as a user makes them, once per test process; nothing below them is written afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest

from arbcore.cli import main
from tests.e2e.commands import Ran, arb
from tests.e2e.recorded import FOLDER, KIMCHI

QUOTES = 60_000
SEED = 7


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder made by `arb init` and `arb data generate`, and by nothing else."""
    folder = tmp_path_factory.mktemp("made") / "project"
    made = arb("init", folder, cwd=folder.parent)
    assert made.code == 0, made.err
    generated = arb("data", "generate", "--quotes", QUOTES, "--seed", SEED, "--out", "data", cwd=folder)
    assert generated.code == 0, generated.err
    return folder


@pytest.fixture(scope="session")
def first(project: Path) -> Ran:
    """The first backtest of that project, of its unedited config."""
    return arb("backtest", "--json", cwd=project)


@pytest.fixture(scope="session")
def kimchi_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded Upbit and Binance pair, imported by the one documented command."""
    folder = tmp_path_factory.mktemp("recorded") / "data"
    ran = arb("data", "import", KIMCHI / "import.yaml", FOLDER, "--out", folder, cwd=folder.parent)
    assert ran.code == 0, ran.err
    return folder


@pytest.fixture
def arb_here(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs `arb` in this process, in the project's folder: for the many commands that end early."""
    monkeypatch.chdir(project)

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main(list(map(str, arguments)))
        return Ran(code, *capsys.readouterr())

    return run
