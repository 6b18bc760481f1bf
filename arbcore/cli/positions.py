"""`arb positions`: what a session holds."""

from decimal import Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from arbcore.cli._frame_output import note, print_json, print_table
from arbcore.cli._reading import read_session, session_options
from arbcore.cli._words import harmless
from arbcore.journal.text import iso
from arbcore.model.money import plain, subtract, total

if TYPE_CHECKING:
    from arbcore.cli._reading import SessionReading
    from arbcore.model.trade import TradeLeg

_DISPLAY: Final = Context(prec=12)


@click.command
@session_options
def command(config_files: tuple[Path, ...], session: str | None, path: Path | None, as_json: bool) -> None:
    """Show the net positions of a session, with the open trades that hold them and their mean entry price.

    PATH is the folder of a session or result, or a journal's file. Without it and --session it is the config's
    session, else the newest backtest that kept its journal.
    """
    reading = read_session(config_files, session, path)
    found = [_position(reading, key, amount) for key, amount in sorted(reading.projections.positions.items()) if amount]
    if as_json:
        told = {"condition": reading.condition, "time": iso(reading.projections.time), "positions": found}
        print_json({"schema_version": 1, "session": reading.started.session, **told})
        return
    rows = [
        (harmless(each["instrument"]), plain(each["quantity"]), _price(each["entry_price"]), ", ".join(each["trades"]))
        for each in found
    ]
    print_table(("instrument", "quantity", "entry price", "open trades"), rows)
    note(f"{len(rows)} positions of {reading.started.session} ({reading.condition}), {reading.location}")


def _position(reading: "SessionReading", instrument: str, amount: Decimal) -> dict[str, Any]:
    holding = {
        trade.id: leg
        for trade in reading.open_trades()
        for leg in trade.legs
        if leg.instrument == instrument and leg.quantity
    }
    owned = subtract(amount, total(leg.quantity for leg in holding.values()))
    return {
        "instrument": instrument,
        "quantity": amount,
        "entry_price": _mean([leg for leg in holding.values() if (leg.quantity > 0) == (amount > 0)]),
        "trades": list(holding),
        "outside_trades": owned,
    }


def _mean(legs: "list[TradeLeg]") -> Decimal | None:
    """Return the mean price at which legs were entered, in the quote currency; None where no trade holds them."""
    entries = [(leg.bought, leg.bought_value) if leg.quantity > 0 else (leg.sold, leg.sold_value) for leg in legs]
    quantity, value = (total(each[index] for each in entries) for index in (0, 1))
    return _DISPLAY.divide(value, quantity) if quantity else None


def _price(price: Decimal | None) -> str:
    return "-" if price is None else plain(price)
