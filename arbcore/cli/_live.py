"""The live view of a running session: a picture on a terminal, plain lines elsewhere. It never makes trading wait."""

import logging
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from threading import Event as Flag
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self, TextIO

from msgspec.structs import replace

from arbcore.cli._sentences import Sentence, Sentences
from arbcore.model.events import EngineStopped

if TYPE_CHECKING:
    from arbcore.model.events import Envelope
    from arbcore.runtime.stats import SessionStats

PERIOD_S: Final = 0.5
"""Time between two pictures."""

PATIENCE_S: Final = 5.0
"""How long the end of a session waits for a stream that takes nothing."""

MAX_BATCHES: Final = 2_048
"""Most batches of events that wait for the next picture; the oldest are dropped, and the view says that some were."""

logger = logging.getLogger("arbcore.cli.live")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the view knows at one moment.

    Attributes:
        mode: ``paper``, ``live`` or ``monitor``.
        seconds: How long the session is to run; None until it is stopped.
        stats: Its newest statistics, None before the first.
        age_s: Time since they came, by the monotonic clock.
        news: What happened since the last look, oldest first.
    """

    mode: str
    seconds: float | None
    stats: "SessionStats | None"
    age_s: float
    news: Sequence[Sentence]


class Display(Protocol):
    """What shows looks."""

    def opened(self) -> AbstractContextManager[object]:
        """Take the stream for the view; leaving gives it back."""
        ...

    def show(self, look: Look, *, last: bool) -> None:
        """Show one look; the last one stays."""
        ...


class LiveView:
    """Shows a running session while entered, from a thread of its own.

    A terminal gets a picture twice a second, whose last state stays; any other stream a line for what happens and a
    summary now and then. What others print to the terminal meanwhile appears above the picture. A view that fails is
    logged and ends; the session goes on.

    Args:
        mode: Mode of the session; ``monitor`` leaves out trades and profit.
        seconds: How long the session is to run; None until it is stopped.
        plain: Lines even on a terminal.
        stream: Where to; stderr by default.
    """

    def __init__(
        self, *, mode: str, seconds: float | None = None, plain: bool = False, stream: TextIO | None = None
    ) -> None:
        self._mode: Final = mode
        self._seconds: Final = seconds
        self._plain: Final = plain
        self._stream: Final = stream
        self._batches: Final[deque[Sequence[Envelope]]] = deque(maxlen=MAX_BATCHES)
        self._stats: tuple[SessionStats | None, float] = (None, monotonic())
        self._running: SessionStats | None = None
        self._stopped = False
        self._sentences: Final = Sentences()
        self._stack: Final = ExitStack()
        self._ends: Final = Flag()
        self._thread: Final = Thread(target=self._watch, name="live-view", daemon=True)
        self._display: Display | None = None

    def on_stats(self, stats: "SessionStats") -> None:
        """Take the newest statistics; the trading thread calls it and never waits."""
        self._stats = (stats, monotonic())
        if not self._stopped:
            self._running = stats

    def on_events(self, events: "Sequence[Envelope]") -> None:
        """Take stored events; the trading thread calls it and never waits."""
        self._batches.append(events)
        if events and type(events[-1].event) is EngineStopped:
            self._stopped = True

    def __enter__(self) -> Self:
        """Take the stream and begin."""
        display = _display(self._stream or sys.stderr, plain=self._plain)
        self._stack.enter_context(display.opened())
        self._display = display
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show the last look, and give the stream back."""
        self._ends.set()
        self._thread.join(PATIENCE_S)
        if self._thread.is_alive():
            return  # the stream takes nothing: it must not keep the session from ending
        try:
            self._show(last=True)
            self._stack.close()
        except Exception:
            # A terminal that went away must not hide how the session ended.
            logger.exception("the live view could not close")

    def _watch(self) -> None:
        while not self._ends.wait(PERIOD_S):
            self._show(last=False)

    def _show(self, *, last: bool) -> None:
        if self._display is None:
            return
        stats, at = self._stats
        if stats is not None and self._stopped and (market := self._running):
            # A session that ends closes its connections: the market is shown as it was while it could be seen.
            stats = replace(stats, venues=market.venues, rates=market.rates, routes=market.routes)
        news = tuple(self._news())
        look = Look(mode=self._mode, seconds=self._seconds, stats=stats, age_s=monotonic() - at, news=news)
        try:
            self._display.show(look, last=last)
        except Exception:
            self._display = None
            logger.exception("the live view failed and ended; the session goes on")

    def _news(self) -> Iterator[Sentence]:
        while True:
            try:
                batch = self._batches.popleft()
            except IndexError:
                return
            yield from self._sentences.tell(batch)


def _display(stream: TextIO, *, plain: bool) -> Display:
    from rich.console import Console

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    # rich takes a pipe for a terminal where FORCE_COLOR is set, and a picture in a log file can't be read.
    if plain or not stream.isatty() or not console.is_terminal or console.is_dumb_terminal:
        from arbcore.cli._live_plain import Lines

        return Lines(stream)
    from arbcore.cli._live_screen import Screen

    return Screen(console)
