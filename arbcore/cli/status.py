"""`arb status`: what a session is doing, or how it ended."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_output import note, print_json, print_table
from arbcore.cli._reading import Condition, read_session, session_options

if TYPE_CHECKING:
    from arbcore.cli._reading import SessionReading


@click.command
@session_options
def command(config_files: tuple[Path, ...], session: str | None, path: Path | None, as_json: bool) -> None:
    """Show what a session is doing, or how it ended: running, finished, or killed.

    PATH is the folder of a session or result, or a journal's file. Without it and --session it is the config's
    session, else the newest backtest that kept its journal. Exits with 4 where there is none.
    """
    from arbcore.cli._live_sections import RATE_COLUMNS, VENUE_COLUMNS
    from arbcore.cli._status import rate_rows, state_rows, status, venue_rows, work_rows

    reading = read_session(config_files, session, path)
    if as_json:
        print_json(status(reading))
        return
    print_table(("", ""), state_rows(reading), f"Session {reading.started.session}")
    if reading.fresh is not None:
        print_table(("venue", *VENUE_COLUMNS), venue_rows(reading.fresh))
        print_table(("rate", *RATE_COLUMNS), rate_rows(reading.fresh))
        print_table(("", ""), work_rows(reading.fresh))
    _advise(reading)


def _advise(reading: "SessionReading") -> None:
    if reading.condition is Condition.KILLED:
        where = Path(reading.location).parent
        note("its process ended without stopping it, and its lease is free; nothing that was stored is lost:")
        note(f"  arb journal verify {where}")
        note(f"  arb replay {where}")
    elif reading.condition is Condition.RUNNING and reading.fresh is None and reading.started.mode != "backtest":
        age = "are missing" if reading.stats_age_s is None else f"are {reading.stats_age_s:,.0f} s old"
        note(f"its statistics {age}: it is starting or ending, or it hangs; profit is what the journal tells")
