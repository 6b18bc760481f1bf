"""tools/setup.py makes an environment once, says what is missing, and falls back to pip."""

import itertools
import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from arbcore.config import load, wanted
from arbcore.hooks import KINDS
from tools import setup

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The files that describe the workspace, without its code."""
    for path in [ROOT / "pyproject.toml", ROOT / "constraints.txt", *setup.plugin_files(ROOT)]:
        target = tmp_path / "workspace" / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path / "workspace"


def _script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def fake_venv(tmp_path: Path) -> Callable[[int], tuple[Path, Callable[[], str]]]:
    """An environment whose programs write down how they were called; uv's exit code is the argument."""

    def make(uv_exit: int) -> tuple[Path, Callable[[], str]]:
        venv, log = tmp_path / "venv", tmp_path / "log"
        answer = f'case "$*" in *version_info*) echo 3.11; exit;; esac; echo "python $*" >> {log}'
        _script(setup.binary(venv, "python"), answer)
        uv = f'[ "$1" = --version ] && exit 0; echo "uv $*" >> {log}; exit {uv_exit}'
        _script(setup.binary(venv, "uv"), uv)
        return venv, lambda: log.read_text() if log.exists() else ""

    return make


def test_the_demo_is_what_its_configs_name_and_the_simulator() -> None:
    templates = [ROOT / "arbcore/templates" / name for name in ("arb.yaml", "demo.yaml")]
    named = {(kind, use) for kind, use, _ in wanted(load(templates, {}))} | {("command", "simulator")}
    offered = set()
    for plugin in setup.DEMO_PLUGINS:
        entry_points = tomllib.loads((ROOT / "plugins" / plugin / "pyproject.toml").read_text())["project"][
            "entry-points"
        ]
        offered |= {(group, name) for group, names in entry_points.items() for name in names}
    assert {(KINDS[kind].group, use) for kind, use in named} == offered


def test_the_demo_installs_that_and_no_more() -> None:
    demo = setup.profiles(ROOT)["demo"]
    assert setup.requirements(ROOT, demo) == [
        *("-e", ".[data,net]"),
        *(part for plugin in setup.DEMO_PLUGINS for part in ("-e", f"./plugins/{plugin}")),
    ]
    assert all((ROOT / "plugins" / plugin / "pyproject.toml").exists() for plugin in setup.DEMO_PLUGINS)


def test_the_tests_install_everything() -> None:
    arguments = setup.requirements(ROOT, setup.profiles(ROOT)["test"])
    editable = {value for flag, value in itertools.pairwise(arguments) if flag == "-e"}
    folders = {f"./{path.parent.relative_to(ROOT).as_posix()}" for path in setup.plugin_files(ROOT)}
    assert editable == folders | {".[data,net,sql,testing]"}
    assert any(argument.startswith("pytest-xdist") for argument in arguments)


def test_the_fingerprint_changes_with_what_is_installed_only(workspace: Path) -> None:
    demo, test = (setup.profiles(workspace)[name] for name in ("demo", "test"))
    seen = [setup.digest(workspace, demo, "3.11")]
    assert setup.digest(workspace, demo, "3.11") == seen[0]
    (workspace / "arbcore").mkdir()
    (workspace / "arbcore" / "engine.py").write_text("x = 1\n")
    assert setup.digest(workspace, demo, "3.11") == seen[0]

    seen.append(setup.digest(workspace, test, "3.11"))
    seen.append(setup.digest(workspace, demo, "3.12"))
    (workspace / "constraints.txt").write_text("click==8.5.0\n")
    seen.append(setup.digest(workspace, demo, "3.11"))
    with (workspace / "plugins/sinks/sqlite/pyproject.toml").open("a") as file:
        file.write("# changed\n")
    seen.append(setup.digest(workspace, demo, "3.11"))
    assert len(set(seen)) == len(seen)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")
def test_nothing_is_installed_twice(
    workspace: Path, fake_venv: Callable[[int], tuple[Path, Callable[[], str]]]
) -> None:
    venv, calls = fake_venv(0)
    assert setup.ensure(workspace, venv, "test") is True
    assert calls().count("uv pip install") == 1
    # The demo is part of what is there already; the documentation's tools are not.
    assert [setup.ensure(workspace, venv, name) for name in ("test", "demo", "docs")] == [False, False, True]
    (workspace / "constraints.txt").write_text("click==8.5.0\n")
    assert setup.ensure(workspace, venv, "demo") is True


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")
def test_pip_takes_over_where_uv_cannot_resolve(
    workspace: Path,
    fake_venv: Callable[[int], tuple[Path, Callable[[], str]]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    venv, calls = fake_venv(2)
    setup.install(workspace, venv, setup.profiles(workspace)["demo"])
    uv, pip = calls().splitlines()
    assert uv.startswith("uv pip install --python ")
    assert pip.startswith("python -m pip install -c constraints.txt -e .[data,net] -e ./plugins/")
    assert uv.split(" -c ")[1] == pip.split(" -c ")[1]
    assert "trying pip" in capfd.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")
def test_a_missing_ensurepip_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _script(tmp_path / "python3", "exit 1")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    with pytest.raises(setup.SetupError, match=r"apt install python3\.\d+-venv"):
        setup.make_venv(tmp_path / "venv", strict=False)
    assert not (tmp_path / "venv").exists()


def test_a_folder_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("dear")
    with pytest.raises(setup.SetupError, match="not a virtual environment"):
        setup.make_venv(tmp_path / "letters", strict=False)
    assert (tmp_path / "letters" / "mother.txt").read_text() == "dear"


def test_a_real_environment_is_made_kept_and_mended(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    setup.make_venv(venv, strict=True)
    python = setup.binary(venv, "python")
    assert setup.runs([python, "-c", "import pip"])

    (venv / "kept").write_text("")
    setup.make_venv(venv, strict=True)
    assert (venv / "kept").exists()

    python.unlink()
    setup.make_venv(venv, strict=False)
    assert setup.runs([python, "-c", "import pip"])
    assert not (venv / "kept").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")
def test_another_python_than_asked_for_is_refused(
    fake_venv: Callable[[int], tuple[Path, Callable[[], str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    venv, _ = fake_venv(0)
    monkeypatch.setattr(sys, "version_info", (3, 13))
    with pytest.raises(setup.SetupError, match=r"has Python 3\.11, PYTHON asks for 3\.13: run `make clean-venv`"):
        setup.make_venv(venv, strict=True)
    assert venv.exists()
