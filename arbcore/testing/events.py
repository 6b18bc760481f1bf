"""Generated events for property tests: any event of the catalogue, with any values that its fields can hold."""

import enum
from typing import Any, get_type_hints

import msgspec
from hypothesis import strategies as st

from arbcore.journal.codec import EVENT_TYPES
from arbcore.model.events import Envelope, Event

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
"""Any text that UTF-8 can hold."""

TIMES = st.integers(0, 2**63 - 1)
"""Times that 64-bit columns can hold."""

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
"""Exact amounts of any size and scale."""

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
"""Finite floats."""


def events(kind: type[Event] | None = None, floats: st.SearchStrategy[float] = FLOATS) -> st.SearchStrategy[Event]:
    """Return a strategy for events.

    Args:
        kind: Type of the events; any of the catalogue where it is not given.
        floats: What float fields may hold.
    """
    if kind is not None:
        return _struct(kind, floats)
    return st.sampled_from(sorted(EVENT_TYPES)).flatmap(lambda name: _struct(EVENT_TYPES[name], floats))


def envelopes(
    kind: type[Event] | None = None, floats: st.SearchStrategy[float] = FLOATS
) -> st.SearchStrategy[Envelope]:
    """Return a strategy for events with a place; as for `events`."""
    numbers = st.integers(1, 2**63 - 1)
    return st.builds(Envelope, numbers, TIMES, st.integers(0, 2**63 - 1), TEXT, events(kind, floats))


def numbered(contents: list[tuple[int, str, Event]], first: int = 1) -> list[Envelope]:
    """Return envelopes numbered without gaps from pairs of time and key and their events."""
    return [Envelope(number, time, 0, key, event) for number, (time, key, event) in enumerate(contents, first)]


def journals(max_size: int = 12) -> st.SearchStrategy[list[Envelope]]:
    """Return a strategy for the events of one journal, numbered from 1."""
    return st.lists(st.tuples(TIMES, TEXT, events()), max_size=max_size).map(numbered)


def _struct(kind: type[msgspec.Struct], floats: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    fields = {name: _of(msgspec.inspect.type_info(hints[name]), floats) for name in kind.__struct_fields__}
    return st.builds(kind, **fields)


def _of(kind: msgspec.inspect.Type, floats: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    plain: dict[type[msgspec.inspect.Type], st.SearchStrategy[Any]] = {
        msgspec.inspect.StrType: TEXT,
        msgspec.inspect.BoolType: st.booleans(),
        msgspec.inspect.IntType: st.integers(-(2**63), 2**63 - 1),
        msgspec.inspect.FloatType: floats,
        msgspec.inspect.DecimalType: DECIMALS,
        msgspec.inspect.NoneType: st.none(),
    }
    if type(kind) in plain:
        return plain[type(kind)]
    match kind:
        case msgspec.inspect.EnumType(cls=cls) if issubclass(cls, enum.Enum):
            return st.sampled_from(cls)
        case msgspec.inspect.StructType(cls=cls):
            return _struct(cls, floats)
        case msgspec.inspect.VarTupleType(item_type=item):
            return st.lists(_of(item, floats), max_size=3).map(tuple)
        case msgspec.inspect.DictType(value_type=value):
            return st.dictionaries(TEXT, _of(value, floats), max_size=4)
        case msgspec.inspect.UnionType(types=types):
            return st.one_of([_of(each, floats) for each in types])
    raise TypeError(f"no generator for fields of type {kind}; add one here")
