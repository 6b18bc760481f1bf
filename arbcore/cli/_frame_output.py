"""Output: results on stdout (one table, or one JSON object alone), everything else on stderr."""

import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import click

_PLAIN_WIDTH = 200


def print_json(value: Any) -> None:
    """Print one value as JSON, alone on stdout.

    Args:
        value: What `plain_values` takes. Numbers that are not finite become null.
    """
    from msgspec import json

    click.echo(json.format(json.encode(plain_values(value)), indent=2).decode())


def plain_values(value: Any) -> Any:
    """Return a value as mappings, lists, text and numbers.

    Amounts become text with every digit and without an exponent, structs and dataclasses mappings, paths text.

    Args:
        value: What msgspec can encode, and paths.

    Raises:
        TypeError: Something in it has no form in JSON.
    """
    from msgspec import to_builtins

    built = to_builtins(value, builtin_types=(Decimal,), str_keys=True, enc_hook=_encode, order="deterministic")
    return _amounts_as_text(built)


def shown_text(value: object) -> str:
    """Return a value of a config or record as a cell shows it: nothing for null, ``true`` and ``false`` as in YAML."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return str(value)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Print a table. Where stdout is not a terminal, its width does not follow one and nothing is cut off."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    console.print(table)


def note(text: str) -> None:
    """Say something on stderr, where it disturbs no output."""
    click.echo(text, err=True)


def _amounts_as_text(value: Any) -> Any:
    from arbcore.model.money import plain

    match value:
        case Decimal():
            return plain(value)
        case dict():
            return {key: _amounts_as_text(each) for key, each in value.items()}
        case list() | tuple():
            return [_amounts_as_text(each) for each in value]
    return value


def _encode(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
