"""The sink: lines on the terminal."""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self, TextIO

from arbcore.context import Context
from arbcore.model.events import Envelope
from arbcore_sink_console.lines import Line, line_of
from arbcore_sink_console.settings import ConsoleSettings

if TYPE_CHECKING:
    from rich.console import Console


class ConsoleSink:
    """Shows events to people: coloured on a terminal, else plain lines.

    Args:
        settings: Which events, where, and whether coloured.
        context: Has the base currency, in which results are shown.
    """

    def __init__(self, settings: ConsoleSettings, context: Context) -> None:
        self._show: Final = frozenset(settings.show)
        self._settings: Final = settings
        self._currency: Final = context.base_currency
        self._stream: TextIO = sys.stderr
        self._console: Console | None = None

    async def __aenter__(self) -> Self:
        """Find the stream that is the process's own now."""
        self._stream = sys.stdout if self._settings.stream == "stdout" else sys.stderr
        color = self._settings.color
        if color == "always" or (color == "auto" and self._stream.isatty()):
            from rich.console import Console

            self._console = Console(file=self._stream, force_terminal=True, highlight=False, soft_wrap=True)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Write out; the stream stays open, it is not ours."""
        await asyncio.to_thread(self._stream.flush)

    async def write(self, events: Sequence[Envelope]) -> None:
        """Take a batch, in order.

        Raises:
            OSError: The stream refused it.
        """
        lines = [
            line
            for event in events
            if (line := line_of(event, self._currency)) is not None and line.group in self._show
        ]
        if lines:
            await asyncio.to_thread(self._print, lines)

    async def flush(self, timeout_ns: int) -> bool:
        """Push out what is buffered; tell whether all went out in time."""
        try:
            async with asyncio.timeout(timeout_ns / 10**9):
                await asyncio.to_thread(self._stream.flush)
        except TimeoutError:
            return False
        return True

    def _print(self, lines: Sequence[Line]) -> None:
        if self._console is None:
            encoding = self._stream.encoding or "utf-8"
            text = "".join(f"{line.plain}\n" for line in lines)
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            return
        from rich.text import Text

        for line in lines:
            self._console.print(Text(line.plain, style=line.style))
