"""`arb leverage`: the leverage of a perpetual."""

import click

from arbcore.cli._giving import Giving, giving_options


@click.command
@click.argument("instrument")
@click.argument("leverage", type=click.IntRange(1))
@giving_options
def command(instrument: str, leverage: int, giving: Giving) -> None:
    """Have a venue set the LEVERAGE of a perpetual INSTRUMENT, such as: arb leverage binance:BTCUSDT 2."""
    from arbcore.model.command import SetLeverage

    giving.give(SetLeverage(instrument=instrument, leverage=leverage))
