"""`arb doctor`: check config, keys, accounts and machine, and say what to do."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from arbcore.cli._frame_config import Selection
from arbcore.cli._frame_output import print_json
from arbcore.errors import ArbcoreError, ConfigurationError

if TYPE_CHECKING:
    from arbcore.doctor import Row

_COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "bold red"}
FAILED: Final = 1
"""Exit code where a check failed."""


@click.command
@click.option(
    "-c", "--config", "files", multiple=True, type=click.Path(path_type=Path), help="Config file; later ones win."
)
@click.option("--set", "assigned", multiple=True, metavar="KEY=VALUE", help="Set a value, such as risk.a.b=1.")
@click.option("--exchange", "exchanges", multiple=True, metavar="ID", help="Only this exchange; default: all.")
@click.option("--live", is_flag=True, help="Check as for a session with real orders.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    context: click.Context,
    files: tuple[Path, ...],
    assigned: tuple[str, ...],
    exchanges: tuple[str, ...],
    live: bool,
    as_json: bool,
) -> None:
    """Check config, keys, accounts and machine before trading. Nothing is changed anywhere.

    Exits with 1 where a check fails; warnings are no failure.
    """
    with redirect_stdout(sys.stderr):
        rows = _examined(Selection(files=files, assigned=assigned), exchanges, "live" if live else None)
    counts = {status: sum(row.status == status for row in rows) for status in _COLOURS}
    if as_json:
        print_json({"schema_version": 1, "ok": not counts["fail"], **_counted(counts), "checks": rows})
    else:
        _print(rows, counts)
    context.exit(FAILED if counts["fail"] else 0)


def _examined(selection: Selection, exchanges: Sequence[str], mode: str | None) -> "Sequence[Row]":
    import anyio

    from arbcore.doctor import DoctorWish, Row, examine

    try:
        config, plugins = selection.open(mode)
    except ArbcoreError as error:
        if not selection.found:
            raise
        return [Row(of="session", check="config", status="fail", seen=error.what, fix=error.fix)]
    for name in exchanges:
        if name not in config.exchanges:
            raise ConfigurationError(f"the config has no exchange {name!r}", f"there: {', '.join(config.exchanges)}")
    return anyio.run(partial(examine, config, plugins, DoctorWish(exchanges=exchanges)))


def _counted(counts: dict[str, int]) -> dict[str, Any]:
    return {"failed": counts["fail"], "warned": counts["warn"]}


def _print(rows: "Sequence[Row]", counts: dict[str, int]) -> None:
    """Print the table: what to do stands below what was seen, so that neither is squeezed."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold", pad_edge=False)
    table.add_column("of", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("seen, and what to do", overflow="fold")
    before = ""
    for row in rows:
        if row.of != before and before:
            table.add_section()
        text = Text(row.seen)
        if row.fix:
            text.append(f"\n→ {row.fix}", style="bold")
        table.add_row(row.of if row.of != before else "", row.check, Text(row.status, _COLOURS[row.status]), text)
        before = row.of
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(table)
    console.print(f"{len(rows)} checks: {counts['fail']} failed, {counts['warn']} warned")
