"""Exact money: sums and products that never round."""

from decimal import ROUND_DOWN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Final

EXACT: Final = Context(prec=90, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
"""Arithmetic that raises where a digit would be lost."""

ROOMY: Final = Context(prec=90, rounding=ROUND_DOWN, traps=[InvalidOperation, DivisionByZero, Overflow])
"""Arithmetic that cuts off after ninety digits: for divisions."""

ZERO: Final = Decimal(0)
"""No money."""

ATOM: Final = Decimal("0.00000001")
"""One hundred-millionth."""


def plus(first: Decimal, second: Decimal) -> Decimal:
    """Return an exact sum."""
    return EXACT.add(first, second)


def minus(first: Decimal, second: Decimal) -> Decimal:
    """Return an exact difference."""
    return EXACT.subtract(first, second)


def times(first: Decimal, second: Decimal) -> Decimal:
    """Return an exact product."""
    return EXACT.multiply(first, second)


def whole(atoms: int) -> Decimal:
    """Return atoms as a number of whole units."""
    return EXACT.scaleb(Decimal(atoms), -8)


def value(price: int, quantity: int) -> Decimal:
    """Return the value of a quantity at a price, both in atoms, in units of the quote currency."""
    return EXACT.scaleb(Decimal(price * quantity), -16)


def affordable(money: Decimal, price: int) -> int:
    """Return the atoms that money buys at a price in atoms, rounded down."""
    return int(ROOMY.divide(EXACT.scaleb(money, 16), Decimal(price)))


def plain(amount: Decimal) -> str:
    """Return an amount as plain decimal text without needless zeros, as ``0.5`` or ``1000000``."""
    return f"{EXACT.normalize(amount):f}" if amount else "0"


def exact_atoms(told: str) -> int | None:
    """Return decimal text as atoms; None where it is no number, has more than eight decimals or is negative."""
    try:
        number = EXACT.scaleb(EXACT.create_decimal(told), 8)
        fits = number.is_finite() and number >= 0 and number == number.to_integral_value()
    except (Inexact, InvalidOperation):
        return None
    return int(number) if fits else None
