"""Books that every frame replaces as a whole: ``bookTicker`` and the partial books. Pure."""

from arbcore.errors import ExchangeError
from arbcore.model.market import Book
from arbcore.net.protocol import Heard
from arbcore_exchange_binance.protocol.frames import Depth, Message, Partial, Ticker
from arbcore_exchange_binance.protocol.shown import Item, is_ordered, quote_of
from arbcore_exchange_binance.protocol.state import BookState


class Latest(BookState):
    """The latest book of one symbol."""

    def take(self, message: Message, now: int) -> list[Heard] | None:
        """Take a frame; None where it is not newer than the one before, or of another kind.

        Raises:
            ExchangeError: The levels are in no order, or one is empty.
        """
        found = self._read(message, now)
        if found is None or found[0] <= self.update_id:
            return None
        self.update_id, item = found
        return self.show(item, now)

    def _read(self, message: Message, now: int) -> tuple[int, Item] | None:
        if isinstance(message, Ticker):
            return message.u, quote_of(message, self.key, now)
        if isinstance(message, Depth):
            return message.last, self._book(message, message.ts or now, now)
        if isinstance(message, Partial):
            return message.last_update_id, self._book(message, now, now)
        return None

    def _book(self, message: Depth | Partial, ts: int, now: int) -> Book:
        if not is_ordered(message.bids, message.asks) or any(
            min(level) <= 0 for level in (*message.bids, *message.asks)
        ):
            raise ExchangeError(
                f"Binance stream: the levels of {self.key} are in no order or empty", "the connection is renewed"
            )
        return Book(self.key, ts, now, tuple(message.bids), tuple(message.asks))
