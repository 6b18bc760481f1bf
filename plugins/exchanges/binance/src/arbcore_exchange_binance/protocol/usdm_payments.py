"""Funding payments, each told once, with the rate that they were settled at. Pure.

The event tells amount and symbol, ``income`` amount and symbol, ``fundingRate`` the rate and the mark price. A payment
is named by symbol and time of the settlement, whichever of the two told it: the event has no id.
Source: Binance developer documentation, USD-M futures funding, income and user data streams, 2026-11.
"""

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal
from typing import Final

from msgspec import Struct

from arbcore.model.input import FundingPayment
from arbcore.model.money import ZERO, multiply
from arbcore.net.protocol import Fetch, Heard
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.private_failures import require_done
from arbcore_exchange_binance.protocol.product import MINUTE_NS, USDM
from arbcore_exchange_binance.protocol.requests import funding_rate
from arbcore_exchange_binance.protocol.usdm_events import AccountChange
from arbcore_exchange_binance.protocol.usdm_requests import income
from arbcore_exchange_binance.protocol.usdm_values import INCOME, RATES, IncomeRow, RateRow, told
from arbcore_exchange_binance.protocol.values import MS

RATE: Final = "rate:"
"""Tag of requests for the rate of a settlement, followed by the payment's id."""
BOOKED: Final = "booked"
"""Tag of requests for what was booked."""

FUNDING_FEE: Final = "FUNDING_FEE"
"""The venue's word for funding."""

_KEPT: Final = 10_000
_AGAIN_NS: Final = 2 * 10**9
_ATTEMPTS: Final = 5
_EARLY_NS: Final = 10**9 // 2
"""A settlement may state a time a little after that of its payments."""


class _Paid(Struct):
    """A payment whose rate is not known yet; ``quantity`` None where it is worked out from the amount."""

    symbol: str
    amount: Decimal
    currency: str
    quantity: Decimal | None
    ts: int
    attempts: int = 0
    due: int = 0


class Payments:
    """Funding payments of an account.

    Args:
        venue: Exchange instance id.
    """

    def __init__(self, venue: str) -> None:
        self._venue: Final = venue
        self._told: Final[dict[str, None]] = {}
        self._waiting: Final[dict[str, _Paid]] = {}

    def booked(self, event: AccountChange, quantity: Decimal | None, now: int) -> list[Heard]:
        """Take an event of funding; ask for its rate, or for its symbol where it names none.

        Args:
            event: The event.
            quantity: The position that it applied to, where it names a symbol.
            now: Time.
        """
        ts = (event.time or event.event_time) * MS
        symbol = symbol_in(event)
        if not symbol:
            return [ask_for_booked(ts - MINUTE_NS, ts + MINUTE_NS)]
        paid = [one for one in event.changes.wallets if one.change]
        return [
            fetch
            for one in paid
            for fetch in self._take(_Paid(symbol, one.change, one.asset, quantity or None, ts), now)
        ]

    def income(self, rows: Iterable[IncomeRow], now: int) -> list[Heard]:
        """Take rows of ``income``; ask for the rates of those that are new."""
        rows = sorted(rows, key=lambda row: row.time)
        return [
            fetch
            for row in rows
            for fetch in self._take(_Paid(row.symbol, row.income, row.asset, None, row.time * MS), now)
        ]

    def due(self, now: int) -> list[Heard]:
        """Ask again for rates that were not told; a payment whose rate stays unknown is told with a rate of 0."""
        heard: list[Heard] = []
        for name, paid in list(self._waiting.items()):
            if now >= paid.due:
                given_up = paid.attempts >= _ATTEMPTS
                heard += self._tell(name, paid, None, now) if given_up else [self._ask(name, paid, now)]
        return heard

    def answered(self, tag: str, reply: Reply | None, now: int) -> list[Heard]:
        """Take the answer to a request of this object.

        Raises:
            ExchangeError: The answer is a refusal, or nothing that the venue may send.
        """
        if reply is None:
            return []
        require_done(reply, tag)
        if tag == BOOKED:
            booked = told(reply.body, INCOME, "income")
            return self.income(booked, now)
        paid = self._waiting.get(tag.removeprefix(RATE))
        if paid is None:
            return []
        rates = told(reply.body, RATES, "fundingRate")
        row = rate_at(rates, paid.ts)
        return [] if row is None else self._tell(tag.removeprefix(RATE), paid, row, now)

    def _take(self, paid: _Paid, now: int) -> list[Heard]:
        name = f"{paid.symbol}-{paid.ts // MS}"
        if name in self._told or name in self._waiting:
            return []
        self._waiting[name] = paid
        return [self._ask(name, paid, now)]

    def _ask(self, name: str, paid: _Paid, now: int) -> Fetch:
        paid.attempts += 1
        paid.due = now + _AGAIN_NS
        return Fetch(f"{RATE}{name}", funding_rate(USDM, paid.symbol, 10))

    def _tell(self, name: str, paid: _Paid, row: RateRow | None, now: int) -> list[Heard]:
        self._waiting.pop(name, None)
        new = payment(self._venue, paid.symbol, paid.amount, paid.currency, row, paid.ts, now, paid.quantity)
        is_new = new.payment_id not in self._told
        self._told.update({name: None, new.payment_id: None})
        while len(self._told) > _KEPT:
            del self._told[next(iter(self._told))]
        return [new] if is_new else []


def is_of_payments(tag: str) -> bool:
    """Tell whether a request is one of `Payments`."""
    return tag == BOOKED or tag.startswith(RATE)


def symbol_in(event: AccountChange) -> str:
    """Return the symbol of a funding event; empty where it names none (before 2026-08, cross margin)."""
    symbols = {one.symbol for one in event.changes.positions}
    return event.changes.symbol or (symbols.pop() if len(symbols) == 1 else "")


def ask_for_booked(start: int, end: int) -> Fetch:
    """Return the request for the funding that was booked between two times."""
    return Fetch(BOOKED, income(FUNDING_FEE, "", start, end))


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
        payment_id=f"{symbol}-{row.funding_time if row else ts // MS}",
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
