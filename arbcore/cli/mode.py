"""`arb mode`: the state of a session's engine."""

import click

from arbcore.cli._giving import Giving, giving_options


@click.command
@click.argument("state", type=click.Choice(["running", "reducing", "paused", "halted"], case_sensitive=False))
@click.option("--reason", default="", help="Why, for the journal.")
@giving_options
def command(state: str, reason: str, giving: Giving) -> None:
    """Move a running session to a STATE. It never turns paper into live.

    running lets everything through; reducing opens nothing new; paused leaves exits to you, too; in halted what you
    do by hand is recorded as an override.
    """
    from arbcore.model.command import SetEngineMode
    from arbcore.model.state import EngineState

    giving.give(SetEngineMode(state=EngineState(state.upper()), reason=reason))
