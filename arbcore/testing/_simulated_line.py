"""The line to a venue that is simulated in process: what travels over it can be lost, held back, cut or doubled."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from arbcore.errors import ExchangeUnavailable, OutcomeUnknown
from arbcore.testing.trading_bench import Faults, Held, Operation


class Line:
    """Carries requests there, answers back, and the events of a user stream.

    Attributes:
        is_up: Whether the user stream is open.
        is_silent: Whether its events are lost.
        copies: How often each event arrives.
        changed: Set whenever the user stream is cut or can be opened again; replaced each time.
        before_cancel: Called once just before the next cancel reaches the venue.
    """

    def __init__(self) -> None:
        self.is_up = True
        self.is_silent = False
        self.copies = 1
        self.changed = anyio.Event()
        self.before_cancel: Callable[[], None] | None = None
        self._lost_requests: list[Operation] = []
        self._lost_replies: list[Operation] = []
        self._turned_away: list[Operation] = []
        self._held: dict[Operation, tuple[Held, anyio.Event]] = {}

    async def there(self, operation: Operation) -> None:
        """Carry a request.

        Raises:
            OutcomeUnknown: It is lost, which the sender can't tell.
            ExchangeUnavailable: The venue takes nothing.
        """
        await anyio.lowlevel.checkpoint()
        if _used(self._lost_requests, operation):
            raise OutcomeUnknown(f"sim: no answer to {operation}", "look it up before sending again")
        if _used(self._turned_away, operation):
            raise ExchangeUnavailable(f"sim: {operation} was not taken: the venue is busy")

    async def back(self, operation: Operation) -> None:
        """Carry an answer.

        Raises:
            OutcomeUnknown: It is lost.
        """
        if operation in self._held:
            held, released = self._held.pop(operation)
            held.arrived.set()
            await released.wait()
        if _used(self._lost_replies, operation):
            raise OutcomeUnknown(f"sim: no answer to {operation}", "look it up before sending again")
        await anyio.lowlevel.cancel_shielded_checkpoint()

    def faults(self, fill_resting: Callable[[], None]) -> Faults:
        """Return these faults as the suite takes them.

        Args:
            fill_resting: Moves the market so far that every resting order fills.
        """

        async def lose_request(operation: Operation) -> None:
            self._lost_requests.append(operation)

        async def lose_reply(operation: Operation) -> None:
            self._lost_replies.append(operation)

        async def turn_away(operation: Operation) -> None:
            self._turned_away.append(operation)

        async def cut() -> None:
            self._set(is_up=False)
            await anyio.lowlevel.checkpoint()
            self._set(is_up=True)

        async def fill_on_cancel() -> None:
            self.before_cancel = fill_resting

        return Faults(
            lose_request=lose_request,
            lose_reply=lose_reply,
            hold_reply=self._hold,
            turn_away=turn_away,
            cut=cut,
            down=self._down,
            silence=self._silence,
            duplicate=self._duplicate,
            fill_on_cancel=fill_on_cancel,
        )

    @asynccontextmanager
    async def _hold(self, operation: Operation) -> AsyncIterator[Held]:
        held, released = Held(anyio.Event()), anyio.Event()
        self._held[operation] = (held, released)
        try:
            yield held
        finally:
            released.set()

    @asynccontextmanager
    async def _down(self) -> AsyncIterator[None]:
        self._set(is_up=False)
        try:
            yield
        finally:
            self._set(is_up=True)

    @asynccontextmanager
    async def _silence(self) -> AsyncIterator[None]:
        self.is_silent = True
        try:
            yield
        finally:
            self.is_silent = False

    @asynccontextmanager
    async def _duplicate(self) -> AsyncIterator[None]:
        self.copies = 2
        try:
            yield
        finally:
            self.copies = 1

    def _set(self, *, is_up: bool) -> None:
        self.is_up = is_up
        self.changed.set()
        self.changed = anyio.Event()


def _used(waiting: list[Operation], operation: Operation) -> bool:
    if operation in waiting:
        waiting.remove(operation)
        return True
    return False
