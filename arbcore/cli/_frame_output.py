"""Output: results on stdout (one table, or one JSON object alone), everything else on stderr."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

import click

_PLAIN_WIDTH = 200


def print_json(value: Any) -> None:
    """Print one value as JSON, alone on stdout.

    Decimals become text, structs and dataclasses objects, paths text, numbers that are not finite null.

    Args:
        value: What msgspec can encode, and paths.
    """
    from msgspec import json

    encoded = json.encode(value, enc_hook=_encode, order="deterministic")
    click.echo(json.format(encoded, indent=2).decode())


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


def _encode(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
