"""Currencies: a code and how amounts of it are shown."""

from typing import Final

from msgspec import Struct

DEFAULT_PRECISION: Final = 8


class Currency(Struct, frozen=True):
    """A currency or coin.

    Attributes:
        code: Upper-case code, for example ``KRW`` or ``BTC``.
        precision: Decimal places used for display. It never limits what is stored or summed.
        symbol: Prefix used for display; empty where the code follows the amount instead.
    """

    code: str
    precision: int = DEFAULT_PRECISION
    symbol: str = ""


_KNOWN: Final = {
    entry.code: entry
    for entry in (
        Currency("KRW", 0, "₩"),
        Currency("JPY", 0, "¥"),
        Currency("USD", 2, "$"),
        Currency("EUR", 2, "€"),
        Currency("USDT", 2),
        Currency("USDC", 2),
    )
}


def currency(code: str) -> Currency:
    """Return the display rules of a code; an unknown code gets eight places and no symbol."""
    return _KNOWN.get(code) or Currency(code)
