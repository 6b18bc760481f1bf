"""Canonical bytes of events: deterministic JSON that is hashed as it is stored, and upcast only when it is read."""

import math
from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct, ValidationError, inspect

from arbcore.errors import JournalError
from arbcore.journal.upcast import UPCASTS, Upcast, lift, lift_command
from arbcore.model.events import AnyEvent, Envelope, Event

EVENT_TYPES: Final[Mapping[str, type[Event]]] = {kind.__name__: kind for kind in get_args(AnyEvent)}
"""Every event that a journal may hold, by its tag."""


class _Written(Struct, frozen=True, gc=False):
    sequence: int
    time: int
    cause: int
    key: str
    version: int
    event: Event


class _Read(Struct, frozen=True):
    sequence: int
    time: int
    cause: int
    key: str
    version: int
    event: AnyEvent


class _Raw(Struct, frozen=True):
    sequence: int
    time: int
    cause: int
    key: str
    version: int
    event: dict[str, Any]


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(_Read)
_raw_decoder: Final = msgspec.json.Decoder(_Raw)


def encode(envelope: Envelope) -> bytes:
    """Return the canonical bytes of an event: one line of JSON, the same on every machine.

    Fields keep the order of their declaration, keys of mappings are sorted, amounts are text. A float that is not
    finite becomes ``null``, and half of a surrogate pair, which no UTF-8 can hold, becomes its escape: neither a
    number gone wrong nor a venue's odd text may keep an event out of the journal.

    Args:
        envelope: The event with its place; its type is one of `arbcore.model.events.AnyEvent`.
    """
    event = envelope.event
    body = _Written(envelope.sequence, envelope.time, envelope.cause, envelope.key, event.VERSION, event)
    try:
        return _encoder.encode(body)
    except UnicodeEncodeError:
        return _encoder.encode(printable(msgspec.to_builtins(body)))


def decode(body: bytes, upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS) -> Envelope:
    """Return the event that canonical bytes hold, lifted to the present version of its type.

    A ``null`` in the place of a float reads as NaN. Encoding the result gives the same bytes again, unless the
    event was written in an older version, or before a field with a default was added.

    Args:
        body: What `encode` returned, perhaps long ago.
        upcasts: How to lift older versions.

    Raises:
        JournalError: The bytes are no event, or one that this version of arbcore does not know.
    """
    try:
        read = _decoder.decode(body)
    except (ValidationError, UnicodeDecodeError):
        return _decode_slowly(body, upcasts)
    except msgspec.DecodeError as error:
        raise _unreadable(body, str(error)) from error
    if read.version != read.event.VERSION:
        return _decode_slowly(body, upcasts)
    return Envelope(read.sequence, read.time, read.cause, read.key, read.event)


def _decode_slowly(body: bytes, upcasts: Mapping[tuple[str, int], Upcast]) -> Envelope:
    try:
        raw = _raw_decoder.decode(body)
        kind = EVENT_TYPES.get(str(raw.event.get("type")))
        if kind is None:
            raise _unreadable(body, f"this version of arbcore knows no event {raw.event.get('type')!r}")
        event = msgspec.convert(_restore_floats(inspect.type_info(kind), _lifted(raw, kind, upcasts)), kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unreadable(body, str(error)) from error
    return Envelope(raw.sequence, raw.time, raw.cause, raw.key, event)


def _lifted(raw: _Raw, kind: type[Event], upcasts: Mapping[tuple[str, int], Upcast]) -> dict[str, Any]:
    fields = lift(kind, raw.version, raw.event, upcasts)
    command = fields.get("command")
    return fields | {"command": lift_command(command, upcasts)} if isinstance(command, dict) else fields


def _restore_floats(kind: inspect.Type, value: Any) -> Any:
    match kind:
        case inspect.FloatType() if value is None:
            return math.nan
        case inspect.StructType(fields=fields) if isinstance(value, dict):
            restored = {
                field.encode_name: _restore_floats(field.type, value[field.encode_name])
                for field in fields
                if field.encode_name in value
            }
            return value | restored
        case inspect.VarTupleType(item_type=item) if isinstance(value, list):
            return [_restore_floats(item, each) for each in value]
    return value


def printable(value: Any) -> Any:
    """Return plain values with half surrogate pairs as escapes, which any store and encoder takes."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {printable(key): printable(each) for key, each in value.items()}
        case list() | tuple():
            return [printable(each) for each in value]
    return value


def _unreadable(body: bytes, why: str) -> JournalError:
    return JournalError(
        f"can't read the event {body[:120]!r}: {why}",
        "update arbcore if a newer version wrote this journal; else run `arb journal verify`",
    )
