"""`arb close`: one trade is closed."""

import click

from arbcore.cli._giving import Giving, giving_options, override_option, sure_option


@click.command
@click.argument("trade")
@override_option
@sure_option
@giving_options
def command(trade: str, giving: Giving) -> None:
    """Close one TRADE of a running session, whatever its state; `arb trades` lists them.

    The close is pursued until it is done: with wider limits each time, and after the attempts are spent with an alarm.
    """
    from arbcore.model.command import ClosePosition

    giving.confirm(f"close trade {trade} of session {giving.place.session}")
    giving.give(ClosePosition(trade=trade, reason=giving.override))
