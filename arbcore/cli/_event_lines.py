"""Events as people and programs get to see them on the command line."""

from typing import TYPE_CHECKING

from arbcore.cli._frame_output import plain_values

if TYPE_CHECKING:
    from arbcore.ports.journal import StoredEvent

_TRADE = ("route", "notional", "entry_reason", "exit_reason")
"""What a line says of a trade, beside its id and its profit."""


def event_fields(event: "StoredEvent") -> dict[str, object]:
    """Return an event as plain values, in its type's present version; what is no event is shown as it lies."""
    from arbcore.errors import JournalError
    from arbcore.journal.codec import decode
    from arbcore.journal.text import iso

    try:
        fields = plain_values(decode(event.body))
    except JournalError:
        fields = {"sequence": event.sequence, "time": event.time, "key": event.key, "body": repr(event.body)}
    return {"at": iso(event.time), "type": event.type, **fields, "hash": event.hash.hex()}


def event_row(shown: dict[str, object]) -> tuple[object, ...]:
    """Return the cells of an event: sequence, time, type, key, fields."""
    from msgspec import json

    event = shown.get("event", shown.get("body"))
    fields = _short(event) if isinstance(event, dict) else event
    # As JSON no terminal code in a venue's words acts.
    return shown["sequence"], shown["at"], shown["type"], shown["key"], json.encode(fields).decode()


def event_line(shown: dict[str, object]) -> str:
    """Return an event as one line."""
    return "  ".join(str(cell) for cell in event_row(shown) if cell != "")


def event_json(shown: dict[str, object]) -> str:
    """Return an event as one line of JSON."""
    from msgspec import json

    return json.encode(shown).decode()


def _short(event: dict[str, object]) -> dict[str, object]:
    """Return the fields of an event for a line; of a whole trade what tells it apart and what it earned."""
    fields = {name: value for name, value in event.items() if name != "type"}
    trade = fields.get("trade")
    if not isinstance(trade, dict):
        return fields
    told = {name: trade[name] for name in _TRADE if trade[name]}
    earned = {part: amount for part, amount in trade["pnl"].items() if amount != "0"}
    return fields | {"trade": trade["id"], **told} | ({"pnl": earned} if earned else {})
