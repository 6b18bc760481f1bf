"""`arb drill`: rehearse on an exchange what a session will need."""

import sys
from contextlib import redirect_stdout
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from arbcore.cli._frame_config import Selection
from arbcore.cli._frame_output import note, print_json
from arbcore.errors import ArbcoreError, SafetyError

if TYPE_CHECKING:
    from arbcore.config import Config
    from arbcore.drill import DrillReport, DrillWish, Outcome
    from arbcore.model.treasury import TransferRequest

_COLOURS: Final = {"passed": "green", "skipped": "yellow", "failed": "bold red"}
FAILED: Final = 1
"""Exit code where a scenario failed, or something is left behind."""


class Transfer(click.ParamType["TransferRequest"]):
    """A transfer as ``FROM:TO:CURRENCY:AMOUNT``."""

    name = "transfer"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> "TransferRequest":
        """Return the transfer."""
        from arbcore.model.treasury import TransferRequest

        try:
            source, target, currency, amount = str(value).split(":")
            moved = Decimal(amount)
        except (ValueError, InvalidOperation):
            self.fail(f"{value!r} is not FROM:TO:CURRENCY:AMOUNT", param, ctx)
        if not moved.is_finite() or moved <= 0:
            self.fail(f"{amount!r} is not an amount above 0", param, ctx)
        return TransferRequest(transfer_id="", source=source, target=target, currency=currency, amount=moved)


@click.group(name="drill")
def command() -> None:
    """Rehearse on an exchange what a session will need."""


@command.command("venue")
@click.argument("exchange")
@click.option(
    "-c", "--config", "files", multiple=True, type=click.Path(path_type=Path), help="Config file; later ones win."
)
@click.option("--set", "assigned", multiple=True, metavar="KEY=VALUE", help="Set a value, such as risk.a.b=1.")
@click.option(
    "--suite",
    type=click.Choice(["standard", "reading"]),
    metavar="NAME",
    default="standard",
    show_default=True,
    help="standard: all sixteen; reading: those that send no order.",
)
@click.option("--symbol", default="", help="Instrument; default: the first that routes trade there.")
@click.option("--transfer", type=Transfer(), metavar="FROM:TO:CURRENCY:AMOUNT", help="Transfer to make and to reverse.")
@click.option(
    "--report", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write a page of Markdown to this file."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--yes", is_flag=True, help="Send orders to a testnet without asking.")
@click.option("--live", is_flag=True, help="Second consent to real orders; the config must consent, too.")
@click.option("--yes-production", "consent", metavar="EXCHANGE", default="", help="Third: the exchange's id again.")
@click.pass_context
def drill_venue(
    context: click.Context,
    *,
    exchange: str,
    files: tuple[Path, ...],
    assigned: tuple[str, ...],
    suite: str,
    symbol: str,
    transfer: "TransferRequest | None",
    page: Path | None,
    as_json: bool,
    yes: bool,
    live: bool,
    consent: str,
) -> None:
    """Play sixteen numbered scenarios on the account of an exchange, with the smallest orders that it takes.

    EXCHANGE is its id in the config. Whatever happens, orders are cancelled and positions closed afterwards. Money
    never leaves the account. Exits with 1 where a scenario fails.
    """
    import anyio

    from arbcore.drill import DrillWish, run_drill
    from arbcore.drill.report import markdown

    wish = DrillWish(exchange=exchange, suite=suite, instrument=symbol, transfer=transfer, consent=consent, tell=_tell)
    with redirect_stdout(sys.stderr):
        config, plugins = Selection(files=files, assigned=assigned).open("live" if live else None)
        _ask(config, wish, yes=yes)
        report = anyio.run(partial(run_drill, config, plugins, wish))
    if page is not None:
        _keep(page, markdown(report))
    if as_json:
        print_json({"schema_version": 1, "ok": report.ok, **_built(report)})
    else:
        _print(report)
    context.exit(0 if report.ok else FAILED)


def _ask(config: "Config", wish: "DrillWish", *, yes: bool) -> None:
    """Ask before orders go to a testnet; production has consents of its own.

    Raises:
        SafetyError: The answer is no, or nobody is there to give it.
    """
    if config.session.environment != "testnet" or yes or wish.suite == "reading":
        return
    if not sys.stdin.isatty() or not click.confirm(f"Send orders to the testnet of {wish.exchange}?", err=True):
        raise SafetyError("nothing was sent: orders to a testnet want a yes", "answer it, or give --yes")


def _tell(outcome: "Outcome") -> None:
    note(f"{outcome.number:>2} {outcome.name}: {outcome.status} ({outcome.seconds:.1f} s)")


def _keep(page: Path, text: str) -> None:
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArbcoreError(f"{page}: {error.strerror or error}", "name a file that can be written") from None
    note(f"report: {page}")


def _built(report: "DrillReport") -> dict[str, Any]:
    from msgspec import to_builtins

    built: dict[str, Any] = to_builtins(report)
    return built


def _print(report: "DrillReport") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from arbcore.drill.report import summary

    title = f"{report.exchange} ({report.plugin}, {report.environment}), {report.instrument}"
    table = Table(title=title, title_justify="left", header_style="bold", pad_edge=False)
    for column in ("#", "scenario", "result", "s"):
        table.add_column(column, no_wrap=True, justify="right" if column in "#s" else "left")
    table.add_column("seen", overflow="fold")
    for each in report.outcomes:
        status = Text(each.status, _COLOURS[each.status])
        table.add_row(str(each.number), each.name, status, f"{each.seconds:.1f}", Text(each.seen))
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(table)
    for text in report.left:
        console.print(Text(f"left behind: {text}", "bold red"))
    console.print(summary(report))
