"""`arb stop`: a session ends."""

import click

from arbcore.cli._giving import Giving, giving_options, sure_option


@click.command
@click.option("--flatten", is_flag=True, help="Close every trade first.")
@sure_option
@giving_options
def command(flatten: bool, giving: Giving) -> None:
    """End a running session in good order, as Ctrl-C in its terminal does. Open trades stay open without --flatten.

    With --flatten it opens nothing any more, closes every trade, and ends once the last one is closed.
    """
    from arbcore.model.command import StopSession

    if flatten:
        giving.confirm(f"close every trade of session {giving.place.session} and end it")
    giving.give(StopSession(flatten=flatten))
