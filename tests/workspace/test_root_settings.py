"""The root's tool settings know every plugin, and the layers catch what they are there to catch."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
SOURCES = sorted(path for path in ROOT.glob("plugins/*/*/src"))
MODULES = sorted(path.name for path in ROOT.glob("plugins/*/*/src/arbcore_*"))
CONTRACTS = {contract["id"]: contract for contract in TOOLS["importlinter"]["contracts"]}


def test_mypy_finds_every_distribution() -> None:
    sources = [*sorted(ROOT.glob("cookbook/*/*/src")), *SOURCES]
    wanted = [f"$MYPY_CONFIG_FILE_DIR/{path.relative_to(ROOT).as_posix()}" for path in sources]
    assert TOOLS["mypy"]["mypy_path"] == ["$MYPY_CONFIG_FILE_DIR", *wanted]
    assert {"arbcore", "cookbook", "plugins", "tests", "tools"} <= set(TOOLS["mypy"]["files"])


def test_coverage_measures_every_distribution() -> None:
    assert TOOLS["coverage"]["run"]["source_pkgs"] == ["arbcore", *MODULES]


def test_import_linter_knows_every_plugin() -> None:
    assert TOOLS["importlinter"]["root_packages"] == ["arbcore", *MODULES]
    assert CONTRACTS["kernel-names-no-plugin"]["forbidden_modules"] == MODULES
    assert " | ".join(MODULES) in CONTRACTS["layers"]["layers"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages alone, side by side, to plant faults in."""
    folder = tmp_path_factory.mktemp("tree")
    packages = [ROOT / "arbcore", *(path / name for path in SOURCES for name in MODULES)]
    for package in packages:
        if package.is_dir():
            shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as c; c()",
        "--no-cache",
    ]
    environment = {**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def test_the_tree_itself_is_clean(tree: Path) -> None:
    result = _lint(tree)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("where", "what", "broken"),
    [
        ("arbcore_strategy_spread", "import arbcore.engine", "Imports go downwards"),
        ("arbcore_strategy_spread", "import arbcore_fill_top", "Imports go downwards"),
        ("arbcore_sink_jsonl", "def late():\n    import arbcore.runtime", "Imports go downwards"),
        ("arbcore/engine", "import arbcore.runtime", "Imports go downwards"),
        ("arbcore/model", "import arbcore.ports", "Imports go downwards"),
        ("arbcore/cli", "import arbcore_sink_sqlite", "The kernel imports no plugin"),
        ("arbcore/engine", "import sqlalchemy", "SQL libraries"),
        ("arbcore/journal", "import polars", "Column libraries"),
        ("arbcore/runtime", "def late():\n    import rich", "Terminal libraries"),
    ],
)
def test_a_planted_fault_is_caught(tree: Path, where: str, what: str, broken: str) -> None:
    fault = tree / where / "planted_fault.py"
    fault.write_text(f'"""A fault."""\n\n{what}\n')
    try:
        result = _lint(tree)
    finally:
        fault.unlink()
    assert result.returncode == 1, result.stdout
    assert "planted_fault" in result.stdout
    assert broken in result.stdout
