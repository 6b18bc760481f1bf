"""`arb events`: what a session or backtest recorded."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_output import note, plain_values, print_json, print_table
from arbcore.cli._journal import find_journal, journal_options

if TYPE_CHECKING:
    from arbcore.cli._journal import JournalPlace
    from arbcore.ports.journal import Journal, StoredEvent

_TRADE = ("route", "notional", "entry_reason", "exit_reason")
"""What a line says of a trade, beside its id and its profit."""


@click.command
@journal_options
@click.option("--journal", "path", type=click.Path(path_type=Path), help="Folder or file of a journal instead.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only events of this type; may be repeated.")
@click.option("--since", type=click.IntRange(1), help="First sequence to show; default: the newest events.")
@click.option("--limit", type=click.IntRange(0), default=50, show_default=True, help="Most events; 0 for all.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what a running session stores, until it ends.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; with --follow one a line.")
def command(
    config_files: tuple[Path, ...],
    session: str | None,
    path: Path | None,
    types: tuple[str, ...],
    since: int | None,
    limit: int,
    follow: bool,
    as_json: bool,
) -> None:
    """Show what a session or backtest recorded: its newest events, or those from a sequence on.

    Without --session or --journal it is the config's session, else the newest backtest that kept its journal.
    """
    _check(types)
    place = find_journal(config_files, session, path)
    if follow:
        note(_follow(place, frozenset(types), since, limit, _json_line if as_json else _line))
        return

    def chosen(journal: "Journal") -> "tuple[str, list[StoredEvent]]":
        return journal.location(), _choose(journal, frozenset(types), since, limit)

    location, events = place.read(chosen)
    shown = [_shown(event) for event in events]
    if as_json:
        print_json({"schema_version": 1, "journal": location, "events": shown})
        return
    print_table(("sequence", "time", "type", "key", "event"), [_row(event) for event in shown])
    note(f"{len(shown)} events of {location}")


def _follow(
    place: "JournalPlace",
    types: frozenset[str],
    since: int | None,
    limit: int,
    line: Callable[[dict[str, object]], str],
) -> str:
    from arbcore.cli._follow import follow_events

    def follow(journal: "Journal") -> str:
        # From a sequence on nothing is left out: what comes would not join it.
        begin = _choose(journal, types, since, limit if since is None else 0)
        after = since - 1 if since else 0
        return follow_events(journal, types, begin, after, lambda event: click.echo(line(_shown(event))))

    return place.read(follow)


def _check(types: Iterable[str]) -> None:
    from arbcore.journal.codec import EVENT_TYPES
    from arbcore.settings import did_you_mean

    for name in types:
        if name not in EVENT_TYPES:
            raise click.BadParameter(f"no event is called {name}{did_you_mean(name, list(EVENT_TYPES))}")


def _choose(journal: "Journal", types: frozenset[str], since: int | None, limit: int) -> "list[StoredEvent]":
    if since is not None:
        return list(islice(_of_types(journal.read(since), types), limit or None))
    newest = journal.last()
    if newest is None:
        return []
    first = 1 if types or not limit else max(newest.sequence - limit + 1, 1)
    return list(deque(_of_types(journal.read(first), types), limit or None))


def _of_types(events: "Iterator[StoredEvent]", types: frozenset[str]) -> "Iterator[StoredEvent]":
    return (event for event in events if not types or event.type in types)


def _shown(event: "StoredEvent") -> dict[str, object]:
    """Return an event as plain values, in its type's present version; what is no event is shown as it lies."""
    from arbcore.errors import JournalError
    from arbcore.journal.codec import decode
    from arbcore.journal.text import iso

    try:
        fields = plain_values(decode(event.body))
    except JournalError:
        fields = {"sequence": event.sequence, "time": event.time, "key": event.key, "body": repr(event.body)}
    return {"at": iso(event.time), "type": event.type, **fields, "hash": event.hash.hex()}


def _row(shown: dict[str, object]) -> tuple[object, ...]:
    from msgspec import json

    event = shown.get("event", shown.get("body"))
    fields = _short(event) if isinstance(event, dict) else event
    # As JSON no terminal code in a venue's words acts.
    return shown["sequence"], shown["at"], shown["type"], shown["key"], json.encode(fields).decode()


def _line(shown: dict[str, object]) -> str:
    return "  ".join(str(cell) for cell in _row(shown) if cell != "")


def _json_line(shown: dict[str, object]) -> str:
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
