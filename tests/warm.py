"""Runs `arb` in a process of its own that need not import anything: a fork of one that has imported all of it.

Tests start hundreds of commands, and most of what such a process does is to import. A fork is as much a process as any:
it has its own memory, arguments, folder, environment and exit code, takes signals, and ends as an interpreter ends.
What a fork can't show is left to real ones: what is imported, hash seeds, and that the installed program starts.

`tests/warm_forks.py` is what forks; `tests/warm_call.py` asks it to.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, AnyStr, Final

from tests.warm_forks import PRELUDE
from tools.compiled import ROOT

__all__ = ["PRELUDE", "Called", "warm"]

TELL: Final = "WARM_TELL"
"""Variable with the number of an open file that the id of the fork is written to."""

_CALL: Final = Path(__file__).with_name("warm_call.py")


class Warm:
    """A process that has imported all that commands use, and forks for each, until it is stopped."""

    def __init__(self) -> None:
        self._socket: Final = Path(mkdtemp(prefix="warm-")) / "socket"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARB_", "PYTHON"))}
        environment["OPENBLAS_NUM_THREADS"] = "1"  # threads don't survive a fork
        command = [sys.executable, "-W", "error", "-m", "tests.warm_forks", str(self._socket)]
        self._process: Final = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"warm\n", "what forks did not start"

    def command(self, *arguments: object) -> list[str]:
        """Return the command line that runs `arb` with arguments."""
        return [sys.executable, "-I", "-S", str(_CALL), str(self._socket), *map(str, arguments)]

    def stop(self) -> None:
        """End it, and every command that a test left behind."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._socket.unlink()
        self._socket.parent.rmdir()


class Called(subprocess.Popen[AnyStr]):
    """A fork that runs in the background, leader of a group of its own. Signals go to it, not to what asked for it.

    Args:
        arguments: The command line of `arb`.
        env: Its environment.
        rest: As `subprocess.Popen` has it.
    """

    def __init__(self, *arguments: object, env: Mapping[str, str], **rest: Any) -> None:
        told: int
        self._told: int
        self._told, told = os.pipe()
        try:
            super().__init__(warm().command(*arguments), env={**env, TELL: str(told)}, pass_fds=(told,), **rest)
        finally:
            os.close(told)

    @cached_property
    def fork(self) -> int:
        """Its process id."""
        with os.fdopen(self._told) as told:
            return int(told.read())

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        assert self.fork
        return super().wait(timeout)

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.fork, sig)


@cache
def warm() -> Warm:
    """Return the one of this test process, which is started for the first command and stopped with the tests."""
    return Warm()
