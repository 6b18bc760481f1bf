"""The diff-depth algorithm: a local book from a snapshot and the events around it. Pure.

Source: Binance developer documentation, "How to manage a local order book correctly", USD-M futures and spot, 2026-11.
Events are buffered while a snapshot is under way. Events before it are dropped, the first one applied must span it,
and from then on each must follow the one before: by ``pu`` on USD-M, by ``U == u + 1`` on spot. A break anywhere makes
the book invalid until it is built anew.
"""

from collections import deque
from typing import ClassVar, Final

from arbcore.errors import ExchangeError
from arbcore.model.market import Book
from arbcore.model.reason import Reason
from arbcore.net.protocol import Heard, Resyncing
from arbcore_exchange_binance.protocol.book import LocalBook
from arbcore_exchange_binance.protocol.frames import Depth, Message
from arbcore_exchange_binance.protocol.replies import Snapshot
from arbcore_exchange_binance.protocol.requests import SNAPSHOT_LEVELS
from arbcore_exchange_binance.protocol.shown import Item
from arbcore_exchange_binance.protocol.state import BookState

MOST_BUFFERED: Final = 1000
"""Events kept while a snapshot is under way; at 100 ms each that is 100 s. The oldest are dropped beyond it, which
the check of the first event finds."""


class DepthSync(BookState):
    """The maintained book of one symbol.

    Args:
        key: Key of the instrument.
        levels: Levels per side to deliver.
        futures: Whether events follow each other by ``pu`` (USD-M) or by ``U`` (spot).
    """

    touch_suffices: ClassVar[bool] = False

    def __init__(self, key: str, levels: int, *, futures: bool) -> None:
        super().__init__(key)
        self.wants_snapshot = False
        self._levels: Final = levels
        self._futures: Final = futures
        self._book: LocalBook | None = None
        self._ts = 0
        self._bridged = False
        self._buffer: deque[Depth] = deque(maxlen=MOST_BUFFERED)

    @property
    def has_book(self) -> bool:
        """Whether a snapshot has come."""
        return self._book is not None

    @property
    def comparable(self) -> Item | None:
        """What a request's answer may be compared with: the book shown, or the snapshot that no event followed yet."""
        if self.shown is None and self._book is not None and not self._bridged:
            return self._item(self._book, self._ts)
        return self.shown

    def take(self, message: Message, now: int) -> list[Heard] | None:
        """Take an event; None where it is stale or of another kind.

        Raises:
            ExchangeError: The event contradicts itself.
        """
        if not isinstance(message, Depth):
            return None
        self._check(message)
        newest = self._buffer[-1].last if self._buffer else self.update_id
        if message.last <= newest and (self._bridged or self._buffer):
            return None
        self._buffer.append(message)
        if self._book is None:
            self.wants_snapshot = True
            return []
        return self._advance(self._book, now)

    def snapshot(self, snapshot: Snapshot, now: int) -> list[Heard]:
        """Take the snapshot that was asked for; one that nobody waits for changes nothing.

        Raises:
            ExchangeError: It shows an impossible book.
        """
        if self._book is not None:
            return []
        book = LocalBook(snapshot.bids, snapshot.asks, SNAPSHOT_LEVELS)
        if book.crossed or any(price <= 0 for price, _ in (*snapshot.bids, *snapshot.asks)):
            raise ExchangeError(
                f"Binance depth: the snapshot of {self.key} is crossed or has a price of 0", "the connection is renewed"
            )
        self._book, self.update_id, self._ts = book, snapshot.last, snapshot.ts
        self._bridged = self.wants_snapshot = False
        return self._advance(book, now)

    def _check(self, event: Depth) -> None:
        # `pu` names the end of the event before, so it can't lie within this one.
        torn = event.previous is None or event.previous > event.first if self._futures else False
        worthless = any(price <= 0 for price, _ in (*event.bids, *event.asks))
        if event.first > event.last or torn or worthless:
            raise ExchangeError(
                f"Binance stream: a depth event of {self.key} contradicts itself", "the book is rebuilt"
            )

    def _advance(self, book: LocalBook, now: int) -> list[Heard]:
        """Apply what is buffered; the events that break the row stay for the next snapshot."""
        buffer, applied = self._buffer, False
        while buffer:
            event = buffer[0]
            if self._is_before(event):
                buffer.popleft()
            elif self._follows(event):
                book.change(event.bids, event.asks)
                self.update_id, self._ts, self._bridged = event.last, event.ts, True
                buffer.popleft()
                applied = True
            else:
                return self._rebuild(now, Reason.BOOK_GAP, f"events of {self.key} are missing")
        return self._deliver(book, now) if applied else []

    def _is_before(self, event: Depth) -> bool:
        """Whether an event holds nothing that is not in the book."""
        if self._bridged or not self._futures:
            return event.last <= self.update_id
        return event.last < self.update_id

    def _follows(self, event: Depth) -> bool:
        if self._bridged:
            return event.previous == self.update_id if self._futures else event.first == self.update_id + 1
        return event.first <= self.update_id + (0 if self._futures else 1)

    def _deliver(self, book: LocalBook, now: int) -> list[Heard]:
        if book.crossed:
            return self._rebuild(now, Reason.BOOK_CROSSED, f"the book of {self.key} is crossed")
        if not book.knows(self._levels):
            return self._rebuild(now, Reason.BOOK_GAP, f"the book of {self.key} has left what its snapshot told")
        return self.show(self._item(book, now), now)

    def _item(self, book: LocalBook, now: int) -> Book:
        bids, asks = book.top(self._levels)
        return Book(self.key, self._ts or now, now, bids, asks)

    def _rebuild(self, now: int, reason: str, words: str) -> list[Heard]:
        """Forget the book and ask for a snapshot. What is buffered stays: it comes after what broke."""
        self._book, self._bridged, self.wants_snapshot = None, False, True
        told = self.forget(now, reason, self._ts)
        return [*told, Resyncing(words)] if told else []
