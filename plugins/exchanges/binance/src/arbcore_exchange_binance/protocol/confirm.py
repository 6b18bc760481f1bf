"""Quiet books are confirmed by a request: agreed with, delivered once more; contradicted, taken back. Pure.

A stream that moves while its frames do not come is mute. An answer may overtake the frame that carries the same
change, so the connection is given up only where that frame does not come within a grace; the book is invalid at once.
A stream that never spoke on this connection is judged by two answers: where they agree, it had nothing to say.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from arbcore.net.protocol import Fetch, Heard, Reconnect
from arbcore.net.quiet import Quiet
from arbcore_exchange_binance.protocol.product import Product
from arbcore_exchange_binance.protocol.replies import Touch
from arbcore_exchange_binance.protocol.requests import book_ticker
from arbcore_exchange_binance.protocol.shown import Agreement, again, compare, quote_of_touch, same_touch
from arbcore_exchange_binance.protocol.state import BookState
from arbcore_exchange_binance.protocol.values import MS

CONFIRM: Final = "confirm"
"""Tag of the requests, alone or followed by a colon and a symbol."""

GRACE_NS: Final = 10**9
"""Time for the frame that an answer overtook."""


class Confirmation:
    """Which books of a connection are quiet, and what requests say about them.

    Args:
        product: The exchange.
        states: Books by symbol.
        confirm_after: Silence after which a book is confirmed, nanoseconds.
    """

    def __init__(self, product: Product, states: Mapping[str, BookState], confirm_after: int) -> None:
        self._product: Final = product
        self._states: Final = states
        self._quiet: Final = Quiet(confirm_after)
        self._asked: Final[set[str]] = set()
        self._first: Final[dict[str, Touch]] = {}
        self._doubted: Final[dict[str, int]] = {}

    def opened(self, now: int) -> None:
        """Begin to wait for every stream."""
        for symbol in self._states:
            self._quiet.touched(symbol, now)

    def spoke(self, symbol: str, now: int) -> None:
        """Note a frame that was not stale."""
        self._quiet.touched(symbol, now)
        self._asked.discard(symbol)
        if self._doubted or self._first:
            self._doubted.pop(symbol, None)
            self._first.pop(symbol, None)

    def tick(self, now: int) -> list[Heard]:
        """Ask about quiet books, and give the connection up where a doubted one stayed silent."""
        mute = [symbol for symbol, since in self._doubted.items() if now - since >= GRACE_NS]
        if mute:
            self._doubted.clear()
            return [Reconnect(f"the book of {mute[0]} moved and its stream did not say so", mute=True)]
        due = self._quiet.due(now)
        self._asked.update(due)
        one, every = self._product.ticker_weights
        if len(due) * one >= every:
            return [Fetch(CONFIRM, book_ticker(self._product))]
        return [Fetch(f"{CONFIRM}:{symbol}", book_ticker(self._product, symbol)) for symbol in due]

    def answered(self, touches: Sequence[Touch], now: int) -> list[Heard]:
        """Compare an answer with the books that were asked about and have been silent since."""
        heard: list[Heard] = []
        for touch in touches:
            if touch.symbol in self._asked:
                self._asked.discard(touch.symbol)
                state = self._states[touch.symbol]
                heard += [] if state.doubted else self._judge(touch, state, now)
        return heard

    def _judge(self, touch: Touch, state: BookState, now: int) -> list[Heard]:
        item = state.comparable
        if item is None:
            return self._never_spoken(touch, state, now) if state.touch_suffices and not state.in_step else []
        agreement = compare(touch, item, state.update_id)
        if agreement is Agreement.NEWER:
            return self._doubt(touch.symbol, state, now)
        self._quiet.confirmed(touch.symbol, now)
        return state.show(again(item, now, touch.time * MS if agreement is Agreement.SAME else 0), now)

    def _never_spoken(self, touch: Touch, state: BookState, now: int) -> list[Heard]:
        first = self._first.setdefault(touch.symbol, touch)
        if first is touch:
            return []
        quote = quote_of_touch(touch, state.key, now)
        if not same_touch(first, quote):
            return self._doubt(touch.symbol, state, now)
        self._quiet.confirmed(touch.symbol, now)
        return state.show(quote, now)

    def _doubt(self, symbol: str, state: BookState, now: int) -> list[Heard]:
        self._doubted[symbol] = now
        return state.doubt(now)
