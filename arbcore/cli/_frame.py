"""The root of the command line: lazy commands, errors as messages, exit codes."""

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version

import click

from arbcore.cli import COMMANDS, PLUGIN_GROUP
from arbcore.errors import ArbcoreError, PluginIncompatible

INTERRUPTED = 130
"""Exit code after an interrupt, as shells use it."""


class LazyGroup(click.Group):
    """A group that knows names and help of its commands from a table and metadata, and imports one on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted(_short_help())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None where there is none of that name.

        Raises:
            PluginError: A plugin's command is broken, a duplicate, or not a click command.
        """
        if cmd_name in COMMANDS:
            module = import_module(COMMANDS[cmd_name][0])
            command: click.Command = module.command
            return command
        return _plugin_command(cmd_name) if cmd_name in _short_help() else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name, with the nearest names where there is none."""
        name = args[0]
        asked = name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing
        if asked and name not in (known := self.list_commands(ctx)):
            raise click.exceptions.NoSuchCommand(name, possibilities=known, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write names and short help without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_short_help().items()))


def _short_help() -> dict[str, str]:
    """Return the short help of every command. The kernel's own names can't be taken by a plugin."""
    offered = {entry.name: f"(from {_distribution(entry)})" for entry in entry_points(group=PLUGIN_GROUP)}
    return {**offered, **{name: text for name, (_, text) in COMMANDS.items()}}


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown distribution"


def _plugin_command(name: str) -> click.Command:
    from arbcore.plugins import load_command

    command = load_command(name)
    if not isinstance(command, click.Command):
        raise PluginIncompatible(f"command:{name} is {type(command).__name__}, not a click command")
    return command


class _Options:
    """What the root's own options say."""

    def __init__(self) -> None:
        self.debug = os.environ.get("ARB_DEBUG") == "1"


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        python = ".".join(map(str, sys.version_info[:3]))
        click.echo(f"arb {version('arbcore')} (Python {python})")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error (also ARB_DEBUG=1).")
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the versions of arb and Python.",
)
@click.pass_obj
def root(options: _Options, debug: bool) -> None:
    """Crypto arbitrage: backtests on recorded or generated data. Whatever has a name is a plugin."""
    options.debug = options.debug or debug


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; whatever goes wrong is told on stderr in a few lines."""
    options = _Options()
    try:
        code = root.main(arguments, prog_name="arb", standalone_mode=False, obj=options)
        sys.stdout.flush()
    except click.Abort:
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        _silence()
        return 1
    except Exception as error:  # noqa: BLE001 - the last resort of a program
        return _report(error, debug=options.debug)
    return code if isinstance(code, int) else 0


def _report(error: Exception, *, debug: bool) -> int:
    """Tell an error; return its exit code. An error that was raised alone in a group counts as itself."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if debug:
        traceback.print_exception(error)
    if isinstance(error, ArbcoreError):
        click.secho(f"error: {error}", fg="red", err=True)
        return error.exit_code
    click.secho(f"error: unexpected {type(error).__name__}: {error}", fg="red", err=True)
    if not debug:
        click.echo("  this is a defect: run again with `arb --debug ...` and report the traceback", err=True)
    return 1


def _silence() -> None:
    """Send what is still buffered nowhere: the reader of our output has gone, which is its right."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
