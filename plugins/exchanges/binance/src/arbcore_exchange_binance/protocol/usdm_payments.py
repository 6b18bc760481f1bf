"""Funding payments, each told once, with the rate that they were settled at. Pure.

The event tells amount and symbol, ``income`` amount and symbol, ``fundingRate`` the rate and the mark price. A payment
is named by symbol and time of the settlement, whichever of the two told it: the event has no id.
Source: Binance developer documentation, USD-M futures funding, income and user data streams, 2026-11.
"""

from collections.abc import Iterable
from decimal import Decimal
from itertools import count
from typing import Final

from msgspec import Struct

from arbcore.net.protocol import Fetch, Heard
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.product import MINUTE_NS, USDM
from arbcore_exchange_binance.protocol.requests import funding_rate
from arbcore_exchange_binance.protocol.usdm_events import AccountChange
from arbcore_exchange_binance.protocol.usdm_requests import MOST_TRADES, WEEK_NS, income
from arbcore_exchange_binance.protocol.usdm_settlements import payment, rate_at
from arbcore_exchange_binance.protocol.usdm_values import INCOME, RATES, IncomeRow, RateRow, told
from arbcore_exchange_binance.protocol.values import MS

RATE: Final = "rate:"
"""Tag of requests for the rate of a settlement, followed by the payment's id."""
BOOKED: Final = "booked:"
"""Tag of requests for what was booked, followed by a number."""

FUNDING_FEE: Final = "FUNDING_FEE"
"""The venue's word for funding."""

_KEPT: Final = 10_000
_MOST_SPANS: Final = 100
_MOST_UNRATED: Final = 1000
_AGAIN_NS: Final = 2 * 10**9
_ATTEMPTS: Final = 5
_LONGEST_WAIT_NS: Final = MINUTE_NS
_OK: Final = 200


class _Paid(Struct):
    """A payment whose rate is not known yet; ``quantity`` None where it is worked out from the amount."""

    symbol: str
    amount: Decimal
    currency: str
    quantity: Decimal | None
    ts: int
    attempts: int = 0
    due: int = 0


class _Span(Struct):
    """A time of which it is not known yet what was booked; asked for until the venue tells it."""

    start: int
    end: int
    wait: int
    due: int


class Payments:
    """Funding payments of an account.

    Args:
        venue: Exchange instance id.
    """

    def __init__(self, venue: str) -> None:
        self._venue: Final = venue
        self._told: Final[dict[str, None]] = {}
        self._waiting: Final[dict[str, _Paid]] = {}
        self._spans: Final[dict[str, _Span]] = {}
        self._numbers: Final = count()
        self._unrated: list[_Paid] = []

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
            return self.want(ts - MINUTE_NS, ts + MINUTE_NS, now)
        paid = [one for one in event.changes.wallets if one.change]
        return [
            fetch
            for one in paid
            for fetch in self._take(_Paid(symbol, one.change, one.asset, quantity or None, ts), now)
        ]

    def want(self, start: int, end: int, now: int) -> list[Heard]:
        """Ask for the funding that was booked between two times, by `due` again until it is told.

        Args:
            start: Venue time.
            end: Venue time.
            now: Time.
        """
        heard: list[Heard] = []
        for begin in range(start, end, WEEK_NS):
            tag = f"{BOOKED}{next(self._numbers)}"
            span = self._spans[tag] = _Span(begin, min(end, begin + WEEK_NS), _AGAIN_NS, now + _AGAIN_NS)
            heard.append(_ask_for_booked(tag, span))
        while len(self._spans) > _MOST_SPANS:
            del self._spans[next(iter(self._spans))]
        return heard

    def income(self, rows: Iterable[IncomeRow], now: int) -> list[Heard]:
        """Take rows of ``income``; ask for the rates of those that are new."""
        rows = sorted(rows, key=lambda row: row.time)
        return [
            fetch
            for row in rows
            for fetch in self._take(_Paid(row.symbol, row.income, row.asset, None, row.time * MS), now)
        ]

    def due(self, now: int) -> list[Heard]:
        """Ask again for what was not told; a payment whose rate stays unknown is told with a rate of 0."""
        heard: list[Heard] = []
        for tag, span in self._spans.items():
            if now >= span.due:
                span.wait = min(2 * span.wait, _LONGEST_WAIT_NS)
                span.due = now + span.wait
                heard.append(_ask_for_booked(tag, span))
        for name, paid in list(self._waiting.items()):
            if now >= paid.due:
                given_up = paid.attempts >= _ATTEMPTS
                heard += self._tell(name, paid, None, now) if given_up else [self._ask(name, paid, now)]
        return heard

    def answered(self, tag: str, reply: Reply | None, now: int) -> list[Heard]:
        """Take the answer to a request of this object.

        Raises:
            ExchangeError: The answer is nothing that the venue may send. A refusal is none: `due` asks again.
        """
        if reply is None or reply.status != _OK:
            return []
        if tag.startswith(BOOKED):
            return self._booked(tag, told(reply.body, INCOME, "income"), now)
        paid = self._waiting.get(tag.removeprefix(RATE))
        if paid is None:
            return []
        rates = told(reply.body, RATES, "fundingRate")
        row = rate_at(rates, paid.ts)
        return [] if row is None else self._tell(tag.removeprefix(RATE), paid, row, now)

    def _booked(self, tag: str, rows: list[IncomeRow], now: int) -> list[Heard]:
        span = self._spans.pop(tag, None)
        heard = self.income(rows, now)
        latest = max((row.time for row in rows), default=0) * MS
        if span is not None and len(rows) >= MOST_TRADES and span.start < latest < span.end:
            heard += self.want(latest, span.end, now)
        return heard

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
        is_new = new.payment_id not in self._told and not self._told_without_rate(paid)
        if row is None and is_new:
            self._unrated = [*self._unrated[-_MOST_UNRATED:], paid]
        self._told.update({name: None, new.payment_id: None})
        while len(self._told) > _KEPT:
            del self._told[next(iter(self._told))]
        return [new] if is_new else []

    def _told_without_rate(self, paid: _Paid) -> bool:
        """Whether it was told before its rate was known: event and income state slightly different times."""
        return any(
            (one.symbol, one.currency, one.amount) == (paid.symbol, paid.currency, paid.amount)
            and abs(one.ts - paid.ts) <= MINUTE_NS
            for one in self._unrated
        )


def is_of_payments(tag: str) -> bool:
    """Tell whether a request is one of `Payments`."""
    return tag.startswith((BOOKED, RATE))


def symbol_in(event: AccountChange) -> str:
    """Return the symbol of a funding event; empty where it names none (before 2026-08, cross margin)."""
    symbols = {one.symbol for one in event.changes.positions}
    return event.changes.symbol or (symbols.pop() if len(symbols) == 1 else "")


def _ask_for_booked(tag: str, span: _Span) -> Fetch:
    return Fetch(tag, income(FUNDING_FEE, "", span.start, span.end))
