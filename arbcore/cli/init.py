"""`arb init`: a project folder that backtests at once."""

from pathlib import Path

import click

from arbcore.cli._frame_output import note

_FILES = {"arb.yaml": "arb.yaml", ".env.example": "env.example", ".gitignore": "gitignore"}
_FOLDERS = ("data", "results")


@click.command(name="init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
def command(folder: Path, force: bool) -> None:
    """Make a project folder: config, .env.example, .gitignore, and places for data and results."""
    from arbcore.templates import write_files

    write_files({folder / name: template for name, template in _FILES.items()}, force=force)
    for name in _FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    note(f"wrote {', '.join(_FILES)} in {folder.resolve()}; a backtest needs no key and no account")
    if folder.resolve() != Path.cwd():
        click.echo(f"cd {folder}")
    click.echo("arb data generate --quotes 200000 --seed 1 --out data")
    click.echo("arb backtest")
