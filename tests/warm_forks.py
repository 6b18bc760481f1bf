"""What forks for `arb`: started as a program with the path of a socket, it imports, and waits there for calls.

`tests/warm.py` starts it, `tests/warm_call.py` asks it.
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
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tools.compiled import ROOT, packages

PRELUDE: Final = "WARM_PRELUDE"
"""Variable with Python statements that the fork runs first, such as limits of the system."""

_LEFT: Final = ("arbcore.testing", "arbcore.templates")  # not what commands import


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
    gc.collect()  # what was left open says so
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _OWN = [one for one in sys.path if Path(one or ".").resolve() != ROOT]
    become(serve(sys.argv[1]), _OWN)
    end(run())
