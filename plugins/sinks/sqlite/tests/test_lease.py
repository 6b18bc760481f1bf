"""Who writes a journal, seen from other processes; looking never keeps a writer from starting."""

from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from arbcore.errors import JournalError
from arbcore.testing.stores import chain_of, reader_context, store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.lease import Lease
from arbcore_sink_sqlite.settings import SqliteSettings

WRITER = """
import asyncio, sys
from pathlib import Path
from arbcore.testing.stores import chain_of, store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

async def main():
    async with SqliteJournal(SqliteSettings(use="sqlite"), store_context(Path(sys.argv[1]))) as journal:
        journal.append(chain_of(3))
        print("open", flush=True)
        sys.stdin.readline()

asyncio.run(main())
"""

GLANCER = """
import sys
from pathlib import Path
from arbcore_sink_sqlite.lease import Lease

lease = Lease(Path(sys.argv[1]), "")
print("looking", flush=True)
while True:
    lease.holder()
"""


@pytest.mark.anyio
async def test_a_dead_process_writes_nothing_any_more(
    spawn: Callable[..., Popen[str]], settings: SqliteSettings, tmp_path: Path
) -> None:
    writer = spawn(WRITER, tmp_path)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "open\n"
    async with SqliteJournal(settings, reader_context(tmp_path)) as reader:
        assert reader.writer().startswith(f"process {writer.pid} on ")
        assert "session test, since 20" in reader.writer()
        writer.kill()
        writer.wait()
        assert reader.writer() == ""
        assert len(list(reader.read())) == 3
    assert str(writer.pid) in (tmp_path / "journal.lease").read_text(), "the text stays, the lock does not"


def test_glances_keep_no_writer_from_starting(spawn: Callable[..., Popen[str]], tmp_path: Path) -> None:
    path = tmp_path / "journal.lease"
    for _ in range(2):
        glancer = spawn(GLANCER, path)
        assert glancer.stdout is not None
        assert glancer.stdout.readline() == "looking\n"
    for _ in range(300):
        lease = Lease(path, "s")
        lease.take()
        lease.release()


@pytest.mark.anyio
async def test_a_writer_is_refused_at_once_where_one_is(settings: SqliteSettings, tmp_path: Path) -> None:
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        journal.append(chain_of(1))
        with pytest.raises(JournalError, match="in use by process"):
            Lease(tmp_path / "journal.lease", "b").take()
        assert "session test" in journal.writer()


def test_where_no_lease_ever_was_nobody_writes(tmp_path: Path) -> None:
    assert Lease(tmp_path / "journal.lease", "s").holder() == ""
    assert list(tmp_path.iterdir()) == []
