"""What the suites of journals, control stores and sinks share: contexts, and events to store."""

import logging
from hashlib import sha256
from pathlib import Path

from hypothesis import settings

from arbcore.context import Context
from arbcore.journal.chain import GENESIS, seal
from arbcore.journal.reading import ReaderContext
from arbcore.model.events import EnginePaused
from arbcore.ports.journal import StoredEvent, StoredSnapshot
from arbcore.testing.events import numbered


class StoppedClock:
    """A clock that always says the same."""

    def now(self) -> int:
        """Return the one time that it knows."""
        return 1_700_000_000_000_000_000


def store_context(
    folder: Path, *, session: str = "test", mode: str = "paper", environment: str = "simulator"
) -> Context:
    """Return the context of a session's engine.

    Args:
        folder: The session's folder.
        session: Name of the session.
        mode: Its mode.
        environment: Its environment.
    """
    return Context(
        instance="store",
        session=session,
        mode=mode,
        environment=environment,
        base_currency="USDT",
        clock=StoppedClock(),
        logger=logging.getLogger("arbcore.test.store"),
        data_dir=folder,
    )


def reader_context(folder: Path, location: Path | None = None) -> ReaderContext:
    """Return the context of another process than the engine's.

    Args:
        folder: The session's folder.
        location: Place to read instead.
    """
    return ReaderContext(
        instance="store",
        session="other",
        mode="",
        environment="",
        base_currency="USDT",
        clock=StoppedClock(),
        logger=logging.getLogger("arbcore.test.reader"),
        data_dir=folder,
        location=location,
    )


def chain_of(length: int, first: int = 1, previous: bytes = GENESIS) -> list[StoredEvent]:
    """Return a sealed run of small events.

    Args:
        length: How many.
        first: Number of the first.
        previous: Hash before it.
    """
    pauses = [(number, f"k{number}", EnginePaused(reason=f"r{number}")) for number in range(first, first + length)]
    return seal(previous, numbered(list(pauses), first))


def snapshot_of(event: StoredEvent, body: bytes = b"\x00state\xff") -> StoredSnapshot:
    """Return a snapshot of an event.

    Args:
        event: The last event that it contains.
        body: What it holds.
    """
    return StoredSnapshot(event.sequence, event.hash, body, sha256(body).digest())


def fewer_examples() -> int:
    """Return a fifth of the profile's number of examples, for tests in which each opens a store of its own."""
    return max((settings.default or settings()).max_examples // 5, 5)
