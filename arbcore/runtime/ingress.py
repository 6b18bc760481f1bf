"""The ingress: one queue for everything that feeds deliver, conflated while it waits and put in order when taken."""

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from arbcore.model.market import Book, FxRate, MarkPrice, PublicTrade, Quote
from arbcore.runtime.loop import SessionInput

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_WAITING: Final = 50_000
"""Most inputs that wait without being conflated; public trades beyond it are dropped and counted."""

_BY_INSTRUMENT: Final = frozenset({Quote, Book})


class Ingress:
    """Inputs on their way into the loop.

    Of an instrument's touch or book, a mark price and a conversion rate only the newest waits: what it replaces was
    never decided on. Everything else waits in full, since it can't be told from what comes after it.

    Attributes:
        wake: Called when something waits and nothing did before; whoever takes sets it.
        taken: Inputs handed on so far.
        conflated: Inputs replaced by a newer one while they waited.
        dropped: Public trades dropped because too much waited.
    """

    def __init__(self) -> None:
        self.wake: Callable[[], None] = _nobody
        self._waiting: dict[object, SessionInput] = {}
        self._last = 0
        self._number = 0
        self.taken = 0
        self.conflated = 0
        self.dropped = 0

    def put(self, item: SessionInput) -> None:
        """Let an input wait; it never blocks."""
        waiting = self._waiting
        kind = type(item)
        key: object
        if kind in _BY_INSTRUMENT:
            key = item.instrument  # type: ignore[union-attr]  # both have one
        elif kind is FxRate or kind is MarkPrice:
            key = (kind, item.name if isinstance(item, FxRate) else item.instrument)  # type: ignore[union-attr]
        else:
            if kind is PublicTrade and len(waiting) >= MAX_WAITING:
                self.dropped += 1
                return
            key = self._number
            self._number += 1
        if key in waiting:
            del waiting[key]  # so that the newer one takes its place at the end: times only rise
            self.conflated += 1
        elif not waiting:
            self.wake()
        waiting[key] = item

    def take(self, now: int) -> list[SessionInput]:
        """Return everything that waits, in order of receipt, each with a receive time of its own.

        Args:
            now: Time that the loop has reached: an input is never earlier.
        """
        items = list(self._waiting.values())
        self._waiting = {}
        last = max(self._last, now)
        for index, item in enumerate(items):
            if item.recv_ts <= last:
                items[index] = replace(item, recv_ts=last + 1)
                last += 1
            else:
                last = item.recv_ts
        self._last = last
        self.taken += len(items)
        return items

    def __len__(self) -> int:
        """Return how much waits."""
        return len(self._waiting)


def _nobody() -> None:
    """Wake nobody: nobody takes yet."""
