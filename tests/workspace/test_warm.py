"""A command that is forked is a process like one that is started: its own folder, environment, streams and end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.warm import PRELUDE, Called, warm

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks are POSIX")

TOLD = (
    "import os, sys; print(os.getcwd(), sys.argv, os.environ['MARK'], sys.stdin.read(), sys.path[:2]); "
    "print('aside', file=sys.stderr); sys.exit(7)"
)


def run(first: str, folder: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run statements in a fork, then `arb`."""
    return subprocess.run(
        warm().command(*arguments),
        cwd=folder,
        env={**os.environ, **env, PRELUDE: first},
        input="heard",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_has_what_it_was_called_with(tmp_path: Path) -> None:
    done = run(TOLD, tmp_path, "a", "b c", MARK="x", PYTHONPATH=str(tmp_path / "more"))
    expected = f"{tmp_path} {['arb', 'a', 'b c']} x heard {[str(tmp_path), str(tmp_path / 'more')]}\n"
    assert (done.returncode, done.stdout, done.stderr) == (7, expected, "aside\n")


def test_nothing_of_one_is_left_for_the_next(tmp_path: Path) -> None:
    changes = "import os, sys, arbcore; arbcore.__doc__ = os.environ['MARK'] = 'changed'; sys.exit(0)"
    assert run(changes, tmp_path).returncode == 0
    looks = "import os, sys, arbcore; sys.exit(arbcore.__doc__ == 'changed' or 'MARK' in os.environ)"
    assert run(looks, tmp_path).returncode == 0


def test_it_ends_as_an_interpreter_does(tmp_path: Path) -> None:
    assert run("", tmp_path, "no-such-command").returncode == 2
    assert run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", tmp_path).returncode == -signal.SIGKILL
    fails = run("1 / 0", tmp_path)
    assert (fails.returncode, fails.stderr.splitlines()[-1]) == (1, "ZeroDivisionError: division by zero")
    left = "import atexit, sys; atexit.register(print, 'bye'); sys.exit(0)"
    assert run(left, tmp_path).stdout == "bye\n"


def test_what_is_left_open_and_what_warns_is_told(tmp_path: Path) -> None:
    cycle = f"a = []; a += [a, open({str(tmp_path / 'left')!r}, 'w')]; del a; import sys; sys.exit(0)"
    assert "ResourceWarning: unclosed file" in run(cycle, tmp_path).stderr
    assert "UserWarning: odd" in run("import warnings; warnings.warn('odd')", tmp_path).stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_reach_it(tmp_path: Path, number: signal.Signals) -> None:
    waits = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print('here', flush=True); signal.pause()"
    with Called[str](cwd=tmp_path, env={**os.environ, PRELUDE: waits}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        assert os.getpgid(process.fork) == process.fork
        process.send_signal(number)
        assert process.wait(60) == -number
        with pytest.raises(ProcessLookupError):
            os.kill(process.fork, 0)
