"""The sink: every event is a line."""

import asyncio
from collections.abc import Sequence
from typing import Final, Self

from arbcore.context import Context
from arbcore.journal.text import event_line
from arbcore.model.events import Envelope
from arbcore_sink_jsonl.files import RotatingLines
from arbcore_sink_jsonl.settings import JsonlSettings


class JsonlSink:
    """Writes events as lines of JSON, in a thread of its own so that a slow disk holds nothing else up.

    Args:
        settings: File, size and choice of events.
        context: Has the session's folder and the instance's id.
    """

    def __init__(self, settings: JsonlSettings, context: Context) -> None:
        path = settings.path or context.data_dir / f"{context.instance}.jsonl"
        self._lines: Final = RotatingLines(path, settings.max_bytes, settings.keep)
        self._types: Final = frozenset(settings.types)
        self._sync: Final = settings.sync
        self._turn: Final = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Open the file.

        Raises:
            OSError: It can't be opened.
        """
        await asyncio.to_thread(self._lines.open)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Write out and close."""
        async with self._turn:
            await asyncio.to_thread(self._lines.close)

    async def write(self, events: Sequence[Envelope]) -> None:
        """Take a batch, in order.

        Raises:
            OSError: The disk refused it.
        """
        chosen = [event for event in events if not self._types or type(event.event).__name__ in self._types]
        if chosen:
            async with self._turn:
                await asyncio.to_thread(self._write, chosen)

    async def flush(self, timeout_ns: int) -> bool:
        """Push out what is buffered; tell whether all went out in time."""
        try:
            async with asyncio.timeout(timeout_ns / 10**9), self._turn:
                await asyncio.to_thread(self._lines.flush, sync=self._sync)
        except TimeoutError:
            return False
        return True

    def _write(self, events: Sequence[Envelope]) -> None:
        self._lines.write([event_line(event) for event in events])
