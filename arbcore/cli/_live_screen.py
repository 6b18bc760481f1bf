"""The live view on a terminal: rich draws the picture in place."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.live import Live

from arbcore.cli._above import above
from arbcore.cli._live_frame import frame

if TYPE_CHECKING:
    from rich.console import Console

    from arbcore.cli._live import Look
    from arbcore.cli._sentences import Sentence

MAX_SENTENCES: Final = 100
"""Sentences kept for a terminal of any height."""


class Screen:
    """Draws looks in place; the last one stays.

    Args:
        console: The terminal.
    """

    def __init__(self, console: "Console") -> None:
        self._console: Final = console
        self._news: Final[deque[Sentence]] = deque(maxlen=MAX_SENTENCES)
        # Streams are redirected by `above`, which handles both, and only where they are the terminal.
        self._live: Final = Live(
            console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False, vertical_overflow="crop"
        )

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Take the terminal; the cursor comes back whatever happens."""
        with self._live, above(self._console):
            yield

    def show(self, look: "Look", *, last: bool) -> None:
        """Draw a look."""
        self._news.extend(look.news)
        width, height = self._console.size
        lines = frame(look, tuple(self._news), width, height - 1, last=last)
        self._live.update(Group(*lines), refresh=True)
