"""Live projects and what runs in them: the local simulator and sessions, each in a process of its own."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arbcore.cli import main
from tests.e2e import commands
from tests.e2e.commands import Ran
from tests.warm import PRELUDE, Called

PATIENCE_S: Final = 40.0
"""Longest wait for something that takes a second on an idle machine."""

BUSY_MARKET: Final = """
symbols: [BTC, ETH]
rate: 20
premium: {volatility_bps: 4, half_life: 300ms, kick_every: 300ms, shift_share: 0}
"""
"""Markets in which a premium worth a trade comes and goes several times a second."""

QUICK: Final = """
session: {{name: live, environment: simulator}}
exchanges:
  upbit: {{simulator: "{address}"}}
  binance: {{simulator: "{address}"}}
rates:
  usdt_krw: {{simulator: "{address}"}}
strategies:
  premium:
    routes:
      - {{spot: upbit, perpetual: binance, symbols: [BTC, ETH]}}
    reference: {{kind: rolling_median, window: 2s, sample: 20ms, min_samples: 10}}
    enter_bps: 15
    max_holding: 400ms
"""
"""What is laid over the config of `arb init`, so that a second holds whole trades."""


class Simulator:
    """`arb simulator` in a process of its own.

    Args:
        folder: An empty folder for its files.
        port: Port; 0 takes a free one.

    Attributes:
        address: Where it listens.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        market = folder / "market.yaml"
        market.write_text(BUSY_MARKET, encoding="utf-8")
        options = ("--port", str(port), "--config", str(market), "--json", "--until-eof", "--no-wait")
        self._process: Called[str] = Called(
            "simulator", *options, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the simulator did not start"
        self.address: Final[str] = json.loads(line)["address"]

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        """Kill it in the middle of whatever it does."""
        self._process.kill()
        self._forget()

    def close(self) -> None:
        """End it, if it still runs."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._forget()

    def _forget(self) -> None:
        self._process.wait(PATIENCE_S)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


@contextmanager
def simulated(folder: Path) -> Iterator[Simulator]:
    """Serve a busy market while entered."""
    simulator = Simulator(folder)
    try:
        yield simulator
    finally:
        simulator.close()


def make_live(folder: Path, address: str, more: str = "") -> Path:
    """Make a project whose sessions trade on a simulator; `more` is laid over its config."""
    assert main(["init", str(folder)]) == 0
    (folder / "quick.yaml").write_text(QUICK.format(address=address), encoding="utf-8")
    (folder / "more.yaml").write_text(more, encoding="utf-8")
    return folder


def arb(*arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run `arb` to its end, as `commands.arb` does."""
    return commands.arb(*arguments, cwd=cwd, env=env)


CONFIG: Final = ("arb.yaml", "quick.yaml", "more.yaml")
"""Config files of such a project, in order."""


@dataclass
class Running:
    """A command that runs.

    Attributes:
        process: Its process, the leader of a group of its own, as in a terminal.
        out: File of its standard output.
        err: File of its standard error.
    """

    process: Called[bytes]
    out: Path
    err: Path

    def said(self) -> str:
        """Return what it told people so far."""
        return self.err.read_text(encoding="utf-8")

    def until(self, reached: Callable[[str], bool]) -> str:
        """Wait until what it said contains something; return it.

        Raises:
            AssertionError: It ended, or said nothing like it for too long.
        """
        until = time.monotonic() + PATIENCE_S
        while not reached(said := self.said()):
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{said}"
            assert time.monotonic() < until, f"it did not come so far:\n{said}"
            time.sleep(0.03)
        return said

    def says(self, text: str) -> str:
        """Wait until it said a text; return all that it said."""
        return self.until(lambda said: text in said)

    def left(self, seconds: float) -> bool:
        """Leave it alone for a time; tell whether it ended meanwhile."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, number: int = signal.SIGINT) -> Ran:
        """Send it a signal, and wait for its end."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> Ran:
        """Wait for its end."""
        code = self.process.wait(PATIENCE_S)
        return Ran(code, self.out.read_text(encoding="utf-8"), self.said())


@contextmanager
def running(
    *arguments: object, cwd: Path, name: str = "run", env: Mapping[str, str] | None = None, prelude: str = ""
) -> Iterator[Running]:
    """Run a command of `arb` in the background while entered, with warnings as errors.

    Args:
        arguments: The command line.
        cwd: Current folder.
        name: Tells its output files apart from those of others.
        env: Further environment variables.
        prelude: Python statements that the process runs first.
    """
    logs = cwd.parent / f"{cwd.name}-logs"
    logs.mkdir(exist_ok=True)
    out, err = logs / f"{name}.out", logs / f"{name}.err"
    with out.open("wb") as written, err.open("wb") as told:
        process: Called[bytes] = Called(
            *arguments,
            cwd=cwd,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {}), PRELUDE: prelude},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=told,
        )
    try:
        yield Running(process, out, err)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE_S)


def session(
    project: Path, *options: object, name: str = "run", env: Mapping[str, str] | None = None, prelude: str = ""
) -> AbstractContextManager[Running]:
    """Run `arb run --plain` of a live project in the background while entered."""
    return running("run", *CONFIG, "--plain", *options, cwd=project, name=name, env=env, prelude=prelude)
