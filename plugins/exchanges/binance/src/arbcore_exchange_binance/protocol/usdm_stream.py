"""One connection with the user data stream of USD-M futures, from the fetch of its key to its end. Pure.

The listenKey lives an hour and is extended on time. Once it has ended the socket stays open and mute: the next
connection asks for a new one. Source: Binance developer documentation, USD-M futures user data streams, 2026-11.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from arbcore.model.market import MarketInput
from arbcore.net.protocol import Fetch, Heard, Reconnect
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.private_failures import is_about_the_clock, private_failure, require_done
from arbcore_exchange_binance.protocol.product import USDM
from arbcore_exchange_binance.protocol.replies import read_time
from arbcore_exchange_binance.protocol.requests import server_time
from arbcore_exchange_binance.protocol.usdm_backfill import BACKFILL, BackFill
from arbcore_exchange_binance.protocol.usdm_events import (
    AccountChange,
    AlgoUpdate,
    KeyExpired,
    MarginCall,
    OrderChange,
    TradeLite,
    read_event,
)
from arbcore_exchange_binance.protocol.usdm_memory import Memory
from arbcore_exchange_binance.protocol.usdm_payments import FUNDING_FEE, is_of_payments, symbol_in
from arbcore_exchange_binance.protocol.usdm_requests import extend_listen_key, make_listen_key
from arbcore_exchange_binance.protocol.usdm_values import LISTEN_KEY, told
from arbcore_exchange_binance.protocol.usdm_watch import WATCH, Watch

KEY: Final = "key"
"""Tag of the request for the key."""
EXTEND: Final = "extend"
"""Tag of its extension."""
TIME: Final = "time"
"""Tag of the question for the venue's time."""

_OK: Final = 200
_NO_SUCH_KEY: Final = "-1125"
_AGAIN_NS: Final = 10**9
_EXTEND_AGAIN_NS: Final = 30 * 10**9


class UserStream:
    """A connection with the user stream; a `StreamProtocol`.

    It delivers once everything that may have been missed was asked for and told; then the whole account follows.

    Args:
        base: Address of the route, such as ``wss://fstream.binance.com/private``.
        memory: What is known of the account, over all connections.
        renewal: Time between extensions of the key, nanoseconds.
        reconcile: Time between comparisons with answers to requests.
        grace: How long the stream may lag behind those.
    """

    def __init__(self, base: str, memory: Memory, *, renewal: int, reconcile: int, grace: int) -> None:
        self._base: Final = base
        self._memory: Final = memory
        self._renewal: Final = renewal
        self._backfill: Final = BackFill(memory)
        self._watch: Final = Watch(memory, reconcile, grace)
        self._url = ""
        self._opened = False
        self._key_due = 0

    @property
    def url(self) -> str:
        """Where to connect to, with the key; empty until it was told."""
        return self._url

    def opened(self, now: int) -> Sequence[Heard]:
        """Ask for what may have been missed."""
        self._opened = True
        return self._backfill.begin(now)

    def received(self, frame: bytes, now: int) -> Sequence[Heard]:
        """Take one frame.

        Raises:
            ExchangeError: The frame is nothing that the venue may send.
        """
        event = read_event(frame)
        news = self._memory.news
        if isinstance(event, OrderChange):
            return news.changed(event, now)
        if isinstance(event, TradeLite):
            return news.lite(event, now)
        if isinstance(event, AccountChange):
            return self._accounted(event, now)
        if isinstance(event, AlgoUpdate):
            return news.triggered(event, now)
        if isinstance(event, KeyExpired):
            return [Reconnect("the key of the user stream has expired")]
        if isinstance(event, MarginCall):
            self._watch.want_snapshot()
        return ()

    def fetched(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        """Take the answer to a request; None where none came.

        Raises:
            ExchangeError: The answer is nothing that the venue may send, or the venue gives no key.
        """
        if tag == TIME:
            return self._timed(reply)
        if reply is not None and is_about_the_clock(reply):
            return [*self._answered(tag, None, now), Fetch(TIME, server_time(USDM))]
        return self._answered(tag, reply, now)

    def _answered(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        if tag == KEY:
            return self._keyed(reply, now)
        if tag == EXTEND:
            return self._extended(reply, now)
        if tag.startswith(BACKFILL):
            return self._backfill.answered(tag, reply, now)
        if is_of_payments(tag):
            return self._memory.payments.answered(tag, reply, now)
        return self._watch.answered(tag, reply, now) if tag.startswith(WATCH) else ()

    def tick(self, now: int, *, connected: bool) -> Sequence[Heard]:
        """Ask for what is due, and find out whether the stream is mute."""
        heard: list[Heard] = []
        if now >= self._key_due:
            self._key_due = now + (_EXTEND_AGAIN_NS if self._url else _AGAIN_NS)
            heard.append(Fetch(EXTEND, extend_listen_key()) if self._url else Fetch(KEY, make_listen_key()))
        if connected and not self._backfill.done:
            heard += self._backfill.due(now)
        elif connected:
            heard += self._watch.tick(now)
            heard += self._memory.payments.due(now)
        return heard

    def closed(self, now: int) -> Sequence[MarketInput]:
        """Return nothing: what was told of orders and balances still holds."""
        self._opened = False
        return ()

    def delivering(self) -> bool:
        """Tell whether the socket is open and everything that was missed is told."""
        return self._opened and self._backfill.done

    def _accounted(self, event: AccountChange, now: int) -> list[Heard]:
        wealth, heard = self._memory.wealth, []
        if event.changes.why == FUNDING_FEE:
            symbol = symbol_in(event)
            heard = self._memory.payments.booked(event, wealth.quantity(symbol) if symbol else None, now)
        update = wealth.changed(event, now)
        return heard if update is None else [update, *heard]

    def _timed(self, reply: Reply | None) -> list[Heard]:
        """Measure the venue's clock, which requests of this connection showed to be another one than was known."""
        if reply is not None:
            ts = read_time(reply)
            self._memory.offset.forget()
            self._memory.offset.learn(reply.sent_ts, reply.recv_ts, ts)
        return []

    def _keyed(self, reply: Reply | None, now: int) -> list[Heard]:
        if reply is not None:
            require_done(reply, "listenKey")
            key = told(reply.body, LISTEN_KEY, "listenKey").listen_key
            self._url = f"{self._base}/ws/{quote(key, safe='')}"
            self._key_due = now + self._renewal
        return []

    def _extended(self, reply: Reply | None, now: int) -> list[Heard]:
        if reply is None:
            return []
        if reply.status == _OK:
            self._key_due = now + self._renewal
            return []
        error = private_failure(reply.status, reply.body, "listenKey")
        if getattr(error, "code", "") == _NO_SUCH_KEY:
            return [Reconnect("the key of the user stream does not exist any more", mute=True)]
        return []
