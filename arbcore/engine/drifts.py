"""Drifts: numbers of a venue that differ from ours for the second time in a row, and what the rules make of them.

Everything that an account holds beside what the session counts as its own is known as others'. So a drift is told
once, when that changes, and nothing of it is ever adopted; only cash that the session owns is restated.
"""

from collections.abc import Callable
from copy import copy
from decimal import Decimal, localcontext
from typing import Final

from msgspec import Struct

from arbcore.engine.accounts import DEPOSIT, DRIFT, MISSED_FUNDING, TRANSFER, WITHDRAWAL, Accounts
from arbcore.engine.causes import Causes
from arbcore.engine.ledger import Cash
from arbcore.engine.others import Others
from arbcore.engine.output import Outbox, tell_moves
from arbcore.engine.standing import CASH, Standing, Statement, kind_of, name_of, short
from arbcore.engine.transit import Shipment, Transit
from arbcore.model.drift import CauseClass
from arbcore.model.events import AlertRaised, DepositDetected, DriftDetected, QuarantineCompleted, QuarantineStarted
from arbcore.model.input import AccountSnapshot
from arbcore.model.money import EXACT, ZERO
from arbcore.model.state import Severity

InTransit = Callable[[str, str], bool]
"""Tells whether a transfer or withdrawal of a currency is under way on a venue."""

_REASONS: Final = {
    CauseClass.DEPOSIT: DEPOSIT,
    CauseClass.WITHDRAWAL: WITHDRAWAL,
    CauseClass.TRANSFER: TRANSFER,
    CauseClass.FUNDING: MISSED_FUNDING,
}
"""Reason of a balance's change that follows the venue, by cause; of all others `DRIFT`."""


class DriftsState(Struct, frozen=True, kw_only=True):
    """What `Drifts` remembers between statements.

    Attributes:
        others: What of the accounts is not ours, by subject.
        quarantined: Cause by subject of which a venue holds less than we count.
        shipments: Money on its way.
        learnt: Venues whose account is ours in part, and whose other part is known.
    """

    others: dict[str, Decimal]
    quarantined: dict[str, str]
    shipments: list[Shipment]
    learnt: list[str]


class Drifts:
    """Judges numbers.

    Args:
        accounts: Whose cash is restated.
        causes: Classifies what differs.
        outbox: Where events go.
        in_transit: Whether money is under way.
        others: What of the accounts is not ours.
        transit: Money on its way.

    Attributes:
        quarantined: Cause by subject (``coins VENUE:CURRENCY``, ``position VENUE:SYMBOL``) that is short.
    """

    def __init__(
        self,
        accounts: Accounts,
        causes: Causes,
        outbox: Outbox,
        in_transit: InTransit,
        others: Others,
        transit: Transit,
    ) -> None:
        self._accounts: Final = accounts
        self._causes: Final = causes
        self._outbox: Final = outbox
        self._in_transit: Final = in_transit
        self._others: Final = others
        self.transit: Final = transit
        self.quarantined: Final[dict[str, str]] = {}
        self._learnt: Final[set[str]] = set()
        self._suspected: Final[dict[str, set[str]]] = {}
        self._under_way: Final[set[str]] = set()

    def opened(self, snapshot: AccountSnapshot) -> None:
        """Learn what others own of an account that is ours in part, when it is opened."""
        if self._others.share(snapshot.venue):
            self._others.learn(snapshot)
            self._learnt.add(snapshot.venue)

    def judge(self, venue: str, ours: Standing, theirs: Statement, since: int) -> int:
        """Tell what differs for the second time in a row; return how many numbers do.

        Args:
            venue: Exchange instance id.
            ours: Our side of the venue.
            theirs: The venue's side.
            since: When both were last found to agree, or were settled.
        """
        self._learn(venue, ours, theirs)
        differing = {subject for subject in ours if self._differs(subject, ours, theirs)}
        moving = {subject for subject in differing if self._in_transit(venue, name_of(subject))}
        confirmed = (differing - moving) & self._suspected.get(venue, set())
        self._suspected[venue] = differing - moving - confirmed
        for subject in sorted(confirmed):
            self._settle(venue, subject, ours, theirs, since)
        self._under_way.difference_update(set(ours) - self._suspected[venue])
        self._under_way.update(moving)
        return len(confirmed)

    def explained(self, venue: str) -> dict[str, Decimal]:
        """Return what of a shared account is known to be others', but for numbers of which something of ours is gone.

        On an account of our own nobody else's position is expected, and what it has cost would be taken for our cash.
        """
        if not self._others.share(venue):
            return {}
        return {one: amount for one, amount in self._others.amounts.items() if one not in self.quarantined}

    def suspects(self, venue: str) -> bool:
        """Tell whether something of a venue differed for the first time."""
        return bool(self._suspected.get(venue))

    def _differs(self, subject: str, ours: Standing, theirs: Statement) -> bool:
        if subject in theirs.blurred:
            return False
        return abs(self._change(subject, ours, theirs)) > theirs.inexact.get(subject, ZERO)

    def _change(self, subject: str, ours: Standing, theirs: Statement) -> Decimal:
        with localcontext(EXACT):
            return theirs.compared[subject] - ours[subject] - self._others.of(subject)

    def _learn(self, venue: str, ours: Standing, theirs: Statement) -> None:
        """Take the first statement for what others own of an account that is ours in part.

        Likewise for what a position had won before the session took it over: we count it as worth its currency, and
        the venue pays it out when the position is closed.
        """
        if venue in self._learnt:
            return
        self._learnt.add(venue)
        for subject, amount in ours.items():
            stated, cash = theirs.compared[subject], kind_of(subject) == CASH
            gone = stated < amount if cash else short(subject, amount, stated)
            if (self._others.share(venue) and not gone) or (cash and _carries(self._accounts.cash, name_of(subject))):
                self._others.amounts[subject] = EXACT.subtract(stated, amount)

    def _settle(self, venue: str, subject: str, ours: Standing, theirs: Statement, since: int) -> None:
        """Tell a drift, and do what the rules say about it."""
        change, actual = self._change(subject, ours, theirs), theirs.stated[subject]
        cause = self._causes.of(venue, subject, ours, change, since, self._outbox.now)
        shipment = self.transit.match(venue, name_of(subject), change) if kind_of(subject) == CASH else None
        cause = CauseClass.TRANSFER if shipment is not None or subject in self._under_way else cause
        expected = EXACT.subtract(actual, change)
        drift = DriftDetected(
            subject=subject, expected=f"{expected:f}", actual=f"{actual:f}", cause_class=cause, venue=venue
        )
        self._outbox.emit(drift)
        if shipment is not None:
            self.transit.book(shipment, venue, change)
        elif kind_of(subject) == CASH:
            self._follow(venue, subject, change, cause)
        else:
            lacks = self._lacks(venue, subject, ours[subject], actual)
            self._others.amounts[subject] = EXACT.subtract(actual, ours[subject])
            self._guard(venue, subject, ours[subject], actual, cause, lacks=lacks)

    def _follow(self, venue: str, subject: str, change: Decimal, cause: CauseClass) -> None:
        """Follow the venue's cash where it is ours, or where less is there than we count."""
        others = self._others.of(subject)
        with localcontext(EXACT):
            restated = min(others + change, ZERO) if self._others.share(venue) else change
            self._others.amounts[subject] = others + change - restated
        if not restated:
            return
        name, reason = name_of(subject), _REASONS.get(cause, DRIFT)
        tell_moves(self._outbox, [self._accounts.move(venue, name, restated, reason)])
        if cause is CauseClass.DEPOSIT:
            seen = f"statement-{self._outbox.now}"
            deposit = DepositDetected(deposit_tx_id=seen, venue=venue, currency=name, amount=restated)
            self._outbox.emit(deposit, f"{venue}:{seen}")

    def _lacks(self, venue: str, subject: str, ours: Decimal, actual: Decimal) -> bool:
        """Tell whether something of ours is gone; where others were on the other side before, they may be still."""
        against = self._others.share(venue) and self._others.of(subject) * ours < 0
        return short(subject, ours, actual) and (subject in self.quarantined or not against)

    def _guard(
        self, venue: str, subject: str, ours: Decimal, actual: Decimal, cause: CauseClass, *, lacks: bool
    ) -> None:
        """Quarantine what is short, and free what is whole again."""
        if lacks and subject not in self.quarantined:
            self.quarantined[subject] = cause
            self._outbox.emit(QuarantineStarted(subject=subject, reason=cause), subject)
            text = (
                f"{venue} holds {actual:f} of {name_of(subject)}, and the session counts {ours:f} as its own: {cause}; "
                "its trades may not be closable: see the account, then close them or bring the quantity back"
            )
            alert = AlertRaised(rule="position_short", severity=Severity.P0, source=venue, text=text)
            self._outbox.emit(alert)
        elif not lacks and subject in self.quarantined:
            del self.quarantined[subject]
            self._outbox.emit(QuarantineCompleted(subject=subject, outcome="whole again"), subject)

    def state(self) -> DriftsState:
        """Return what is remembered."""
        return DriftsState(
            others={subject: amount for subject, amount in self._others.amounts.items() if amount},
            quarantined=dict(self.quarantined),
            shipments=[copy(one) for one in self.transit.shipments.values()],
            learnt=sorted(self._learnt),
        )

    def restore(self, state: DriftsState) -> None:
        """Take over what an earlier `state` returned."""
        self._others.amounts.update(state.others)
        self.quarantined.update(state.quarantined)
        self.transit.shipments.update({one.name: copy(one) for one in state.shipments})
        self._learnt.update(state.learnt)

    def absorb(self, event: DriftDetected | QuarantineStarted | QuarantineCompleted) -> None:
        """Take over what a journal tells of a number; restated cash is absorbed as any other move of a balance."""
        match event:
            case QuarantineStarted(subject=subject):
                self.quarantined[subject] = event.reason
            case QuarantineCompleted(subject=subject):
                self.quarantined.pop(subject, None)
            case DriftDetected(subject=subject):
                change, cash = EXACT.subtract(Decimal(event.actual), Decimal(event.expected)), kind_of(subject) == CASH
                if cash and self.transit.match(event.venue, name_of(subject), change) is not None:
                    return
                if cash and not self._others.share(event.venue):
                    return
                others = EXACT.add(self._others.of(subject), change)
                self._others.amounts[subject] = max(others, ZERO) if kind_of(subject) == CASH else others


def _carries(cash: Cash, currency: str) -> bool:
    """Tell whether a profit is counted that no venue has paid out yet."""
    state = cash.state()
    held = sum((amount for (_, code), amount in state.balances.items() if code == currency), ZERO)
    return held != state.totals.get(currency, ZERO)
