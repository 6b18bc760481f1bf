"""`arb data record`: keep live market data as data sets."""

import sys
from contextlib import redirect_stdout
from pathlib import Path

import click

from arbcore.cli._frame_config import Selection, config_options
from arbcore.cli._frame_output import note, print_json, print_table
from arbcore.cli.run import Span


@click.command("record")
@click.option("--out", type=click.Path(path_type=Path), default=Path("data"), show_default=True, help="Folder.")
@click.option("--for", "seconds", type=Span(), help="Stop after this time, such as 90s or 10m.")
@click.option("--instrument", "keys", multiple=True, metavar="KEY", help="EXCHANGE:SYMBOL; default: those of routes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@config_options()
def command(out: Path, seconds: float | None, keys: tuple[str, ...], as_json: bool, selection: Selection) -> None:
    """Record live market data of the config's exchanges and rates, for backtests. Nothing is traded.

    CONFIG defaults to arb.yaml in the current folder. Ctrl-C ends it. A recording that was killed loses at most the
    last second, and is continued by the next one into the same folder.
    """
    from arbcore.cli._session import run_with_signals
    from arbcore.recording import RecordWish, record
    from arbcore.runtime.session import Ending

    with redirect_stdout(sys.stderr):
        config, plugins = selection.open()
    ending = Ending()
    wish = RecordWish(folder=out, keys=keys, seconds=seconds, say=note, ending=ending)
    result = run_with_signals(lambda: record(config, plugins, wish), ending, plugins)
    if as_json:
        print_json(result)
        return
    rows: list[tuple[str, object]] = [
        ("folder", result.folder),
        ("instruments", ", ".join(result.instruments)),
        ("inputs", f"{result.inputs:,}"),
        *((f"skipped: {reason}", f"{count:,}") for reason, count in result.skipped.items()),
        ("ended", result.reason),
    ]
    print_table(("recording", ""), rows)
