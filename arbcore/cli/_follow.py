"""Following a journal that a session still writes."""

import sys
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from arbcore.ports.journal import Journal, StoredEvent

PERIOD_S: Final = 0.25
"""Time between two looks at the journal."""


def follow_events(
    journal: "Journal",
    types: Collection[str],
    begin: "Sequence[StoredEvent]",
    after: int,
    show: "Callable[[StoredEvent], None]",
    wait: Callable[[float], None] = time.sleep,
) -> str:
    """Show events that are there, then each one that comes, until nobody writes the journal any more.

    Args:
        journal: The journal, open for reading.
        types: Names of the types to show; none for all.
        begin: Events to begin with, up to the newest of their types, in order.
        after: Where to go on from where there are none.
        show: Shows one.
        wait: Waits for so many seconds between two looks.

    Returns:
        Why it ended, for people.
    """
    mark = begin[-1].sequence if begin else after
    for event in begin:
        show(event)
    alive = True
    while alive:
        sys.stdout.flush()
        # Asked before the last look, so that what a session stores while it ends is not missed.
        alive = bool(journal.writer())
        for event in journal.read(mark + 1):
            mark = event.sequence
            if not types or event.type in types:
                show(event)
        if alive:
            wait(PERIOD_S)
    newest = journal.last()
    return f"nobody writes {journal.location()} any more: its {newest.sequence if newest else 0:,} events are complete"
