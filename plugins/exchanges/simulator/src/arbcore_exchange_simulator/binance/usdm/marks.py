"""Mark prices as exact numbers."""

from collections.abc import Mapping
from decimal import Decimal

from arbcore_exchange_simulator.binance.numbers import mark_of
from arbcore_exchange_simulator.market.market import Market


class Marks:
    """Mark prices by symbol, read from the markets at the moment of asking."""

    def __init__(self, markets: Mapping[str, Market]) -> None:
        self._markets = markets

    def __getitem__(self, symbol: str) -> Decimal:
        """Return a mark price exactly as the public side tells it."""
        return mark_of(self._markets[symbol])

    def decimals(self, symbol: str) -> int:
        """Return how many decimals quantities of a symbol have."""
        return self._markets[symbol].quantity_decimals
