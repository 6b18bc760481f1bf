"""`arb monitor`: watch premiums and edges without trading. It needs no key and keeps nothing."""

import sys
from contextlib import redirect_stdout

import click

from arbcore.cli._frame_config import Selection, config_options
from arbcore.cli._frame_output import note
from arbcore.cli.run import Span


@click.command
@click.option("--for", "seconds", type=Span(), help="Stop after this time, such as 90s or 10m.")
@click.option("--plain", is_flag=True, help="Print lines instead of the live view.")
@config_options()
def command(seconds: float | None, plain: bool, selection: Selection) -> None:
    """Watch the premiums and edges of the config's routes on live market data. Nothing is traded.

    CONFIG defaults to arb.yaml in the current folder. It needs no key and no journal.
    """
    from arbcore.cli._live import LiveView
    from arbcore.cli._session import run_with_signals
    from arbcore.runtime.session import Ending
    from arbcore.session import MONITOR, Wish, run_monitor

    with redirect_stdout(sys.stderr):
        config, plugins = selection.open()
    ending = Ending()
    with LiveView(mode=MONITOR, seconds=seconds, plain=plain) as view:
        wish = Wish(watcher=view, seconds=seconds, say=note, ending=ending)
        run_with_signals(lambda: run_monitor(config, plugins, wish), ending, plugins)
