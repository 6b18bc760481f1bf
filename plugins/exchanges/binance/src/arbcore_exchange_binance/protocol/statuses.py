"""Whether instruments trade and when they end, from the listing; only what changed is told again. Pure.

A perpetual states the far delivery date 4133404800000 until its delisting is announced; then it states the real one.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from arbcore.model.input import InstrumentStatus
from arbcore_exchange_binance.exchange_info import Symbol
from arbcore_exchange_binance.protocol.product import Product
from arbcore_exchange_binance.protocol.values import MS

FAR_MS: Final = 4_000_000_000_000
"""Delivery dates from here on mean that none is set: 4133404800000 is the one in use."""

_TRADING: Final = "TRADING"


class Statuses:
    """What was told of each instrument.

    Args:
        product: The exchange.
        keys: Keys of the instruments by symbol.
    """

    def __init__(self, product: Product, keys: Mapping[str, str]) -> None:
        self._product: Final = product
        self._keys: Final = keys
        self._told: Final[dict[str, tuple[bool, int, tuple[str, ...]]]] = {}

    def read(self, symbols: Sequence[Symbol], now: int) -> list[InstrumentStatus]:
        """Return what changed since the last listing; at first everything. What is no longer listed does not trade."""
        listed = {symbol.symbol: symbol for symbol in symbols}
        found = []
        for name, key in self._keys.items():
            state = self._state(listed.get(name))
            if self._told.get(name) == state:
                continue
            self._told[name] = state
            trading, delisting, warnings = state
            found.append(
                InstrumentStatus(
                    instrument=key,
                    trading=trading,
                    warnings=warnings,
                    delisting_ts=delisting,
                    ts=now,
                    recv_ts=now,
                )
            )
        return found

    def _state(self, symbol: Symbol | None) -> tuple[bool, int, tuple[str, ...]]:
        if symbol is None:
            return False, 0, ("UNLISTED",)
        delisting = symbol.delivery_date if self._product.futures and 0 < symbol.delivery_date < FAR_MS else 0
        warnings = () if symbol.status == _TRADING else (symbol.status,)
        return symbol.status == _TRADING, delisting * MS, warnings
