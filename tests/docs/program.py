"""The command line as the program states it: every command with its options and arguments."""

from collections.abc import Iterator

import click

from arbcore.cli import COMMANDS
from arbcore.cli._frame import LazyGroup

Row = tuple[str, str]
"""An option as the page writes it, and its help."""


def commands() -> dict[str, click.Command]:
    """Return every command of the kernel by its full name, groups before what is in them."""
    found: dict[str, click.Command] = {}
    root = LazyGroup()
    for name in sorted(COMMANDS):
        command = root.get_command(click.Context(root), name)
        assert command is not None
        found |= dict(_below(f"arb {name}", command))
    return found


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            below = command.get_command(context, child)
            assert below is not None
            yield from _below(f"{name} {child}", below)


def option_rows(command: click.Command) -> list[Row]:
    """Return the options of a command in their order, without ``--help``."""
    context = click.Context(command)
    return [_row(one, context) for one in command.params if isinstance(one, click.Option) and one.name != "help"]


def _row(option: click.Option, context: click.Context) -> Row:
    names = [f"`{name}`" for name in sorted(option.opts, key=len)]
    if not option.is_flag:
        metavar = option.metavar or option.make_metavar(context)
        names[-1] = f"`{max(option.opts, key=len)} {metavar}`"
    return ", ".join(names), _help(option, context)


def _help(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    assert record is not None, f"{option.opts}: no help"
    return " ".join(record[1].split()).replace("|", "\\|").replace("*", "\\*")


def arguments(command: click.Command) -> list[str]:
    """Return the arguments of a command as its usage shows them."""
    context = click.Context(command)
    return [one.make_metavar(context) for one in command.params if isinstance(one, click.Argument)]
