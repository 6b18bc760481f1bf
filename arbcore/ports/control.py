"""Ports around a session: command surfaces, secrets, checks, import profiles."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
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
    """A check that `arb doctor` runs.

    Attributes:
        name: Its name, in a few words.
        run: Makes it, and returns the result or something that is awaited for it. It may do I/O and must change
            nothing. What it raises is shown as a failed check; after half a minute it is given up.
    """

    name: str
    run: Callable[[], Check | Awaitable[Check]]


class ImportProfile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How files of one public format become rows of one kind in one data set.

    A column of the target is named beside where it comes from: a field of the source (``close``, or
    ``data.b`` inside JSON), a constant (``=0``), or the opposite of a true-or-false field (``!data.m``).

    Attributes:
        name: Name on the command line.
        description: One line for the list of profiles.
        kind: ``quotes``, ``book``, ``trades``, ``funding``, ``fx`` or ``bars``.
        columns: Source by target column. ``ts`` is the venue's time and ``recv_ts`` the receiver's; where one
            is missing it follows from the other. ``price`` in place of ``bid`` and ``ask`` is a last price.
            Books take ``bids``, ``asks`` as lists of price and size, or with ``bid_sizes``, ``ask_sizes`` as
            patterns of column names (``b{n}``), or one level a row with ``side``, ``price``, ``size``.
        format: ``csv`` with a header, ``jsonl``, or ``stamped-jsonl``: the receiver's clock in whole
            nanoseconds, a space, and an object, of which the clock is the field ``@``. Any may be gzipped.
        files: Pattern of the files' names below a source folder.
        where: Patterns that fields of a JSON row must match, so that one file may hold several kinds.
        time_unit: ``ns``, ``us``, ``ms``, ``s``, ``text`` for ISO 8601, or a format of ``strptime``.
        clock: Clock of times that state no offset: ``UTC`` or an offset such as ``+09:00``. Empty where every
            time states its own; a time that then does not is refused.
        delay_ns: Time after the stamp at which a row is known: a daily mean only when its day is over.
        interval_ns: Length of a bar, 0 for other kinds.
        receive_shift_ns: Correction added to the receiver's clock.
        repeat: Rows made of one source row, for a mean that stands for several settlements.
        repeat_every_ns: Time between them.
        levels: Levels a side that books keep; 0 for what they have, which must be the same number in all.
        half_spread_bps: Half-spread put around ``price``, in basis points.
        begin_ns: Earliest stamp to take, 0 for all.
        end_ns: First stamp to leave out again, 0 for none.
        thousands: Separator of thousands in numbers, removed.
        skip_empty: Leave out rows in which a needed cell is empty, and count them in a note; otherwise such a
            row is refused.
        venue: Label of the venue in the data set.
        symbol: The venue's own name of the market.
        rate: Name of the rate, empty for instruments.
        exchange: Exchange plugin whose reference instruments hold the market; empty for none.
        exchange_settings: Settings for that plugin, such as a product.
        base: Base coin, by which the plugin finds the instrument.
        instrument: The instrument itself, where no plugin knows it.
        source: Where the files come from.
        notes: Conventions that reports must state.
    """

    name: str
    description: str = ""
    kind: str
    columns: Mapping[str, str]
    format: str = "csv"
    files: str = ""
    where: Mapping[str, str] = {}
    time_unit: str = "text"
    clock: str = ""
    delay_ns: int = 0
    interval_ns: int = 0
    receive_shift_ns: int = 0
    repeat: int = 1
    repeat_every_ns: int = 0
    levels: int = 0
    half_spread_bps: float = 0.0
    begin_ns: int = 0
    end_ns: int = 0
    thousands: str = ""
    skip_empty: bool = False
    venue: str = ""
    symbol: str = ""
    rate: str = ""
    exchange: str = ""
    exchange_settings: Mapping[str, str] = {}
    base: str = ""
    instrument: Instrument | None = None
    source: str = ""
    notes: tuple[str, ...] = ()
