"""How long, and how much, an account was not hedged: from what really happened, not from what was told."""

from decimal import Decimal
from typing import Final

from arbcore.model.money import ZERO, add, multiply


class Exposure:
    """Follows the coins that nothing covers.

    Args:
        tolerance: Coins up to which a difference counts as hedged: too little for any order.

    Attributes:
        longest_ns: Longest time without a break.
        notional_ns: Sum of value times nanoseconds, in base currency.
        most: Most coins that nothing covered.
        least: The same, sold: no more than zero.
    """

    def __init__(self, tolerance: Decimal) -> None:
        self._tolerance: Final = tolerance
        self._coins = ZERO
        self._price = ZERO
        self._noted = 0
        self._since = 0
        self.longest_ns = 0
        self.notional_ns = ZERO
        self.most = ZERO
        self.least = ZERO

    def note(self, now: int, coins: Decimal, price: Decimal) -> None:
        """Take over what is uncovered from now on.

        Args:
            now: Engine time.
            coins: Signed coins that nothing covers.
            price: What one is worth, in base currency.
        """
        self.pass_time(now)
        was_open = self.open
        self._coins, self._price = coins, price
        self.most, self.least = max(self.most, coins), min(self.least, coins)
        if self.open and not was_open:
            self._since = now

    def pass_time(self, now: int) -> None:
        """Count the time until now."""
        if self.open:
            value = multiply(multiply(abs(self._coins), self._price), Decimal(now - self._noted))
            self.notional_ns = add(self.notional_ns, value)
            self.longest_ns = max(self.longest_ns, now - self._since)
        self._noted = now

    @property
    def open(self) -> bool:
        """Whether something is uncovered now."""
        return abs(self._coins) > self._tolerance
