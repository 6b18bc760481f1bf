"""`arb events`: what a session or backtest recorded."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arbcore.cli._event_lines import event_fields, event_json, event_line, event_row
from arbcore.cli._frame_output import note, print_json, print_table
from arbcore.cli._journal import find_journal, journal_options

if TYPE_CHECKING:
    from arbcore.cli._journal import JournalPlace
    from arbcore.ports.journal import Journal, StoredEvent


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
        note(_follow(place, frozenset(types), since, limit, event_json if as_json else event_line))
        return

    def chosen(journal: "Journal") -> "tuple[str, list[StoredEvent]]":
        return journal.location(), _choose(journal, frozenset(types), since, limit)

    location, events = place.read(chosen)
    shown = [event_fields(event) for event in events]
    if as_json:
        print_json({"schema_version": 1, "journal": location, "events": shown})
        return
    print_table(("sequence", "time", "type", "key", "event"), [event_row(event) for event in shown])
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
        return follow_events(journal, types, begin, after, lambda event: click.echo(line(event_fields(event))))

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
