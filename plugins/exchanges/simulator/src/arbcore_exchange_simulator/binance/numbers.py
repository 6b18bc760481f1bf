"""Money of Binance's private side: exact decimals, kept and told with eight places."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from arbcore_exchange_simulator.market.market import Market

PLACES: Final = Decimal("1e-8")
"""Finest amount of an asset."""

ZERO: Final = Decimal(0)
"""Nothing."""


def rounded(value: Decimal) -> Decimal:
    """Return an amount with eight decimals: what is booked is what is told."""
    return value.quantize(PLACES, ROUND_HALF_UP)


def told(value: Decimal) -> str:
    """Return an amount as plain text, at most eight decimals and no superfluous zeros."""
    text = f"{value.quantize(PLACES, ROUND_HALF_UP):f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def fixed(value: Decimal, decimals: int = 8) -> str:
    """Return an amount as plain text with exactly so many decimals."""
    return f"{value:.{decimals}f}"


def mark_of(market: Market) -> Decimal:
    """Return the mark price exactly as the public side tells it.

    Raises:
        TypeError: The market is no perpetual.
    """
    if market.funding is None:
        raise TypeError(f"{market.listing.symbol} is no perpetual")
    return Decimal(f"{market.funding.mark:.{min(market.price_decimals + 2, 8)}f}")
