"""Bars: an order decided at a close fills at the next opening, never inside the bar and never across a gap."""

from msgspec import Struct

from arbcore.model.market import OpeningQuote


class Bar(Struct):
    """Where a bar-driven instrument stands.

    Attributes:
        closed_at: ``ts`` of the last closing quote, None before the first.
        open_at: Receive time of the opening that fills, None outside that instant.
        broken: True from a gap until the next close: nothing fills.
    """

    closed_at: int | None = None
    open_at: int | None = None
    broken: bool = False

    def close(self, ts: int) -> None:
        """A bar closed: what arrives now waits for the next opening."""
        self.closed_at, self.open_at, self.broken = ts, None, False

    def open(self, item: OpeningQuote) -> bool:
        """A bar opened; tell whether it continues the bar that closed."""
        self.broken = self.broken or self.closed_at != item.ts
        self.open_at = None if self.broken else item.recv_ts
        return not self.broken

    def invalidate(self) -> None:
        """The data has a hole."""
        self.open_at, self.broken = None, True
