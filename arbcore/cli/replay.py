"""`arb replay`: run a recorded session again, and compare every decision with its journal."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_output import note, print_json, print_table
from arbcore.cli._journal import NothingThere, find_journal, journal_options

if TYPE_CHECKING:
    from arbcore.ports.journal import Journal
    from arbcore.replay import Difference, ReplayResult

DIFFERS = 1
"""Exit code where the replay decided otherwise."""


@click.command
@click.argument("path", required=False, type=click.Path(path_type=Path))
@journal_options
@click.option("--changed-code", is_flag=True, help="Replay although code or plugins are not what the session ran.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    context: click.Context,
    config_files: tuple[Path, ...],
    session: str | None,
    path: Path | None,
    changed_code: bool,
    as_json: bool,
) -> None:
    """Run a recorded session again and compare every event, byte for byte, with what its journal holds.

    PATH is the folder of a session; without it and --session it is the config's. The session's own config counts,
    as it was when it ran. Exits with 1 and shows the first decision that differs, or says up to where a session can be
    compared that was gone on with, or that sent real orders.
    """
    from arbcore.cli._frame_config import Selection, open_config
    from arbcore.replay import replay_session
    from arbcore.runtime.folder import SessionFolder

    place = find_journal(config_files, session, path)
    folder = SessionFolder(place.location if place.location.is_dir() else place.location.parent)
    if not folder.config.exists():
        raise NothingThere(
            f"{folder.path} is not the folder of a session that ran",
            "name one below sessions/; a backtest is repeated with `arb backtest`",
        )
    raw = Selection((folder.config,)).load(folder=place.project)
    config, plugins = open_config(raw, say=False)

    def compare(journal: "Journal") -> "ReplayResult":
        return replay_session(config, plugins, folder, journal, changed_code=changed_code)

    result = place.read(compare)
    if as_json:
        print_json(result)
    else:
        _print(result)
    if not result.identical:
        context.exit(DIFFERS)


def _print(result: "ReplayResult") -> None:
    rows = [
        ("session", result.session),
        ("events", f"{result.compared:,} of {result.events:,} made again, byte for byte"),
        ("outcome", _outcome(result)),
    ]
    print_table(("replay", ""), rows)
    for line in (*result.notes, *(f"changed: {line}" for line in result.changed)):
        note(line)
    if result.difference is not None:
        _print_difference(result.difference)


def _outcome(result: "ReplayResult") -> str:
    if result.identical:
        return "identical"
    return "differs" if result.difference is not None else "equal as far as it can be compared"


def _print_difference(difference: "Difference") -> None:
    from arbcore.journal.text import iso

    stored = difference.stored_type or "nothing more"
    note(f"event {difference.sequence} at {iso(difference.time)}: stored {stored}, made {difference.made_type}")
    rows = [(name, before, after) for name, (before, after) in difference.fields.items()]
    print_table(("field", "stored", "made"), rows, "First difference")
