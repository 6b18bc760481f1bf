"""`arb flatten`: every trade is closed."""

import click

from arbcore.cli._giving import Giving, giving_options, override_option, sure_option


@click.command
@click.option("--symbol", default="", help="Only trades of this symbol.")
@click.option("--strategy", default="", help="Only trades of this strategy.")
@override_option
@sure_option
@giving_options
def command(symbol: str, strategy: str, giving: Giving) -> None:
    """Close every trade of a running session, or of one symbol or strategy.

    Entries are not stopped by it: give `arb stop-entry` before, or `arb stop --flatten` to end the session with it.
    """
    from arbcore.model.command import Flatten

    what = " and ".join(text for text in (symbol, strategy and f"strategy {strategy}") if text)
    giving.confirm(f"close every trade{' of ' + what if what else ''} of session {giving.place.session}")
    giving.give(Flatten(symbol=symbol, strategy=strategy, reason=giving.override))
