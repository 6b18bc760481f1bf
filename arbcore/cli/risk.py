"""`arb risk`: what risk tiers allow, and what is used of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_output import note, print_json, print_table
from arbcore.cli._journal import find_journal
from arbcore.cli._reading import Condition, read_session, session_options

if TYPE_CHECKING:
    from arbcore.cli._reading import SessionReading
    from arbcore.cli._risk import RiskStory
    from arbcore.ports.journal import Journal


@click.group(name="risk")
def command() -> None:
    """Show what risk tiers allow."""


@command.command("show")
@session_options
def show(config_files: tuple[Path, ...], session: str | None, path: Path | None, as_json: bool) -> None:
    """Show risk tiers in order: what they block, their limits and what is used of each, and orders exempt from them.

    PATH is the folder of a session or result, or a journal's file. Without it and --session it is the config's
    session. What is used of a limit is known while the session runs.
    """
    from arbcore.cli._risk import exempt_rows, limit_rows, risk, tier_rows

    reading = read_session(config_files, session, path)
    story = find_journal(config_files, session, path).read(_story)
    if as_json:
        print_json(risk(reading, story))
        return
    title = f"Session {reading.started.session} ({reading.condition}), engine {reading.projections.state}"
    print_table(("tier", "now", "last verdict on the session", "refused"), tier_rows(reading, story), title)
    print_table(("tier", "limit", "at", "used"), limit_rows(reading))
    if rows := exempt_rows(reading, story):
        print_table(("exempt order", "of", "side", "quantity", "instrument"), rows)
    _explain(reading, story)


def _explain(reading: "SessionReading", story: "RiskStory") -> None:
    for _, event in story.overrides:
        note(f"{event.rule} was overridden by {event.issued_by}: {event.reason or 'no reason given'}")
    if reading.condition is not Condition.RUNNING:
        note("what is used of limits is known of a running session only")
    elif reading.fresh is None:
        note("its statistics are missing or old: it is starting or ending, or it hangs")


def _story(journal: "Journal") -> "RiskStory":
    from arbcore.cli._risk import RiskStory
    from arbcore.journal.codec import decode

    story = RiskStory()
    for event in journal.read():
        story.add(decode(event.body))
    return story
