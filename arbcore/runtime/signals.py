"""Interrupts of a running session: the first asks it to stop, the second one ends the process."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGBREAK")
"""Whichever of them the system has."""


@contextmanager
def stop_on_signals(ask: Callable[[str], None]) -> Iterator[None]:
    """Ask for a graceful stop at the first signal; after it signals act as they did before.

    It uses no call that only POSIX has, so that it works wherever Python does. Enter it on the main thread, inside
    the event loop.

    Args:
        ask: Takes the signal's name; called on the event loop's thread, between two of its turns.
    """
    loop = asyncio.get_running_loop()
    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in known}

    def restore() -> None:
        for number, action in before.items():
            signal.signal(number, action if action is not None else signal.SIG_DFL)

    def received(number: int, _: FrameType | None) -> None:
        restore()
        # The system interrupts whatever runs; this also wakes an event loop that waits for its sockets.
        loop.call_soon_threadsafe(ask, signal.Signals(number).name)

    for number in known:
        signal.signal(number, received)
    try:
        yield
    finally:
        restore()
