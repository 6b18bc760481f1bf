"""`arb data import`: public recordings as data sets, by the profiles of plugins, by recipes, or by column mapping."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arbcore.cli._data_exchanges import installed_profiles, instrument_of, is_recipe, profiles_named
from arbcore.cli._data_infos import show_infos
from arbcore.cli._frame_output import note, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from arbcore.ports.control import ImportProfile

_TEXT_FIELDS = {
    "kind": "quotes, book, trades, funding, fx or bars.",
    "format": "csv, jsonl or stamped-jsonl.",
    "files": "Pattern of file names below a source folder.",
    "time_unit": "ns, us, ms, s, text, or a format such as %d.%m.%Y.",
    "clock": "Clock of times that state none: UTC, +09:00 ...",
    "delay": "Time after its stamp at which a row is known, such as 1d.",
    "interval": "Length of a bar, such as 5m.",
    "receive_shift": "Correction of the receiver's clock, such as 1.27s.",
    "begin": "Earliest stamp to take, such as 2025-07-01T00:00:00Z.",
    "end": "First stamp to leave out again.",
    "thousands": "Separator of thousands in numbers.",
    "venue": "Label of the venue.",
    "symbol": "The venue's own name of the market.",
    "rate": "Name of a conversion rate, such as usdt_krw.",
    "exchange": "Exchange plugin that knows the market.",
    "base": "Base coin of the market.",
    "source": "Where the files come from.",
}


def _fields(command: Any) -> Any:
    """Give a command one option per field of a profile that is text."""
    for name, text in reversed(_TEXT_FIELDS.items()):
        command = click.option(f"--{name.replace('_', '-')}", name, help=text)(command)
    return command


@click.command("import")
@click.argument("arguments", nargs=-1, metavar="[PROFILE] SOURCE...")
@click.option("--out", type=click.Path(path_type=Path), default=Path("data"), show_default=True, help="Data folder.")
@click.option(
    "-m", "--columns", multiple=True, metavar="TARGET=FIELD[,...]", help="Map columns; then no PROFILE is named."
)
@click.option("--where", multiple=True, metavar="FIELD=PATTERN", help="JSON rows to take.")
@_fields
@click.option("--levels", type=int, help="Levels a side that books keep.")
@click.option("--half-spread-bps", type=float, help="Half-spread around last prices.")
@click.option("--setting", multiple=True, metavar="KEY=VALUE", help="Setting of the exchange plugin.")
@click.option("--note", "notes", multiple=True, help="Convention that reports must state.")
@click.option("--skip-empty", is_flag=True, default=None, help="Leave out rows with an empty cell, and count them.")
@click.option("--repair", is_flag=True, help="Sort rows and drop bad ones, counted in the notes.")
@click.option("--replace", is_flag=True, help="Replace rows of the same kind that came from elsewhere.")
@click.option("--list", "listed", is_flag=True, help="List the profiles of the installed exchange plugins.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    *,
    arguments: tuple[str, ...],
    out: Path,
    columns: tuple[str, ...],
    where: tuple[str, ...],
    setting: tuple[str, ...],
    notes: tuple[str, ...],
    repair: bool,
    replace: bool,
    listed: bool,
    as_json: bool,
    **fields: Any,
) -> None:
    """Bring public recordings into data sets.

    PROFILE is a profile of an exchange plugin (upbit:bars-5m; --list shows all) or a recipe (a YAML file); options
    change its fields. With --columns the options are the whole profile. SOURCES are files, or folders in which the
    profile's pattern of files is looked for. Nothing is written unless all of it is in order.
    """
    from arbcore.data.imports.run import run_imports

    if listed:
        _show_profiles(installed_profiles(note), as_json)
        return
    changes: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    maps = {"columns": _pairs(columns, ","), "where": _pairs(where), "exchange_settings": _pairs(setting)}
    changes |= {name: value for name, value in maps.items() if value}
    changes |= {"notes": notes} if notes else {}
    profiles, sources = _chosen(arguments, changes)
    if not sources:
        raise click.UsageError("name the files to import, or their folder")
    infos = run_imports(profiles, sources, out, instrument_of, repair=repair, replace=replace)
    show_infos(infos, as_json)


def _chosen(arguments: tuple[str, ...], changes: dict[str, Any]) -> "tuple[list[ImportProfile], list[Path]]":
    """Return the profiles that the command line means, changed, and the sources."""
    from arbcore.data.imports.recipe import changed

    if "columns" in changes:
        profile = changed("the command line", None, {"name": "of the command line", **changes})
        return [profile], [Path(text) for text in arguments]
    if not arguments:
        raise click.UsageError("name a profile or a recipe and its sources, or map --columns")
    if Path(arguments[0]).exists() and not is_recipe(arguments[0]):
        raise click.UsageError(
            f"{arguments[0]} is data, and nothing says how to read it: name a profile or a recipe before it"
            " (--list shows profiles), or map its fields with --columns"
        )
    profiles = profiles_named(arguments[0])
    if len(profiles) > 1 and changes:
        raise click.UsageError(f"a recipe of several imports takes no --{next(iter(changes)).replace('_', '-')}")
    return [changed("the command line", each, changes) for each in profiles], [Path(text) for text in arguments[1:]]


def _pairs(texts: tuple[str, ...], separator: str = "") -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        for part in text.split(separator) if separator else [text]:
            name, found, value = part.partition("=")
            if not found or not name.strip() or not value:
                raise click.BadParameter(f"'{part}' is not of the form NAME=VALUE")
            pairs[name.strip()] = value.strip()
    return pairs


def _show_profiles(profiles: "Mapping[str, ImportProfile]", as_json: bool) -> None:
    if as_json:
        print_json({"schema_version": 1, "profiles": dict(profiles)})
        return
    rows = [
        [name, profile.kind, profile.rate or f"{profile.venue}:{profile.symbol}", profile.files, profile.description]
        for name, profile in profiles.items()
    ]
    print_table(["profile", "kind", "makes", "files", "description"], rows)
