"""Projects as a user makes them, once per test process; nothing below them is written afterwards."""

from pathlib import Path

import pytest

from tests.e2e.commands import Ran, arb

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
