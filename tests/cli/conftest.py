"""The command line, in this process and in one of its own, and a distribution that offers commands to it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from arbcore.cli import main

COMMANDS = """
import click
from arbcore.errors import SafetyError

@click.command()
def boom():
    raise RuntimeError("by design")

@click.command()
def unsafe():
    raise ExceptionGroup("task", [SafetyError("too big", "make it smaller")])

@click.command()
def interrupt():
    raise KeyboardInterrupt

@click.command()
@click.argument("code", type=int)
@click.pass_context
def leave(context, code):
    context.exit(code)

@click.command()
def flood():
    for number in range(200000):
        click.echo(number)

@click.command()
def wait():
    click.echo("waiting")
    import time
    while True:
        time.sleep(60)

thing = "not a command"
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path with a distribution that offers commands."""
    folder = tmp_path / "site"
    metadata = folder / "thirdparty_commands-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "thirdparty_commands.py").write_text(COMMANDS, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: thirdparty-commands\nVersion: 1.0\n")
    names = ("boom", "unsafe", "interrupt", "leave", "flood", "wait", "thing")
    lines = ["[arbcore.commands]", *(f"{name} = thirdparty_commands:{name}" for name in names)]
    lines += ["backtest = thirdparty_commands:boom", "gone = thirdparty_missing:command"]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("thirdparty_commands", None)


@pytest.fixture
def arb(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process; returns exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def spawn() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs Python code in a process of its own, with folders put on its path."""

    def run(code: str, *folders: Path) -> "subprocess.CompletedProcess[str]":
        path = os.pathsep.join(map(str, folders))
        arguments: Sequence[str] = [sys.executable, "-c", code]
        environ = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(arguments, env=environ, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arb: Run) -> Path:
    """A project folder as `arb init` makes it, current for the test."""
    folder = tmp_path / "project"
    assert arb("init", str(folder))[0] == 0
    monkeypatch.chdir(folder)
    return folder
