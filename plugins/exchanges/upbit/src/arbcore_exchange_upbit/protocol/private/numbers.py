"""Numbers, ids and times of the private interface: text or JSON numbers to `Decimal`, never through float."""

from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Annotated, Final

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
"""An id that the venue gave."""
MarketId = Annotated[str, msgspec.Meta(pattern=r"^[^\s:-]{1,20}-[^\s:]{1,20}$")]
"""A market id, quote first."""
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"^\S{1,30}$")]
"""A currency code."""
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its offset, as ``2026-11-20T16:52:49+09:00``."""

ZERO: Final = Decimal(0)
LOT: Final = Decimal("0.00000001")
"""Volumes have eight decimals."""

EXACT_VOLUME: Final = Decimal("1e7")
"""Volumes, with eight decimals, survive a double below this."""
EXACT_PRICE: Final = Decimal("1e13")
"""Prices survive a double below this: the larger they are, the fewer decimals their ticks have."""

WIDE: Final = Context(prec=120)
"""Context of products and shares: wide enough that nothing that the checks below let pass is rounded."""

_LARGEST: Final = Decimal("1e18")
_LEAST_EXPONENT: Final = -30
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS: Final = range(2017, 2101)


def check_amounts(*amounts: Decimal | None) -> None:
    """Require amounts that are finite, not negative and of a size that money can have.

    Raises:
        ValueError: One is not; a decoder makes an error of the message from it.
    """
    for amount in amounts:
        if amount is None:
            continue
        exponent = amount.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < _LEAST_EXPONENT or not ZERO <= amount < _LARGEST:
            raise ValueError(f"{str(amount)[:40]} is no amount")


def check_positive(*amounts: Decimal) -> None:
    """Require amounts above zero.

    Raises:
        ValueError: One is not.
    """
    check_amounts(*amounts)
    if not all(amounts):
        raise ValueError("an amount of 0 where there must be one")


def check_moments(*moments: datetime | None) -> None:
    """Require times between the venue's beginning and the end of the century.

    Raises:
        ValueError: One is not.
    """
    for moment in moments:
        if moment is not None and moment.year not in _YEARS:
            raise ValueError(f"the year {moment.year}")


def nanoseconds(moment: datetime | None) -> int:
    """Return a time in UTC nanoseconds, 0 for none."""
    return 0 if moment is None else (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def survives_double(amount: Decimal | None, below: Decimal) -> bool:
    """Tell whether a number came through a double unchanged.

    A double keeps fifteen digits. With at most eight decimals a volume has no more than that below ten million; above,
    a double may print few digits and still be another number.

    Args:
        amount: The number; one that is missing is not what was meant.
        below: What it must be less than.
    """
    if amount is None:
        return False
    return amount < below and amount == WIDE.quantize(amount, LOT)
