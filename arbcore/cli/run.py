"""`arb run`: trade a config on live market data, on paper, or with real orders after two consents."""

import sys
from contextlib import redirect_stdout
from dataclasses import replace
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_config import Selection, config_options
from arbcore.cli._frame_output import note, plain_values, print_json
from arbcore.errors import ArbcoreError

if TYPE_CHECKING:
    from arbcore.config import Config
    from arbcore.live.consent import Consent
    from arbcore.plugins import Plugins
    from arbcore.runtime.result import SessionResult


class Span(click.ParamType[float]):
    """A duration such as ``90s`` or ``10m``, as seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        from arbcore.settings import parse_duration

        try:
            return parse_duration(value) / 1e9
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command
@click.option("--for", "seconds", type=Span(), help="Stop after this time, such as 90s or 10m.")
@click.option(
    "--kpi", type=click.Path(path_type=Path, dir_okay=False), help="Write key figures to this JSON file at the end."
)
@click.option("--no-record", is_flag=True, help="Do not keep the market data; `arb replay` needs it.")
@click.option("--plain", is_flag=True, help="Print lines instead of the live view.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option(
    "--resume/--clean",
    "resume",
    default=None,
    help="Go on with what an earlier start left, or put it aside and begin anew; the default of --live is --resume.",
)
@click.option("--live", is_flag=True, help="Trade with real orders; the config must consent, too.")
@click.option("--confirm", default="", metavar="NAME", help="Second consent to real orders: the session's name.")
@click.option(
    "--without-paper",
    "override",
    default="",
    metavar="REASON",
    help="Trade in production without the paper hours; the reason is kept in the journal.",
)
@config_options()
def command(
    *,
    seconds: float | None,
    kpi: Path | None,
    no_record: bool,
    plain: bool,
    as_json: bool,
    resume: bool | None,
    live: bool,
    confirm: str,
    override: str,
    selection: Selection,
) -> None:
    """Run the config's session on live market data, on paper unless told otherwise in two places.

    CONFIG defaults to arb.yaml in the current folder. Ctrl-C stops gracefully: what is open is valued and reported.
    Real orders want live.enabled: true in a config file, --live, and the session's name by --confirm or at a terminal.
    """
    if no_record:
        selection = replace(selection, assigned=(*selection.assigned, "session.record=false"))
    with redirect_stdout(sys.stderr):
        config, plugins = selection.open("live" if live else None)
        consent = _consent(config, plugins, confirm, override) if config.session.mode == "live" else None
        result = run(config, plugins, seconds, plain=plain or as_json, consent=consent, resume=resume)
    if as_json:
        print_json(result)
    else:
        from arbcore.cli._session_report import print_session

        print_session(result)
    if kpi is not None:
        write_kpis(result, kpi)


def _consent(config: "Config", plugins: "Plugins", confirm: str, override: str) -> "Consent":
    """Show what a live session will do, and take the second consent: the flag's, or what is typed at a terminal.

    Raises:
        SafetyError: Something else speaks against live trading, so that nobody is asked in vain.
    """
    import anyio

    from arbcore.live.consent import Consent, require_gates
    from arbcore.live.text import consent_text

    note(consent_text(config, plugins))
    if not confirm and sys.stdin.isatty():
        anyio.run(require_gates, config, plugins, override)
        confirm = click.prompt(
            f"Type {config.session.name} to send real orders", default="", show_default=False, err=True
        )
    return Consent(confirmed=confirm, override=override, issued_by=_user())


def _user() -> str:
    """Return who is at the keyboard, as far as the system tells."""
    try:
        return getuser()
    except (OSError, KeyError, ImportError):
        return "operator"


def run(
    config: "Config",
    plugins: "Plugins",
    seconds: float | None,
    *,
    plain: bool = False,
    consent: "Consent | None" = None,
    resume: bool | None = None,
) -> "SessionResult":
    """Run a session with its live view."""
    from arbcore.cli._live import LiveView
    from arbcore.cli._session import run_with_signals
    from arbcore.live.consent import NO_CONSENT
    from arbcore.runtime.session import Ending
    from arbcore.session import Wish, run_session

    ending = Ending()
    with LiveView(mode=config.session.mode, seconds=seconds, plain=plain) as view:
        wish = Wish(
            watcher=view,
            seconds=seconds,
            say=note,
            ending=ending,
            consent=consent or NO_CONSENT,
            resume=resume,
        )
        return run_with_signals(lambda: run_session(config, plugins, wish), ending, plugins)


def write_kpis(result: "SessionResult", path: Path) -> None:
    """Write the key figures of a session's end; the file appears whole or not at all."""
    from msgspec import json

    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(json.format(json.encode(plain_values(result.kpis)), indent=2) + b"\n")
        part.replace(path)
    except OSError as error:
        raise ArbcoreError(f"{path}: {error.strerror or error}", "name a file that can be written") from None
    note(f"key figures: {path}")
