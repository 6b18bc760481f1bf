"""Binance spot's fees: from what an order receives, or in BNB where the account has chosen that.

Source: Binance developer documentation, 2026-11.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from arbcore_exchange_simulator.binance.numbers import rounded
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.ledger import SpotLedger
from arbcore_exchange_simulator.trading.order import Execution, Order

RATE: Final = Decimal("0.001")
"""Fee of maker and taker where an account has none of its own."""

_DISCOUNT: Final = Decimal("0.75")


def rates(account: Account, _market: Market) -> tuple[Decimal, Decimal]:
    """Return an account's maker's and taker's fee."""
    return account.fees or (RATE, RATE)


class BinanceSpotLedger(SpotLedger):
    """Books trades; fees have eight decimals, as they are told.

    Args:
        bnb: Returns the price of BNB in USDT.
    """

    def __init__(self, bnb: Callable[[], Decimal]) -> None:
        super().__init__(rates, "received")
        self._bnb = bnb

    def fee(self, order: Order, execution: Execution) -> tuple[Decimal, str]:
        """Return a trade's fee and its currency: BNB where the account burns it and has enough."""
        plain, currency = super().fee(order, execution)
        if order.account.extra.get("bnb_burn"):
            maker, taker = rates(order.account, order.market)
            rate = maker if execution.maker else taker
            in_bnb = rounded(execution.value * rate * _DISCOUNT / self._bnb())
            if order.account.of("BNB").free >= in_bnb:
                return in_bnb, "BNB"
        return rounded(plain), currency
