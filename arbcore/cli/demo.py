"""`arb demo`: a project in a folder, generated data, a backtest on it."""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import click

from arbcore.cli._frame_output import note
from arbcore.errors import ArbcoreError

_QUOTES = 300_000
_SEED = 7


@click.command
@click.option("--dir", "folder", type=click.Path(path_type=Path), default=Path("demo"), help="Project folder.")
@click.option("--quotes", default=_QUOTES, show_default=True, help="Quotes to generate.")
@click.option("--seed", default=_SEED, show_default=True, help="Seed of the data.")
def command(folder: Path, quotes: int, seed: int) -> None:
    """Make a project, generate data and run a backtest on it: a first look without keys or network.

    What is in the folder already is kept: run it again after a change of its arb.yaml.
    """
    config, data = folder / "arb.yaml", folder / "data"
    if not config.exists():
        with redirect_stdout(StringIO()):  # the commands that it advises are the ones that follow here
            _step("init", str(folder))
    if any(data.glob("*/*/dataset.json")):
        note(f"{data} holds data already, so --quotes and --seed change nothing; delete it to make it anew")
    else:
        _step(
            *("data", "generate", "-c", str(config)),
            *("--quotes", str(quotes), "--seed", str(seed), "--out", str(data)),
        )
    _step("backtest", str(config), "--data", str(data))
    note(f"now change {config} and run the last command again; `arb init` makes a project of your own")


def _step(*arguments: str) -> None:
    """Run one command as the user would, and show it.

    Raises:
        ArbcoreError: It failed; it has told why.
    """
    from arbcore.cli import main

    note(f"$ arb {' '.join(arguments)}")
    code = main(arguments)
    if code:
        raise ArbcoreError(f"arb {arguments[0]} ended with exit code {code}", "see above")
