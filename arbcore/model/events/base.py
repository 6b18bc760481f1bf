"""Base of all events and the envelope that numbers them."""

from typing import ClassVar

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True, tag=True):
    """Something that happened or was decided. Subclasses are the catalogue; the type's name is its tag.

    What is stored is never rewritten, so a type may change in two ways only:

    - A field may be added with a default, where its absence means the default, and where a reader that does not know
      the field still understands the others. The version stays; old events read with the default.
    - Everything else (a field that goes, or changes its name, type, unit or meaning, here or in a structure within)
      raises ``VERSION`` and adds a step to `arbcore.journal.upcast.UPCASTS`, which lifts old events on reading.

    Attributes:
        VERSION: Version of the type's fields, stored with each event.
        KEY: What the key of its envelope is, by which it is found and known again; empty where it has none.
    """

    VERSION: ClassVar[int] = 1
    KEY: ClassVar[str] = ""


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
