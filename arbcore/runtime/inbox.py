"""The inbox: commands from the control store into the session, and what became of them back into the store.

Each is applied at most once. The store hands a command to one claimer once; the engine applies an id once; and what a
session claimed and never answered, because its process died, is judged by the journal alone: what is there was
applied, what is not is refused and never applied later.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, Self, TypeVar

import anyio
import anyio.lowlevel
from msgspec.structs import replace

from arbcore.context import Clock
from arbcore.errors import ArbcoreError, JournalError
from arbcore.journal.codec import decode
from arbcore.model.command import Command, CommandRequest, InternalTransfer, Withdraw
from arbcore.model.events import (
    CommandAccepted,
    CommandFailed,
    Envelope,
    Event,
    InternalTransferCompleted,
    InternalTransferFailed,
    WithdrawCompleted,
    WithdrawFailed,
)
from arbcore.model.state import CommandState
from arbcore.ports.journal import ControlStore, Journal
from arbcore.runtime.bell import Bell

POLL_S: Final = 0.25
"""Time between two looks where no bell is heard."""

_NET_S: Final = 1.0
"""Time between two looks beside the bell: a surface need not ring, and a ring may get lost."""

ENDED: Final = "the session ended before it was applied; give it again"
"""Why a command failed that nobody applied."""

UNHEARD: Final = (
    "it was sent to the venue, and the session ended before the venue told what became of it: "
    "look at the venue's history; it is not sent again"
)
"""Why a command failed whose end nobody hears of."""

_Refused = InternalTransferFailed | WithdrawFailed

_ENDS: Final[dict[type[Command], tuple[type[Event], ...]]] = {
    InternalTransfer: (InternalTransferCompleted, InternalTransferFailed),
    Withdraw: (WithdrawCompleted, WithdrawFailed),
}
"""Events that end a command which a venue carries out; any other command ends with its `CommandAccepted`."""

Result = TypeVar("Result")

Prepare = Callable[[CommandRequest], Awaitable[CommandRequest]]
"""Completes a command with what only the runtime knows, before the engine sees it."""

Chore = Callable[[], Awaitable[None]]
"""What a command wants of the runtime. It must not hold the event loop."""

logger = logging.getLogger("arbcore.session.commands")


class Followed:
    """A command on its way, with the events that it has led to.

    Args:
        command_id: Its id.
    """

    def __init__(self, command_id: str) -> None:
        self.id: Final = command_id
        self.events: list[int] = []
        self.refusal = ""
        self.over = False
        self.kind: type[Command] | None = None
        """Type of the command, once it was accepted."""
        self._ends: tuple[type[Event], ...] = ()

    def take(self, envelope: Envelope) -> bool:
        """Add an event if it belongs to the command; tell whether it does."""
        event = envelope.event
        answers = isinstance(event, CommandAccepted | CommandFailed) and event.command_id == self.id
        if not answers and envelope.cause not in self.events:
            return False
        self.events.append(envelope.sequence)
        if isinstance(event, CommandFailed) and answers:
            self.refusal, self.over = event.reason, True
        elif isinstance(event, CommandAccepted) and answers:
            self.kind = type(event.command)
            self._ends = _ENDS.get(self.kind, ())
            self.over = not self._ends
        elif isinstance(event, self._ends):
            self.refusal = event.reason if isinstance(event, _Refused) else ""
            self.over = True
        return True

    def answer(self, store: ControlStore) -> bool:
        """Tell the store what became of it; return True.

        Raises:
            JournalError: The store can't be written.
        """
        if self.refusal:
            store.fail(self.id, self.refusal)
        else:
            store.acknowledge(self.id, self.events)
        return True


class Inbox:
    """Claims commands, hands them to a session, and answers them. An async context manager around the session.

    Args:
        store: The control store, open as the engine's.
        bell: Wakes it.
        clock: The session's clock.
        claimer: Name of the session.
        put: Takes a command for the loop.
        chores: What is done for a command beside trading, once the engine has accepted it, by type.
        prepare: Completes commands on their way to the loop.
    """

    def __init__(
        self,
        store: ControlStore,
        bell: Bell,
        clock: Clock,
        claimer: str,
        put: Callable[[CommandRequest], None],
        chores: Mapping[type[Command], Chore] | None = None,
        prepare: Prepare | None = None,
    ) -> None:
        self._store: Final = store
        self._bell: Final = bell
        self._clock: Final = clock
        self._claimer: Final = claimer
        self._put: Final = put
        self._chores: Final = dict(chores or {})
        self._prepare: Final = prepare
        self._open: Final[dict[str, Followed]] = {}
        self._troubled = False

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._bell.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        """Answer what is left. After an error only the journal tells what was applied: the next start asks it."""
        with anyio.CancelScope(shield=True):
            await self._bell.__aexit__(kind, *exc)
            if kind is None:
                self._give_up()
            await self._answer()

    def adopt(self, left: Sequence[Followed]) -> None:
        """Go on with commands of an earlier run which a venue may still carry out, as `settle` returns them."""
        self._open.update((followed.id, followed) for followed in left)

    async def run(self) -> None:
        """Claim and answer until cancelled."""
        while True:
            claimed = await self._call(lambda: self._store.claim(self._claimer)) or ()
            for command in claimed:
                self._open[command.request.id] = Followed(command.request.id)
                request = command.request if self._prepare is None else await self._prepare(command.request)
                self._put(replace(request, recv_ts=self._clock.now()))
            if claimed:
                await anyio.lowlevel.checkpoint()  # the loop takes what was put at the next turn of the event loop
            await self._answer()
            await self._bell.wait(_NET_S if self._bell.heard and not self._open else POLL_S)

    def watch(self, events: Sequence[Envelope]) -> None:
        """Learn stored events; called on the trading thread."""
        for followed in self._open.values():
            for envelope in events:
                followed.take(envelope)

    def _give_up(self) -> None:
        """End what the session did not take any more. What a venue still carries out stays open for the next start."""
        for followed in self._open.values():
            if not followed.events:
                followed.refusal, followed.over = ENDED, True

    async def _answer(self) -> None:
        for followed in [one for one in self._open.values() if one.over]:
            await self._do_chore(followed)
            if not await self._call(partial(followed.answer, self._store)):
                return  # it can't be written now: the next look tries again
            del self._open[followed.id]

    async def _do_chore(self, followed: Followed) -> None:
        """Do what a command wants beside trading; a command whose chore fails is refused with the reason."""
        chore = self._chores.get(followed.kind) if followed.kind is not None else None
        if chore is None or followed.refusal:
            return
        followed.kind = None  # once, however often the answer is tried
        try:
            await chore()
        except ArbcoreError as error:
            followed.refusal = error.what

    async def _call(self, ask: Callable[[], Result]) -> Result | None:
        """Ask the store on another thread; None where it fails, which is logged once until it works again."""
        try:
            answer = await anyio.to_thread.run_sync(ask)
        except JournalError as error:
            if not self._troubled:
                logger.warning("commands can't be taken or answered now: %s", error)
            self._troubled = True
            return None
        self._troubled = False
        return answer


def settle(store: ControlStore, journal: Journal) -> list[Followed]:
    """Answer the commands that an earlier run of a session left unanswered, by what its journal tells.

    A command that the journal knows was applied. One that it does not know was not, and must not be now: nobody who
    gave it hours ago expects that.

    Args:
        store: The control store, open as the engine's.
        journal: The journal of that run.

    Returns:
        Commands that were applied and which a venue may still carry out: a session that goes on with the journal
        hears how they end.

    Raises:
        JournalError: The store or the journal can't be read.
    """
    store.claim("the next start")
    left = {one.request.id: Followed(one.request.id) for one in store.commands() if one.state is CommandState.SENT}
    for envelope in _told_of(journal, left) if left else ():
        for followed in left.values():
            followed.take(envelope)
    for followed in left.values():
        if not followed.events:
            followed.refusal, followed.over = ENDED, True
            logger.warning(
                "command %s was given to a session that ended before it applied it: it is dropped", followed.id
            )
        if followed.over:
            followed.answer(store)
    return [followed for followed in left.values() if not followed.over]


def give_up(store: ControlStore, left: Sequence[Followed]) -> None:
    """Refuse commands whose end nobody will hear of: the session begins anew.

    Raises:
        JournalError: The store can't be written.
    """
    for followed in left:
        store.fail(followed.id, UNHEARD)


def _told_of(journal: Journal, ids: Mapping[str, Followed]) -> Iterator[Envelope]:
    """Return the events from the first answer to one of the commands on; decoding begins only there."""
    first = next((one.sequence for one in journal.read() if one.key in ids), None)
    if first is not None:
        yield from (decode(one.body) for one in journal.read(first))
