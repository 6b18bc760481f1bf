"""The command line as its user runs it: in a process of its own, with warnings as errors."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from arbcore.cli import main
from tests.warm import PRELUDE, warm

_REMEDIES = ("fix: ", "did you mean ", "(there: ", ": use ", "write ", "should be ")
"""How a message says what to do: findings of a config do so in their own sentence."""
_MAIN = "\nimport sys\nfrom arbcore.cli import main\nsys.exit(main())"


@dataclass(frozen=True)
class Ran:
    """What a command did: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    def told(self) -> dict[str, Any]:
        """Return the one JSON object that stands alone on stdout."""
        assert self.code == 0, self.err
        answer = json.loads(self.out, object_pairs_hook=_each_key_once)
        assert isinstance(answer, dict)
        return answer

    def refused(self, code: int, *texts: str) -> None:
        """Check that it failed with one clear error: what, where and what to do, and nothing of Python's own."""
        assert (self.code, self.out) == (code, ""), self.err
        assert sum(line.startswith("error: ") for line in self.err.splitlines()) == 1, self.err
        assert any(remedy in self.err for remedy in _REMEDIES), self.err
        for alien in ("Traceback", "this is a defect", 'File "'):
            assert alien not in self.err
        for text in texts:
            assert text in self.err


def arb(
    *arguments: object,
    cwd: Path,
    path: Path | None = None,
    env: Mapping[str, str] | None = None,
    prelude: str = "",
    cold: bool = False,
) -> Ran:
    """Run `arb`.

    Args:
        arguments: The command line.
        cwd: Current folder.
        path: Folder with further distributions.
        env: Further environment variables.
        prelude: Python statements that the process runs first, such as limits of the system.
        cold: Whether it must be an interpreter of its own from its start; else it may be forked (`tests.warm`).
    """
    start = ["-c", prelude + _MAIN] if prelude else ["-m", "arbcore"]
    command = [sys.executable, "-W", "error", *start, *map(str, arguments)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    if not (cold or "PYTHONHASHSEED" in environment):
        command = warm().command(*arguments)
        environment[PRELUDE] = prelude
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def exported(journal: Path, config: Path) -> bytes:
    """Return a journal as lines, exported in this process."""
    lines = journal.with_name(f"{journal.name}.jsonl")
    assert main(["journal", "export", str(journal), "-c", str(config), "--out", str(lines)]) == 0
    return lines.read_bytes()


def amount(told: Mapping[str, Any], part: str) -> Decimal:
    """Return a part of a result's profit, which is written as a decimal string without an exponent."""
    text = told["pnl"][part]
    assert isinstance(text, str)
    assert "E" not in text
    return Decimal(text)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    assert len(set(keys)) == len(keys)
    return dict(pairs)
