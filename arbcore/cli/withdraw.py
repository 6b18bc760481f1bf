"""`arb withdraw`: money leaves a venue."""

from decimal import Decimal

import click

from arbcore.cli._amount import Amount
from arbcore.cli._giving import Giving, giving_options, sure_option


@click.command
@click.argument("venue")
@click.argument("amount", type=Amount())
@click.argument("currency")
@click.option("--network", required=True, help="Network, by the venue's own word.")
@click.option("--address", required=True, help="Address that the account has registered with the venue.")
@sure_option
@giving_options
def command(venue: str, amount: Decimal, currency: str, network: str, address: str, giving: Giving) -> None:
    """Withdraw an AMOUNT of a CURRENCY from a VENUE to a registered address.

    Where nothing settles what became of it, it is looked for in the venue's history and never made again.
    """
    from arbcore.model.command import Withdraw

    giving.confirm(f"withdraw {amount} {currency} from {venue} over {network} to {address}")
    giving.give(
        Withdraw(
            withdraw_id=giving.name, venue=venue, currency=currency, network=network, amount=amount, address=address
        )
    )
