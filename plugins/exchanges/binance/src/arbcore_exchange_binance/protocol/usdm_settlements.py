"""Funding payments with the settlements that they belong to. Pure.

Source: Binance developer documentation, USD-M futures funding and income, 2026-11.
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Final

from arbcore.model.input import FundingPayment
from arbcore.model.money import ZERO, multiply
from arbcore_exchange_binance.protocol.product import HOUR_NS, MINUTE_NS
from arbcore_exchange_binance.protocol.usdm_values import RateRow
from arbcore_exchange_binance.protocol.values import MS

_EARLY_NS: Final = 10**9 // 2
"""A settlement may state a time a little after that of its payments."""


def rate_at(rows: Sequence[RateRow], ts: int) -> RateRow | None:
    """Return the regular settlement that a payment of some time belongs to; None where it is not there."""
    regular = (row for row in rows if row.rate_type in {"", "Regular"})
    near = [row for row in regular if -_EARLY_NS <= ts - row.funding_time * MS <= MINUTE_NS]
    return max(near, key=lambda row: row.funding_time, default=None)


def payment(
    venue: str,
    symbol: str,
    amount: Decimal,
    currency: str,
    row: RateRow | None,
    ts: int,
    now: int,
    quantity: Decimal | None = None,
) -> FundingPayment:
    """Return a payment. Its quantity is worked out from amount, rate and mark price where it is not told.

    Args:
        venue: Exchange instance id.
        symbol: The symbol.
        amount: Amount received, negative when paid.
        currency: Its currency.
        row: The settlement, None where its rate is unknown.
        ts: Venue time.
        now: Receive time.
        quantity: The position, where it is known.
    """
    return FundingPayment(
        payment_id=f"{symbol}-{row.funding_time if row else _settled_at(ts)}",
        instrument=f"{venue}:{symbol}",
        amount=amount,
        currency=currency,
        rate=row.funding_rate if row else ZERO,
        quantity=quantity if quantity is not None else _position(amount, row),
        ts=ts,
        recv_ts=now,
    )


def _position(amount: Decimal, row: RateRow | None) -> Decimal:
    """Return the position that a payment implies, at as many digits as the amount carries, less one."""
    divisor = multiply(row.mark, row.funding_rate) if row else ZERO
    if not divisor or not amount:
        return ZERO
    digits = max(len(amount.as_tuple().digits) - 1, 1)
    return Context(prec=digits).divide(-amount, divisor).normalize()


def _settled_at(ts: int) -> int:
    """Return when a payment was most likely settled, UTC milliseconds: on the hour where it came just after it."""
    after = (ts + _EARLY_NS) % HOUR_NS
    return (ts + _EARLY_NS - after if after < MINUTE_NS else ts) // MS
