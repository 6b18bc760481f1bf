"""Upcasting: what an older version wrote is lifted to the present fields when it is read, and only then.

Stored bytes stay as they are, so that the chain over them holds. A step is a pure function from the fields of one
version, as plain JSON values, to those of the next; reading goes through as many steps as it takes.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from arbcore.errors import JournalError
from arbcore.model.command import AnyCommand, Command
from arbcore.model.events import Event

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the fields of one version of an event or command, as plain JSON values, into those of the next."""

UPCASTS: Final[Mapping[tuple[str, int], Upcast]] = {}
"""By type and the version that it starts from. All events and commands are at their first version."""

_DIGITS: Final = 9

COMMAND_TYPES: Final[Mapping[str, type[Command]]] = {kind.__name__: kind for kind in get_args(AnyCommand)}
"""Every command, by its name."""


def tag(kind: type[Command]) -> str:
    """Return the tag that a command must have: its name, from version 2 on with the version."""
    return kind.__name__ if kind.VERSION == 1 else f"{kind.__name__}@{kind.VERSION}"


def lift(
    kind: type[Event | Command], version: int, fields: dict[str, Any], upcasts: Mapping[tuple[str, int], Upcast]
) -> dict[str, Any]:
    """Return fields of the present version of a type.

    Args:
        kind: The type.
        version: Version in which the fields were written.
        fields: The fields, as plain JSON values; they are not changed.
        upcasts: The steps.

    Raises:
        JournalError: The version is newer than the type's, or a step is missing.
    """
    name = kind.__name__
    if version > kind.VERSION:
        raise JournalError(
            f"{name} of version {version} was written by a newer arbcore; this one reads {name} up to version "
            f"{kind.VERSION}",
            "nothing is wrong with what is stored: read it with an arbcore at least as new as the one that wrote it",
        )
    for start in range(version, kind.VERSION):
        step = upcasts.get((name, start))
        if step is None:
            raise JournalError(
                f"{name} of version {start} can't be lifted to version {start + 1}: this arbcore has no step for it",
                "no released arbcore wrote that version; run `arb journal verify`",
            )
        fields = {**step(dict(fields)), "type": fields.get("type")}
    return fields


def lift_command(fields: dict[str, Any], upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS) -> dict[str, Any]:
    """Return a stored command's fields in the present version of its type, under its present tag.

    Args:
        fields: The fields with their tag, as plain JSON values; they are not changed.
        upcasts: The steps.

    Raises:
        JournalError: No such command is known, or it can't be lifted.
    """
    name, _, version = str(fields.get("type")).partition("@")
    kind = COMMAND_TYPES.get(name)
    if kind is None or not (version.isdecimal() or not version) or len(version) > _DIGITS:
        raise JournalError(
            f"this version of arbcore knows no command {fields.get('type')!r}",
            "update arbcore if a newer version, or a process that runs one, gave it",
        )
    return lift(kind, int(version or 1), fields, upcasts) | {"type": tag(kind)}
