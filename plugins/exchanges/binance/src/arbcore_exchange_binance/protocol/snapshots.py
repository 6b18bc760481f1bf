"""Snapshots that maintained books wait for: asked for a few at a time, so that their weight is spread. Pure."""

from typing import Final

from arbcore.net.protocol import Fetch
from arbcore_exchange_binance.protocol.product import Product
from arbcore_exchange_binance.protocol.requests import depth

SNAPSHOT: Final = "depth:"
"""Tag of the requests, followed by the symbol."""

SPACING_NS: Final = 50 * 10**6
"""Time between two snapshots of a connection."""

AGAIN_NS: Final = 10**9
"""Time between two snapshots of one symbol."""

_MOST_AT_ONCE: Final = 5


class Snapshots:
    """Who waits for a snapshot.

    Args:
        product: The exchange.
    """

    def __init__(self, product: Product) -> None:
        self._product: Final = product
        self._waiting: Final[dict[str, int]] = {}
        self._asked: Final[dict[str, int]] = {}
        self._under_way: Final[set[str]] = set()
        self._last = 0

    def add(self, symbol: str, now: int) -> None:
        """Ask for a snapshot, unless one is asked for already; again not sooner than `AGAIN_NS` after the last one."""
        if symbol not in self._waiting and symbol not in self._under_way:
            self._waiting[symbol] = max(now, self._asked.get(symbol, 0) + AGAIN_NS)

    def came(self, symbol: str) -> None:
        """Note that the answer about a symbol came, whatever it is."""
        self._under_way.discard(symbol)

    def due(self, now: int) -> list[Fetch]:
        """Return what to ask for now."""
        most = min((now - self._last) // SPACING_NS, _MOST_AT_ONCE)
        ready = [symbol for symbol, at in self._waiting.items() if at <= now][:most]
        for symbol in ready:
            del self._waiting[symbol]
            self._asked[symbol] = self._last = now
            self._under_way.add(symbol)
        return [Fetch(f"{SNAPSHOT}{symbol}", depth(self._product, symbol)) for symbol in ready]
