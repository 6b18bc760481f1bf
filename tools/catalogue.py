"""Write docs/events.md from the types of `arbcore.model.events` and `arbcore.model.command`.

python -m tools.catalogue           writes the page
python -m tools.catalogue --check   tells whether it is up to date, and writes nothing
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from inspect import cleandoc, getdoc, getsource
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Final, get_args, get_type_hints

import msgspec

from arbcore.model import command
from arbcore.model.command import AnyCommand, Command
from arbcore.model.drift import CauseClass
from arbcore.model.events import AnyEvent, Event, audit, engine, money, orders

ROOT = Path(__file__).resolve().parents[1]
PAGE: Final = Path("docs/events.md")

Kind = type[Event] | type[Command]

_SHARED: Final = {
    "command": "The command.",
    "command_id": "Id of the command.",
    "issued_by": "Who gave it: a user name, or a surface such as `cli`.",
    "override": "Reason typed where a rule is overridden.",
    "reason": "Why: a [reason code](reasons.md), or words of who gave it.",
    "detail": "The same in words, where there are any.",
    "source": "Who led to it: `operator`, a tier, or what happened.",
    "rule": "Reason code of the rule.",
    "verdict": "What it did, as in RiskGuardRejected.",
    "tier": "Instance id of the tier.",
    "version": "Version of the config: the number of its draft.",
    "changes": "New value by key, both as text.",
    "before": "State before.",
    "after": "State from now on.",
    "state": "State from now on.",
    "name": "Name of the rate.",
    "usable": "Whether an entry may use it.",
    "venue": "Exchange instance id.",
    "connection": "Name of the connection, unique within the venue.",
    "attempts": "Attempts that it took.",
    "outage_ns": "How long no data came, in nanoseconds.",
    "subject": "What is set aside: an order, coins, or a position.",
    "outcome": "How that was cleared.",
    "client_order_id": "Our id of the order.",
    "venue_order_id": "The venue's id of the order.",
    "venue_time": "Venue time.",
    "filled": "Quantity that has filled.",
    "trade": "The trade, or its id.",
    "order": "The order as it will be sent.",
    "instrument": "Key of the instrument.",
    "leverage": "Leverage from now on.",
    "strategy": "Instance id of the strategy.",
    "symbol": "Symbol, such as `BTC`.",
    "preset": "Name of the preset.",
    "flatten": "Whether open trades are closed first.",
    "currency": "Currency code.",
    "amount": "Amount, fees aside.",
    "network": "The venue's id of the network.",
    "address": "Address, registered with the venue.",
    "deposit_tx_id": "Id on the network, or the venue's id where there is none.",
    "transfer_id": "Our id of the transfer.",
    "withdraw_id": "Our id of the withdrawal.",
    "withdraw_tx_id": "Id on the network, or the venue's id where there is none.",
    "target": "Wallet that it reaches, by the venue's own word.",
}
"""Meaning of fields that say the same in every type; a type's own docstring comes first."""

_WALLET: Final = "Wallet that it leaves, by the venue's own word."

_INTRODUCTION: Final = """\
# Events and commands

Every event that a journal may hold, and every command that a session takes, with the fields as they are stored
([the journal](journal.md) shows the bytes). Amounts are text and keep every digit; times are UTC nanoseconds; a field
with a default was perhaps added later, and then its absence means the default.

A type's **version** rises where a field goes, or changes its name, type, unit or meaning; old events and commands are
lifted to the present version when they are read. **Key** is what the envelope of an event carries, by which it is found
and known again.

This page is made from `arbcore/model/events/` and `arbcore/model/command.py` by `python -m tools.catalogue`; a test
holds it to the code.
"""

_CHAPTERS: Final[tuple[tuple[str, ModuleType], ...]] = (
    ("Events of the engine", engine),
    ("Events of orders, intents and trades", orders),
    ("Events of money", money),
    ("Events of audit and connections", audit),
)


def page() -> str:
    """Return the text of the page."""
    kinds: tuple[Kind, ...] = get_args(AnyEvent)
    parts = [_INTRODUCTION, _overview(kinds, get_args(AnyCommand))]
    for title, module in _CHAPTERS:
        parts += [f"## {title}\n", *map(_entry, _of(module, kinds))]
    parts += [f"## Classes of drift\n\n| class | likely cause |\n|---|---|\n{''.join(_classes())}"]
    parts += ["## Commands\n", *map(_entry, _of(command, get_args(AnyCommand)))]
    return "\n".join(parts)


def _overview(events: Sequence[Kind], commands: Sequence[Kind]) -> str:
    listed = ", ".join(f"[{kind.__name__}](#{kind.__name__.lower()})" for kind in events)
    given = ", ".join(f"[{kind.__name__}]({_anchor(kind)})" for kind in commands)
    return f"{len(events)} events: {listed}.\n\n{len(commands)} commands: {given}.\n"


def _of(module: ModuleType, kinds: Iterable[Kind]) -> list[Kind]:
    """Return the types of a module, in the order of its source."""
    order = [node.name for node in ast.parse(getsource(module)).body if isinstance(node, ast.ClassDef)]
    return sorted((kind for kind in kinds if kind.__module__ == module.__name__), key=lambda k: order.index(k.__name__))


def _anchor(kind: Kind) -> str:
    return f"#{_title(kind).replace('`', '').replace(' ', '-').lower()}"


def _title(kind: Kind) -> str:
    return f"`{kind.__name__}`" if issubclass(kind, Event) else f"Command `{kind.__name__}`"


def _entry(kind: Kind) -> str:
    text, _, attributes = (getdoc(kind) or "").partition("\n\nAttributes:\n")
    facts = f"Version {kind.VERSION}." + (f" Key: {kind.KEY}." if issubclass(kind, Event) and kind.KEY else "")
    return f"### {_title(kind)}\n\n{_plain(text)}\n\n{facts}\n\n{_fields(kind, _meanings(attributes))}"


def _fields(kind: Kind, meanings: dict[str, str]) -> str:
    fields = msgspec.structs.fields(kind)
    if not fields:
        return "No fields.\n"
    hints = get_type_hints(kind)
    shared = _SHARED | {"source": _WALLET} if "target" in hints else _SHARED
    meanings = shared | meanings
    if missing := [field.name for field in fields if field.name not in meanings]:
        raise ValueError(f"{kind.__name__}: its docstring says nothing of {', '.join(missing)}")
    rows = "".join(
        f"| `{field.name}` | {_type(hints[field.name])} | {_default(field)} | {meanings[field.name]} |\n"
        for field in fields
    )
    return f"| field | type | default | meaning |\n|---|---|---|---|\n{rows}"


def _meanings(attributes: str) -> dict[str, str]:
    """Return what a docstring says of each field, in one line."""
    found = re.findall(r"^(\w+): (.*?)(?=^\w+: |\Z)", cleandoc(attributes), re.MULTILINE | re.DOTALL)
    return {name: _plain(" ".join(text.split())) for name, text in found}


def _plain(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _type(hint: object) -> str:
    if hint == AnyCommand:
        return "a command"
    name = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    short = re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Z])", "", name).replace("|", "\\|")
    if isinstance(hint, type) and issubclass(hint, Enum):
        short += ": " + ", ".join(f"`{member.value}`" for member in hint)
    return short


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return ""
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return f"`{value.value if isinstance(value, Enum) else value!r}`"


def _classes() -> Iterator[str]:
    body = next(node.body for node in ast.parse(getsource(CauseClass)).body if isinstance(node, ast.ClassDef))
    for node, after in pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(after, ast.Expr):
            yield f"| `{ast.literal_eval(node.value)}` | {' '.join(str(ast.literal_eval(after.value)).split())} |\n"


def main(arguments: list[str]) -> int:
    """Write the page, or tell whether it is up to date."""
    text, target = page(), ROOT / PAGE
    stale = not target.exists() or target.read_text("utf-8") != text
    if stale and "--check" in arguments:
        print(f"{PAGE} is out of date: run python -m tools.catalogue")
        return 1
    if stale:
        target.write_text(text, "utf-8")
        print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
