"""Write a stored sample of every event and command that has none: what old journals and control stores hold.

python -m tools.samples   writes the samples that are missing, and never changes one that is there
"""

import sys
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_type_hints

import msgspec
from msgspec import inspect

from arbcore.journal.codec import EVENT_TYPES, encode
from arbcore.journal.requests import encode_request
from arbcore.journal.upcast import COMMAND_TYPES
from arbcore.model.command import CommandRequest
from arbcore.model.events import Envelope

FOLDER: Final = Path(__file__).resolve().parents[1] / "tests" / "journal" / "samples"

_TIME: Final = 1_764_547_200_000_000_000


def wanted() -> dict[str, bytes]:
    """Return the present bytes of every type's sample by file name; only those that are missing are ever written."""
    events = {
        f"{name}.{kind.VERSION}.json": encode(Envelope(number, _TIME, number - 1, f"key-{number}", _struct(kind)))
        for number, (name, kind) in enumerate(EVENT_TYPES.items(), 1)
    }
    commands = {
        f"command-{name}.{kind.VERSION}.json": encode_request(
            CommandRequest(id=f"c{number}", command=_struct(kind), issued_by="ann", override="why", recv_ts=_TIME)
        )
        for number, (name, kind) in enumerate(COMMAND_TYPES.items(), 1)
    }
    return events | commands


def _struct(kind: type[msgspec.Struct]) -> Any:
    hints = get_type_hints(kind)
    return kind(
        **{name: _value(name, inspect.type_info(hints[name]), at) for at, name in enumerate(kind.__struct_fields__, 1)}
    )


def _value(name: str, kind: inspect.Type, number: int) -> Any:
    """Return a value that is hardly a default, and that differs between the fields of a structure."""
    match kind:
        case inspect.StructType(cls=cls):
            return _struct(cls)
        case inspect.VarTupleType(item_type=item):
            return (_value(name, item, number), _value(name, item, number + 1))
        case inspect.DictType(value_type=item):
            return {"b": _value(name, item, number), "a": _value(name, item, number + 1)}
        case inspect.UnionType(types=types):
            return _value(name, next(each for each in types if not isinstance(each, inspect.NoneType)), number)
        case inspect.EnumType(cls=cls) if issubclass(cls, Enum):
            return list(cls)[-1]
    plain = {
        inspect.StrType: f"{name}-{number}",
        inspect.BoolType: True,
        inspect.IntType: 1000 + number,
        inspect.FloatType: number + 0.25,
        inspect.DecimalType: Decimal(f"-{number}.{number}00"),
    }
    if type(kind) not in plain:
        raise TypeError(f"no sample for {name} of type {kind}; add one here")
    return plain[type(kind)]


def main() -> int:
    """Write what is missing."""
    FOLDER.mkdir(exist_ok=True)
    for name, body in wanted().items():
        path = FOLDER / name
        if not path.exists():
            path.write_bytes(body)
            print(f"wrote {path.name}: look at it, and commit it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
