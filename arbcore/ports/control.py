"""Ports around a session: command surfaces, secrets, checks, import profiles."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, Self, runtime_checkable

from msgspec import Struct

from arbcore.model.command import CommandRequest
from arbcore.model.instrument import Instrument
from arbcore.ports.journal import StoredCommand


@runtime_checkable
class CommandInbox(Protocol):
    """Where a surface puts commands and reads their fate."""

    def insert(self, request: CommandRequest) -> None:
        """Store a new command."""
        ...

    def commands(self) -> Sequence[StoredCommand]:
        """Return all commands, in order of insertion."""
        ...


@runtime_checkable
class CommandSurface(Protocol):
    """A way for people to give commands, such as a chat. An async context manager that runs while entered."""

    async def __aenter__(self) -> Self:
        """Start listening."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Stop listening."""
        ...


@runtime_checkable
class SecretBackend(Protocol):
    """Finds secrets that are kept elsewhere than in the environment or a file."""

    def fetch(self, name: str) -> str:
        """Return a secret.

        Raises:
            ConfigurationError: There is no such secret.
        """
        ...


class Check(Struct, frozen=True, kw_only=True):
    """A result of the doctor: ``ok``, ``warn`` or ``fail``, what was seen, and what to do."""

    name: str
    status: str
    detail: str
    fix: str = ""


class DoctorCheck(Struct, frozen=True):
    """A check that `arb doctor` runs: its name and the function that makes it."""

    name: str
    run: Callable[[], Check]


class ImportProfile(Struct, frozen=True, kw_only=True):
    """How files of one public format become a data set.

    Attributes:
        name: Name on the command line.
        description: One line for the list of profiles.
        kind: ``quotes``, ``book``, ``trades``, ``funding``, ``fx`` or ``bars``.
        columns: Source column by target column.
        time_unit: ``ns``, ``us``, ``ms``, ``s`` or ``text`` of the source's times.
        time_zone: Offset of the source's clock from UTC in minutes.
        delay_ns: Time after the stamp at which a row is known: a bar or a daily mean only at its end.
        interval_ns: Length of a bar, 0 for other kinds.
        options: Further options of the kind, as text.
        instrument: Instrument that the files describe, None for rates.
        rate: Name of the rate, empty for instruments.
    """

    name: str
    description: str
    kind: str
    columns: Mapping[str, str]
    time_unit: str
    time_zone: int = 0
    delay_ns: int = 0
    interval_ns: int = 0
    options: Mapping[str, str] = {}
    instrument: Instrument | None = None
    rate: str = ""
