"""`arb demo`: a project in a folder, generated data, a backtest on it."""

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
    """Make a project, generate data and run a backtest on it: a first look without keys or network."""
    from arbcore.cli import main

    data = folder / "data"
    config = folder / "arb.yaml"
    steps = [] if config.exists() else [["init", str(folder)]]
    if not any(data.glob("*/*/dataset.json")):
        steps.append(
            ["data", "generate", "-c", str(config), "--quotes", str(quotes), "--seed", str(seed), "--out", str(data)]
        )
    steps.append(["backtest", str(config), "--data", str(data)])
    for step in steps:
        note(f"$ arb {' '.join(step)}")
        code = main(step)
        if code:
            raise ArbcoreError(f"arb {step[0]} ended with exit code {code}", "see above")
