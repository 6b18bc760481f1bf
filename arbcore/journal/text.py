"""Events as lines of text, for people and their tools."""

from arbcore.journal.codec import encode
from arbcore.model.events import Envelope
from arbcore.ports.journal import StoredEvent

_SECOND = 1_000_000_000


def iso(time: int) -> str:
    """Return UTC nanoseconds as ISO 8601 with nine decimals, for example ``2026-11-21T08:00:00.000000001Z``."""
    from datetime import UTC, datetime

    seconds, rest = divmod(time, _SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def event_line(envelope: Envelope) -> bytes:
    """Return an event as one line of JSON without its newline: the canonical fields behind a readable ``at``."""
    return b'{"at":"%b",%b' % (iso(envelope.time).encode(), encode(envelope)[1:])


def export_line(event: StoredEvent) -> bytes:
    """Return a stored event as one line of JSON without its newline.

    ``body`` is the canonical text byte for byte and ``hash`` covers it and the hash of the line before, so that a
    copy can be checked without arbcore.
    """
    return b'{"at":"%b","hash":"%b","body":%b}' % (iso(event.time).encode(), event.hash.hex().encode(), event.body)
