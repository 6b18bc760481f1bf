"""tools/find_python.sh believes only what it has run."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "find_python.sh"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the Makefile needs a POSIX shell")


def _python(folder: Path, name: str, version: str) -> Path:
    """A stand-in that answers the script's two questions as a Python of that version does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    answer = f'case "$2" in *executable*) echo "$0";; *) echo {version};; esac'
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return path


def _shim(folder: Path, name: str) -> None:
    """What a version manager leaves behind for a Python that is not switched on."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{name}: command not found' >&2\nexit 127\n")
    path.chmod(0o755)


def _find(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {"HOME": str(home), **environment}
    command = ["/bin/sh", str(SCRIPT), *arguments]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def test_a_shim_that_only_fails_is_passed_over(tmp_path: Path) -> None:
    _shim(tmp_path / "shims", "python3.13")
    _shim(tmp_path / "shims", "python3.12")
    real = _python(tmp_path / "bin", "python3.11", "3.11")
    found = _find(home=tmp_path, PATH=f"{tmp_path}/shims:{tmp_path}/bin")
    assert found.stdout.strip() == str(real)


def test_the_newest_tested_version_wins(tmp_path: Path) -> None:
    _python(tmp_path, "python3.11", "3.11")
    _python(tmp_path, "python3.14", "3.14")
    _python(tmp_path, "python3", "3.9")
    newest = _python(tmp_path, "python3.13", "3.13")
    assert _find(home=tmp_path, PATH=str(tmp_path)).stdout.strip() == str(newest)


def test_an_untested_newer_version_is_better_than_none(tmp_path: Path) -> None:
    newer = _python(tmp_path, "python3", "3.15")
    assert _find(home=tmp_path, PATH=str(tmp_path)).stdout.strip() == str(newer)


def test_the_first_on_the_path_wins_among_equals(tmp_path: Path) -> None:
    first = _python(tmp_path / "a b", "python3", "3.12")
    _python(tmp_path / "c", "python3.12", "3.12")
    assert _find(home=tmp_path, PATH=f"{tmp_path}/a b::{tmp_path}/c").stdout.strip() == str(first)


def test_none_is_said_with_advice(tmp_path: Path) -> None:
    _python(tmp_path, "python3", "3.10")
    found = _find(home=tmp_path, PATH=str(tmp_path))
    assert found.returncode == 1
    assert found.stdout == ""
    assert "needs Python 3.11" in found.stderr
    assert "make PYTHON=" in found.stderr


def test_python_overrides(tmp_path: Path) -> None:
    _python(tmp_path, "python3.13", "3.13")
    chosen = _python(tmp_path / "mine", "python", "3.11")
    assert _find(home=tmp_path, PATH=str(tmp_path), PYTHON=str(chosen)).stdout.strip() == str(chosen)


@pytest.mark.parametrize("named", ["old", "missing", "broken"])
def test_a_python_that_does_not_fit_is_refused_by_name(tmp_path: Path, named: str) -> None:
    _python(tmp_path, "python3.13", "3.13")
    _python(tmp_path, "old", "3.9")
    _shim(tmp_path, "broken")
    found = _find(home=tmp_path, PATH=str(tmp_path), PYTHON=named)
    assert found.returncode == 1
    assert f"PYTHON={named}: " in found.stderr
    assert ("it is Python 3.9" in found.stderr) == (named == "old")


def test_one_version_is_also_sought_where_pyenv_keeps_it(tmp_path: Path) -> None:
    _shim(tmp_path / "shims", "python3.12")
    kept = _python(tmp_path / ".pyenv/versions/3.12.9/bin", "python3.12", "3.12")
    found = _find("3.12", home=tmp_path, PATH=f"{tmp_path}/shims")
    assert found.stdout.strip() == str(kept)
    missing = _find("3.13", home=tmp_path, PATH=f"{tmp_path}/shims")
    assert (missing.returncode, missing.stderr.strip()) == (1, "no Python 3.13 here")
