"""`arb backtest`: the config's strategies on recorded data, with a progress line and a report."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arbcore.cli._frame_config import Selection, config_options
from arbcore.cli._frame_output import print_json
from arbcore.errors import ConfigurationError

if TYPE_CHECKING:
    from arbcore.config import Config
    from arbcore.plugins import Plugins
    from arbcore.runtime.result import BacktestResult


@click.command
@click.option("--data", "-d", "data", type=click.Path(path_type=Path), help="Folder of the data sets.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for what the run leaves; default results/.")
@click.option("--journal", is_flag=True, help="Keep the event log in the config's journal instead of memory.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@config_options()
def command(data: Path | None, out: Path | None, journal: bool, as_json: bool, selection: Selection) -> None:
    """Run the config's strategies on recorded data.

    CONFIG defaults to arb.yaml in the current folder; data to its `backtest.data`.
    """
    if journal:
        selection = replace(selection, assigned=(*selection.assigned, "backtest.journal=config"))
    config, plugins = selection.open("backtest")
    result = run(config, plugins, data, out)
    if as_json:
        print_json(result)
    else:
        from arbcore.cli._report import print_report

        print_report(result)


def run(config: "Config", plugins: "Plugins", data: Path | None, out: Path | None) -> "BacktestResult":
    """Run a backtest with a progress line on stderr.

    Raises:
        ConfigurationError: Neither the command line nor the config names data.
    """
    import anyio

    from arbcore.backtest import run_backtest

    folder = data or (config.path(config.backtest.data) if config.backtest.data else None)
    if folder is None:
        raise ConfigurationError("no data: the config has no backtest.data", "name a folder with --data")
    results = out or config.folder / "results" / _run_name(config)
    with progress_line() as (started, progress):
        return anyio.run(run_backtest, config, plugins, folder, results, progress, started)


def _run_name(config: "Config") -> str:
    return f"{config.session.name}-{datetime.now(UTC):%Y%m%dT%H%M%S}"


@contextmanager
def progress_line() -> Iterator[tuple[Any, Any]]:
    """Give two functions, for the total and for the count so far, that draw a line with rate and ETA on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("replay"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.completed:,.0f} inputs"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("replay", total=None, rate="")

        def started(rows: int) -> None:
            bar.update(task, total=rows)

        def progress(count: int) -> None:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, completed=count, rate=f"{speed:,.0f}/s" if speed else "")

        yield started, progress
