"""Exact amounts on the command line."""

from decimal import Decimal, InvalidOperation

import click


class Amount(click.ParamType[Decimal]):
    """A number above zero, taken from its text without rounding."""

    name = "amount"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the number."""
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is no number", param, ctx)
        if not amount.is_finite() or amount <= 0:
            self.fail(f"{value} is not above zero", param, ctx)
        return amount
