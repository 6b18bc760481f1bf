"""The journal in memory: flat, exact, and unharmed by a full temporary folder."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.errors import JournalError
from arbcore.journal._spool import Spool
from arbcore.journal.chain import GENESIS, seal, verify
from arbcore.journal.memory import MemoryJournal
from arbcore.model.events import EnginePaused
from arbcore.testing.events import numbered
from arbcore.testing.journal import JournalSuite, OpenJournal

EVENTS = seal(
    GENESIS, numbered([(number, f"k{number}", EnginePaused(reason="x" * (number % 400))) for number in range(1500)])
)


@pytest.mark.anyio
@pytest.mark.parametrize("bound", [0, 1, 1000, 100_000, 10**9])
@pytest.mark.parametrize("batch", [1, 7, 256, 1500])
async def test_reads_what_was_appended_wherever_it_lies(bound: int, batch: int) -> None:
    async with MemoryJournal(bound) as journal:
        for start in range(0, len(EVENTS), batch):
            journal.append(EVENTS[start : start + batch])
        assert list(journal.read()) == EVENTS
        assert list(journal.read(700, 900)) == EVENTS[699:900]
        assert list(journal.read(1500)) == EVENTS[1499:]
        assert list(journal.read(1501)) == []
        assert verify(journal.read()).ok
    assert journal.last() == EVENTS[-1]
    assert journal.result_hash() == EVENTS[-1].hash.hex()


@pytest.mark.anyio
async def test_events_may_come_while_it_is_read() -> None:
    seen = []
    async with MemoryJournal(2000) as journal:
        journal.append(EVENTS[:10])
        for event in journal.read():
            seen.append(event)
            if event.sequence == 5:
                journal.append(EVENTS[10:300])
    assert seen[:10] == EVENTS[:10]
    assert seen == EVENTS[: len(seen)]


def test_an_empty_journal_has_a_hash_too() -> None:
    journal = MemoryJournal()
    assert journal.result_hash() == "00" * 32
    assert list(journal.read()) == []


@given(st.integers(0, 40), st.lists(st.binary(max_size=30), max_size=20))
def test_a_spool_is_one_run_of_bytes(bound: int, parts: list[bytes]) -> None:
    spool = Spool(bound)
    for part in parts:
        spool.append(part)
    read = b""
    while block := spool.read(len(read), 7):
        read += block
    assert read == b"".join(parts)
    assert len(spool) == len(read)
    spool.close()


FULL_FOLDER = """
import resource, sys
from arbcore.errors import JournalError
from arbcore.journal.chain import GENESIS, seal, verify
from arbcore.journal.memory import MemoryJournal
from arbcore.model.events import EnginePaused, Envelope

sys.dont_write_bytecode = True
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
journal, previous = MemoryJournal(bound=20_000), GENESIS
for number in range(1, 2000):
    events = seal(previous, [Envelope(number, number, 0, "", EnginePaused(reason="x" * 200))])
    try:
        journal.append(events)
    except JournalError as error:
        print(number, verify(journal.read()).events, verify(journal.read()).ok, error)
        break
    previous = events[-1].hash
"""


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is POSIX")
def test_a_full_temporary_folder_loses_nothing_stored() -> None:
    run = subprocess.run([sys.executable, "-c", FULL_FOLDER], capture_output=True, text=True, check=True)
    number, kept, whole, *message = run.stdout.split(" ")
    assert int(kept) == int(number) - 1 > 300
    assert whole == "True"
    assert "temporary folder" in " ".join(message)


MANY_EVENTS = """
import resource, sys
from arbcore.journal.chain import GENESIS, seal
from arbcore.journal.memory import MemoryJournal
from arbcore.model.events import EnginePaused, Envelope

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

bound = 4 * 2**20
journal, previous, start = MemoryJournal(bound), GENESIS, resident()
for number in range(1, 440_001):
    events = seal(previous, [Envelope(number, number, 0, "", EnginePaused(reason="x" * 400))])
    journal.append(events)
    previous = events[-1].hash
print(resident() - start - bound, sum(1 for _ in journal.read(439_000)))
print(resident() - start - bound)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_stays_flat_over_many_events() -> None:
    run = subprocess.run([sys.executable, "-c", MANY_EVENTS], capture_output=True, text=True, check=True)
    growth, read, after = (int(word) for word in run.stdout.split())
    assert read == 1001
    assert max(growth, after) < 6 * 2**20


def test_a_wrong_event_is_refused_and_changes_nothing() -> None:
    journal = MemoryJournal()
    journal.append(EVENTS[:3])
    with pytest.raises(JournalError, match="4 comes next"):
        journal.append(EVENTS[4:6])
    assert list(journal.read()) == EVENTS[:3]


class TestSuite(JournalSuite):
    persistent = False

    @pytest.fixture
    def open_journal(self) -> OpenJournal:
        return lambda _context: MemoryJournal(bound=500)
