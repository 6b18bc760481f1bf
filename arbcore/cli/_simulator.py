"""A local exchange simulator as a process of its own, for as long as somebody needs it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from arbcore.errors import ArbcoreError

_COMMAND: Final = "simulator"
_PATIENCE_S: Final = 10.0


@contextmanager
def running_simulator(arguments: Sequence[str] = ()) -> Iterator[str]:
    """Run `arb simulator` on a free port and give its address; it ends with this process, however that ends.

    Args:
        arguments: Further arguments of the command.

    Raises:
        ArbcoreError: It is not installed (`PluginNotFound`), or did not start; it has told why.
    """
    from arbcore.plugins import load_command

    load_command(_COMMAND)  # where it is not installed, this says what to install
    command = [sys.executable, "-m", "arbcore", _COMMAND, "--port", "0", "--json", "--until-eof", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - this program
        try:
            yield _address(process)
        finally:
            _end(process)


def _address(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout else ""
    try:
        return str(json.loads(line)["address"])
    except (ValueError, KeyError, TypeError):
        raise ArbcoreError(f"the simulator did not start (it said {line.strip()!r})", "see above") from None


def _end(process: "subprocess.Popen[str]") -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
