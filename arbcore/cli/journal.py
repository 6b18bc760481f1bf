"""`arb journal`: check the hash chain, fold the projections again, export."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from arbcore.cli._frame_output import note, print_json, print_table
from arbcore.cli._journal import find_journal, journal_options

if TYPE_CHECKING:
    from arbcore.cli._journal import JournalPlace
    from arbcore.journal.chain import VerifyReport
    from arbcore.journal.projections import Projections
    from arbcore.ports.journal import Journal, RunMetadata

_PATIENCE_S = 60.0
"""How long a session may take to fold its journal."""

BROKEN = 1
"""Exit code where a journal is broken or does not add up."""


@click.group(name="journal")
def command() -> None:
    """Verify, rebuild and export journals.

    PATH is the folder of a session or result, or a journal's file. Without it and --session it is the config's
    session, else the newest backtest that kept its journal.
    """


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    argument = click.argument("path", required=False, type=click.Path(path_type=Path))
    return argument(journal_options(function))


@command.command("verify")
@_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def verify_journal(
    context: click.Context, config_files: tuple[Path, ...], session: str | None, path: Path | None, as_json: bool
) -> None:
    """Check every event against the hash chain. Exits with 1 and names the first broken event."""
    from arbcore.journal.chain import verify

    def check(journal: "Journal") -> "tuple[str, VerifyReport, list[RunMetadata]]":
        return journal.location(), verify(journal.read()), list(journal.runs())

    location, report, runs = find_journal(config_files, session, path).read(check)
    if as_json:
        print_json(
            {
                "schema_version": 1,
                "journal": location,
                "ok": report.ok,
                "events": report.events,
                "last_hash": report.last.hash.hex(),
                "bad": report.bad or None,
                "problem": report.problem,
                "torn": report.torn,
                "runs": runs,
            }
        )
    else:
        _print_report(location, report, runs)
    if not report.ok:
        note(f"error: event {report.bad}: {report.problem}")
        note(_advice(report))
        context.exit(BROKEN)


def _print_report(location: str, report: "VerifyReport", runs: "list[RunMetadata]") -> None:
    rows = [
        ("journal", location),
        ("events in order", f"{report.events:,}"),
        ("chain", "ok" if report.ok else f"broken at event {report.bad}"),
        ("last hash", report.last.hash.hex()),
        *((f"run {number}", f"{run.started_wall} {run.mode} {run.session}") for number, run in enumerate(runs, 1)),
    ]
    print_table(("", ""), rows)


def _advice(report: "VerifyReport") -> str:
    if report.torn:
        return "  nothing in order follows: an interrupted write; opening the session cuts it off and keeps it aside"
    return "  events in order follow: it was changed or lost afterwards; restore the file from a copy"


@command.command("rebuild")
@_options
@click.option("--check", is_flag=True, help="Only compare; store nothing, and a session may be running.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def rebuild_journal(
    context: click.Context,
    config_files: tuple[Path, ...],
    session: str | None,
    path: Path | None,
    check: bool,
    as_json: bool,
) -> None:
    """Fold positions, balances, trades, orders and profit from the events, and compare them with what was stored.

    The events' own statements, and projections that the journal keeps, are held against the fold. Exits with 1
    where they differ. Without --check the result replaces the stored projections; a session that runs does it itself.
    """
    from arbcore.cli._rebuild import refold, store

    place = find_journal(config_files, session, path)
    if not check and _listens(place):
        _have_it_rebuilt(place, as_json=as_json)
        return
    result = place.read(refold)
    stored = False
    if not check and result.runs:
        stored = place.write(result.runs[-1], result.journal, store)
    if as_json:
        print_json({"schema_version": 1, **result.values(), "stored": stored})
    else:
        _print_projections(result.projections)
    for line in result.differences:
        note(f"differs: {line}")
    if result.differences:
        context.exit(BROKEN)


def _listens(place: "JournalPlace") -> bool:
    """Tell whether a session writes the journal that takes commands: a backtest takes none."""
    from arbcore.runtime.folder import SessionFolder

    folder = place.location if place.location.is_dir() else place.location.parent
    return SessionFolder(folder).bell.exists() and bool(place.running())


def _have_it_rebuilt(place: "JournalPlace", *, as_json: bool) -> None:
    """Give the command to the session that writes the journal: it alone may."""
    import secrets

    from arbcore.cli._giving import Giving
    from arbcore.model.command import RebuildProjection

    giving = Giving(
        place=place,
        timeout_s=_PATIENCE_S,
        waits=True,
        name=secrets.token_hex(10),
        override="",
        as_json=as_json,
        sure=True,
    )
    giving.give(RebuildProjection())


def _print_projections(folded: "Projections") -> None:
    from arbcore.model.money import plain

    rows = [("engine", str(folded.state)), ("events", f"{folded.sequence:,}")]
    rows += [(f"position {name}", plain(amount)) for name, amount in sorted(folded.positions.items())]
    rows += [(f"balance {venue} {code}", plain(amount)) for (venue, code), amount in sorted(folded.balances.items())]
    rows += [("trades", f"{len(folded.trades)}, of which {len(folded.open_trades())} open")]
    rows += [("orders open", str(len(folded.orders)))]
    rows += [(f"orders {state.lower()}", str(number)) for state, number in sorted(folded.finished.items()) if number]
    rows += [(f"PnL {part}", plain(getattr(folded.pnl, part))) for part in (*folded.pnl.__struct_fields__, "total")]
    print_table(("projection", "value"), rows)


@command.command("export")
@_options
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default: stdout.")
def export_journal(config_files: tuple[Path, ...], session: str | None, path: Path | None, out: Path | None) -> None:
    """Write every event as a line of JSON with its hash, so that the chain can be checked without arbcore."""
    from arbcore.journal.text import export_line

    def export(journal: "Journal") -> int:
        count = 0
        with _target(out) as file:
            for event in journal.read():
                file.write(export_line(event) + b"\n")
                count += 1
        return count

    note(f"{find_journal(config_files, session, path).read(export):,} events written")


@contextmanager
def _target(out: Path | None) -> Iterator[IO[bytes]]:
    """Give what to write to; a file appears under its name only once it is whole."""
    if out is None:
        yield sys.stdout.buffer
        return
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
