"""The book of one market on one connection: which frames count, and what a request for the same book proves."""

from typing import Final

from arbcore.model.market import Book, BookInvalid
from arbcore.model.reason import Reason
from arbcore_exchange_upbit.protocol.ladders import Side, fault

LATE_FRAMES: Final = 3
"""Fewer frames from before the last one are late, however long nothing newer comes."""

Told = Book | BookInvalid
"""What may be told of a book."""


class MarketBook:
    """Keeps the last frame of a market and compares it with what requests answer.

    Frames carry no number, so that a lost one can't be seen in the next. What can be seen is that a request answers a
    newer book than the last frame. The newer book is told at once, since it is the venue's own and whole, and the
    stream then has a while to catch up: `doubted_at` says since when it owes a frame.

    Args:
        key: Key of the instrument.
        patience: How long frames may all be late before the venue's clock is found to have gone back, nanoseconds.

    Attributes:
        whole: Whether the last thing told was a book that can be traded on.
        heard: When a frame or an answer last said what the book is; 0 for never.
        doubted_at: Since when the stream owes the frame of a newer book; 0 where it owes nothing.
        stepped_back: Whether the venue's clock went back: only another connection can tell what is newer now.
    """

    __slots__ = (
        "_asks",
        "_bids",
        "_fault",
        "_late",
        "_late_since",
        "_newest",
        "_patience",
        "_polled",
        "_ts",
        "doubted_at",
        "heard",
        "key",
        "stepped_back",
        "whole",
    )

    def __init__(self, key: str, patience: int) -> None:
        self.key: Final = key
        self._patience: Final = patience
        self.whole = False
        self.heard = 0
        self.doubted_at = 0
        self.stepped_back = False
        self._bids: Side = ()
        self._asks: Side = ()
        self._ts = 0
        self._newest = 0
        self._polled = 0
        self._late = 0
        self._late_since = 0
        self._fault: str = ""

    @property
    def streaming(self) -> bool:
        """Whether there is a frame to compare answers with."""
        return self._ts > 0

    def on_frame(self, ts: int, bids: Side, asks: Side, now: int) -> Told | None:
        """Take a frame; return what to tell of it, None for one that came too late to matter.

        Args:
            ts: The frame's time, nanoseconds.
            bids: Bids, best first.
            asks: Asks, best first.
            now: Time of receipt.
        """
        if ts < self._ts:
            return self._on_late(now)
        self._late = self._late_since = 0
        self._ts, self._bids, self._asks = ts, bids, asks
        if self.doubted_at:
            if ts < self._newest:
                return None  # an answer has already told a newer book
            self.doubted_at = 0
        return self._tell(ts, bids, asks, now)

    def on_answer(self, ts: int, bids: Side, asks: Side, venue_now: int, now: int) -> Told | None:
        """Take what a request answered while the stream is open; return what to tell, None where it proves nothing.

        Args:
            ts: The answered book's time, nanoseconds.
            bids: Its bids.
            asks: Its asks.
            venue_now: The venue's time at the answer, as far as it can be estimated.
            now: Time of receipt.
        """
        if not self._ts or ts < self._newest:
            return None
        if bids == self._bids and asks == self._asks:
            self.doubted_at = self._late = self._late_since = 0
            return self._tell(max(self._ts, ts, venue_now), bids, asks, now)
        if ts < self._ts:
            return None  # older than the last frame: that frame came between question and answer
        self.doubted_at = self.doubted_at or now
        self._newest = max(self._newest, ts)
        return self._tell(ts, bids, asks, now)

    def on_poll(self, ts: int, bids: Side, asks: Side, venue_now: int, now: int) -> Told | None:
        """Take what a request answered while the stream is down; an answer older than the one before is passed over."""
        if ts < self._polled:
            return None
        self._polled = ts
        return self._tell(max(ts, venue_now), bids, asks, now)

    def lose(self, now: int, reason: Reason) -> BookInvalid | None:
        """Return that the book can't be trusted any more, None where that is known."""
        if not self.whole:
            return None
        self.whole = False
        self._fault = reason
        return BookInvalid(self.key, self._ts, now, reason)

    def _on_late(self, now: int) -> BookInvalid | None:
        """Pass over a late frame, until nothing but late ones have come for too long."""
        self._late += 1
        self._late_since = self._late_since or now
        if self._late < LATE_FRAMES or now - self._late_since < self._patience:
            return None
        self.stepped_back = True
        return self.lose(now, Reason.INPUT_TIME_BACK)

    def _tell(self, ts: int, bids: Side, asks: Side, now: int) -> Told | None:
        self.heard = now
        reason = fault(bids, asks)
        if reason is None:
            self.whole, self._fault = True, ""
            return Book(self.key, ts, now, bids, asks)
        if self._fault == reason:
            return None
        self.whole, self._fault = False, reason
        return BookInvalid(self.key, ts, now, reason)
