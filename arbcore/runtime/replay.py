"""Replay: a recorded session's inputs through the loop again, every event compared with what the journal holds."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Final, Self

from msgspec import Struct

from arbcore.journal.chain import START, Anchor
from arbcore.model.events import EngineStopped, Envelope
from arbcore.ports.journal import RunMetadata, StoredEvent, StoredSnapshot
from arbcore.runtime.facts import fact_of
from arbcore.runtime.loop import Loop, SessionInput

_CHUNK: Final = 10_000


class Divergence(Exception):
    """A replay decided otherwise than the session did.

    Args:
        stored: The event that the journal holds; None where it holds none any more.
        made: The event that the replay made.
    """

    def __init__(self, stored: StoredEvent | None, made: StoredEvent) -> None:
        super().__init__(f"event {made.sequence} differs")
        self.stored: Final = stored
        self.made: Final = made


class Comparison:
    """Takes the place of a journal: whatever is appended must be what the session stored.

    Args:
        stored: The session's events in order.

    Attributes:
        compared: Events found equal so far.
    """

    def __init__(self, stored: Iterable[StoredEvent]) -> None:
        self._stored: Final = iter(stored)
        self._last: StoredEvent | None = None
        self.compared = 0

    async def __aenter__(self) -> Self:
        """Open; nothing needs to be done."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close; nothing needs to be done."""

    def start_run(self, metadata: RunMetadata) -> None:
        """Take no note: the session did."""

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Compare events with what was stored.

        Raises:
            Divergence: One differs.
        """
        for made in events:
            stored = next(self._stored, None)
            if stored is None or stored.body != made.body:
                raise Divergence(stored, made)
            self._last = made
            self.compared += 1

    def last(self) -> StoredEvent | None:
        """Return the newest event, None where there is none."""
        return self._last

    def read(self, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
        """Return nothing: what was compared is in the session's journal."""
        return iter(())

    def runs(self) -> Sequence[RunMetadata]:
        """Return nothing: a replay is no run."""
        return ()

    def keep_snapshot(self, snapshot: StoredSnapshot) -> None:
        """Keep nothing: a replay is never gone on with."""

    def snapshots(self) -> Sequence[StoredSnapshot]:
        """Return nothing."""
        return ()

    def writer(self) -> str:
        """Return that nobody writes."""
        return ""

    def location(self) -> str:
        """Return where it lies, for people."""
        return "nowhere: a replay"

    @property
    def place(self) -> Anchor:
        """How far the journal was confirmed."""
        return Anchor(self._last.sequence, self._last.hash) if self._last else START


class Bounds(Struct, frozen=True):
    """When a session began and ended.

    Attributes:
        start: Engine time of its first event.
        stop: The event that tells its end; None where it was killed.
    """

    start: int
    stop: Envelope | None


def replay(loop: Loop, market: Iterable[Sequence[SessionInput]], events: Iterable[Envelope], bounds: Bounds) -> None:
    """Run a loop over what a session took.

    Args:
        loop: A new loop whose log compares.
        market: The recorded market data in order.
        events: The journal's events, which tell the inputs that are no market data.
        bounds: When the session began and ended.

    Raises:
        Divergence: The loop decided otherwise.
    """
    facts = (fact for envelope in events if (fact := fact_of(envelope)) is not None)
    data = (item for chunk in market for item in chunk)
    inputs: Iterator[SessionInput] = merge(data, facts, key=attrgetter("recv_ts"))
    loop.start(bounds.start)
    while chunk := list(islice(inputs, _CHUNK)):
        loop.take(chunk)
    if bounds.stop is not None and isinstance(bounds.stop.event, EngineStopped):
        loop.stop(bounds.stop.event.reason, bounds.stop.time)
