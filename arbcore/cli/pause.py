"""`arb pause`: a session opens and closes nothing by itself."""

import click

from arbcore.cli._giving import Giving, giving_options


@click.command
@giving_options
def command(giving: Giving) -> None:
    """Pause a running session: its strategies open and close nothing. Repairs and what is done by hand go on."""
    from arbcore.model.command import PauseEngine

    giving.give(PauseEngine())
