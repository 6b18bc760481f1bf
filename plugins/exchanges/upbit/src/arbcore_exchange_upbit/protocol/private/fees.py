"""The fee of each fill, to the last digit. Source: Upbit developer centre, fees, 2026-11.

The fee is charged in the quote currency and is the fill's value times a rate, not rounded. Replies tell only its sum
over an order's fills; the stream tells it for each fill as a double, which may have lost its last digits.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Final

from arbcore.model.money import total
from arbcore_exchange_upbit.protocol.private.numbers import WIDE, ZERO

_RATE_STEP: Final = Decimal("0.000001")
_SHARE_STEP: Final = Decimal("1e-16")
_NEAR: Final = Decimal("1e-12")


def fill_fee(funds: Decimal, told: Decimal) -> Decimal:
    """Return a fill's fee from what a double told of it: its rate restores lost digits.

    Args:
        funds: Value of the fill.
        told: What the stream told. It stands where no rate of six decimals gives it.
    """
    if not funds:
        return told
    fee = WIDE.multiply(funds, _rate(told, funds))
    return fee if abs(WIDE.subtract(fee, told)) <= WIDE.multiply(told, _NEAR) else told


def fee_shares(paid: Decimal, trades: Sequence[tuple[str, Decimal]], told: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the fees of an order's fills that were not told yet, so that all of them sum up to what was paid.

    Args:
        paid: Fee of the whole order so far.
        trades: Id and value of each of its fills so far.
        told: Fees of fills that were told before, by id.
    """
    fresh = [(number, funds) for number, funds in trades if number not in told]
    known = total(told[number] for number, _ in trades if number in told)
    left, value = WIDE.subtract(paid, known), total(funds for _, funds in fresh)
    if left <= 0 or not value:
        return dict.fromkeys((number for number, _ in fresh), ZERO)
    rate = _rate(left, value)
    if WIDE.multiply(value, rate) == left:
        return {number: WIDE.multiply(funds, rate) for number, funds in fresh}
    return _proportional(left, value, fresh)


def _proportional(left: Decimal, value: Decimal, fresh: Sequence[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Return shares by value where no rate gives the sum; the last takes what rounding leaves."""
    shares: dict[str, Decimal] = {}
    for number, funds in fresh[:-1]:
        share = WIDE.divide(WIDE.multiply(left, funds), value)
        shares[number] = share.quantize(_SHARE_STEP, ROUND_DOWN, context=WIDE)
    shares[fresh[-1][0]] = WIDE.subtract(left, total(shares.values()))
    return shares


def _rate(fee: Decimal, funds: Decimal) -> Decimal:
    return WIDE.divide(fee, funds).quantize(_RATE_STEP, context=WIDE)
