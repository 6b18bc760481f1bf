"""The observer: a thread with an event loop of its own that feeds sinks and notifiers. Nothing flows back."""

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from threading import Event as Flag
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from anyio import fail_after, sleep
from anyio.from_thread import BlockingPortal, start_blocking_portal

from arbcore.model.events import AlertRaised, Envelope
from arbcore.ports.journal import Sink
from arbcore.ports.notify import Notifier

if TYPE_CHECKING:
    from concurrent.futures import Future

BATCH: Final = 2_000
"""Events handed to a sink at once."""

MAX_WAITING: Final = 100_000
"""Most events that wait for slow sinks of a running session; the oldest are dropped and counted, never waited for."""

_PERIOD_S: Final = 0.05
_PATIENCE_S: Final = 10.0
_NOTIFY_NS: Final = 3 * 10**9
_FLUSH_NS: Final = 10 * 10**9


class Observer:
    """Feeds sinks and notifiers while entered.

    One that fails or hangs is set aside with its error and gets nothing more; the others go on.

    Args:
        sinks: Sink by instance id; each is opened on the observer's thread.
        notifiers: Notifier by instance id; each gets every alert.
        waits: Whether `watch` waits for the sinks once a batch is full: in a backtest, so that they get everything.
            A session never waits: its events go out from the observer's thread at its own pace.

    Attributes:
        failures: What set a sink or notifier aside, by instance id.
        dropped: Events that a sink never got because it was too slow.
    """

    def __init__(
        self, sinks: Mapping[str, Sink], notifiers: Mapping[str, Notifier] | None = None, *, waits: bool = True
    ) -> None:
        self._sinks: Final = dict(sinks)
        self._notifiers: Final = dict(notifiers or {})
        self._waits: Final = waits
        self._waiting: Final[deque[Envelope]] = deque()
        self._stack: Final = ExitStack()
        self._portal: BlockingPortal | None = None
        self._ends: Final = Flag()
        self._feeding: Future[None] | None = None
        self.failures: Final[dict[str, str]] = {}
        self.dropped = 0

    def __enter__(self) -> Self:
        """Open sinks and notifiers."""
        if self._sinks or self._notifiers:
            self._portal = self._stack.enter_context(start_blocking_portal())
            for name in [*self._sinks, *self._notifiers]:
                self._portal.call(self._guarded, name, "open")
            if not self._waits:
                self._feeding = self._portal.start_task_soon(self._feed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hand over what waits, flush and close."""
        if self._portal is not None:
            self._ends.set()
            if self._feeding is not None:
                self._feeding.result()
            self._portal.call(self._hand_over)
            for name in [*self._sinks, *self._notifiers]:
                self._portal.call(self._guarded, name, "close")
        self._stack.close()

    def watch(self, events: Sequence[Envelope]) -> None:
        """Take stored events."""
        if self._portal is None:
            return
        waiting = self._waiting
        waiting.extend(events)
        if self._waits:
            if len(waiting) >= BATCH:
                self._portal.call(self._hand_over)
        elif len(waiting) > MAX_WAITING:
            # Only this thread adds, so what is over the bound can be taken off here while the other one empties it.
            for _ in range(len(waiting) - MAX_WAITING):
                waiting.popleft()
                self.dropped += 1

    async def _feed(self) -> None:
        while not self._ends.is_set():
            await self._hand_over()
            await sleep(_PERIOD_S)

    async def _hand_over(self) -> None:
        while batch := self._next_batch():
            for name in list(self._sinks):
                await self._guarded(name, "write", batch)
            for envelope in batch:
                if isinstance(envelope.event, AlertRaised):
                    for name in list(self._notifiers):
                        await self._notify(name, envelope.event)

    def _next_batch(self) -> list[Envelope]:
        batch: list[Envelope] = []
        while len(batch) < BATCH:
            try:
                batch.append(self._waiting.popleft())
            except IndexError:
                break
        return batch

    async def _notify(self, name: str, alert: AlertRaised) -> None:
        try:
            with fail_after(_PATIENCE_S):
                await self._notifiers[name].send(alert, _NOTIFY_NS)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a notifier may fail in any way; it is named
            del self._notifiers[name]
            self.failures[name] = f"send: {error!r}"

    async def _guarded(self, name: str, action: str, batch: Sequence[Envelope] = ()) -> None:
        part: Sink | Notifier = self._sinks[name] if name in self._sinks else self._notifiers[name]
        try:
            with fail_after(_PATIENCE_S):
                await _ACTIONS[action](part, batch)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a sink may fail in any way; it is named
            self._sinks.pop(name, None)
            self._notifiers.pop(name, None)
            self.failures[name] = f"{action}: {error!r}"


async def _open(part: Sink | Notifier, _: Sequence[Envelope]) -> None:
    await part.__aenter__()


async def _write(part: Sink | Notifier, batch: Sequence[Envelope]) -> None:
    if isinstance(part, Sink):
        await part.write(batch)


async def _close(part: Sink | Notifier, _: Sequence[Envelope]) -> None:
    flushed = await part.flush(_FLUSH_NS) if isinstance(part, Sink) else True
    await part.__aexit__(None, None, None)
    if not flushed:
        raise TimeoutError("not everything went out in time")


_ACTIONS: Final = {"open": _open, "write": _write, "close": _close}
