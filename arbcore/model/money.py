"""Exact money: arithmetic that never rounds, and rounding that is for display only."""

from collections.abc import Iterable
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Final

from msgspec import Struct

from arbcore.model.currency import currency

EXACT: Final = Context(
    prec=60,
    rounding=ROUND_HALF_EVEN,
    traps=[Inexact, InvalidOperation, DivisionByZero, Overflow],
)
"""Context of every sum and product: a result that would need rounding raises instead."""

ZERO: Final = Decimal(0)
RATE_STEP: Final = Decimal("1e-12")
"""Rates are quantised to twelve decimals, so that a product with an amount is finite and exact."""

_DISPLAY: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


def add(left: Decimal, right: Decimal) -> Decimal:
    """Return the exact sum.

    Raises:
        decimal.Inexact: The sum needs more than sixty digits.
    """
    return EXACT.add(left, right)


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """Return the exact difference ``left - right``."""
    return EXACT.subtract(left, right)


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """Return the exact product."""
    return EXACT.multiply(left, right)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of any number of amounts, whatever their order."""
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def quantise_rate(rate: float | Decimal) -> Decimal:
    """Return a conversion rate at twelve decimals, half to even.

    Raises:
        ValueError: The rate is not finite, not positive, or vanishes at twelve decimals.
    """
    value = rate if isinstance(rate, Decimal) else Decimal(repr(rate))
    if not value.is_finite() or value <= 0:
        raise ValueError(f"a conversion rate must be positive and finite, not {rate}")
    quantised = value.quantize(RATE_STEP, context=_DISPLAY)
    if quantised == 0:
        raise ValueError(f"a conversion rate of {rate} vanishes at 12 decimals; quote the pair the other way")
    return quantised


def inverse_rate(rate: float | Decimal) -> Decimal:
    """Return ``1 / rate`` at twelve decimals: the one place where a rate is divided.

    Raises:
        ValueError: As for `quantise_rate`.
    """
    value = rate if isinstance(rate, Decimal) else Decimal(repr(rate))
    if not value.is_finite() or value <= 0:
        raise ValueError(f"a conversion rate must be positive and finite, not {rate}")
    return quantise_rate(_DISPLAY.divide(Decimal(1), value))


class Money(Struct, frozen=True):
    """An amount of one currency. Amounts of different currencies never mix silently.

    Attributes:
        amount: Exact amount in units of the currency.
        currency: Code of the currency.
    """

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        """Return the exact sum.

        Raises:
            ValueError: The currencies differ.
        """
        self._same(other)
        return Money(add(self.amount, other.amount), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Return the exact difference.

        Raises:
            ValueError: The currencies differ.
        """
        self._same(other)
        return Money(subtract(self.amount, other.amount), self.currency)

    def __neg__(self) -> "Money":
        """Return the amount with its sign turned."""
        return Money(EXACT.minus(self.amount), self.currency)

    def convert(self, rate: Decimal, into: str) -> "Money":
        """Return the amount in another currency: a multiplication by a quantised rate.

        Args:
            rate: Units of ``into`` for one unit of this currency, at no more than twelve decimals.
            into: Code of the target currency.
        """
        return Money(multiply(self.amount, rate), into)

    def __str__(self) -> str:
        """Return the amount as people read it: banker's rounding, thousands separated."""
        return format_money(self.amount, self.currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}: convert one of them first")


def plain(amount: Decimal) -> str:
    """Return an amount as text with every digit, without an exponent, trailing zeros, or the sign of a zero."""
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def format_money(amount: Decimal, code: str) -> str:
    """Return an amount for display, for example ``₩1,000,000`` or ``1,234.56 USDT``."""
    shown = currency(code)
    rounded = amount.quantize(Decimal(1).scaleb(-shown.precision), context=_DISPLAY)
    sign = "-" if rounded < 0 else ""
    digits = f"{abs(rounded):,f}"
    return f"{sign}{shown.symbol}{digits}" if shown.symbol else f"{sign}{digits} {code}"
