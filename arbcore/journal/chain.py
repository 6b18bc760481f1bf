"""The hash chain: each stored event carries the hash over the one before and its own bytes."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from msgspec import Struct

from arbcore.errors import JournalError
from arbcore.journal.codec import decode, encode, printable
from arbcore.model.events import Envelope
from arbcore.ports.journal import StoredEvent, StoredSnapshot

GENESIS: Final = bytes(32)
"""The hash before the first event."""


class Anchor(Struct, frozen=True):
    """A place in the chain that is known from elsewhere.

    Attributes:
        sequence: Number of an event, 0 for the place before the first.
        hash: Its hash.
    """

    sequence: int
    hash: bytes


START: Final = Anchor(0, GENESIS)
"""Where every whole journal begins."""

KEPT_SNAPSHOTS: Final = 3
"""Snapshots that a journal keeps: where the newest is damaged there are two before it."""


class VerifyReport(Struct, frozen=True, kw_only=True):
    """What `verify` found.

    Attributes:
        events: Number of events that are in order.
        last: Place of the last of them; the anchor where there is none.
        bad: Sequence at which the first broken event lies or should lie, 0 where all are in order.
        problem: What is wrong there, empty where nothing is.
        torn: True where nothing in order follows the break: an interrupted write, not a change in the middle.
    """

    events: int
    last: Anchor
    bad: int = 0
    problem: str = ""
    torn: bool = False

    @property
    def ok(self) -> bool:
        """Whether the chain is whole."""
        return not self.bad


def link(previous: bytes, body: bytes) -> bytes:
    """Return the hash of an event: SHA-256 over the hash before and the canonical bytes."""
    return sha256(previous + body).digest()


def seal(previous: bytes, envelopes: Iterable[Envelope]) -> list[StoredEvent]:
    """Return events as the journal stores them.

    Args:
        previous: Hash of the event before the first of them; `GENESIS` for a new journal.
        envelopes: The events, numbered without gaps.
    """
    sealed = []
    for envelope in envelopes:
        body = encode(envelope)
        previous = sha256(previous + body).digest()
        kind, key = type(envelope.event).__name__, envelope.key
        if not key.isascii():
            key = printable(key)
        sealed.append(StoredEvent(envelope.sequence, envelope.time, kind, key, body, previous))
    return sealed


def require_continuation(last: Anchor, events: Sequence[StoredEvent]) -> None:
    """Refuse events that do not continue a chain; every journal calls it before it stores.

    Numbers are checked throughout, the hash where the new events join the old: what `seal` made in one go fits
    together, and a second writer or a lost event shows at the joint.

    Args:
        last: Place of the newest stored event.
        events: Events to be stored.

    Raises:
        JournalError: They do not continue it; nothing was stored.
    """
    for expected, event in enumerate(events, last.sequence + 1):
        if event.sequence != expected:
            raise JournalError(f"event {event.sequence} ({event.type}) can't be stored: {expected} comes next")
    if events and link(last.hash, events[0].body) != events[0].hash:
        raise JournalError(
            f"event {events[0].sequence} ({events[0].type}) does not continue the chain of event {last.sequence}",
            "run `arb journal verify`; two writers or a changed event lead to this",
        )


def require_place(last: Anchor, snapshot: StoredSnapshot) -> None:
    """Refuse a snapshot that is not of the newest event; every journal calls it before it keeps one.

    Args:
        last: Place of the newest stored event.
        snapshot: The snapshot.

    Raises:
        JournalError: It was taken of another chain, or of events that are not stored yet.
    """
    if (snapshot.sequence, snapshot.chain) != (last.sequence, last.hash):
        raise JournalError(
            f"a snapshot of event {snapshot.sequence} can't be kept: event {last.sequence} is the newest of this chain"
        )


def fault(previous: Anchor, event: StoredEvent) -> str:
    """Return what is wrong with an event behind its predecessor, empty where nothing is.

    Besides number and hash, the columns that stores keep beside the body are compared with the body.
    """
    if event.sequence != previous.sequence + 1:
        return f"event {previous.sequence + 1} is missing, {event.sequence} follows {previous.sequence}"
    if link(previous.hash, event.body) != event.hash:
        return "the hash does not match: the event, or the one before it, was changed"
    try:
        envelope = decode(event.body)
    except JournalError as error:
        return error.what
    inside = (envelope.sequence, envelope.time, type(envelope.event).__name__, envelope.key)
    if inside != (event.sequence, event.time, event.type, event.key):
        return f"the columns beside the body differ from it: the body has {inside}"
    return ""


def verify(events: Iterable[StoredEvent], anchor: Anchor = START) -> VerifyReport:
    """Check a chain of stored events to its end or its first fault.

    Args:
        events: The events in order, those right behind the anchor first.
        anchor: A place known to be right: the start, or where retention cut older events off.

    Returns:
        The report. A chain whose newest events were cut off is whole; only an anchor from elsewhere shows that.
    """
    last, count, remaining = anchor, 0, iter(events)
    for event in remaining:
        problem = fault(last, event)
        if problem:
            torn = not _resumes(event, remaining)
            bad = min(event.sequence, last.sequence + 1)
            return VerifyReport(events=count, last=last, bad=bad, problem=problem, torn=torn)
        last, count = Anchor(event.sequence, event.hash), count + 1
    return VerifyReport(events=count, last=last)


def _resumes(broken: StoredEvent, following: Iterable[StoredEvent]) -> bool:
    """Tell whether any event behind a broken one continues the one before it."""
    previous = broken
    for event in following:
        if event.sequence == previous.sequence + 1 and link(previous.hash, event.body) == event.hash:
            return True
        previous = event
    return False
