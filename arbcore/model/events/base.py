"""Base of all events and the envelope that numbers them."""

from typing import ClassVar

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True, tag=True):
    """Something that happened or was decided. Subclasses are the catalogue; the type's name is its tag.

    Attributes:
        VERSION: Version of the type's fields; raised when their meaning changes, upcast on reading.
    """

    VERSION: ClassVar[int] = 1


class Envelope(Struct, frozen=True):
    """An event with its place in the session.

    Attributes:
        sequence: Number in the journal, from 1 without gaps.
        time: Engine time in UTC nanoseconds.
        cause: Sequence of the event that led to it, 0 where an input from outside did.
        key: Dedup key (fill id, order id, command id ...), empty where an event needs none.
        event: The event.
    """

    sequence: int
    time: int
    cause: int
    key: str
    event: Event
