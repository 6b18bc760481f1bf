"""The ledger: cash, lots and profit by its parts. Every number is exact; nothing here rounds.

A balance change is valued at the rate of its moment; between changes a balance earns the rate's move (``fx``).
A lot is valued at the fill that opened it and leaves by the fill that closes it. So with ``s`` the lot's sign, ``q``
the quantity closed, ``p`` fill prices, ``d`` touches at the decisions and ``r`` rates into base currency

- spot: spread = s q (d2 r2 - d1 r1), slippage = s q ((p2 - d2) r2 - (p1 - d1) r1), since its cash moved at r1 and r2;
- perpetual: spread = s q (d2 - d1) r2, slippage = s q ((p2 - d2) - (p1 - d1)) r2, since its cash moves at the close.
"""

from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from decimal import Decimal
from itertools import chain
from typing import Final

from msgspec import Struct

from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.money import ZERO
from arbcore.model.position import Lot

RateInto = Callable[[str], Decimal | None]
"""Units of base currency for one unit of a currency; None while unknown."""


class Realised(Struct):
    """Profit that closed lots brought, in base currency. Mutable: an accumulator."""

    spread: Decimal = ZERO
    slippage: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO


class CashMove(Struct, frozen=True):
    """A change of a balance, with the balance after it, what led to it, and the rate that valued it, if any did."""

    venue: str
    currency: str
    change: Decimal
    after: Decimal
    reason: str
    rate: Decimal | None = None


class CashState(Struct, frozen=True):
    """What `Cash` holds: balances, sums by currency, their last rates, what rates made of them, what is carried."""

    balances: dict[tuple[str, str], Decimal]
    totals: dict[str, Decimal]
    rates: dict[str, Decimal]
    fx: Decimal
    carried: list[str]


class Cash:
    """Balances by venue and currency, and what rate changes made of them.

    Args:
        rate_into: Rate of a currency into the base currency.
    """

    def __init__(self, rate_into: RateInto) -> None:
        self._rate_into: Final = rate_into
        self.balances: Final[dict[tuple[str, str], Decimal]] = {}
        self._totals: Final[dict[str, Decimal]] = {}
        self._rates: Final[dict[str, Decimal]] = {}
        self._carried: Final[dict[str, None]] = {}
        self._fx = ZERO

    def post(self, venue: str, currency: str, change: Decimal, reason: str) -> CashMove:
        """Change a balance, after crediting what the rate made of the currency since its last change."""
        self._revalue(currency)
        after = self.balances.get((venue, currency), ZERO) + change
        self.balances[venue, currency] = after
        self._totals[currency] = self._totals.get(currency, ZERO) + change
        return CashMove(venue, currency, change, after, reason, self._rate_into(currency))

    def carry(self, currency: str, amount: Decimal) -> None:
        """Count a profit that a venue has not paid out: it is worth its currency, and no balance holds it yet."""
        self._revalue(currency)
        self._totals[currency] = self._totals.get(currency, ZERO) + amount
        self._carried[currency] = None

    def carries(self, currency: str) -> bool:
        """Tell whether profits of a currency were counted that a venue pays out later."""
        return currency in self._carried

    def fx(self) -> Decimal:
        """Return balances times rate changes since `start`, in base currency.

        Reading changes nothing, not even the digits of a later answer: a session is looked at and its replay is not.
        """
        return sum((self._gain(currency) for currency in self._totals), self._fx)

    def value(self) -> Decimal | None:
        """Return all cash in base currency, None while a rate is unknown."""
        value = ZERO
        for currency, amount in self._totals.items():
            rate = self._rate_into(currency)
            if rate is None and amount != 0:
                return None
            value += amount * (rate or ZERO)
        return value

    def _gain(self, currency: str) -> Decimal:
        """Return what the present rate makes of a currency since its last change."""
        rate, before = self._rate_into(currency), self._rates.get(currency)
        if rate is None or before is None or rate == before:
            return ZERO
        return self._totals.get(currency, ZERO) * (rate - before)

    def _revalue(self, currency: str) -> None:
        self._fx += self._gain(currency)
        rate = self._rate_into(currency)
        if rate is not None:
            self._rates[currency] = rate

    def start(self) -> None:
        """Forget rate changes so far: from here on they count."""
        for currency in self._totals:
            self._revalue(currency)
        self._fx = ZERO

    def state(self) -> CashState:
        """Return all of it."""
        return CashState(dict(self.balances), dict(self._totals), dict(self._rates), self._fx, list(self._carried))

    def restore(self, state: CashState) -> None:
        """Take over what an earlier `state` returned; nothing was posted yet."""
        self.balances.update(state.balances)
        self._totals.update(state.totals)
        self._rates.update(state.rates)
        self._fx = state.fx
        self._carried.update(dict.fromkeys(state.carried))


class Dust(Struct):
    """What closed trades left of an instrument, too little for any order: sums, however many trades. Mutable.

    Attributes:
        quantity: Signed quantity in order units.
        value: Sum of quantity times fill price.
        cost: Sum of quantity times fill price times the rate at the fill.
    """

    quantity: Decimal = ZERO
    value: Decimal = ZERO
    cost: Decimal = ZERO

    def unrealised(self, instrument: Instrument, touch: Decimal, rate: Decimal) -> Decimal:
        """Return the value change at the touch that would close it, in base currency."""
        if instrument.kind is InstrumentKind.PERPETUAL:
            return (self.quantity * touch - self.value) * instrument.contract_size * rate
        return (self.quantity * touch * rate - self.cost) * instrument.contract_size


class LotsState(Struct, frozen=True):
    """What `Lots` holds: open lots by trade and instrument in their order, dust, and net quantities."""

    open: dict[tuple[str, str], list[Lot]]
    dust: dict[str, Dust]
    net: dict[str, Decimal]


class Lots:
    """Open lots by trade and instrument, first in, first out, and the dust of closed trades."""

    def __init__(self) -> None:
        self._open: Final[dict[tuple[str, str], deque[Lot]]] = {}
        self.dust: Final[dict[str, Dust]] = {}
        self.net: Final[dict[str, Decimal]] = {}

    def __iter__(self) -> Iterator[Lot]:
        """Go through all open lots."""
        return chain.from_iterable(self._open.values())

    def of(self, instrument: str) -> list[Lot]:
        """Return the open lots of an instrument."""
        return [lot for lot in self if lot.instrument == instrument]

    def quantity(self, trade: str, instrument: str) -> Decimal:
        """Return the signed quantity that a trade holds of an instrument."""
        return sum((lot.quantity for lot in self._open.get((trade, instrument), ())), ZERO)

    def sweep(self, trade: str, instrument: str) -> None:
        """Turn what a closed trade still holds into dust; the net position stays as it is."""
        for lot in self._open.pop((trade, instrument), ()):
            dust = self.dust.setdefault(instrument, Dust())
            dust.quantity += lot.quantity
            dust.value += lot.quantity * lot.price
            dust.cost += lot.quantity * lot.price * lot.rate

    def add(self, lot: Lot) -> list[tuple[Lot, Decimal]]:
        """Net a lot against its trade's opposite lots and keep the rest.

        Returns:
            The lots that it closed, each with the signed quantity taken from it.
        """
        key = (lot.trade, lot.instrument)
        lots = self._open.setdefault(key, deque())
        left, closed = lot.quantity, []
        while left and lots and (lots[0].quantity > 0) != (left > 0):
            first = lots.popleft()
            taken = first.quantity if abs(first.quantity) <= abs(left) else -left
            closed.append((first, taken))
            left += taken
            if taken != first.quantity:
                lots.appendleft(_with_quantity(first, first.quantity - taken))
        if left:
            lots.append(_with_quantity(lot, left))
        if not lots:
            del self._open[key]
        self.net[lot.instrument] = self.net.get(lot.instrument, ZERO) + lot.quantity
        return closed

    def state(self) -> LotsState:
        """Return all of it."""
        opened = {key: list(lots) for key, lots in self._open.items()}
        return LotsState(opened, {key: copy(dust) for key, dust in self.dust.items()}, dict(self.net))

    def restore(self, state: LotsState) -> None:
        """Take over what an earlier `state` returned; there are no lots yet."""
        self._open.update({key: deque(lots) for key, lots in state.open.items()})
        self.dust.update({key: copy(dust) for key, dust in state.dust.items()})
        self.net.update(state.net)


def _with_quantity(lot: Lot, quantity: Decimal) -> Lot:
    return Lot(
        trade=lot.trade, instrument=lot.instrument, quantity=quantity, price=lot.price, touch=lot.touch, rate=lot.rate
    )


class Closed(Struct, frozen=True):
    """What closing part of a lot brought.

    Attributes:
        spread: At the touches, in base currency.
        slippage: Fills against the touches, in base currency.
        cash: Change of the settlement currency, for a perpetual; zero for spot.
    """

    spread: Decimal
    slippage: Decimal
    cash: Decimal


def close_lot(instrument: Instrument, opened: Lot, taken: Decimal, closing: Lot) -> Closed:
    """Return what it brought to close a signed quantity of one lot by another.

    Must run in the exact context (`arbcore.model.money.EXACT`).
    """
    quantity = taken * instrument.contract_size
    if instrument.kind is InstrumentKind.PERPETUAL:
        touches = closing.touch - opened.touch
        fills = closing.price - opened.price
        return Closed(quantity * touches * closing.rate, quantity * (fills - touches) * closing.rate, quantity * fills)
    at_touch = closing.touch * closing.rate - opened.touch * opened.rate
    at_fill = closing.price * closing.rate - opened.price * opened.rate
    return Closed(quantity * at_touch, quantity * (at_fill - at_touch), ZERO)


def unrealised(instrument: Instrument, lot: Lot, touch: Decimal, rate: Decimal) -> Decimal:
    """Return the value change of an open lot at the touch that would close it, in base currency."""
    quantity = lot.quantity * instrument.contract_size
    if instrument.kind is InstrumentKind.PERPETUAL:
        return quantity * (touch - lot.price) * rate
    return quantity * (touch * rate - lot.price * lot.rate)
