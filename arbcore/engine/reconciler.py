"""The reconciler: holds each venue's own statement against what the session counts, and says what differs.

A difference is drift once two statements in a row show it while nothing is in flight: a fill that is under way, or a
venue whose answers lag behind its own stream, explains the first one. What is then done follows rules, never a guess:

- Cash that the session owns wholly is restated, since the venue is right.
- More of a coin, position or allotted currency than we count is somebody else's: told, and never adopted.
- Less than we count is quarantined with an alarm: quantities that trades own are gone.
- Orders of others are told once each; an order of ours that the venue does not list is looked up.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Protocol

from msgspec import Struct

from arbcore.engine.accounts import Accounts
from arbcore.engine.causes import Causes
from arbcore.engine.drifts import Drifts, DriftsState, InTransit
from arbcore.engine.market import Market
from arbcore.engine.others import Others
from arbcore.engine.output import Outbox
from arbcore.engine.standing import COINS, KINDS, POSITION, Standing, kind_of, our_side, their_side
from arbcore.engine.strangers import Strangers, StrangersState
from arbcore.engine.transit import Transit
from arbcore.model.drift import CauseClass
from arbcore.model.effect import AskStatement, LookUp, SetTimer
from arbcore.model.events import (
    AlertRaised,
    DriftDetected,
    QuarantineCompleted,
    QuarantineStarted,
    ReconciliationPerformed,
)
from arbcore.model.input import ConnectionChanged, VenueStatement
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.order import OrderState
from arbcore.model.state import ConnectionState, Severity

RECONCILE: Final = "reconcile"
"""Kind of the timers of statements; the venue's id follows."""

_PUBLIC: Final = "public"
"""Connections whose name begins so carry market data; all others an account's news."""

_MARGIN_NS: Final = 60 * 10**9
"""How far before the last statement history is asked for: what was under way then may have been missing in it."""

_HASTY: Final = 5
"""Times that a statement which settles nothing is asked for again soon; then the period counts, once trading began."""

_ALARMED: Final = 3
"""Statements in a row that failed, after which people are told."""


_CONFIRMED: Final = 2
"""Statements in a row that don't list an order before it is looked up."""

_RESTS: Final = frozenset({OrderState.ACKNOWLEDGED, OrderState.PARTIALLY_FILLED})
"""States of an order that its venue must list."""


class ReconcilerSettings(Struct, frozen=True, kw_only=True):
    """Numbers of the reconciler.

    Attributes:
        period_ns: Time between statements.
        patience_ns: Time that money may be on its way between venues.
        again_ns: Time until a statement that settles nothing is asked for again.
    """

    period_ns: int = 45 * 10**9
    again_ns: int = 2 * 10**9
    patience_ns: int = 3600 * 10**9


class Working(Protocol):
    """An order in flight, as far as the reconciler looks at it."""

    @property
    def id(self) -> str:
        """Our id of it."""
        ...

    @property
    def venue(self) -> str:
        """Exchange instance id."""
        ...

    @property
    def filled(self) -> Decimal:
        """Quantity of the fills that were booked."""
        ...

    @property
    def state(self) -> OrderState:
        """What is known of it."""
        ...


class OurOrders(Protocol):
    """The session's orders."""

    def in_flight(self) -> Iterable[Working]:
        """Return those that are not over, whoever of the engine sent them."""
        ...

    def known(self, client_order_id: str) -> object | None:
        """Return an order of this session, over or not; None where the id is not one of its own."""
        ...


class _Question(Struct):
    """What was asked of a venue: when, why, and what we counted then."""

    at: int
    reason: str
    ours: Standing


class ReconcilerState(Struct, frozen=True, kw_only=True):
    """What `Reconciler` remembers between statements: its parts', and when each venue was last compared."""

    drifts: DriftsState
    strangers: StrangersState
    compared: dict[str, int]


class Reconciler:
    """Asks venues for statements and judges them.

    Args:
        venues: Exchange instance ids.
        accounts: What we count.
        market: Instruments.
        outbox: Where events and effects go.
        orders: Tells which orders are ours.
        others: What of the accounts is not ours.
        in_transit: Whether money is under way; nothing is where it is not given.
        settings: Numbers.

    Attributes:
        strangers: Tells orders and fills of others, also for execution.
        drifts: Judges numbers; knows what is quarantined.
        pending: Venues that must agree before anything is sent: those of a resume or a stall.
    """

    def __init__(
        self,
        venues: Iterable[str],
        accounts: Accounts,
        market: Market,
        outbox: Outbox,
        orders: OurOrders,
        others: Others,
        in_transit: InTransit | None = None,
        settings: ReconcilerSettings | None = None,
    ) -> None:
        self._venues: Final = tuple(venues)
        self._accounts: Final = accounts
        self._market: Final = market
        self._outbox: Final = outbox
        self._orders: Final = orders
        self._settings: Final = settings or ReconcilerSettings()
        self.strangers: Final = Strangers(outbox)
        causes = Causes(market, self.strangers)
        transit = Transit(accounts, outbox, self._settings.patience_ns)
        self.drifts: Final = Drifts(accounts, causes, outbox, in_transit or _nothing_moves, others, transit)
        self.pending: Final[set[str]] = set()
        self._questions: Final[dict[str, _Question]] = {}
        self._found: Final[dict[str, int]] = {}
        self._missing: Final[dict[str, dict[str, int]]] = {}
        self._compared: Final[dict[str, int]] = {}
        self._hasty: Final[dict[str, int]] = {}
        self._failed: Final[dict[str, int]] = {}

    @property
    def ready(self) -> bool:
        """Whether no venue has to agree before orders are sent."""
        return not self.pending

    def start(self) -> None:
        """Begin to compare at every period: what is counted now is right, since the venues have just stated it."""
        for venue in self._venues:
            self._compared.setdefault(venue, self._outbox.now)
            self._outbox.effect(SetTimer(_timer(venue), self._outbox.now + self._settings.period_ns))

    def require(self, reason: str, since: int | None = None) -> None:
        """Ask every venue, and count them as pending until they agree.

        Args:
            reason: ``resume`` or ``stall``.
            since: When the session last knew anything, in UTC nanoseconds; None for the last comparison.
        """
        self.pending.update(self._venues)
        for venue in self._venues:
            if since is not None:
                self._compared[venue] = min(since, self._compared.get(venue, since))
            self._hasty.pop(venue, None)
            self.ask(venue, reason)

    def ask_all(self, reason: str) -> None:
        """Ask every venue."""
        for venue in self._venues:
            self._hasty.pop(venue, None)
            self.ask(venue, reason)

    def ask(self, venue: str, reason: str) -> None:
        """Ask a venue for its statement; an answer to an older question no longer counts."""
        now = self._outbox.now
        self._questions[venue] = _Question(now, reason, our_side(venue, self._accounts, self._market))
        self._outbox.effect(AskStatement(venue, max(self._compared.get(venue, now) - _MARGIN_NS, 0)))
        self._outbox.effect(SetTimer(_timer(venue), now + self._settings.period_ns))

    def on_timer(self, venue: str) -> None:
        """Ask a venue: its time has come."""
        repeats = self._hasty.get(venue) or venue in self.pending
        self.ask(venue, self._questions[venue].reason if repeats and venue in self._questions else "period")

    def on_connection(self, change: ConnectionChanged) -> None:
        """Ask a venue whose private connection came back."""
        back = change.state is ConnectionState.CONNECTED and change.attempts
        if back and change.venue in self._venues and not change.connection.startswith(_PUBLIC):
            self._hasty.pop(change.venue, None)
            self.ask(change.venue, "reconnect")

    def bars(self, instrument: Instrument) -> bool:
        """Tell whether something of a position or coin is gone, so that nothing is added to it."""
        coins = f"{COINS} {instrument.venue}:{instrument.base}"
        gone = self.drifts.quarantined
        return f"{POSITION} {instrument.key}" in gone or (instrument.kind is InstrumentKind.SPOT and coins in gone)

    def on_statement(self, statement: VenueStatement) -> None:
        """Judge a statement; one that answers an older question changes nothing."""
        venue = statement.venue
        question = self._questions.get(venue)
        if question is None or statement.asked < question.at:
            return
        if not statement.answered or statement.snapshot is None:
            self._unanswered(statement)
            return
        self._failed.pop(venue, None)
        found = self._judge_orders(statement)
        ours = our_side(venue, self._accounts, self._market)
        settled = ours == question.ours and not self._unsettled(statement)
        if settled:
            theirs = their_side(statement.snapshot, ours, self._market, self.drifts.explained(venue))
            found += self.drifts.judge(venue, ours, theirs, self._compared.get(venue, 0))
        self._found[venue] = self._found.get(venue, 0) + found
        if not settled or self.drifts.suspects(venue):
            self._again(venue)
        else:
            self._conclude(statement, question.reason, len(ours) + len(statement.orders))

    def _conclude(self, statement: VenueStatement, reason: str, checked: int) -> None:
        venue = statement.venue
        self._compared[venue] = statement.asked
        self._hasty.pop(venue, None)
        self.pending.discard(venue)
        drifts = self._found.pop(venue, 0)
        self._outbox.emit(ReconciliationPerformed(venue=venue, checked=checked, drifts=drifts, reason=reason))

    def _unanswered(self, statement: VenueStatement) -> None:
        venue = statement.venue
        failed = self._failed[venue] = self._failed.get(venue, 0) + 1
        if failed == _ALARMED:
            text = f"{venue} did not state its account {failed} times in a row: {statement.detail}; drift stays unseen"
            self._outbox.emit(AlertRaised(rule="reconcile_failed", severity=Severity.P1, source=venue, text=text))
        self._again(venue)

    def _again(self, venue: str) -> None:
        """Ask again soon; without end where trading waits for it, else a few times before the next period."""
        hasty = self._hasty[venue] = self._hasty.get(venue, 0) + 1
        if hasty > _HASTY and venue not in self.pending:
            del self._hasty[venue]
            return
        wait = self._settings.again_ns * min(hasty, _HASTY)
        self._outbox.effect(SetTimer(_timer(venue), self._outbox.now + wait))

    def _unsettled(self, statement: VenueStatement) -> bool:
        """Tell whether an order may have moved the venue's numbers without our knowing yet."""
        resting = {order.client_order_id: order.filled for order in statement.orders}
        return any(
            order.venue == statement.venue and resting.get(order.id) != order.filled
            for order in self._orders.in_flight()
        )

    def _judge_orders(self, statement: VenueStatement) -> int:
        """Tell orders of others, and look up those of ours that are missing for the second time; return how many."""
        venue = statement.venue
        strange = [order for order in statement.orders if self._orders.known(order.client_order_id) is None]
        told = sum(self.strangers.tell(order, venue) for order in strange)
        listed = {order.client_order_id for order in statement.orders}
        working = [order for order in self._orders.in_flight() if order.venue == venue and order.state in _RESTS]
        absent = {order.id for order in working} - listed
        before = self._missing.get(venue, {})
        times = self._missing[venue] = {order: before.get(order, 0) + 1 for order in sorted(absent)}
        missing = [order for order, seen in times.items() if seen == _CONFIRMED]
        for client_order_id in missing:
            drift = DriftDetected(
                subject=f"order {client_order_id}",
                expected="open",
                actual="not listed",
                cause_class=CauseClass.MISSING_ORDER,
                venue=venue,
            )
            self._outbox.emit(drift, f"{venue}:{client_order_id}")
            self._outbox.effect(LookUp(venue, client_order_id))
        return told + len(missing)

    def state(self) -> ReconcilerState:
        """Return what is remembered."""
        return ReconcilerState(
            drifts=self.drifts.state(), strangers=self.strangers.state(), compared=dict(self._compared)
        )

    def restore(self, state: ReconcilerState) -> None:
        """Take over what an earlier `state` returned."""
        self.drifts.restore(state.drifts)
        self.strangers.restore(state.strangers)
        self._compared.update(state.compared)

    def absorb(self, event: DriftDetected | QuarantineStarted | QuarantineCompleted, key: str) -> None:
        """Take over what a journal tells, without telling it again; events about orders go to who owns those."""
        if kind_of(event.subject) in KINDS:
            self.drifts.absorb(event)
        elif isinstance(event, DriftDetected):
            self.strangers.absorb(event, key)


def _timer(venue: str) -> str:
    return f"{RECONCILE}:{venue}"


def _nothing_moves(venue: str, currency: str) -> bool:
    """Tell that no money is under way."""
    return False
