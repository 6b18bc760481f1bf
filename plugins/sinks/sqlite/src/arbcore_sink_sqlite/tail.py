"""The end of a journal after an interrupted write: what is broken there is found, to be cut off and kept beside."""

from collections.abc import Sequence
from typing import Final

from arbcore.journal.chain import START, Anchor, fault
from arbcore.ports.journal import StoredEvent

LOOK_BACK: Final = 1001
"""Events at the end that opening looks at. `arb journal verify` looks at all."""


def torn_tail(newest: Sequence[StoredEvent]) -> tuple[list[StoredEvent], str]:
    """Return the broken events at the end of a journal and what is wrong with the first of them.

    A broken event with a sound one behind it is no torn tail: something changed it, and it stays for
    `arb journal verify` to find.

    Args:
        newest: The newest events in order, `LOOK_BACK` of them or all that there are. Where there are more, the
            first only serves to check the second.
    """
    whole = len(newest) < LOOK_BACK
    places = [START] if whole else []
    places += [Anchor(event.sequence, event.hash) for event in newest]
    checked = newest if whole else newest[1:]
    start, problem = len(checked), ""
    while start and (found := fault(places[start - 1], checked[start - 1])):
        start, problem = start - 1, found
    return list(checked[start:]), problem
