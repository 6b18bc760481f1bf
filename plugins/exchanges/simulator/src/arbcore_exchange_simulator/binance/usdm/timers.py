"""What happens to futures orders by time alone: good-till-date, and the countdown that cancels all.

Source: Binance developer documentation, 2026-11.
"""

from typing import Final

from arbcore_exchange_simulator.binance.usdm.orders import UsdmOrders

_EVERY: Final = 100_000_000


class UsdmTimers:
    """Looks at the times of all orders, ten times a second."""

    def __init__(self, orders: UsdmOrders) -> None:
        self._orders = orders
        self._countdowns: dict[tuple[str, str], int] = {}
        self._looked = 0

    def countdown(self, account: str, symbol: str, at: int) -> None:
        """Set when all orders of an account and symbol are cancelled; 0 takes it back. Times in ns."""
        if at:
            self._countdowns[account, symbol] = at
        else:
            self._countdowns.pop((account, symbol), None)

    def on_time(self, now: int) -> None:
        """Cancel what is due."""
        if now // _EVERY == self._looked:
            return
        self._looked = now // _EVERY
        for (account, symbol), at in list(self._countdowns.items()):
            if now >= at:
                del self._countdowns[account, symbol]
                self._cancel(account, symbol)
        for holding in self._orders.ledger.holdings():
            for order in holding.open_orders():
                if 0 < order.extra.get("until", 0) <= now // 1_000_000:
                    self._orders.matching.cancel(order)

    def _cancel(self, account: str, symbol: str) -> None:
        for holding in self._orders.ledger.holdings():
            if holding.account.name == account:
                for order in holding.open_orders(symbol):
                    self._orders.matching.cancel(order)
