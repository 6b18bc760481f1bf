"""Transit: money that left one venue of the session and has not arrived on another one yet.

A withdrawal leaves its venue's balance some time after it was asked for, and arrives elsewhere minutes or hours later.
In between it is on an account of its own, `IN_TRANSIT`, so that no profit moves because money travels. What a network
takes for it is a fee. What has arrived nowhere in the time that it may take has left the session.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.engine.accounts import DRIFT, IN_TRANSIT, TRANSFER, WITHDRAWAL, Accounts
from arbcore.engine.output import Outbox, tell_moves
from arbcore.model.command import Withdraw
from arbcore.model.effect import CancelTimer, SetTimer
from arbcore.model.events import AlertRaised, DepositDetected
from arbcore.model.money import EXACT, ZERO
from arbcore.model.state import Severity

TRANSIT: Final = "transit"
"""Kind of the timers of shipments; the withdrawal's id follows."""

_DEAREST: Final = Decimal("0.1")
"""Largest share of an amount that a network or venue is thought to take."""


class Shipment(Struct):
    """Money on its way.

    Attributes:
        name: The withdrawal's id.
        tx: The venue's id of it.
        source: Exchange instance id.
        currency: Currency code.
        amount: Amount that was withdrawn.
        due: When it should have arrived, in UTC nanoseconds.
        left: Whether the source's balance has shown it.
        arrived: Whether another venue's has.
    """

    name: str
    tx: str
    source: str
    currency: str
    amount: Decimal
    due: int
    left: bool = False
    arrived: bool = False


class Transit:
    """Follows shipments.

    Args:
        accounts: Hold what is on its way.
        outbox: Where events go.
        patience_ns: Time that money may be on its way.
    """

    def __init__(self, accounts: Accounts, outbox: Outbox, patience_ns: int) -> None:
        self._accounts: Final = accounts
        self._outbox: Final = outbox
        self._patience: Final = patience_ns
        self.shipments: Final[dict[str, Shipment]] = {}

    def send(self, command: Withdraw, tx: str) -> None:
        """Take note of a withdrawal that its venue has done."""
        due = self._outbox.now + self._patience
        self.shipments[command.withdraw_id] = Shipment(
            command.withdraw_id, tx, command.venue, command.currency, command.amount, due
        )
        self._outbox.effect(SetTimer(f"{TRANSIT}:{command.withdraw_id}", due))

    def match(self, venue: str, currency: str, change: Decimal) -> Shipment | None:
        """Return the shipment that a change of a balance is the start or the end of, and note that it is."""
        for one in self.shipments.values():
            if one.currency != currency:
                continue
            if change < 0 and venue == one.source and not one.left and _covers(-change, one.amount):
                one.left = True
            elif change > 0 and venue != one.source and not one.arrived and _covers(one.amount, change):
                one.arrived = True
            else:
                continue
            if one.left and one.arrived:
                del self.shipments[one.name]
                self._outbox.effect(CancelTimer(f"{TRANSIT}:{one.name}"))
            return one
        return None

    def book(self, shipment: Shipment, venue: str, change: Decimal) -> None:
        """Move money between a venue and its way; what is missing on it is a fee."""
        currency, amount = shipment.currency, shipment.amount
        if change < 0:
            self._move(venue, currency, -amount, TRANSFER)
            self._move(IN_TRANSIT, currency, amount, TRANSFER)
            self._move(venue, currency, EXACT.add(change, amount), DRIFT)
            return
        self._move(IN_TRANSIT, currency, -change, TRANSFER)
        self._move(venue, currency, change, TRANSFER)
        self._move(IN_TRANSIT, currency, EXACT.subtract(change, amount), DRIFT)
        deposit = DepositDetected(deposit_tx_id=shipment.tx, venue=venue, currency=currency, amount=change)
        self._outbox.emit(deposit, f"{venue}:{shipment.tx}")

    def on_timer(self, name: str) -> None:
        """Take what has not arrived for gone: its time is over."""
        one = self.shipments.pop(name, None)
        if one is None:
            return
        text = (
            f"{one.amount:f} {one.currency} withdrawn from {one.source} ({one.name}, {one.tx}) arrived on no "
            "exchange of this session in time; it is counted as taken out from now on: see where it was sent"
        )
        self._outbox.emit(AlertRaised(rule="transfer_overdue", severity=Severity.P1, source=one.source, text=text))
        if one.left:
            self._move(IN_TRANSIT, one.currency, -one.amount, WITHDRAWAL)

    def resume(self) -> None:
        """Set the timers anew after a restart."""
        for one in self.shipments.values():
            self._outbox.effect(SetTimer(f"{TRANSIT}:{one.name}", max(one.due, self._outbox.now)))

    def _move(self, venue: str, currency: str, change: Decimal, reason: str) -> None:
        if change != ZERO:
            tell_moves(self._outbox, [self._accounts.move(venue, currency, change, reason)])


def _covers(whole: Decimal, part: Decimal) -> bool:
    """Tell whether a part is the whole, but for what a network takes."""
    return part <= whole <= EXACT.multiply(part, 1 + _DEAREST)
