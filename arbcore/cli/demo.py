"""`arb demo`: a project in a folder, the local simulator, and a paper session on it."""

from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_config import Selection
from arbcore.cli._frame_output import note
from arbcore.cli.run import Span
from arbcore.errors import ArbcoreError

if TYPE_CHECKING:
    from arbcore.config import Config
    from arbcore.plugins import Plugins

_SEED = 7


@click.command
@click.option("--dir", "folder", type=click.Path(path_type=Path), default=Path("demo"), help="Project folder.")
@click.option("--for", "seconds", type=Span(), default="20s", show_default=True, help="How long the session runs.")
@click.option("--seed", default=_SEED, show_default=True, help="Seed of the simulated markets.")
@click.option("--plain", is_flag=True, help="Print lines instead of the live view.")
def command(folder: Path, seconds: float, seed: int, plain: bool) -> None:
    """Make a project and trade it on paper against two simulated exchanges on this machine: no key, no network.

    What is in the folder already is kept: run it again after a change of its arb.yaml or demo.yaml.
    """
    from arbcore.cli._session_report import print_session
    from arbcore.cli._simulator import running_simulator
    from arbcore.cli.run import run

    files = _project(folder)
    selection = Selection(files)
    symbols = _symbols(selection)
    note(f"$ arb simulator --seed {seed} --symbols {symbols}")
    with running_simulator(("--seed", str(seed), "--symbols", symbols)) as address:
        note(f"$ arb run {' '.join(str(file) for file in files)} --for {seconds:g}s")
        config, plugins = _pointed(selection, address)
        result = run(config, plugins, seconds, plain=plain)
    print_session(result)
    session = folder / "sessions" / config.session.name
    for line in (f"arb replay {session}", f"arb trades {session}", f"arb journal verify {session}"):
        note(f"next: {line}")


def _project(folder: Path) -> tuple[Path, Path]:
    """Make the project where it is missing; return its two config files."""
    from arbcore.cli import main
    from arbcore.templates import write_files

    config, changes = folder / "arb.yaml", folder / "demo.yaml"
    if not config.exists():
        note(f"$ arb init {folder}")
        with redirect_stdout(StringIO()):  # what it advises is what follows here
            code = main(("init", str(folder)))
        if code:
            raise ArbcoreError(f"arb init ended with exit code {code}", "see above")
    if not changes.exists():
        write_files({changes: "demo.yaml"})
    return config, changes


def _symbols(selection: Selection) -> str:
    """Return the coins that the config's routes name, for the simulator to list."""
    raw = selection.load()
    found: dict[str, None] = {}
    for strategy in (raw.get(("strategies",)) or {}).values():
        for route in strategy.get("routes", ()) if isinstance(strategy, dict) else ():
            found |= dict.fromkeys(str(symbol) for symbol in route.get("symbols", ()))
    return ",".join(found) or "BTC"


def _pointed(selection: Selection, address: str) -> "tuple[Config, Plugins]":
    """Return the config with every instance that knows a simulator pointed at this one."""
    with redirect_stdout(StringIO()):
        config, _ = selection.open()
    assigned = _addresses(config, address)
    return replace(selection, assigned=assigned).open()


def _addresses(config: "Config", address: str) -> tuple[str, ...]:
    known = (instance for instance in config.instances() if hasattr(instance.settings, "simulator"))
    return tuple(f"{'.'.join(instance.path)}.simulator={address}" for instance in known)
