"""`arb transfer`: money between two wallets of a venue."""

from decimal import Decimal

import click

from arbcore.cli._amount import Amount
from arbcore.cli._giving import Giving, giving_options, sure_option


@click.command
@click.argument("venue")
@click.argument("source")
@click.argument("target")
@click.argument("amount", type=Amount())
@click.argument("currency")
@sure_option
@giving_options
def command(venue: str, source: str, target: str, amount: Decimal, currency: str, giving: Giving) -> None:
    """Move an AMOUNT of a CURRENCY from the SOURCE wallet of a VENUE to the TARGET wallet, by the venue's own words.

    Where nothing settles what became of it, it is looked for in the venue's history and never made again.
    """
    from arbcore.model.command import InternalTransfer

    giving.confirm(f"move {amount} {currency} from {source} to {target} on {venue}")
    giving.give(
        InternalTransfer(
            transfer_id=giving.name, venue=venue, source=source, target=target, currency=currency, amount=amount
        )
    )
