"""Projects as a user makes them, once per test process; nothing below them is written afterwards."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arbcore.cli import main
from tests.e2e.commands import Ran
from tests.e2e.offer import THROWAWAY
from tests.e2e.standard import import_recordings, make_project, run_generated


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder made by `arb init` and `arb data generate`, and by nothing else."""
    return make_project(tmp_path_factory.mktemp("made") / "project")


@pytest.fixture(scope="session")
def first(project: Path) -> Ran:
    """The first backtest of that project, of its unedited config."""
    return run_generated(project)


@pytest.fixture(scope="session")
def kimchi_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded Upbit and Binance pair."""
    return import_recordings(tmp_path_factory.mktemp("recorded") / "data")


@pytest.fixture
def arb_here(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Ran]]:
    """Runs `arb` in this process, in the project's folder: for the many runs that need no process of their own.

    ``path`` names a folder with further distributions, whose modules are forgotten when the test ends.
    """
    monkeypatch.chdir(project)
    before = set(sys.modules)

    def run(*arguments: object, path: Path | None = None) -> Ran:
        if path is not None:
            monkeypatch.syspath_prepend(str(path))
        capsys.readouterr()
        code = main(list(map(str, arguments)))
        return Ran(code, *capsys.readouterr())

    yield run
    for name in set(sys.modules) - before:
        if name.startswith(THROWAWAY):
            del sys.modules[name]
