"""All books of one connection: their streams, their confirmation, their polling while the connection is down. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

from arbcore.model.market import BookInvalid
from arbcore.model.reason import Reason
from arbcore.net.protocol import Heard
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.confirm import CONFIRM, Confirmation
from arbcore_exchange_binance.protocol.depth import DepthSync
from arbcore_exchange_binance.protocol.frames import Depth, Message, Partial, Ticker
from arbcore_exchange_binance.protocol.latest import Latest
from arbcore_exchange_binance.protocol.polling import POLL, Polling
from arbcore_exchange_binance.protocol.product import Product
from arbcore_exchange_binance.protocol.replies import read_depth, read_touches
from arbcore_exchange_binance.protocol.shown import invalid
from arbcore_exchange_binance.protocol.snapshots import SNAPSHOT, Snapshots
from arbcore_exchange_binance.protocol.state import BookState

BookMode = Literal["ticker", "partial", "diff"]
"""The touch alone, the venue's top of the book, or a maintained book."""

_OK: Final = 200


class Books:
    """The books of one connection.

    Args:
        product: The exchange.
        keys: Keys of the instruments by symbol.
        mode: How books are kept.
        levels: Levels per side.
        confirm_after: Silence after which a book is confirmed, nanoseconds.
        poll_interval: Time between requests while the connection is down, nanoseconds.
    """

    def __init__(
        self,
        product: Product,
        keys: Mapping[str, str],
        mode: BookMode,
        levels: int,
        *,
        confirm_after: int,
        poll_interval: int,
    ) -> None:
        self._states: Final = {symbol: _state(product, key, mode, levels) for symbol, key in keys.items()}
        self._suffix: Final = {"ticker": "@bookTicker", "partial": f"@depth{levels}@100ms", "diff": "@depth@100ms"}[
            mode
        ]
        self._missing: Final = set(keys)
        self._confirmation: Final = Confirmation(product, self._states, confirm_after)
        self._polling: Final = Polling(product, keys, poll_interval)
        self._snapshots: Final = Snapshots(product)
        self._confirm_after: Final = confirm_after
        self._late = 0
        self._connected = False

    @property
    def streams(self) -> list[str]:
        """Names of the streams."""
        return [symbol.lower() + self._suffix for symbol in self._states]

    @property
    def whole(self) -> bool:
        """Whether every book is whole."""
        return not self._missing

    def opened(self, now: int) -> list[Heard]:
        """Begin to wait for the streams. Snapshots follow the first event of each, or a while of silence."""
        self._connected = True
        self._late = now + self._confirm_after
        self._confirmation.opened(now)
        return []

    def received(self, symbol: str, message: Message, now: int) -> list[Heard]:
        """Take a message of a symbol's stream.

        Raises:
            ExchangeError: The message contradicts itself.
        """
        state = self._states.get(symbol)
        if state is None or not isinstance(message, (Ticker, Depth, Partial)):
            return []
        heard = state.take(message, now)
        if heard is None:
            return []
        self._confirmation.spoke(symbol, now)
        if isinstance(state, DepthSync):
            heard += self._ask(symbol, state, now)
        self._count(symbol, state)
        return heard

    def fetched(self, tag: str, reply: Reply | None, now: int) -> list[Heard]:
        """Take an answer; one that failed is asked for again later.

        Raises:
            ExchangeError: The answer is nothing that the venue may send.
        """
        if tag.startswith(SNAPSHOT):
            return self._snapshot(tag.removeprefix(SNAPSHOT), reply, now)
        if reply is None or reply.status != _OK:
            return []
        if tag == POLL:
            # Once open, the streams speak for the books, and an answer may be older than they are.
            return [] if self._connected else self._polling.answered(read_touches(reply), now)
        heard = self._confirmation.answered(read_touches(reply), now)
        for symbol, state in self._states.items():
            self._count(symbol, state)
        return heard

    def tick(self, now: int, *, connected: bool) -> list[Heard]:
        """Ask for what is due."""
        self._connected = connected
        if not connected:
            return self._polling.tick(now)
        if self._late and now >= self._late:
            self._late = 0
            for symbol, state in self._states.items():
                if isinstance(state, DepthSync) and not state.has_book:
                    self._snapshots.add(symbol, now)
        return [*self._snapshots.due(now), *self._confirmation.tick(now)]

    def closed(self, now: int) -> list[BookInvalid]:
        """Return that no book holds any more, for those that did."""
        self._connected = False
        held = [state for state in self._states.values() if state.in_step]
        for state in held:
            state.forget(now, Reason.CONNECTION_LOST, 0)
        return [invalid(state.key, now, Reason.CONNECTION_LOST) for state in held]

    def _snapshot(self, symbol: str, reply: Reply | None, now: int) -> list[Heard]:
        state = self._states.get(symbol)
        if not isinstance(state, DepthSync):
            return []
        self._snapshots.came(symbol)
        if reply is None or reply.status != _OK:
            self._snapshots.add(symbol, now)
            return []
        heard = state.snapshot(read_depth(reply), now)
        heard += self._ask(symbol, state, now)
        self._count(symbol, state)
        return heard

    def _ask(self, symbol: str, state: DepthSync, now: int) -> list[Heard]:
        if not state.wants_snapshot:
            return []
        self._snapshots.add(symbol, now)
        return [*self._snapshots.due(now)]

    def _count(self, symbol: str, state: BookState) -> None:
        if state.whole:
            self._missing.discard(symbol)
        else:
            self._missing.add(symbol)


def is_of_books(tag: str) -> bool:
    """Tell whether a request's tag is one of the books'."""
    return tag == POLL or tag.startswith((CONFIRM, SNAPSHOT))


def _state(product: Product, key: str, mode: BookMode, levels: int) -> BookState:
    return DepthSync(key, levels, futures=product.futures) if mode == "diff" else Latest(key)
