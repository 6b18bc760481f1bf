"""A position in a perpetual: quantity, cost and realised profit, all exact."""

from decimal import Decimal
from typing import Final

from arbcore_exchange_simulator.binance.numbers import ZERO, rounded
from arbcore_exchange_simulator.trading.money import value, whole


class Position:
    """One side of an account in one symbol.

    The cost is what was paid for the quantity that is held, negative for a short one, so that the entry price is the
    quotient of both and the cost needs no rounding when something is added. When a part is closed its share of the
    cost is rounded to eight places and the rest stays: realised and unrealised profit always add up to what the
    trades paid.

    Attributes:
        symbol: The perpetual.
        side: ``BOTH``, or ``LONG`` and ``SHORT`` in hedge mode.
        quantity: In atoms, negative for a short position.
        cost: What was paid for it.
        realised: Profit of all that was closed, without fees.
        fees: Fees in the margin asset since the position was opened.
        isolated: Margin that is set aside for it; 0 for a cross position.
        updated: Time of the last change in ns.
    """

    __slots__ = ("cost", "fees", "isolated", "quantity", "realised", "side", "symbol", "updated")

    def __init__(self, symbol: str, side: str) -> None:
        self.symbol: Final = symbol
        self.side: Final = side
        self.quantity = 0
        self.cost = ZERO
        self.realised = ZERO
        self.fees = ZERO
        self.isolated = ZERO
        self.updated = 0

    @property
    def size(self) -> Decimal:
        """Quantity in whole units, signed."""
        return whole(self.quantity)

    @property
    def entry(self) -> Decimal:
        """Mean price of what is held; 0 where nothing is."""
        return self.cost / self.size if self.quantity else ZERO

    @property
    def break_even(self) -> Decimal:
        """Price at which fees are earned back; 0 where nothing is held."""
        return (self.cost + self.fees) / self.size if self.quantity else ZERO

    def unrealised(self, mark: Decimal) -> Decimal:
        """Return the profit at a mark price."""
        return rounded(self.size * mark - self.cost)

    def closes(self, *, buy: bool) -> int:
        """Return how much of the position an order of a side can close, in atoms."""
        return max(-self.quantity, 0) if buy else max(self.quantity, 0)

    def trade(self, *, buy: bool, price: int, quantity: int) -> Decimal:
        """Book a trade; return the profit that it realised."""
        closed = min(quantity, self.closes(buy=buy))
        profit = self._close(buy, price, closed) if closed else ZERO
        opened = quantity - closed
        if opened:
            self.cost += value(price, opened) if buy else -value(price, opened)
            self.quantity += opened if buy else -opened
        return profit

    def _close(self, buy: bool, price: int, closed: int) -> Decimal:
        held = abs(self.quantity)
        cost = self.cost if closed == held else rounded(self.cost * closed / held)
        received = -value(price, closed) if buy else value(price, closed)
        self.cost -= cost
        self.quantity += closed if buy else -closed
        profit = received - cost
        self.realised += profit
        if not self.quantity:
            self.fees = ZERO
        return profit
