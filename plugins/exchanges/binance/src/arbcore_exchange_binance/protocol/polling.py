"""Books by request while their connection is down. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from arbcore.net.protocol import Fetch, Heard
from arbcore_exchange_binance.protocol.product import Product
from arbcore_exchange_binance.protocol.replies import Touch
from arbcore_exchange_binance.protocol.requests import book_ticker
from arbcore_exchange_binance.protocol.shown import fault, invalid, quote_of_touch

POLL: Final = "poll"
"""Tag of the requests."""


class Polling:
    """Asks for the touch of all books once per interval.

    Args:
        product: The exchange.
        keys: Keys of the instruments by symbol.
        interval: Time between requests, nanoseconds.
    """

    def __init__(self, product: Product, keys: Mapping[str, str], interval: int) -> None:
        self._product: Final = product
        self._keys: Final = keys
        self._interval: Final = interval
        self._newest: Final[dict[str, int]] = {}
        self._last = 0

    def tick(self, now: int) -> list[Heard]:
        """Ask once per interval, for the first time after one interval."""
        self._last = self._last or now
        if now - self._last < self._interval:
            return []
        self._last = now
        symbol = next(iter(self._keys)) if len(self._keys) == 1 else ""
        return [Fetch(POLL, book_ticker(self._product, symbol))]

    def answered(self, touches: Sequence[Touch], now: int) -> list[Heard]:
        """Return the quotes of an answer; rows that are older than the ones before are left out."""
        heard: list[Heard] = []
        for touch in touches:
            key = self._keys.get(touch.symbol)
            if key is not None and touch.time >= self._newest.get(touch.symbol, 0):
                self._newest[touch.symbol] = touch.time
                quote = quote_of_touch(touch, key, now)
                reason = fault(quote)
                heard.append(invalid(key, now, reason, quote.ts) if reason else quote)
        return heard
