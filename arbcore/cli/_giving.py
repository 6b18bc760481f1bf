"""Giving commands to a running session from another process, and telling what became of them."""

import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final

import click

from arbcore.cli._frame_output import note, print_json
from arbcore.cli._journal import JournalPlace, NothingThere, find_running, journal_options
from arbcore.cli.run import Span
from arbcore.errors import ArbcoreError, JournalError
from arbcore.model.state import CommandState

if TYPE_CHECKING:
    from arbcore.model.command import AnyCommand, CommandRequest
    from arbcore.ports.journal import ControlStore, Journal, StoredCommand, StoredEvent

SURFACE: Final = "cli"
"""Names this way of giving commands."""

_LOOK_S: Final = 0.03
_GIVEN: Final = ("config_files", "session", "timeout_s", "no_wait", "name", "override", "as_json", "sure")
"""Arguments that the options of giving fill."""


class NoAnswer(ArbcoreError):
    """Nobody answered in time."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class Giving:
    """To whom a command line gives a command, and how.

    Attributes:
        place: The session's journal.
        timeout_s: How long an answer is waited for.
        waits: Whether one is.
        name: Id of the command, at most 33 characters.
        override: Reason typed where a rule is overridden.
        as_json: Whether the outcome is told as JSON.
        sure: Whether nothing is asked before.
    """

    place: JournalPlace
    timeout_s: float
    waits: bool
    name: str
    override: str
    as_json: bool
    sure: bool

    @property
    def issuer(self) -> str:
        """Who gives it."""
        return issuer()

    def confirm(self, what: str) -> None:
        """Ask twice before something that can't be taken back.

        Raises:
            click.UsageError: There is nobody to ask.
            click.Abort: The answer was no.
        """
        if self.sure:
            return
        if not sys.stdin.isatty():
            raise click.UsageError(f"{what}: nobody can be asked here; give --yes if it is meant")
        click.confirm(f"{what}?", abort=True, err=True)
        click.confirm("It can't be taken back. Go on?", abort=True, err=True)

    def give(self, command: "AnyCommand") -> None:
        """Give a command, wait for what becomes of it, and print that.

        Raises:
            NothingThere: No session runs.
            NoAnswer: There was no answer in time.
            ArbcoreError: The session refused the command.
        """
        from arbcore.model.command import CommandRequest

        request = CommandRequest(
            id=self.name, command=command, issued_by=issuer(), override=self.override, recv_ts=time.time_ns()
        )
        answered, events = self.place.speak(partial(_talk, self, request))
        if self.as_json:
            print_json(_record(request, answered, events))
        elif answered is None:
            note(f"given: command {request.id}; the session takes it within a second")
        else:
            _print(request, answered, events)
        if answered is not None and answered.state is CommandState.FAILED:
            raise ArbcoreError(f"{type(command).__name__} was refused: {answered.reason}")


def giving_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of giving, as its argument ``giving``."""

    @wraps(function)
    def command(*args: Any, **kwargs: Any) -> Any:
        given: dict[str, Any] = {name: kwargs.pop(name) for name in _GIVEN if name in kwargs}
        return function(*args, giving=giving_from(given), **kwargs)

    return giving_parameters(command)


def giving_from(given: dict[str, Any]) -> Giving:
    """Return to whom and how, of the arguments that the options of giving fill.

    Raises:
        NothingThere: No session runs.
    """
    return Giving(
        place=find_running(given["config_files"], given["session"]),
        timeout_s=given["timeout_s"],
        waits=not given["no_wait"],
        name=given["name"] or secrets.token_hex(10),
        override=given.get("override", ""),
        as_json=given["as_json"],
        sure=given.get("sure", True),
    )


def giving_parameters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of giving, one by one."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option("--id", "name", metavar="ID", help="Id of the command: given twice, it is applied once."),
        click.option("--no-wait", is_flag=True, help="Do not wait for what becomes of it."),
        click.option(
            "--timeout", "timeout_s", type=Span(), default="10s", show_default=True, help="How long to wait for that."
        ),
    ):
        command = option(command)
    return journal_options(command)


def sure_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option that answers its questions."""
    return click.option("--yes", "sure", is_flag=True, help="Ask nothing.")(function)


def override_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option that says why a rule is overridden."""
    option = click.option(
        "--override",
        default="",
        metavar="REASON",
        help="Why a rule is overridden; recorded.",
    )
    return option(function)


def issuer() -> str:
    """Return who gives commands here: the login name and the surface."""
    from getpass import getuser

    try:
        return f"{getuser()} ({SURFACE})"
    except (OSError, KeyError, ImportError):
        return f"unknown ({SURFACE})"


def _talk(
    giving: Giving, request: "CommandRequest", journal: "Journal", store: "ControlStore"
) -> "tuple[StoredCommand | None, list[StoredEvent]]":
    from arbcore.runtime.bell import ring
    from arbcore.runtime.folder import SessionFolder

    _insert(store, request)
    location = giving.place.location
    ring(SessionFolder(location if location.is_dir() else location.parent).bell)
    if not giving.waits:
        return None, []
    answered = _await(giving, store, journal)
    return answered, [event for number in answered.events for event in journal.read(number, number)]


def _insert(store: "ControlStore", request: "CommandRequest") -> None:
    try:
        store.insert(request)
    except JournalError:
        earlier = find_command(store, request.id)
        if earlier is None or earlier.request.command != request.command:
            raise
        note(f"command {request.id} was given before; this is what became of it")


def _await(giving: Giving, store: "ControlStore", journal: "Journal") -> "StoredCommand":
    until = time.monotonic() + giving.timeout_s
    running = True
    while True:
        found = find_command(store, giving.name)
        if found is not None and found.state in {CommandState.ACK, CommandState.FAILED}:
            return found
        if not running:
            raise NothingThere(
                f"the session ended before it answered command {giving.name}",
                "its next start says what became of it: it is not applied then; give it again if it is still meant",
            )
        if time.monotonic() >= until:
            taken = "has taken it" if found is not None and found.state is CommandState.SENT else "has not taken it yet"
            raise NoAnswer(
                f"no answer to command {giving.name} within {giving.timeout_s:g} s; the session {taken}",
                "it may still be applied, once; ask again with the same --id, or look at `arb events`",
            )
        running = bool(journal.writer())
        time.sleep(_LOOK_S)


def find_command(store: "ControlStore", command_id: str) -> "StoredCommand | None":
    """Return a command of a store, None where none of that id can be read."""
    return next((one for one in store.commands() if one.request.id == command_id), None)


def _record(
    request: "CommandRequest", answered: "StoredCommand | None", events: "list[StoredEvent]"
) -> dict[str, object]:
    from arbcore.cli._event_lines import event_fields

    return {
        "schema_version": 1,
        "command_id": request.id,
        "command": type(request.command).__name__,
        "issued_by": request.issued_by,
        "state": CommandState.NEW if answered is None else answered.state,
        "reason": "" if answered is None else answered.reason,
        "events": [event_fields(event) for event in events],
    }


def _print(request: "CommandRequest", answered: "StoredCommand", events: "list[StoredEvent]") -> None:
    from arbcore.cli._event_lines import event_fields, event_line

    name = type(request.command).__name__
    for event in events:
        click.echo(event_line(event_fields(event)))
    if answered.state is CommandState.ACK:
        note(f"{name} was applied: {len(events)} events")
