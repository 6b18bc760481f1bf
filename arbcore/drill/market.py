"""Prices of the one instrument that a drill trades."""

from typing import Final

import anyio

from arbcore.drill.news import Missed
from arbcore.model.instrument import Instrument
from arbcore.model.market import Book, BookInvalid, Quote
from arbcore.opening import first_error
from arbcore.ports.venue import Feed, FeedItem


class Market:
    """The newest touch of an instrument.

    Args:
        instrument: The instrument.
        patience_s: Longest wait for a touch.
    """

    def __init__(self, instrument: Instrument, patience_s: float) -> None:
        self._instrument: Final = instrument
        self._patience_s: Final = patience_s
        self._quote: Quote | None = None
        self._failed = ""
        self._came = anyio.Event()

    async def follow(self, feed: Feed) -> None:
        """Run a feed until cancelled; an error of its own ends it and is kept."""
        try:
            await feed.run((self._instrument.key,), self._take)
        except Exception as error:  # noqa: BLE001 - who needs a price tells it
            self._failed = str(first_error(error))
        self._came.set()

    async def quote(self) -> Quote:
        """Return the touch, once there is one.

        Raises:
            Missed: There is none within the patience.
        """
        with anyio.move_on_after(self._patience_s):
            while self._quote is None and not self._failed:
                await self._came.wait()
        if self._quote is None:
            raise Missed(f"no quote of {self._instrument.key} ({self._failed or 'nothing came'})")
        return self._quote

    async def next_quote(self) -> Quote:
        """Return the first touch that comes from now on, or the present one where none comes."""
        before = await self.quote()
        with anyio.move_on_after(self._patience_s):
            while self._quote is None or (self._quote is before and not self._failed):
                await self._came.wait()
        return self._quote or before

    def _take(self, item: FeedItem) -> None:
        if isinstance(item, Book) and item.bids and item.asks:
            (bid, bid_size), (ask, ask_size) = item.bids[0], item.asks[0]
            item = Quote(item.instrument, item.ts, item.recv_ts, bid, ask, bid_size, ask_size)
        if isinstance(item, Quote):
            self._quote = item
        elif isinstance(item, BookInvalid):
            self._quote = None
        self._came.set()
        self._came = anyio.Event()
