"""Projections made anew while a session runs: folded from the journal by a reader of its own, beside trading."""

from typing import TYPE_CHECKING

import anyio

from arbcore.errors import JournalError
from arbcore.journal.codec import decode
from arbcore.journal.folds import Fold
from arbcore.journal.projections import ProjectionStore
from arbcore.ports.journal import Journal

if TYPE_CHECKING:
    from arbcore.journal.projections import Summary


async def rebuild_projections(reader: Journal, journal: Journal) -> None:
    """Fold every event again and replace the stored projections.

    Args:
        reader: The same journal, built for reading and not entered: the session's own connection is not waited for.
        journal: The session's journal.

    Raises:
        JournalError: It keeps no projections, or can't be read or written.
    """
    if not isinstance(journal, ProjectionStore):
        raise JournalError("the journal keeps no projections, so there is nothing to rebuild")
    async with reader:
        summary = await anyio.to_thread.run_sync(_folded, reader)
    await anyio.to_thread.run_sync(journal.project, summary)


def _folded(reader: Journal) -> "Summary":
    fold = Fold()
    for event in reader.read():
        fold.apply(decode(event.body))
    return fold.projections.summary()
