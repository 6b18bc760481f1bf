"""`arb data`: make, list and verify data sets. Columns are read only where rows are looked at."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from arbcore.cli._data_infos import show_infos
from arbcore.cli._frame_output import note, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arbcore.data.verify import Record

_LATER: Final = {
    "generate": ("arbcore.cli.data_generate", "Make correlated markets from a seed."),
    "import": ("arbcore.cli.data_import", "Bring public recordings in by column mapping."),
    "record": ("arbcore.cli.data_record", "Keep live market data."),
}
_FOLDER = click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path("data"))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


class _DataGroup(click.Group):
    """A group that imports what makes data only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted({*super().list_commands(ctx), *_LATER})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported if need be; None where there is none of that name."""
        if cmd_name in _LATER:
            later: click.Command = import_module(_LATER[cmd_name][0]).command
            return later
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write names and short help without importing a command."""
        here = {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        there = {name: text for name, (_, text) in _LATER.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted((here | there).items()))


@click.group(name="data", cls=_DataGroup)
def command() -> None:
    """Generate, record, import, list and verify data sets."""


@command.command("list", short_help="List the data sets of a folder.")
@_FOLDER
@_JSON
def list_data(folder: Path, as_json: bool) -> None:
    """List the data sets in DIR (data): what they hold, from when to when, and where it came from."""
    from arbcore.data.dataset import find_datasets

    found = find_datasets(folder)
    if found or as_json:
        show_infos(found, as_json)
    else:
        note(f"{folder} holds no data set; make one with `arb data generate` or `arb data import`")


@command.command("verify", short_help="Check data sets; write a repaired copy on request.")
@_FOLDER
@_JSON
@click.option("--gap", metavar="TIME", help="Time without rows that counts as a gap, such as 5m.")
@click.option(
    "--clock-tolerance", metavar="TIME", default="100ms", show_default=True, help="Receipt before venue time."
)
@click.option("--repair", "repairs", is_flag=True, help="Write a copy without bad rows to --out.")
@click.option("--out", type=click.Path(path_type=Path), help="New folder for the repaired copy.")
@click.pass_context
def verify_data(
    context: click.Context,
    folder: Path,
    as_json: bool,
    gap: str | None,
    clock_tolerance: str,
    repairs: bool,
    out: Path | None,
) -> None:
    """Check the data sets in DIR (data), and exit with 1 where one must not be traded on.

    Nothing is changed. With --repair a copy without the bad rows is written to --out, and that copy is checked.
    """
    from arbcore.data.verify import verify

    if repairs != (out is not None):
        raise click.UsageError("--repair writes a copy to --out, so give both or neither")
    if out is not None:
        from arbcore.data.repair import repair

        for info in repair(folder, out):
            note(f"{info.folder}: {'; '.join(text for text in info.notes if 'repair' in text) or 'nothing to repair'}")
        folder = out
    records = verify(folder, gap_ns=_duration(gap) if gap else 0, tolerance_ns=_duration(clock_tolerance))
    ok = all(record.verdict != "error" for record in records)
    if as_json:
        print_json({"schema_version": 1, "ok": ok, "folder": folder, "records": records})
    else:
        print_table(["verdict", "check", "where", "count", "first"], _record_rows(records))
    context.exit(0 if ok else 1)


def _duration(text: str) -> int:
    from arbcore.settings import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _record_rows(records: "Sequence[Record]") -> list[list[object]]:
    return [[each.verdict, each.check, each.where, f"{each.count:,}", each.first] for each in records]
