"""What a driver learns of its orders and of its money, kept apart from what the venue tells in the end."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct, field

from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.order import TERMINAL, Fill, OrderOrigin, OrderReport, OrderRequest, OrderState, may_become
from arbcore.ports.trading import VenueItem
from benchmarks.driving.shapes import Shape

ZERO: Final = Decimal(0)
_KEPT: Final = 5_000  # ids of what was settled and dropped


class Sent(Struct):
    """An order and everything that was learned of it.

    Attributes:
        order: The order.
        shape: Its shape.
        at: When it was sent, nanoseconds.
        outcome: ``under way``, ``accepted``, ``refused`` (the venue has it not), ``unknown``, or ``absent`` once the
            venue was asked for long enough and knows none.
        report: Latest report.
        fills: Fills by id.
        given_up: Whether it was asked for so long that asking on makes no sense.
    """

    order: OrderRequest
    shape: Shape
    at: int
    outcome: str = "under way"
    report: OrderReport | None = None
    fills: dict[str, Fill] = field(default_factory=dict)
    given_up: bool = False

    @property
    def filled(self) -> Decimal:
        """Sum of its fills."""
        return sum((fill.quantity for fill in self.fills.values()), ZERO)

    @property
    def state(self) -> OrderState | None:
        """State that was reported last."""
        return self.report.state if self.report else None

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be learned."""
        if self.outcome in {"refused", "absent"}:
            return True
        return self.report is not None and self.report.state in TERMINAL and self.filled == self.report.filled


class Books:
    """Orders, fills and money as the driver knows them, and what is wrong with how it was told.

    Attributes:
        sent: Orders by our id.
        faults: What contradicts the contract of a venue, one line each.
        told: Fills that `Venue.run` reported, by id.

    Args:
        instruments: What is traded.
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self.sent: Final[dict[str, Sent]] = {}
        self.faults: Final[list[str]] = []
        self.told: Final[dict[str, None]] = {}
        self.payments: Final[dict[str, FundingPayment]] = {}
        self.view: Final[dict[str, tuple[Decimal, Decimal]]] = {}
        self.positions: Final[dict[str, Decimal]] = {}
        self._dropped: Final[dict[str, tuple[OrderState | None, frozenset[str]]]] = {}
        self._instruments: Final = {one.key: one for one in instruments}

    def hear(self, item: VenueItem) -> None:
        """Take what `Venue.run` reports."""
        match item:
            case Fill():
                if item.fill_id in self.told:
                    self.faults.append(f"{item.client_order_id}: the fill {item.fill_id} was reported twice")
                self.told[item.fill_id] = None
                self.learn(item)
            case OrderReport():
                self.learn(item)
            case FundingPayment():
                if item.payment_id in self.payments:
                    self.faults.append(f"the payment {item.payment_id} was reported twice")
                self.payments[item.payment_id] = item
            case AccountUpdate() | AccountSnapshot():
                self._see(item)
            case _:
                pass

    def learn(self, item: OrderReport | Fill) -> None:
        """Take a report or a fill, whichever way it came."""
        sent = self.sent.get(item.client_order_id)
        if sent is None and item.client_order_id in self._dropped:
            self._late(item)
        elif sent is None:
            self.faults.append(f"{item.client_order_id or item.venue_order_id}: an order that nobody sent")
        elif item.origin is not OrderOrigin.OURS:
            self.faults.append(f"{item.client_order_id}: told as {item.origin}")
        elif isinstance(item, Fill):
            self._fill(sent, item)
        else:
            self._report(sent, item)

    def forget(self) -> None:
        """Drop orders that are settled, and payments; the latest of the ids stay known."""
        for identity in [identity for identity, sent in self.sent.items() if sent.settled]:
            sent = self.sent.pop(identity)
            self._dropped[identity] = sent.state, frozenset(sent.fills)
        self.payments.clear()
        _cut(self._dropped)
        _cut(self.told)

    def balances(self, start: dict[str, Decimal]) -> dict[str, Decimal]:
        """Return what fills and funding make of the money at the start; open positions at their cost."""
        found = dict(start)
        for sent in self.sent.values():
            for fill in sent.fills.values():
                instrument = self._instruments[fill.instrument]
                value = fill.quantity * fill.price * fill.side.sign
                _add(found, instrument.settlement, -value)
                if instrument.kind is InstrumentKind.SPOT:
                    _add(found, instrument.base, fill.quantity * fill.side.sign)
                _add(found, fill.fee_currency, -fill.fee)
        for payment in self.payments.values():
            _add(found, payment.currency, payment.amount)
        return found

    def position(self, instrument: str) -> Decimal:
        """Return the net position that the fills of an instrument make."""
        fills = (fill for sent in self.sent.values() for fill in sent.fills.values() if fill.instrument == instrument)
        return sum((fill.quantity * fill.side.sign for fill in fills), ZERO)

    def _late(self, item: OrderReport | Fill) -> None:
        """Take what is told of an order that was settled and dropped: it may be told again, and be nothing new."""
        state, fills = self._dropped[item.client_order_id]
        known = item.fill_id in fills if isinstance(item, Fill) else item.state is state
        if not known:
            self.faults.append(f"{item.client_order_id}: settled and compared, and then {item}")

    def _fill(self, sent: Sent, fill: Fill) -> None:
        known = sent.fills.setdefault(fill.fill_id, fill)
        if _facts(known) != _facts(fill):
            self.faults.append(f"{fill.client_order_id}: the fill {fill.fill_id} was told differently: {known} {fill}")

    def _report(self, sent: Sent, report: OrderReport) -> None:
        before = sent.report
        if before is not None:
            same = before.state is report.state
            if not same and not may_become(before.state, report.state):
                self.faults.append(f"{report.client_order_id}: from {before.state} back to {report.state}")
            if report.filled < before.filled:
                self.faults.append(f"{report.client_order_id}: filled {before.filled}, then {report.filled}")
        sent.report = report

    def _see(self, item: AccountUpdate | AccountSnapshot) -> None:
        if isinstance(item, AccountSnapshot):
            self.view.clear()
            self.positions.clear()
        for balance in item.balances:
            locked = self.view.get(balance.currency, (ZERO, ZERO))[1] if balance.locked is None else balance.locked
            self.view[balance.currency] = balance.total, locked
        for position in item.positions:
            self.positions[position.instrument] = position.quantity


def _facts(fill: Fill) -> tuple[object, ...]:
    """Return what must be equal however a fill was learned: Upbit does not tell in answers who made and who took."""
    return fill.instrument, fill.side, fill.quantity, fill.price, fill.fee, fill.fee_currency


def _cut(known: dict[str, Any]) -> None:
    """Drop what is oldest and too much."""
    while len(known) > _KEPT:
        del known[next(iter(known))]


def _add(found: dict[str, Decimal], currency: str, amount: Decimal) -> None:
    found[currency] = found.get(currency, ZERO) + amount
