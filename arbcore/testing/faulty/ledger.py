"""The account of the faulty exchange: what really happened, apart from what is told of it. Every number is exact."""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.money import ZERO, add, multiply, subtract
from arbcore.model.order import Fill
from arbcore.model.position import Balance, PositionReport


class TrueLedger:
    """Cash, coins and positions of one account.

    Perpetuals are netted first in, first out over the whole account: another way than the engine's, which nets by
    trade. Both must lead to the same sums.

    Args:
        balances: Opening balances by currency.

    Attributes:
        cash: Amount by currency; coins of spot markets included.
        fees: Fees charged by currency.
        fills: Every fill, in order of execution.
    """

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        self.cash: Final = dict(balances)
        self.fees: Final[dict[str, Decimal]] = {}
        self.fills: Final[list[Fill]] = []
        self._open: Final[dict[str, deque[tuple[Decimal, Decimal]]]] = {}

    def book(self, instrument: Instrument, fill: Fill) -> None:
        """Book an execution and its fee."""
        self.fills.append(fill)
        self._move(fill.fee_currency, subtract(ZERO, fill.fee))
        self.fees[fill.fee_currency] = add(self.fees.get(fill.fee_currency, ZERO), fill.fee)
        signed = multiply(fill.quantity, Decimal(fill.side.sign))
        if instrument.kind is InstrumentKind.SPOT:
            value = multiply(multiply(signed, instrument.contract_size), fill.price)
            self._move(instrument.quote, subtract(ZERO, value))
            self._move(instrument.base, multiply(signed, instrument.unit))
        else:
            won = multiply(self._net(instrument.key, signed, fill.price), instrument.contract_size)
            self._move(instrument.settlement, won)

    def pay(self, currency: str, amount: Decimal) -> None:
        """Credit funding, or debit a negative amount."""
        self._move(currency, amount)

    def position(self, instrument: str) -> Decimal:
        """Return the signed net position of a perpetual in order units."""
        return sum((quantity for quantity, _ in self._open.get(instrument, ())), ZERO)

    def entry_value(self, instrument: Instrument) -> Decimal:
        """Return the signed value of the open position at its entry prices."""
        value = sum((multiply(quantity, price) for quantity, price in self._open.get(instrument.key, ())), ZERO)
        return multiply(value, instrument.contract_size)

    def balances(self, venue: str) -> tuple[Balance, ...]:
        """Return every balance that is not zero."""
        held = sorted(self.cash.items())
        return tuple(Balance(venue=venue, currency=code, total=amount) for code, amount in held if amount)

    def positions(self, instruments: Mapping[str, Instrument]) -> tuple[PositionReport, ...]:
        """Return every net position that is not zero."""
        return tuple(
            PositionReport(instrument=key, quantity=self.position(key), entry_value=self.entry_value(instruments[key]))
            for key in sorted(self._open)
            if self.position(key)
        )

    def _net(self, key: str, signed: Decimal, price: Decimal) -> Decimal:
        """Net a quantity against what is open; return what the closed part won per unit of contract size."""
        lots, won = self._open.setdefault(key, deque()), ZERO
        while signed and lots and (lots[0][0] > 0) != (signed > 0):
            quantity, entry = lots.popleft()
            closed = quantity if abs(quantity) <= abs(signed) else subtract(ZERO, signed)
            won = add(won, multiply(closed, subtract(price, entry)))
            signed = add(signed, closed)
            if closed != quantity:
                lots.appendleft((subtract(quantity, closed), entry))
        if signed:
            lots.append((signed, price))
        return won

    def _move(self, currency: str, amount: Decimal) -> None:
        self.cash[currency] = add(self.cash.get(currency, ZERO), amount)
