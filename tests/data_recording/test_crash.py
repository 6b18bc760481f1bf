"""Crashes: at any step of a rotation, and by a signal that nothing can catch."""

import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from arbcore.data import _archive, _files
from arbcore.data.recorder import Recorder, recover
from arbcore.data.verify import verify
from tests.data_recording.streams import INSTRUMENTS, abandon, known_stream, put_all, read_back, record, recorder

ROOT = Path(__file__).parents[2]
STREAM = 150_000


class Crash(BaseException):
    """The end of the process, as far as files can tell."""


def crashing(original: Callable[..., Any], after: int, *, done: bool) -> Callable[..., Any]:
    """Return a function whose call of a number ends everything, before its work or after it."""
    calls = 0

    def call(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == after and not done:
            raise Crash
        result = original(*args, **options)
        if calls == after:
            raise Crash
        return result

    return call


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize(
    ("module", "name", "after"),
    [
        (_files, "write_rows", 1),
        (_files, "write_rows", 5),
        (_archive, "write_rows", 1),
        (_archive, "write_info", 1),
        (_archive, "write_info", 3),
        (Path, "unlink", 1),
    ],
)
def test_a_crash_within_a_rotation_doubles_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, after: int, done: bool
) -> None:
    items = known_stream(300)
    shallow = next(index for index in range(1, 300) if index % 7 == 1)
    with recorder(tmp_path) as to:
        put_all(to, items[: shallow + 1])
    # A break of each instrument that has rows comes between the runs.
    start = read_back(tmp_path)
    to = recorder(tmp_path)
    put_all(to, items[shallow + 1 :])
    to.flush(items[-1].recv_ts)
    with monkeypatch.context() as patch:
        patch.setattr(module, name, crashing(getattr(module, name), after, done=done))
        with pytest.raises(Crash):
            to.rotate()
    abandon(to)
    recover(tmp_path)
    got = read_back(tmp_path)
    breaks = len(got) - len(items)
    assert got[: len(start)] == start
    assert got[len(start) + breaks :] == items[shallow + 1 :]
    assert {type(item).__name__ for item in got[len(start) : len(start) + breaks]} == {"BookInvalid"}
    assert [each for each in verify(tmp_path) if each.verdict == "error"] == []


def child(root: str) -> None:
    """Record the known stream as fast as it goes; say after each flush how much is safe."""
    items = known_stream(STREAM)
    to = Recorder(root, instruments=INSTRUMENTS, source="a child", spool_rows=20_000)
    turning = threading.Thread()
    print("ready", flush=True)
    for start in range(0, STREAM, 1000):
        put_all(to, items[start : start + 1000])
        to.flush(items[start].recv_ts)
        print(start + 1000, flush=True)
        if to.due and not turning.is_alive():
            turning = threading.Thread(target=to.rotate, daemon=True)
            turning.start()


def _rounds() -> int:
    active = settings.default
    return 2 if active is None or active.max_examples < 1000 else 40


@pytest.mark.parametrize("seed", range(_rounds()))
def test_killed_at_any_moment_what_was_acknowledged_is_kept(tmp_path: Path, seed: int) -> None:
    command = [sys.executable, "-c", f"from tests.data_recording.test_crash import child; child({str(tmp_path)!r})"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        for _ in range(random.Random(seed).randrange(1, 140)):
            said = process.stdout.readline()
        process.kill()
        rest = process.stdout.read()
    # The last line may be torn by the signal, all before it are whole.
    whole = [line for line in (said + rest).splitlines(keepends=True) if line.endswith("\n")]
    recover(tmp_path)
    got = read_back(tmp_path)
    assert len(got) >= int(whole[-1])
    assert got == known_stream(len(got))
    assert [each for each in verify(tmp_path) if each.verdict == "error"] == []
    record(tmp_path, [])
