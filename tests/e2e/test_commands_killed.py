"""Sessions that die while they hold a command, sessions that do not answer, and two terminals at once."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from arbcore.model.state import CommandState
from arbcore.ports.journal import StoredCommand, StoredEvent
from arbcore.testing.stores import reader_context
from arbcore_sink_sqlite.control import SqliteControlStore
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings
from tests.e2e.live_project import arb, make_live, session, simulated

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals between processes are POSIX"),
]

DIES_BEFORE = """
import os, signal
from arbcore.model.command import CommandRequest
from arbcore.runtime.ingress import Ingress
put = Ingress.put
def dying(self, item):
    if isinstance(item, CommandRequest):
        os.kill(os.getpid(), signal.SIGKILL)
    put(self, item)
Ingress.put = dying
"""
"""A session that dies when it has claimed a command and not applied it yet."""

DIES_AFTER = """
import os, signal
from arbcore.runtime.inbox import Followed
Followed.answer = lambda self, store: os.kill(os.getpid(), signal.SIGKILL)
"""
"""A session that dies when it has applied a command and not answered it yet."""

TO_IT = ("--session", "live")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose session trades on a simulator."""
    with simulated(tmp_path_factory.mktemp("simulator")) as running:
        yield make_live(tmp_path_factory.mktemp("killed") / "project", running.address)


def stored(folder: Path) -> tuple[dict[str, StoredCommand], list[StoredEvent]]:
    """Return the commands of a session's folder, and its events."""

    async def read() -> tuple[dict[str, StoredCommand], list[StoredEvent]]:
        context, settings = reader_context(folder), SqliteSettings(use="sqlite")
        async with SqliteControlStore(settings, context) as control, SqliteJournal(settings, context) as journal:
            return {one.request.id: one for one in control.commands()}, list(journal.read())

    return asyncio.run(read())


@pytest.mark.parametrize(("prelude", "applied"), [(DIES_BEFORE, False), (DIES_AFTER, True)])
def test_a_session_that_dies_with_a_command_applies_it_at_most_once(project: Path, prelude: str, applied: bool) -> None:
    name = "died-after" if applied else "died-before"
    with session(project, "--no-record", prelude=prelude, name=name) as run:
        run.says("live started")
        ran = arb("pause", *TO_IT, "--id", name, "--timeout", "40s", cwd=project)
        ran.refused(4, f"the session ended before it answered command {name}")
        assert run.process.wait(40) == -signal.SIGKILL
    commands, events = stored(project / "sessions" / "live")
    assert commands[name].state is CommandState.SENT, "claimed, and answered by nobody"
    with session(project, "--no-record", "--for", "1s", name=f"{name}-again") as run:
        said = run.end()
    assert said.code == 0, said.err
    aside = (stored(folder) for folder in (project / "sessions").glob("live-*"))
    commands, events = next(one for one in aside if name in one[0])
    led = [
        event.sequence for event in events if event.key == name or event.type in {"EngineModeChanged", "EnginePaused"}
    ]
    if applied:
        assert commands[name].state is CommandState.ACK
        assert set(commands[name].events) <= set(led)
        assert [event.type for event in events if event.sequence in commands[name].events] == [
            "CommandAccepted",
            "EngineModeChanged",
            "EnginePaused",
        ]
    else:
        assert commands[name].state is CommandState.FAILED
        assert commands[name].reason == "the session ended before it was applied; give it again"
        assert name not in {event.key for event in events}
    fresh, later = stored(project / "sessions" / "live")
    assert fresh == {}
    assert "EnginePaused" not in {event.type for event in later}, "never applied late"


def test_a_session_that_does_not_answer_applies_it_once_when_it_does(project: Path) -> None:
    with session(project, "--no-record", "--json", name="stuck") as run:
        run.says("live started")
        run.process.send_signal(signal.SIGSTOP)
        try:
            ran = arb("pause", *TO_IT, "--id", "late", "--timeout", "1s", cwd=project)
        finally:
            run.process.send_signal(signal.SIGCONT)
        ran.refused(5, "no answer to command late within 1 s", "the same --id")
        again = arb("pause", *TO_IT, "--id", "late", "--timeout", "40s", "--json", cwd=project).told()
        assert again["state"] == "ACK"
        run.stop()
    _, events = stored(project / "sessions" / "live")
    assert [event.type for event in events].count("EnginePaused") == 1


def test_two_terminals_with_one_id_are_one_command(project: Path) -> None:
    command = [sys.executable, "-m", "arbcore", "pause", *TO_IT, "--id", "twice", "--timeout", "40s", "--json"]
    with session(project, "--no-record", "--json", name="two") as run:
        run.says("live started")
        both = [subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        try:
            told = [json.loads(one.communicate(timeout=90)[0]) for one in both]
        finally:
            for one in both:
                one.kill()
                one.communicate()
        run.stop()
    assert {one["state"] for one in told} == {"ACK"}
    assert all(one["events"] == told[0]["events"] for one in told)
    _, events = stored(project / "sessions" / "live")
    assert [event.type for event in events if event.key == "twice"] == ["CommandAccepted"]
    assert [event.type for event in events].count("EnginePaused") == 1
