"""Interrupts of a running session: the first asks it to stop, the second one ends the process."""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGBREAK")
"""Whichever of them the system has."""


@contextmanager
def stop_on_signals(ask: Callable[[str], None], left: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Ask for a graceful stop at the first signal; after it signals act as they did before.

    It uses no call that only POSIX has, so that it works wherever Python does. Enter it on the main thread, inside
    the event loop.

    Args:
        ask: Takes the signal's name; called on the event loop's thread, between two of its turns.
        left: Returns what an end at once leaves behind, for people; called at the second signal.
    """
    loop = asyncio.get_running_loop()
    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in known}

    def restore() -> None:
        for number, action in before.items():
            signal.signal(number, action if action is not None else signal.SIG_DFL)

    def leave(number: int, _: FrameType | None) -> None:
        _end_at_once(number, left)

    def received(number: int, _: FrameType | None) -> None:
        for each in known:
            signal.signal(each, leave)
        # The system interrupts whatever runs; this also wakes an event loop that waits for its sockets.
        loop.call_soon_threadsafe(ask, signal.Signals(number).name)

    for number in known:
        signal.signal(number, received)
    try:
        yield
    finally:
        restore()


def _end_at_once(number: int, left: Callable[[], str]) -> None:
    """End the process as the signal does by itself: what was stored stays, and nothing is waited for."""
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h\n")  # the live view hides the cursor
        sys.stderr.flush()
    try:
        sys.stderr.write(f"{words}\n" if (words := left()) else "")
        sys.stderr.flush()
    finally:
        signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
