"""`arb order`: orders by hand."""

from decimal import Decimal

import click

from arbcore.cli._amount import Amount
from arbcore.cli._giving import Giving, giving_options, override_option, sure_option


@click.group
def command() -> None:
    """Place and cancel orders by hand in a running session."""


@command.command
@click.argument("instrument")
@click.argument("side", type=click.Choice(["buy", "sell"], case_sensitive=False))
@click.argument("quantity", type=Amount())
@click.argument("price", type=Amount())
@click.option(
    "--life",
    type=click.Choice(["ioc", "fok", "gtc", "post_only"]),
    default="ioc",
    show_default=True,
    help="How long it lives.",
)
@click.option("--reduce-only", is_flag=True, help="It may only shrink the position of a perpetual.")
@override_option
@sure_option
@giving_options
def place(
    instrument: str, side: str, quantity: Decimal, price: Decimal, life: str, reduce_only: bool, giving: Giving
) -> None:
    """Place a limit order through the risk chain, such as: arb order place binance:BTCUSDT sell 0.01 65000.

    It becomes a trade of one leg, which `arb trades` shows and `arb close` closes. Its id at the venue is ae- and the
    command's.
    """
    from arbcore.model.command import PlaceOrder
    from arbcore.model.order import OrderRequest, Side, TimeInForce

    giving.confirm(f"{side} {quantity} {instrument} at {price} in session {giving.place.session}")
    order = OrderRequest(
        client_order_id=f"ae-{giving.name}",
        instrument=instrument,
        side=Side(side.lower()),
        quantity=quantity,
        price=price,
        time_in_force=TimeInForce(life),
        reduce_only=reduce_only,
    )
    giving.give(PlaceOrder(venue=instrument.partition(":")[0], order=order))


@command.command
@click.argument("venue", required=False)
@click.argument("order", required=False)
@click.option("--all", "every", is_flag=True, help="Cancel every order of the session.")
@giving_options
def cancel(venue: str | None, order: str | None, every: bool, giving: Giving) -> None:
    """Cancel one ORDER at a VENUE by its client order id, or all orders of a running session."""
    from arbcore.model.command import CancelAll, CancelOrder

    if every is (venue is not None or order is not None) or (not every and order is None):
        raise click.UsageError("name a venue and an order, or give --all")
    giving.give(CancelAll() if every else CancelOrder(venue=venue or "", client_order_id=order or ""))
