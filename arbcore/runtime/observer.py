"""The observer: a thread with an event loop of its own that feeds sinks. Nothing flows back but what went wrong."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self

from anyio import fail_after
from anyio.from_thread import BlockingPortal, start_blocking_portal

from arbcore.model.events import Envelope
from arbcore.ports.journal import Sink

BATCH: Final = 2_000
"""Events handed over at once; at most this many wait on the trading side."""

_PATIENCE_S: Final = 10.0
_FLUSH_NS: Final = 10 * 10**9


class Observer:
    """Feeds sinks while entered.

    A sink that fails or hangs is set aside with its error and gets nothing more; the others go on.

    Args:
        sinks: Sink by instance id; each is opened on the observer's thread.
    """

    def __init__(self, sinks: Mapping[str, Sink]) -> None:
        self._sinks: Final = dict(sinks)
        self._waiting: list[Envelope] = []
        self._stack: Final = ExitStack()
        self._portal: BlockingPortal | None = None
        self.failures: Final[dict[str, str]] = {}
        """What set a sink aside, by instance id."""

    def __enter__(self) -> Self:
        """Open the sinks."""
        if self._sinks:
            self._portal = self._stack.enter_context(start_blocking_portal())
            for name in list(self._sinks):
                self._portal.call(self._guarded, name, "open")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hand over what waits, flush and close the sinks."""
        if self._portal is not None:
            self._hand_over()
            for name in list(self._sinks):
                self._portal.call(self._guarded, name, "close")
        self._stack.close()

    def watch(self, events: Sequence[Envelope]) -> None:
        """Take stored events; every `BATCH` of them goes to the sinks."""
        if not self._sinks:
            return
        self._waiting.extend(events)
        if len(self._waiting) >= BATCH:
            self._hand_over()

    def _hand_over(self) -> None:
        batch, self._waiting = self._waiting, []
        if self._portal is not None and batch:
            self._portal.call(self._write, batch)

    async def _write(self, batch: Sequence[Envelope]) -> None:
        for name in list(self._sinks):
            await self._guarded(name, "write", batch)

    async def _guarded(self, name: str, action: str, batch: Sequence[Envelope] = ()) -> None:
        sink = self._sinks[name]
        try:
            with fail_after(_PATIENCE_S):
                await _ACTIONS[action](sink, batch)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a sink may fail in any way; it is named
            del self._sinks[name]
            self.failures[name] = f"{action}: {error!r}"


async def _open(sink: Sink, _: Sequence[Envelope]) -> None:
    await sink.__aenter__()


async def _write(sink: Sink, batch: Sequence[Envelope]) -> None:
    await sink.write(batch)


async def _close(sink: Sink, _: Sequence[Envelope]) -> None:
    flushed = await sink.flush(_FLUSH_NS)
    await sink.__aexit__(None, None, None)
    if not flushed:
        raise TimeoutError("not everything went out in time")


_ACTIONS: Final = {"open": _open, "write": _write, "close": _close}
