"""What the tests of this plugin share."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arbcore.ports.journal import StoredEvent
from arbcore.testing.stores import chain_of
from arbcore_sink_sqlite.settings import SqliteSettings

Spawn = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """A function that starts Python on a text with arguments; what is still running at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(text: str, *arguments: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", text, *map(str, arguments)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def settings() -> SqliteSettings:
    """Settings that wait for nobody."""
    return SqliteSettings(use="sqlite", busy_timeout=20_000_000)


@pytest.fixture
def events() -> list[StoredEvent]:
    """Forty events of one chain."""
    return chain_of(40)
