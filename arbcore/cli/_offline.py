"""Closing with nothing running: which session, what is shown, who is asked, and what it ended with."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final

import click

from arbcore.cli._frame_output import note
from arbcore.cli._journal import JournalPlace, NothingThere, find_left
from arbcore.errors import ArbcoreError, SafetyError

if TYPE_CHECKING:
    from arbcore.config import Config
    from arbcore.engine.prospect import Prospect
    from arbcore.plugins import Plugins
    from arbcore.runtime.result import SessionResult
    from arbcore.runtime.session import Ending

TELL_S: Final = 60.0
"""Time that venues have to tell everything."""


class NotClosed(ArbcoreError):
    """Something is open still."""


class NotClosedInTime(NotClosed):
    """Something is open still, because the time was over."""

    exit_code = 5


def flatten_offline(
    config_files: tuple[Path, ...], session: str | None, seconds: float, *, sure: bool, issued_by: str
) -> "SessionResult":
    """Close what a live session left, and return the result of doing so.

    Args:
        config_files: Configs that were named; empty for the one that the session ran with.
        session: Name of the session's folder; None for the only one.
        seconds: How long it may take.
        sure: Whether nobody is asked.
        issued_by: Who wants it.

    Raises:
        click.UsageError: There is nobody to ask, or several sessions are meant.
        SafetyError: The session lives.
        NotClosed: Something is open still.
    """
    if not sure and not sys.stdin.isatty():
        raise click.UsageError("close what a session left: nobody can be asked here; give --yes if it is meant")
    place = find_left(config_files, session)
    _require_dead(place)
    config, plugins = _open(place, config_files)
    result = _run(config, plugins, seconds, sure=sure, issued_by=issued_by)
    _judge(result)
    return result


def _require_dead(place: JournalPlace) -> None:
    """Refuse a session that lives, and one that never traded."""
    from arbcore.runtime.recovery import recover

    if writer := place.read(lambda journal: journal.writer()):
        raise SafetyError(
            f"session {place.session} lives: {writer} holds its journal",
            "close it with `arb flatten` or `arb stop --flatten`; if it hangs, kill that process first",
        )
    if place.read(recover) is None:
        raise NothingThere(f"session {place.session} never traded, so there is nothing to close")


def _open(place: JournalPlace, config_files: tuple[Path, ...]) -> "tuple[Config, Plugins]":
    """Return the config to close it with: the named one, else the one that it ran with."""
    from arbcore.cli._frame_config import Selection, open_config
    from arbcore.runtime.folder import SessionFolder, session_folder

    kept = SessionFolder(place.location)
    if not config_files and not kept.config.exists():
        raise NothingThere(f"{kept.config} does not exist", "name the config that the session ran with: -c FILE")
    raw = Selection(config_files or (kept.config,)).load("live" if config_files else None, folder=place.project)
    config, plugins = open_config(raw, say=bool(config_files))
    asked = config.session
    meant = session_folder(config.folder, asked.name, asked.mode, asked.environment).path
    if meant.resolve() != place.location.resolve():
        raise click.UsageError(f"the config is that of session {meant.name}, and {place.session} is meant")
    return config, plugins


def _run(config: "Config", plugins: "Plugins", seconds: float, *, sure: bool, issued_by: str) -> "SessionResult":
    from arbcore.cli._live import LiveView
    from arbcore.cli._session import run_with_signals
    from arbcore.offline import Agreement, flatten_offline
    from arbcore.runtime.session import Ending
    from arbcore.session import Wish

    ending = Ending()

    async def ask(found: "Prospect") -> bool:
        _show(found, config.session.name)
        return sure or found.empty or await _asked(found, ending)

    agreement = Agreement(ask, issued_by, min(TELL_S, seconds))
    with LiveView(mode="live", seconds=seconds, plain=True) as view:
        wish = Wish(watcher=view, seconds=seconds, say=note, ending=ending, resume=True, agreement=agreement)
        return run_with_signals(lambda: flatten_offline(config, plugins, wish), ending, plugins)


def _show(found: "Prospect", name: str) -> None:
    """Tell each cancel and order that would be sent, and what stays."""
    from arbcore.model.money import plain

    if found.empty:
        note(f"session {name} has nothing open that a venue would take an order for")
    for cancel in found.cancels:
        note(
            f"cancel   {cancel.side} {plain(cancel.quantity)} {cancel.instrument}, {cancel.state}, "
            f"{plain(cancel.filled)} of it filled  ({cancel.client_order_id})"
        )
    for order in found.orders:
        note(
            f"{order.side:<8} {plain(order.quantity)} {order.instrument} at {plain(order.worst)} or better"
            f"{', reduce only' if order.reduces else ''}  (trade {order.trade})"
        )
    for rest in found.rests:
        note(f"stays    {plain(rest.quantity)} {rest.instrument}: too little for an order  (trade {rest.trade})")
    for subject, cause in found.short.items():
        note(f"warning: the venue holds less of {subject} than the session counts as its own: {cause}")


async def _asked(found: "Prospect", ending: "Ending") -> bool:
    """Ask twice at the terminal, while the session goes on listening."""
    first = f"Send {len(found.cancels)} cancels and {len(found.orders)} orders, wider with each attempt that fails?"

    def ask() -> bool:
        return click.confirm(first, err=True) and click.confirm("It can't be taken back. Go on?", err=True)

    loop, answer = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

    def answered(value: bool) -> None:
        if not answer.done():
            answer.set_result(value)

    _on_a_thread(ask, lambda value: loop.call_soon_threadsafe(answered, value))
    return bool(await answer) and not ending.reason


def _on_a_thread(ask: Callable[[], bool], told: Callable[[bool], object]) -> None:
    """Ask on a thread that keeps no process from ending: nobody may ever answer."""

    def run() -> None:
        try:
            answer = ask()
        except (click.Abort, EOFError):
            answer = False
        told(answer)

    Thread(target=run, name="question", daemon=True).start()


def _judge(result: "SessionResult") -> None:
    """Raise what the exit code is to tell: nothing was sent, or something is open still."""
    from arbcore.offline import NOT_AGREED, SILENT

    if result.reason == NOT_AGREED:
        raise click.Abort
    if result.reason == SILENT:
        raise NotClosedInTime(SILENT, "see above what the venues say, and try again")
    if not result.open_trades:
        return
    kind = NotClosedInTime if result.reason == "the time is over" else NotClosed
    raise kind(
        f"{result.open_trades} trades are open still: {result.reason}",
        "`arb trades` lists them; try again, or close them on the venue's own page",
    )
