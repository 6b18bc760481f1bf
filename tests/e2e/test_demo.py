"""`arb demo` in an empty folder: a simulator, a paper session over sockets and its report by one command, and again."""

import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from tests.e2e.live_project import arb, running

pytestmark = pytest.mark.slow


@pytest.mark.skipif(sys.platform == "win32", reason="signals between processes are POSIX")
def test_one_command_and_a_report(tmp_path: Path) -> None:
    """Interrupted as by Ctrl-C, which reaches the simulator, too, once a trade was closed."""
    folder = tmp_path / "empty"
    folder.mkdir()
    with running("demo", "--for", "90s", "--plain", cwd=folder) as run:
        run.says(" closed ")
        os.killpg(run.process.fork, signal.SIGINT)
        ran = run.end()
    assert ran.code == 0, ran.err
    steps = [line for line in ran.err.splitlines() if line.startswith("$ arb ")]
    assert [line.split()[2] for line in steps] == ["init", "simulator", "run"]
    for text in ("Per symbol", "Profit and loss", "remainder", "Session demo (paper)", "SIGINT was received"):
        assert text in ran.out
    assert "nothing was traded" not in ran.out
    for alien in ("Traceback", "ResourceWarning", "this is a defect"):
        assert alien not in ran.err
    advice = [line.removeprefix("next: ") for line in ran.err.splitlines() if line.startswith("next: ")]
    assert [shlex.split(line)[:2] for line in advice] == [["arb", "replay"], ["arb", "trades"], ["arb", "journal"]]
    for line in advice:
        done = arb(*shlex.split(line)[1:], cwd=folder)
        assert done.code == 0, f"{line}\n{done.err}{done.out}"
    assert (folder / "demo" / "sessions" / "demo" / "journal.db").exists()


def test_again_in_what_is_there(tmp_path: Path) -> None:
    """A session shorter than the strategy's warm-up: a report all the same, and the next run keeps everything."""
    first = arb("demo", "--for", "500ms", "--plain", "--seed", 3, cwd=tmp_path)
    assert first.code == 0, first.err
    for text in ("the time is over", "0 closed, 0 open", "nothing was traded"):
        assert text in first.out
    again = arb("demo", "--for", "1s", "--plain", "--seed", 3, cwd=tmp_path)
    assert again.code == 0, again.err
    steps = [line.split()[2] for line in again.err.splitlines() if line.startswith("$ arb ")]
    assert steps == ["simulator", "run"]
    assert "an earlier run of this session was put aside: demo/sessions/demo-" in again.err.replace(os.sep, "/")
    sessions = sorted(path.name for path in (tmp_path / "demo" / "sessions").iterdir())
    assert len(sessions) == 2
    assert sessions[0] == "demo"
    for name in sessions:
        assert arb("journal", "verify", f"demo/sessions/{name}", cwd=tmp_path).code == 0
