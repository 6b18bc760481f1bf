"""`arb flatten`: trades are closed, of a session that runs, or with nothing running."""

from typing import TYPE_CHECKING, Any

import click

from arbcore.cli._giving import giving_from, giving_parameters, issuer, override_option, sure_option

if TYPE_CHECKING:
    from pathlib import Path

    from arbcore.runtime.result import SessionResult

_PATIENCE_S = 300.0
"""How long closing with nothing running may take where no time is given."""


@click.command
@click.option("--symbol", default="", help="Only trades of this symbol.")
@click.option("--strategy", default="", help="Only trades of this strategy.")
@click.option("--offline", is_flag=True, help="Close what a live session left that does not run any more.")
@override_option
@sure_option
@giving_parameters
@click.pass_context
def command(context: click.Context, /, symbol: str, strategy: str, offline: bool, **given: Any) -> None:
    """Close every trade of a running session, or of one symbol or strategy.

    Entries are not stopped by it: give `arb stop-entry` before, or `arb stop --flatten` to end the session with it.

    With --offline nothing may run: the session is started as by `arb run --live --resume`, opens nothing, asks the
    venues for everything, shows each order, and sends them once that is agreed to. It ends when all is closed.
    """
    if offline:
        if symbol or strategy or given["no_wait"]:
            raise click.UsageError("--offline closes everything, and waits for it: leave the other options out")
        _offline(context, given)
        return
    from arbcore.model.command import Flatten

    giving = giving_from(given)
    what = " and ".join(text for text in (symbol, strategy and f"strategy {strategy}") if text)
    giving.confirm(f"close every trade{' of ' + what if what else ''} of session {giving.place.session}")
    giving.give(Flatten(symbol=symbol, strategy=strategy, reason=giving.override))


def _offline(context: click.Context, given: dict[str, Any]) -> None:
    from arbcore.cli._offline import flatten_offline

    timed = context.get_parameter_source("timeout_s") is click.core.ParameterSource.COMMANDLINE
    seconds = given["timeout_s"] if timed else _PATIENCE_S
    files: tuple[Path, ...] = given["config_files"]
    result = flatten_offline(files, given["session"], seconds, sure=given["sure"], issued_by=issuer())
    _print(result, as_json=given["as_json"])


def _print(result: "SessionResult", *, as_json: bool) -> None:
    from arbcore.cli._frame_output import note, print_json

    if as_json:
        print_json(result)
    else:
        note(f"session {result.session} is flat: {result.trades} trades were closed; journal {result.journal}")
