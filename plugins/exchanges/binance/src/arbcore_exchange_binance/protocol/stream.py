"""One connection of the market streams. Source: Binance developer documentation, market streams, 2026-11.

Streams are named in the address, so nothing is ever sent but answers to pings, and no limit of messages can be hit.
USD-M has two routes since 2026-04-23: ``/public`` for books and ``/market`` for mark prices and trades. A stream on the
wrong one is silent without an error; `BinanceStream.delivering` is false then.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from arbcore.model.market import MarketInput, PublicTrade
from arbcore.net.protocol import Heard, Reconnect
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.books import Books, is_of_books
from arbcore_exchange_binance.protocol.frames import Framed, Ignored, Mark, Partial, Shutdown, Trade, read_frame
from arbcore_exchange_binance.protocol.marks import Marks, is_of_marks
from arbcore_exchange_binance.protocol.values import MS

MOST_STREAMS: Final = 1024
"""Streams that the venue allows on a connection."""


class BinanceStream:
    """A connection with books, mark prices, trades, or several of them; a `StreamProtocol`.

    Args:
        base: Address of the route, such as ``wss://fstream.binance.com/public``.
        keys: Keys of the instruments by symbol.
        books: The books, where the connection carries them.
        marks: The mark prices, where it does.
        trades: Whether it carries trades.
    """

    def __init__(
        self, base: str, keys: Mapping[str, str], *, books: Books | None, marks: Marks | None, trades: bool
    ) -> None:
        self._keys: Final = keys
        self._lower: Final = {symbol.lower(): symbol for symbol in keys}
        self._books: Final = books
        self._marks: Final = marks
        self._opened = False
        streams = [*(books.streams if books else ()), *(marks.streams if marks else ())]
        streams += [f"{symbol}@aggTrade" for symbol in self._lower] if trades else []
        self._url: Final = f"{base}/stream?streams={quote('/'.join(streams), safe='@/')}"

    @property
    def url(self) -> str:
        """Where to connect to, with the streams."""
        return self._url

    def opened(self, now: int) -> Sequence[Heard]:
        """Begin to wait for the streams; there is nothing to send."""
        self._opened = True
        return self._books.opened(now) if self._books else ()

    def received(self, frame: bytes, now: int) -> Sequence[Heard]:
        """Take one frame.

        Raises:
            ExchangeError: The frame is nothing that the venue may send.
        """
        framed = read_frame(frame)
        message = framed.message
        if isinstance(message, Shutdown):
            return [Reconnect("the venue announced that it closes the connection")]
        if isinstance(message, Ignored):
            return ()
        symbol = self._symbol(framed)
        if symbol not in self._keys:
            return ()
        if isinstance(message, Mark):
            return self._marks.received(message, now) if self._marks else ()
        if isinstance(message, Trade):
            return self._traded(message, now)
        return self._books.received(symbol, message, now) if self._books else ()

    def fetched(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        """Take the answer to a request; None where none came.

        Raises:
            ExchangeError: The answer is nothing that the venue may send.
        """
        if self._books is not None and is_of_books(tag):
            return self._books.fetched(tag, reply, now)
        if self._marks is not None and is_of_marks(tag):
            return self._marks.fetched(tag, reply, now)
        return ()

    def tick(self, now: int, *, connected: bool) -> Sequence[Heard]:
        """Ask for what is due, and find mute streams."""
        heard: list[Heard] = []
        if self._books is not None:
            heard += self._books.tick(now, connected=connected)
        if self._marks is not None:
            heard += self._marks.tick(now, connected=connected)
        return heard

    def closed(self, now: int) -> Sequence[MarketInput]:
        """Return `BookInvalid` for every book that was whole."""
        self._opened = False
        return self._books.closed(now) if self._books else ()

    def delivering(self) -> bool:
        """Tell whether every book is whole and every mark price has come.

        A book is whole once its stream delivered, or once two answers have shown that it had nothing to deliver. Trades
        may stay away for long, so they don't count.
        """
        books = self._books is None or self._books.whole
        marks = self._marks is None or self._marks.whole
        return self._opened and books and marks

    def _symbol(self, framed: Framed) -> str:
        """Return the symbol, by the stream's name where the message has none."""
        if isinstance(framed.message, Partial):
            return self._lower.get(framed.stream.partition("@")[0], "")
        return framed.message.symbol if not isinstance(framed.message, (Shutdown, Ignored)) else ""

    def _traded(self, trade: Trade, now: int) -> Sequence[Heard]:
        if not (trade.price > 0 and trade.size > 0):
            return ()
        key = self._keys[trade.symbol]
        return [PublicTrade(key, trade.ms * MS, now, trade.price, trade.size, not trade.seller_took)]
