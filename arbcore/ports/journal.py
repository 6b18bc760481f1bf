"""The persistence ports: the journal of a session, the control store, and sinks."""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol, Self, runtime_checkable

from msgspec import Struct

from arbcore.model.command import CommandRequest
from arbcore.model.events import Envelope
from arbcore.model.state import CommandState


class StoredEvent(Struct, frozen=True):
    """An event as the journal stores it.

    Attributes:
        sequence: Number in the journal, from 1 without gaps.
        time: Engine time in UTC nanoseconds.
        type: Name of the event's type.
        key: Dedup key, empty where it has none.
        body: Canonical bytes: deterministic JSON of the envelope.
        hash: SHA-256 over the hash before and the body, 32 bytes.
    """

    sequence: int
    time: int
    type: str
    key: str
    body: bytes
    hash: bytes


class StoredSnapshot(Struct, frozen=True):
    """Everything that a session knew after an event, so that a later start need not fold all events before it.

    Attributes:
        sequence: Sequence of the last event that it contains.
        chain: Hash of that event: a snapshot belongs to one chain.
        body: The engine's state, in its own format.
        digest: SHA-256 over the body, 32 bytes; one that does not match is corrupt.
    """

    sequence: int
    chain: bytes
    body: bytes
    digest: bytes


class RunMetadata(Struct, frozen=True, kw_only=True):
    """What ran, outside the hash chain, since it differs between machines.

    Attributes:
        session: Session name.
        mode: Mode of the session.
        started_wall: Wall time of the start, ISO 8601 UTC.
        python: Version of Python.
        plugins: Distribution, version and hash of the module files, by ``kind:name``.
        config_hash: Hash of the validated configuration.
    """

    session: str
    mode: str
    started_wall: str
    python: str
    plugins: dict[str, tuple[str, str, str]]
    config_hash: str


@runtime_checkable
class Journal(Protocol):
    """Append-only store of a session's events: the truth. One writer.

    Entering opens it and takes its lease; leaving flushes and closes. Calls are synchronous: a decision may not
    be acted on before `append` has returned.
    """

    async def __aenter__(self) -> Self:
        """Open.

        Raises:
            JournalError: It can't be opened, belongs to another session or mode, or is in use.
        """
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Flush and close."""
        ...

    def start_run(self, metadata: RunMetadata) -> None:
        """Note what runs, outside the chain."""
        ...

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Store events that continue the chain, all or none.

        Raises:
            JournalError: They can't be stored; nothing stored before is lost.
        """
        ...

    def last(self) -> StoredEvent | None:
        """Return the newest event, None where there is none."""
        ...

    def read(self, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
        """Return events by sequence, in order, both ends included."""
        ...

    def runs(self) -> Sequence[RunMetadata]:
        """Return what ran on this journal, oldest first."""
        ...

    def keep_snapshot(self, snapshot: StoredSnapshot) -> None:
        """Store a snapshot beside the chain; older ones than the last three may go.

        Raises:
            JournalError: It can't be stored. Nothing but a longer recovery is lost by that.
        """
        ...

    def snapshots(self) -> Sequence[StoredSnapshot]:
        """Return the snapshots that are kept, the newest first; whether one is sound is for the caller to check."""
        ...

    def location(self) -> str:
        """Return where it lies, for people."""
        ...

    def writer(self) -> str:
        """Return who writes it now, for people; empty where nobody does: the session ended or its process is gone.

        Readers may ask as often as they like: it never keeps a session from starting.

        Raises:
            JournalError: It can't be told.
        """
        ...


Survival = Literal["nothing", "process", "power"]
"""What events survive once `append` has returned: nothing yet, the end of the process, or the loss of power."""


@runtime_checkable
class Durable(Protocol):
    """A `Journal` that tells how durable it is, entered or not."""

    def survives(self) -> Survival:
        """Return what events survive once `append` has returned."""
        ...


class StoredCommand(Struct, frozen=True, kw_only=True):
    """A command with its life.

    Attributes:
        request: The command.
        state: NEW, SENT (claimed), ACK or FAILED.
        claimed_by: Session that claimed it.
        reason: Why it failed.
        events: Sequences of the events that it led to.
    """

    request: CommandRequest
    state: CommandState
    claimed_by: str = ""
    reason: str = ""
    events: tuple[int, ...] = ()


@runtime_checkable
class ControlStore(Protocol):
    """Commands and config drafts: other processes insert, the engine process claims and answers."""

    async def __aenter__(self) -> Self:
        """Open."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        ...

    def insert(self, request: CommandRequest) -> None:
        """Store a new command.

        Raises:
            JournalError: Its id was used before.
        """
        ...

    def claim(self, claimer: str) -> Sequence[StoredCommand]:
        """Claim every new command for a session, in order of insertion; each is returned to one claimer once.

        A command that can't be read, such as that of a newer arbcore, is marked as refused with the reason instead of
        being returned, and holds up no other.
        """
        ...

    def acknowledge(self, command_id: str, events: Sequence[int]) -> None:
        """Mark a claimed command as applied."""
        ...

    def fail(self, command_id: str, reason: str) -> None:
        """Mark a claimed command as refused."""
        ...

    def commands(self) -> Sequence[StoredCommand]:
        """Return all commands that this version of arbcore can read, in order of insertion."""
        ...

    def insert_draft(self, text: str, author: str) -> int:
        """Store a draft of the config and return its version."""
        ...

    def draft(self, version: int) -> str:
        """Return the text of a draft.

        Raises:
            JournalError: There is no such version.
        """
        ...


@runtime_checkable
class Sink(Protocol):
    """Takes events for people and other systems. It may be slow or fail; trading never waits for it."""

    async def __aenter__(self) -> Self:
        """Open."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Flush and close."""
        ...

    async def write(self, events: Sequence[Envelope]) -> None:
        """Take a batch, in order."""
        ...

    async def flush(self, timeout_ns: int) -> bool:
        """Push out what is buffered; tell whether all went out in time."""
        ...
