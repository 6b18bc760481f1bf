"""`arb stop-entry`: a session opens nothing new."""

import click

from arbcore.cli._giving import Giving, giving_options


@click.command
@giving_options
def command(giving: Giving) -> None:
    """Open nothing new in a running session. Exits, repairs and everything else go on."""
    from arbcore.model.command import StopEntry

    giving.give(StopEntry())
