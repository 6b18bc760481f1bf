"""Runs `arb` in a process of its own that need not import anything: a fork of one that has imported all of it.

Tests start hundreds of commands, and most of what such a process does is to import. A fork is as much a process as any:
it has its own memory, arguments, folder, environment and exit code, and ends as an interpreter ends. What a fork can't
show is left to real ones: what is imported, hash seeds, limits of the system, and being killed.

Started as a program with the path of a socket, this module is what forks; `tests/warm_call.py` asks it to.
"""

import array
import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, AnyStr, Final

from tools.compiled import ROOT, packages

PRELUDE: Final = "WARM_PRELUDE"
"""Variable with Python statements that the fork runs first, such as limits of the system."""

TELL: Final = "WARM_TELL"
"""Variable with the number of an open file that the id of the fork is written to."""

_CALL: Final = Path(__file__).with_name("warm_call.py")
_LEFT: Final = ("arbcore.testing", "arbcore.templates")  # not what commands import


class Warm:
    """A process that has imported all that commands use, and forks for each, until it is stopped."""

    def __init__(self) -> None:
        self._socket: Final = Path(mkdtemp(prefix="warm-")) / "socket"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARB_", "PYTHON"))}
        environment["OPENBLAS_NUM_THREADS"] = "1"  # threads don't survive a fork
        command = [sys.executable, "-W", "error", "-m", "tests.warm", str(self._socket)]
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


def serve(path: str) -> dict[str, Any]:
    """Import, take calls and fork for each; return what was asked for, in the fork."""
    import_all()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(64)
        gc.freeze()
        print("warm", flush=True)
        while True:
            ready, _, _ = select.select([server.fileno(), 0], [], [])
            if 0 in ready:
                os.killpg(0, signal.SIGKILL)  # nobody is there to stop it
            caller, _ = server.accept()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            with caller:
                if not fork():
                    server.close()
                    return attend(caller)


def fork() -> int:
    """Fork. Libraries that were imported may have threads of their own, which they start again where they need them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def attend(caller: socket.socket) -> dict[str, Any]:
    """Fork for a call; return what was asked for, in the fork. Its parent tells the caller how it ended."""
    asked, files = received(caller)
    pid = fork()
    if pid:
        with suppress(OSError):  # the caller may be gone
            caller.sendall(b"%d\n" % pid)
            caller.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        os._exit(0)
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    return asked


def received(caller: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return what a caller asks for, and its standard streams."""
    files: array.array[int] = array.array("i")
    text, told, _, _ = caller.recvmsg(65536, socket.CMSG_SPACE(3 * files.itemsize))
    for _, _, data in told:
        files.frombytes(data)
    while not text.endswith(b"\n"):
        text += caller.recv(65536)
    asked: dict[str, Any] = json.loads(text)
    return asked, list(files)


def import_all() -> None:
    """Import every module of the workspace that commands use, and so what they require."""
    for folder in packages():
        for found in pkgutil.walk_packages([str(folder)], f"{folder.name}."):
            if not found.name.startswith(_LEFT) and not found.name.endswith("__main__"):
                with suppress(ImportError):  # an extra that is not installed
                    importlib.import_module(found.name)


def become(asked: dict[str, Any], own: list[str]) -> None:
    """Take a caller's folder, environment and arguments, as a start of Python does.

    Args:
        asked: What the caller told.
        own: Where every process of this environment finds modules.
    """
    if asked["leads"]:
        os.setsid()
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    if os.environ.get("PYTHONUNBUFFERED"):
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(write_through=True)  # type: ignore[union-attr] # neither was replaced
    further = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    sys.path[:] = [asked["cwd"], *further, *own]
    sys.argv[:] = ["arb", *asked["arguments"]]
    importlib.invalidate_caches()


def run() -> int:
    """Run what the test gave, then `python -m arbcore`; return its exit code."""
    try:
        exec(os.environ.pop(PRELUDE, ""), {})
        runpy.run_module("arbcore", run_name="__main__", alter_sys=True)
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def end(code: int) -> None:
    """End as an interpreter does, but for taking apart all that was imported, which costs more than most commands."""
    threading._shutdown()  # type: ignore[attr-defined] # what the interpreter itself calls
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _OWN = [one for one in sys.path if Path(one or ".").resolve() != ROOT]
    become(serve(sys.argv[1]), _OWN)
    end(run())
