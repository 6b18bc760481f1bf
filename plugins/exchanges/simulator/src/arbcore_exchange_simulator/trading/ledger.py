"""What orders do to an account's money."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal, Protocol

from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.money import ZERO, minus, plus, times, value, whole
from arbcore_exchange_simulator.trading.order import Execution, Order

Rates = Callable[[Account, Market], tuple[Decimal, Decimal]]
"""Returns maker's and taker's fee as shares of the value."""


class Short(Exception):
    """Money is missing: nothing was changed.

    Attributes:
        currency: Which.
        missing: How much more is needed.
    """

    def __init__(self, currency: str, missing: Decimal) -> None:
        super().__init__(f"{missing} {currency} are missing")
        self.currency: Final = currency
        self.missing: Final = missing


class Ledger(Protocol):
    """The arithmetic of a venue."""

    def hold(self, order: Order) -> None:
        """Lock what a new order needs.

        Raises:
            Short: It is not there; nothing was changed.
        """
        ...

    def adjust(self, order: Order) -> None:
        """Lock or free the difference after an order was changed.

        Raises:
            Short: More is needed than is there; nothing was changed.
        """
        ...

    def release(self, order: Order) -> None:
        """Free everything that is locked for an order that has ended."""
        ...

    def settle(self, order: Order, execution: Execution) -> tuple[str, ...]:
        """Book a trade, its fee included, and return the currencies that changed.

        The order's `filled` and `funds` count the trade already; the execution's fee and its currency are set here.
        """
        ...


class SpotLedger:
    """A spot market's arithmetic: money for coins.

    Args:
        rates: Fees.
        charge: Where the fee is taken. ``quote``: always from the quote currency, and a buyer's lock covers it
            (Upbit). ``received``: from what the order receives (Binance).
    """

    def __init__(self, rates: Rates, charge: Literal["quote", "received"]) -> None:
        self._rates = rates
        self._charge = charge

    def need(self, order: Order) -> Decimal:
        """Return what an order locks as it stands."""
        if not order.buy:
            return whole(order.remaining)
        if order.budget is not None:
            money = order.unspent
        elif order.price is None:
            money = _walk(order)
        else:
            money = value(order.price, order.remaining)
        return plus(money, times(money, max(self._rates(order.account, order.market)))) if self._quotes else money

    @property
    def _quotes(self) -> bool:
        return self._charge == "quote"

    def hold(self, order: Order) -> None:
        """Lock what a new order needs.

        Raises:
            Short: It is not there; nothing was changed.
        """
        self._move(order, self.need(order))

    def adjust(self, order: Order) -> None:
        """Lock or free the difference after an order was changed or traded.

        Raises:
            Short: More is needed than is there; nothing was changed.
        """
        self._move(order, self.need(order))

    def release(self, order: Order) -> None:
        """Free everything that is locked for an order that has ended."""
        self._move(order, ZERO)

    def settle(self, order: Order, execution: Execution) -> tuple[str, ...]:
        """Book a trade, its fee included, and return the currencies that changed."""
        account, listing = order.account, order.market.listing
        execution.fee, execution.fee_currency = self.fee(order, execution)
        given, taken = (listing.quote, listing.base) if order.buy else (listing.base, listing.quote)
        spent, got = whole(execution.quantity), execution.value
        if order.buy:
            spent, got = got, spent
        if execution.fee_currency == given:
            spent = plus(spent, execution.fee)
        elif execution.fee_currency == taken:
            got = minus(got, execution.fee)
        else:
            account.deposit(execution.fee_currency, minus(ZERO, execution.fee))
        cash = account.of(given)
        cash.locked = minus(cash.locked, spent)
        order.held = minus(order.held, spent)
        account.deposit(taken, got)
        if order.state == "open" and order.price is not None:
            self.adjust(order)
        return tuple(dict.fromkeys((given, taken, execution.fee_currency)))

    def fee(self, order: Order, execution: Execution) -> tuple[Decimal, str]:
        """Return a trade's fee and its currency."""
        listing = order.market.listing
        maker, taker = self._rates(order.account, order.market)
        rate = maker if execution.maker else taker
        if self._quotes or not order.buy:
            return times(execution.value, rate), listing.quote
        return times(whole(execution.quantity), rate), listing.base

    @staticmethod
    def _move(order: Order, needed: Decimal) -> None:
        """Make what is locked for an order what it needs."""
        listing = order.market.listing
        currency = listing.quote if order.buy else listing.base
        cash = order.account.of(currency)
        more = minus(needed, order.held)
        if more > cash.free:
            raise Short(currency, minus(more, cash.free))
        cash.free = minus(cash.free, more)
        cash.locked = plus(cash.locked, more)
        order.held = needed


def _walk(order: Order) -> Decimal:
    """Return what the rest of a market order costs in the visible book; past its last level, at that one's price."""
    left, money, last = order.remaining, ZERO, 0
    for price, there in order.market.book.asks.items():
        taken, last = min(there, left), price
        money, left = plus(money, value(price, taken)), left - taken
    return plus(money, value(last, left))
