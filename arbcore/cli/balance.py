"""`arb balance`: the money of a session, venue by venue."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_output import note, print_json, print_table
from arbcore.cli._reading import read_session, session_options
from arbcore.cli._words import harmless
from arbcore.journal.text import iso
from arbcore.model.money import format_money, multiply, plain, quantise_rate, total

if TYPE_CHECKING:
    from arbcore.cli._reading import SessionReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """An amount at a venue.

    Attributes:
        venue: Exchange instance id.
        currency: Code of the currency.
        amount: Exact amount.
        value: Its worth in base currency, None where no present rate tells.
        rate: Name, source and age of the rate, empty where none was needed or none is there.
    """

    venue: str
    currency: str
    amount: Decimal
    value: Decimal | None
    rate: str


@click.command
@session_options
def command(config_files: tuple[Path, ...], session: str | None, path: Path | None, as_json: bool) -> None:
    """Show the balances of a session. While it runs they are converted, too, and the rates are named.

    PATH is the folder of a session or result, or a journal's file. Without it and --session it is the config's
    session, else the newest backtest that kept its journal.
    """
    reading = read_session(config_files, session, path)
    base, balances = reading.started.base_currency, sorted(reading.projections.balances.items())
    found = [_holding(reading, venue, currency, amount) for (venue, currency), amount in balances]
    values = [each.value for each in found if each.value is not None]
    together = total(values) if len(values) == len(found) else None
    if as_json:
        told = {"condition": reading.condition, "time": iso(reading.projections.time), "base_currency": base}
        print_json(
            {"schema_version": 1, "session": reading.started.session, **told, "balances": found, "total": together}
        )
        return
    rows = [
        (each.venue, harmless(each.currency), plain(each.amount), _money(each.value, base), each.rate or "-")
        for each in found
    ]
    print_table(("venue", "currency", "amount", f"in {base}", "rate"), rows)
    if together is not None:
        note(f"together {format_money(together, base)}, open positions not counted")
    note(f"{len(rows)} balances of {reading.started.session} ({reading.condition}), {reading.location}")


def _holding(reading: "SessionReading", venue: str, currency: str, amount: Decimal) -> Holding:
    base = reading.started.base_currency
    if currency == base:
        return Holding(venue=venue, currency=currency, amount=amount, value=amount, rate="")
    for name, rate in (reading.fresh.rates if reading.fresh else {}).items():
        if rate.rate is not None and rate.usable and set(name.upper().split("_")) == {currency, base}:
            told = f"{name} of {harmless(rate.source)}, {rate.age_s or 0:.1f} s old"
            value = multiply(amount, quantise_rate(rate.rate))
            return Holding(venue=venue, currency=currency, amount=amount, value=value, rate=told)
    return Holding(venue=venue, currency=currency, amount=amount, value=None, rate="")


def _money(value: Decimal | None, code: str) -> str:
    return "-" if value is None else format_money(value, code)
