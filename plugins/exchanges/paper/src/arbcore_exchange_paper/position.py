"""A net position as first-in-first-out lots, so that profit and entry value are exact sums, never averages."""

from decimal import Context, Decimal
from typing import Final

from msgspec import Struct

from arbcore.model.money import EXACT, ZERO

_STEP: Final = Decimal("1e-12")
_ROUNDED: Final = Context(prec=60)


class OpenLot(Struct):
    """A quantity that one execution opened and nothing has closed yet: signed, at the execution's price."""

    quantity: Decimal
    price: Decimal


class NetPosition(Struct):
    """The open lots of one perpetual, the oldest first, all of one sign.

    Attributes:
        lots: The lots.
        quantity: Their signed sum.
        entry: Signed sum of quantity times price: the entry value of a contract of size one.
    """

    lots: list[OpenLot]
    quantity: Decimal = ZERO
    entry: Decimal = ZERO

    @classmethod
    def of(cls, quantity: Decimal, entry: Decimal) -> "NetPosition":
        """Return a position of a quantity and an exact entry value, whatever its average price.

        One lot has a rounded price, and a last one of one unit in the last place makes up for it.
        """
        unit = Decimal((0, (1,), int(quantity.as_tuple().exponent))).copy_sign(quantity)
        price = _ROUNDED.divide(entry, quantity).quantize(_STEP, context=_ROUNDED)
        rest = EXACT.subtract(quantity, unit)
        last = EXACT.divide(EXACT.subtract(entry, EXACT.multiply(rest, price)), unit)
        lots = [OpenLot(rest, price)] if rest else []
        return cls([*lots, OpenLot(unit, last)], quantity, entry)

    def opposite(self, sign: int) -> Decimal:
        """Return the absolute quantity that an order of a sign would close, 0 where it would add."""
        return self.quantity.copy_abs() if (self.quantity < 0) is (sign > 0) else ZERO

    def trade(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Book a signed execution: close the oldest lots first, open with what is left.

        Returns:
            Profit of the closed lots for a contract of size one.
        """
        profit = ZERO
        while quantity and self.lots and (self.lots[0].quantity < 0) is not (quantity < 0):
            lot = self.lots[0]
            whole = lot.quantity.copy_abs() <= quantity.copy_abs()
            closed = lot.quantity if whole else quantity.copy_negate()
            profit = EXACT.add(profit, EXACT.multiply(closed, EXACT.subtract(price, lot.price)))
            self._move(closed.copy_negate(), lot.price)
            lot.quantity = EXACT.subtract(lot.quantity, closed)
            quantity = EXACT.add(quantity, closed)
            if whole:
                del self.lots[0]
        if quantity:
            self.lots.append(OpenLot(quantity, price))
            self._move(quantity, price)
        return profit

    def _move(self, quantity: Decimal, price: Decimal) -> None:
        self.quantity = EXACT.add(self.quantity, quantity)
        self.entry = EXACT.add(self.entry, EXACT.multiply(quantity, price))
