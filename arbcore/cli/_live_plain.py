"""The live view where there is no terminal: a line for what happens, a summary now and then."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING, Final, TextIO

from arbcore.cli._live_words import best_route, counted, health, latency, profit, time_left
from arbcore.cli._words import harmless, iso_seconds, span

if TYPE_CHECKING:
    from arbcore.cli._live import Look
    from arbcore.runtime.stats import SessionStats

EVERY_S: Final = 10.0
"""Time between two summaries."""

MAX_LINES: Final = 40
"""Most events told at once; of the rest only the number is."""


class Lines:
    """Writes looks as lines.

    Args:
        stream: Where to.
        now: Clock in seconds.
    """

    def __init__(self, stream: TextIO, now: Callable[[], float] = monotonic) -> None:
        self._stream: Final = stream
        self._now: Final = now
        self._told = now()

    def opened(self) -> AbstractContextManager[object]:
        """Nothing needs to be taken."""
        return nullcontext()

    def show(self, look: "Look", *, last: bool) -> None:
        """Write what happened, and a summary where it is time."""
        for sentence in look.news[:MAX_LINES]:
            self._say(f"{iso_seconds(sentence.time)} {sentence.text}")
        if len(look.news) > MAX_LINES:
            self._say(f"... and {len(look.news) - MAX_LINES:,} more events; `arb events` shows them")
        now = self._now()
        if look.stats is not None and (last or now - self._told >= EVERY_S):
            self._told = now
            self._say(summary(look, look.stats))
        self._stream.flush()

    def _say(self, text: str) -> None:
        self._stream.write(f"{text}\n")


def summary(look: "Look", stats: "SessionStats") -> str:
    """Return a session on one line."""
    parts = [f"{stats.mode} {stats.state} {span((stats.time - stats.started) / 1e9)}{time_left(look, stats)}"]
    if look.mode != "monitor":
        parts += [f"PnL {profit(stats)}", counted(stats)]
    parts += [best_route(stats), health(stats), f"{stats.quotes_per_second:,.0f} quotes/s", latency(stats)]
    return harmless(f"{iso_seconds(stats.time)} {stats.session}: {', '.join(part for part in parts if part)}")
