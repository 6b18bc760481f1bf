"""One public WebSocket connection: books, trades and statuses of some markets.

Sources: Upbit developer centre, WebSocket, 2026-11. Every orderbook frame replaces the book; there is no sequence
number. So a book that has been quiet for a while is compared with what a request answers, all quiet books in one
request, and while the connection is down the books come from requests alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore.model.market import MarketInput, PublicTrade
from arbcore.model.reason import Reason
from arbcore.net.protocol import Fetch, Heard, Reconnect, Send
from arbcore.net.quiet import Quiet
from arbcore.net.request import Reply
from arbcore.net.settings import NetworkSettings
from arbcore_exchange_upbit.protocol import replies, requests
from arbcore_exchange_upbit.protocol.decoding import MS, unreadable
from arbcore_exchange_upbit.protocol.frames import OrderbookFrame, TickerFrame, TradeFrame, read_frame
from arbcore_exchange_upbit.protocol.ladders import Side, sides
from arbcore_exchange_upbit.protocol.market_book import MarketBook
from arbcore_exchange_upbit.protocol.statuses import StatusBoard

CONFIRM: Final = "confirm"
"""Tag of requests that compare quiet books."""
POLL: Final = "poll"
"""Tag of requests for books while the connection is down."""
LISTING: Final = "listing"
"""Tag of requests for the listing."""

RECENT_TRADES: Final = 4_096
"""Trades that are remembered by their number so that none is told twice."""

_FUTURE_NS: Final = 3600 * 10**9
_UNKNOWN: Final = 2**62


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What one connection delivers.

    Attributes:
        url: Address of the WebSocket.
        keys: Key of the instrument by market id.
        units: Levels of each book: 1, 5, 15 or 30.
        trades: Whether trades are delivered.
        statuses: Whether warnings, market states and announced ends are delivered.
        refresh: Time between requests for the listing, nanoseconds.
        network: How long things may take.
    """

    url: str
    keys: Mapping[str, str]
    units: int
    trades: bool
    statuses: bool
    refresh: int
    network: NetworkSettings


class UpbitStream:
    """The protocol layer of one connection (`StreamProtocol`).

    Args:
        subscription: What it delivers.
        ticket: A name of the connection that no other one has.
        gone: Market ids that the venue no longer lists. Shared by all connections of a feed, and kept up to date
            here: one such id could have a whole subscription refused.
    """

    def __init__(self, subscription: Subscription, ticket: str, gone: set[str]) -> None:
        self._of: Final = subscription
        self._ticket: Final = ticket
        self._gone: Final = gone
        patience = subscription.network.confirm_after
        self._books: Final = {code: MarketBook(key, patience) for code, key in subscription.keys.items()}
        self._board: Final = StatusBoard(subscription.keys)
        self._quiet: Final = Quiet(subscription.network.confirm_after)
        self._awaited: Final = set(subscription.keys)
        self._trades: Final[dict[tuple[str, int], None]] = {}
        self._least_delay = _UNKNOWN
        self._list_at = 0
        self._poll_at = 0
        self._open = False
        self._over = False

    @property
    def url(self) -> str:
        """Where to connect to."""
        return self._of.url

    def opened(self, now: int) -> Sequence[Heard]:
        """Return the subscription: one message with everything, since a later one would replace it."""
        self._open = True
        codes = [code for code in self._of.keys if code not in self._gone] or list(self._of.keys)
        self._awaited.difference_update(self._gone)
        message: list[dict[str, object]] = [
            {"ticket": self._ticket},
            {"type": "orderbook", "codes": [f"{code}.{self._of.units}" for code in codes]},
        ]
        if self._of.trades:
            # A snapshot would tell a trade from before the subscription.
            message.append({"type": "trade", "codes": codes, "is_only_realtime": True})
        if self._of.statuses:
            message.append({"type": "ticker", "codes": codes})
        message.append({"format": "DEFAULT"})
        return [Send(msgspec.json.encode(message).decode())]

    def received(self, frame: bytes, now: int) -> Sequence[Heard]:
        """Take one frame.

        Raises:
            ExchangeError: The frame is nothing that the venue may send, or tells an error.
        """
        if self._over:
            return ()
        message = read_frame(frame)
        if message is None:
            return ()
        if isinstance(message, OrderbookFrame):
            return self._on_book(message, now)
        if message.code not in self._books:
            return ()
        return self._on_trade(message, now) if isinstance(message, TradeFrame) else self._on_ticker(message, now)

    def fetched(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        """Take the answer to a request.

        An answer that is an error or can't be read confirms nothing, and ends nothing either: the stream itself is
        well. Books that stay unconfirmed become invalid by themselves.
        """
        if reply is None or self._over:
            return ()
        try:
            if tag == LISTING:
                return self._on_listing(replies.read_markets(reply), now)
            return self._on_books(tag, replies.read_orderbooks(reply), now)
        except ExchangeRefused:
            if tag != LISTING:
                self._list_at = now  # a market that is no longer listed has the whole request refused
            return ()
        except ExchangeError:
            return ()

    def tick(self, now: int, *, connected: bool) -> Sequence[Heard]:
        """Confirm quiet books, or poll them while the connection is down; keep the listing fresh."""
        if self._over:
            return ()
        heard: list[Heard] = []
        if now >= self._list_at:
            # Asked again soon where no answer comes; an answer sets the next time.
            self._list_at = now + self._of.network.longest_wait
            heard.append(Fetch(LISTING, requests.markets()))
        heard += self._confirm(now) if connected else self._poll(now)
        for book in self._books.values():
            if now - book.heard > self._of.network.mute_after and (lost := book.lose(now, Reason.BOOK_UNCONFIRMED)):
                heard.append(lost)
        return heard

    def closed(self, now: int) -> Sequence[MarketInput]:
        """Return that every book that was whole no longer holds; nothing is told after it."""
        self._over = True
        lost = [book.lose(now, Reason.CONNECTION_LOST) for book in self._books.values()]
        return [item for item in lost if item is not None]

    def delivering(self) -> bool:
        """Tell whether every market has delivered a frame of its book since the socket was opened.

        A market that states an empty or crossed book has delivered: its book is invalid by itself and says nothing
        about the connection.
        """
        return self._open and not self._over and not self._awaited

    def _on_book(self, frame: OrderbookFrame, now: int) -> Sequence[Heard]:
        # The unit of the subscription may or may not be part of the code that comes back: that is unconfirmed.
        code = frame.code.partition(".")[0]
        book = self._books.get(code)
        if book is None:
            return ()
        ts, bids, asks = self._read(frame, code, now)
        told = book.on_frame(ts, bids, asks, now)
        self._least_delay = min(self._least_delay, now - ts)
        self._awaited.discard(code)
        self._quiet.touched(code, now)
        heard: tuple[Heard, ...] = () if told is None else (told,)
        return (*heard, Reconnect(f"the times of {book.key} went back")) if book.stepped_back else heard

    def _on_trade(self, frame: TradeFrame, now: int) -> Sequence[Heard]:
        number = (frame.code, frame.sequential_id)
        if number in self._trades:
            return ()
        if len(self._trades) >= RECENT_TRADES:
            del self._trades[next(iter(self._trades))]
        self._trades[number] = None
        key, ts = self._of.keys[frame.code], frame.trade_timestamp * MS
        return (PublicTrade(key, ts, now, frame.trade_price, frame.trade_volume, frame.ask_bid == "BID"),)

    def _on_ticker(self, frame: TickerFrame, now: int) -> Sequence[Heard]:
        return tuple(self._board.on_ticker(frame, now)) if self._of.statuses else ()

    def _on_listing(self, markets: Iterable[replies.Market], now: int) -> Sequence[Heard]:
        markets = list(markets)
        listed = {market.market for market in markets}
        # A market that is missing is asked for again soon: a listing may be wrong for a moment.
        whole = listed >= self._books.keys()
        self._list_at = now + (self._of.refresh if whole else self._of.network.longest_wait)
        for code in self._books:
            if code in listed:
                self._gone.discard(code)
            else:
                self._gone.add(code)
                self._awaited.discard(code)
                self._quiet.forget(code)
        return tuple(self._board.on_listing(markets, now)) if self._of.statuses else ()

    def _on_books(self, tag: str, answers: Iterable[replies.Orderbook], now: int) -> Sequence[Heard]:
        if self._open and tag == POLL:
            return ()  # the stream's own snapshot counts from here on
        venue_now = now - self._least_delay if self._least_delay != _UNKNOWN else 0
        # All are read before any counts, so that an unreadable one leaves no trace.
        read = [
            (self._books[answer.market], *self._read(answer, answer.market, now))
            for answer in answers
            if answer.market in self._books
        ]
        told = [
            book.on_poll(ts, bids, asks, venue_now, now)
            if tag == POLL
            else book.on_answer(ts, bids, asks, venue_now, now)
            for book, ts, bids, asks in read
        ]
        return [item for item in told if item is not None]

    def _read(self, message: OrderbookFrame | replies.Orderbook, code: str, now: int) -> tuple[int, Side, Side]:
        """Return a book's time, bids and asks, no deeper than subscribed.

        Raises:
            ExchangeError: It is no book, or of a time that has not come yet.
        """
        ts = message.timestamp * MS
        if ts - now > _FUTURE_NS:
            raise unreadable("a book", f"{code} is of {(ts - now) / 1e9:.0f} s from now; check this machine's clock")
        return ts, *sides(message.orderbook_units[: self._of.units])

    def _confirm(self, now: int) -> list[Heard]:
        heard: list[Heard] = [
            Reconnect(f"a request knows a newer book of {book.key} than the stream", mute=True)
            for book in self._books.values()
            if book.doubted_at and now - book.doubted_at > self._of.network.confirm_after
        ]
        quiet = [code for code in self._quiet.due(now) if code not in self._gone]
        if quiet:
            heard.append(Fetch(CONFIRM, requests.orderbooks(quiet, self._of.units)))
        return heard

    def _poll(self, now: int) -> list[Heard]:
        codes = [code for code in self._books if code not in self._gone]
        if now < self._poll_at or not codes:
            return []
        self._poll_at = now + self._of.network.poll_interval
        return [Fetch(POLL, requests.orderbooks(codes, self._of.units))]
