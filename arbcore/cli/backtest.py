"""`arb backtest`: the config's strategies on recorded data, with a progress line and a report."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_config import Selection, config_options
from arbcore.cli._frame_output import print_json
from arbcore.errors import ArbcoreError, ConfigurationError, PluginBroken

if TYPE_CHECKING:
    from arbcore.config import Config
    from arbcore.plugins import Plugins
    from arbcore.runtime.result import BacktestResult


@click.command
@click.option("--data", "-d", "data", type=click.Path(path_type=Path), help="Folder of the data sets.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for journal and sinks, else one in results/.")
@click.option("--journal", is_flag=True, help="Keep the event log in the config's journal instead of memory.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@config_options()
def command(data: Path | None, out: Path | None, journal: bool, as_json: bool, selection: Selection) -> None:
    """Run the config's strategies on recorded data.

    CONFIG defaults to arb.yaml in the current folder; data to its `backtest.data`.
    """
    if journal:
        selection = replace(selection, assigned=(*selection.assigned, "backtest.journal=config"))
    # The object is alone on stdout, whatever plugins print.
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        config, plugins = selection.open("backtest")
        result = run(config, plugins, data, out)
    if as_json:
        print_json(result)
    else:
        from arbcore.cli._report import print_report

        print_report(result)


def run(config: "Config", plugins: "Plugins", data: Path | None, out: Path | None) -> "BacktestResult":
    """Run a backtest with its progress on stderr.

    Raises:
        ConfigurationError: The config has no strategy, or neither it nor the command line names data.
        PluginBroken: A plugin raised where nothing else could catch it.
    """
    import anyio

    from arbcore.backtest import run_backtest
    from arbcore.cli._progress import progress_line
    from arbcore.cli._session import culprit_of

    if not config.strategies:
        raise ConfigurationError("the config has no strategy, so nothing would happen", "add one below strategies")
    folder = data or (config.path(config.backtest.data) if config.backtest.data else None)
    if folder is None:
        raise ConfigurationError("no data: the config has no backtest.data", "name a folder with --data")
    results = out or _results(config)
    try:
        with progress_line() as (started, progress):
            return anyio.run(run_backtest, config, plugins, folder, results, progress, started)
    except (ArbcoreError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        if culprit := culprit_of(error, plugins):
            raise PluginBroken(f"{culprit} failed in the session: {error!r}", "report this to its author") from error
        raise


def _results(config: "Config") -> Path:
    """Return a folder that no earlier run has."""
    name = f"{config.session.name}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    below = config.folder / "results"
    return next(below / each for each in _variants(name) if not (below / each).exists())


def _variants(name: str) -> Iterator[str]:
    yield name
    for number in count(2):
        yield f"{name}-{number}"
