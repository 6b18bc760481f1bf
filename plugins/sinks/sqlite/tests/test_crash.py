"""Killed in the middle of writing: what was acknowledged is there, the chain is whole, the lease is free."""

import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from arbcore.errors import JournalError
from arbcore.journal.chain import verify
from arbcore.testing.stores import reader_context, store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

WRITER = """
import asyncio, sys
from pathlib import Path
from arbcore.journal.chain import GENESIS
from arbcore.testing.stores import chain_of, store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

async def main():
    settings = SqliteSettings(use="sqlite", durability=sys.argv[2])
    async with SqliteJournal(settings, store_context(Path(sys.argv[1]))) as journal:
        last = journal.last()
        number, previous = (last.sequence, last.hash) if last else (0, GENESIS)
        while True:
            events = chain_of(number % 5 + 1, number + 1, previous)
            journal.append(events)
            number, previous = events[-1].sequence, events[-1].hash
            print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize(("durability", "rounds"), [("process", (1, 40, 400)), ("power", (60,))])
async def test_what_was_acknowledged_survives_a_kill(
    spawn: Callable[..., Popen[str]], settings: SqliteSettings, tmp_path: Path, durability: str, rounds: tuple[int, ...]
) -> None:
    for lines in rounds:
        writer = spawn(WRITER, tmp_path, durability)
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(lines)]
        with pytest.raises(JournalError, match=f"in use by process {writer.pid} "):
            async with SqliteJournal(settings, store_context(tmp_path)):
                pytest.fail("two processes write one journal")
        writer.kill()
        acknowledged += [int(line) for line in writer.communicate()[0].splitlines() if line]
        async with SqliteJournal(settings, reader_context(tmp_path)) as reader:
            assert verify(reader.read()).ok
        async with SqliteJournal(settings, store_context(tmp_path)) as journal:
            report = verify(journal.read())
            assert report.ok
            assert report.events >= acknowledged[-1] >= lines


@pytest.mark.skipif(sys.platform == "win32", reason="flock is POSIX")
@pytest.mark.anyio
async def test_a_lease_without_words_still_holds(settings: SqliteSettings, tmp_path: Path) -> None:
    async with SqliteJournal(settings, store_context(tmp_path)):
        (tmp_path / "journal.lease").write_text("")
        with pytest.raises(JournalError, match="in use by another process"):
            async with SqliteJournal(settings, store_context(tmp_path)):
                pytest.fail("two writers opened one journal")
