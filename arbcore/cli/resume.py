"""`arb resume`: a session trades again."""

import click

from arbcore.cli._giving import Giving, giving_options


@click.command
@giving_options
def command(giving: Giving) -> None:
    """Let a session trade again that was paused, halted, or told to open nothing."""
    from arbcore.model.command import ResumeEngine

    giving.give(ResumeEngine())
