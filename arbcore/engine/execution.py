"""Execution: turns approved intents into orders, and reports and fills into trades; repairs are made elsewhere."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from arbcore.engine.accounts import Accounts
from arbcore.engine.approval import ApprovedIntent
from arbcore.engine.booking import Booking
from arbcore.engine.crossing import crosses, rests
from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.followers import Followers
from arbcore.engine.inquiry import Inquiries
from arbcore.engine.market import Market
from arbcore.engine.order_changes import change_of
from arbcore.engine.orders import LiveIntent, LiveOrder
from arbcore.engine.output import Outbox
from arbcore.engine.route import Route
from arbcore.engine.sending import Sending
from arbcore.engine.strangers import Strangers
from arbcore.engine.trades import LiveTrade
from arbcore.model.drift import CauseClass
from arbcore.model.effect import Cancel, CancelTimer, SetTimer
from arbcore.model.events import (
    DriftDetected,
    IntentApproved,
    IntentEnded,
    OrderIntended,
    OrderUpdated,
    TradeExiting,
    TradeOpened,
)
from arbcore.model.input import LookedUp
from arbcore.model.intent import Intent, IntentLeg, IntentState
from arbcore.model.order import TERMINAL, Fill, OrderReport, OrderState
from arbcore.model.trade import TradeState

_REMEMBERED: Final = 1_000
"""Orders that are over and still known."""

BY_HAND: Final = "by-hand"
"""Owner of orders by hand, in place of a strategy's instance id, which can't hold a hyphen."""

TTL: Final = "ttl"
"""Kind of the timers that end the life of an intent's orders; the id of the intent follows."""

SUCCESSOR: Final = "+"
"""Ends the id of a trade that holds what came late for a closed one, as often as there were such trades."""

Strange = Callable[[OrderReport | Fill], object]
"""Called with what is of no order of this session."""

Booked = Callable[[Fill, LiveTrade], None]
"""Called with every fill of ours once it is booked, and the trade that owns it."""

Settled = Callable[[LiveTrade, LiveIntent], None]
"""Called when an intent is over; decides what becomes of its trade."""


class Execution:
    """Orders and trades in flight.

    Args:
        market: Touches and rates.
        accounts: Where fills are booked.
        outbox: Where events and effects go.
        settings: Numbers.
        inquiries: Looks up orders whose outcome nothing settles.
    """

    def __init__(
        self,
        market: Market,
        accounts: Accounts,
        outbox: Outbox,
        settings: ExecutionSettings,
        inquiries: Inquiries,
    ) -> None:
        self._accounts: Final = accounts
        self._outbox: Final = outbox
        self._inquiries: Final = inquiries
        self._sending: Final = Sending(market, accounts, outbox, settings)
        self._followers: Final = Followers(settings, accounts)
        self._booking: Final = Booking(accounts, outbox)
        self.orders: Final[dict[str, LiveOrder]] = {}
        """Orders of intents that are not over."""
        self.ended: Final[dict[str, LiveOrder]] = {}
        """Orders of intents that are over, for a while."""
        self.intents: Final[dict[str, LiveIntent]] = {}
        """Intents that are not over."""
        self.trades: Final[dict[str, LiveTrade]] = {}
        self.heirs: Final[dict[str, int]] = {}
        """How many successors a closed trade has had, by its id, so that each has an id of its own."""
        self.settled: Settled = _nothing
        self.booked: Booked = _pass
        self.strange: Strange = Strangers(outbox).tell
        self.held = False
        """Whether nothing may be sent: what became of everything is asked first."""

    def busy(self, trade: str) -> bool:
        """Tell whether an intent of a trade is in flight."""
        return any(live.intent.trade == trade for live in self.intents.values())

    def in_flight(self) -> list[LiveOrder]:
        """Return the orders that are not over, those that turned up late among them."""
        return [order for order in (*self.orders.values(), *self.ended.values()) if not order.done]

    def bounds(self, trade: LiveTrade, leg: int) -> bool:
        """Tell whether the venue of a trade's leg bounds for how long it may take an order in."""
        return self._inquiries.bounds(trade.route.legs[leg].state.instrument.venue)

    def open(self, approved: ApprovedIntent, route: Route, premium: float) -> LiveTrade:
        """Start a trade with its entry."""
        trade = LiveTrade(approved.intent, route, premium)
        self.trades[trade.id] = trade
        self._outbox.emit(TradeOpened(trade=trade.view(self._accounts)), trade.id)
        self.send(approved, trade, tuple(range(len(trade.legs))))
        return trade

    def exit(self, approved: ApprovedIntent, trade: LiveTrade) -> None:
        """Close a trade, in whole or in part."""
        self.leave(trade, approved.intent.reason)
        trade.was = tuple(trade.coins())
        self.send(approved, trade, tuple(range(len(trade.legs))))

    def leave(self, trade: LiveTrade, reason: str) -> None:
        """Begin to close a trade."""
        trade.exit_reason = reason
        if trade.state is not TradeState.EXITING:
            trade.move(TradeState.EXITING)
            self._outbox.emit(TradeExiting(trade=trade.id, reason=reason), trade.id)

    def send(self, approved: ApprovedIntent, trade: LiveTrade, legs: tuple[int, ...]) -> None:
        """Store and send the orders of an intent. ``legs`` are the route's legs that it moves."""
        live = LiveIntent(approved.intent, trade, legs, self._followers.lead_of(approved.intent, trade))
        self.intents[approved.intent.id] = live
        event = IntentApproved(
            intent=approved.intent, asked_notional=approved.asked_notional, resized_by=approved.resized_by
        )
        self._outbox.emit(event, approved.intent.id)
        wanted = enumerate(approved.intent.legs) if live.lead is None else [self._followers.first(live)]
        life = self._followers.life(live)
        sent = [self._sending.intend(live, index, leg, life) for index, leg in wanted]
        for order, submit in sent:
            self.orders[order.id] = order
            self._outbox.effect(submit)
        self._set_ttl(live)

    def again(self, event: OrderIntended, cause: int) -> None:
        """Take over an order that a journal tells of, without sending it."""
        live = self.intents[event.intent]
        reserved = self._sending.reserve(live, event.order, event.venue)
        order = LiveOrder(event.order, event.venue, live, event.leg, cause, reserved, self._outbox.now)
        live.orders.append(order)
        self.orders[order.id] = order

    def begin_again(self, intent: Intent, trade: LiveTrade, legs: tuple[int, ...]) -> None:
        """Take over an intent that a journal tells of, without sending its orders."""
        self.intents[intent.id] = LiveIntent(intent, trade, legs, self._followers.lead_of(intent, trade))

    def end_again(self, intent: str) -> LiveIntent:
        """Take over the end of an intent that a journal tells of."""
        live = self.intents.pop(intent)
        for order in live.orders:
            self._remember(order)
        return live

    def book_again(self, fill: Fill) -> LiveOrder:
        """Book a fill that a journal tells of, and decide nothing."""
        order = self.orders.get(fill.client_order_id) or self.ended[fill.client_order_id]
        order.first_time(fill.fill_id)
        order.filled += fill.quantity
        self._booking.book(fill, order)
        self.moved_again(order)
        return order

    def moved_again(self, order: LiveOrder) -> None:
        """Take over what follows from a change of an order that a journal tells of."""
        self._inquiries.follow(order)
        if order.done:
            self._inquiries.free(order)

    def _set_ttl(self, live: LiveIntent) -> None:
        expires_at = self._sending.expires_at(live)
        if expires_at:
            self._outbox.effect(SetTimer(f"{TTL}:{live.intent.id}", expires_at))

    def follow(self, live: LiveIntent) -> None:
        """Send what the other legs owe to what the leading leg has filled."""
        if self.held or live.lead is None or live.intent.id not in self.intents:
            return
        due = self._followers.due(live)
        sent = [self._sending.intend(live, index, leg) for index, leg in due]
        for order, submit in sent:
            self.orders[order.id] = order
            self._outbox.effect(submit)
        if sent:
            self._set_ttl(live)

    def cause(self, client_order_id: str) -> int:
        """Return the sequence of the event that announced an order, 0 for an unknown one."""
        order = self.known(client_order_id)
        return 0 if order is None else order.cause

    def known(self, client_order_id: str) -> LiveOrder | None:
        """Return an order of this session that is live, or ended not long ago."""
        return self.orders.get(client_order_id) or self.ended.get(client_order_id)

    def on_report(self, report: OrderReport) -> None:
        """Take what a venue says of an order."""
        order = self.known(report.client_order_id)
        if order is None:
            self.strange(report)
            return
        if order.lost and report.state not in {OrderState.UNKNOWN, OrderState.REJECTED}:
            self._turned_up(order, report.state)
        before = order.state
        if order.take(report):
            self._outbox.emit(*change_of(order, before, report))
        self._inquiries.follow(order)
        self._conclude(order)

    def _turned_up(self, order: LiveOrder, state: OrderState) -> None:
        """Meet an order that was taken for one that never arrived.

        What is left of it is cancelled, and it is looked up until its venue no longer works on it: nothing else need
        tell what filled before the cancel came.
        """
        order.late = True
        if state not in TERMINAL:
            self._outbox.effect(Cancel(order.venue, order.id))
        self._outbox.emit(
            DriftDetected(
                subject=f"order {order.id}",
                expected="none",
                actual=state,
                cause_class=CauseClass.LATE_ORDER,
                venue=order.venue,
            ),
            f"{order.venue}:{order.id}",
        )

    def on_fill(self, fill: Fill) -> None:
        """Take an execution; one that was seen before changes nothing."""
        order = self.known(fill.client_order_id)
        if order is None:
            self.strange(fill)
            return
        if not order.first_time(fill.fill_id):
            return
        order.filled += fill.quantity
        if fill.client_order_id in self.ended:
            self._book_late(fill, order)
            return
        self._booking.book(fill, order)
        self.booked(fill, order.owner.trade)
        self.follow(order.owner)
        self._inquiries.follow(order)
        self._conclude(order)

    def on_looked_up(self, answer: LookedUp) -> None:
        """Take the end of a look-up."""
        order = self.known(answer.client_order_id)
        if order is not None and self._inquiries.on_answer(order, answer):
            self._conclude(order)

    def on_look(self, client_order_id: str) -> None:
        """Look an order up: its time has come."""
        order = self.known(client_order_id)
        if order is not None:
            self._inquiries.look(order)

    def _book_late(self, fill: Fill, order: LiveOrder) -> None:
        """Book an execution that came after its intent was over: the venue is right, and the trade is repaired.

        A trade that is closed has a successor, which holds what came late until it is taken off again.
        """
        if order.lost:
            self._turned_up(order, OrderState.PARTIALLY_FILLED)
            self._inquiries.follow(order)
        live = order.owner
        self._stray(f"fill {fill.fill_id} of order {fill.client_order_id}", str(fill.quantity), "late_fill")
        if live.trade.id not in self.trades:
            live.trade = self.succeed(live.trade)
        self._booking.book(fill, order)
        self.booked(fill, order.owner.trade)
        if live.trade.id in self.trades and not self.busy(live.trade.id):
            self.settled(live.trade, live)

    def succeed(self, trade: LiveTrade) -> LiveTrade:
        """Return the trade that holds what came late for one that is closed: one for all that comes while it lives."""
        root = root_of(trade.id)
        living = [one for one in self.trades.values() if one.id != root and root_of(one.id) == root]
        if living:
            return living[0]
        self.heirs[root] = self.heirs.get(root, 0) + 1
        intent = replace(trade.intent, trade=root + SUCCESSOR * self.heirs[root], decided_at=self._outbox.now)
        successor = LiveTrade(intent, trade.route, trade.premium)
        successor.grows = False
        self.trades[successor.id] = successor
        self._outbox.emit(TradeOpened(trade=successor.view(self._accounts)), successor.id)
        return successor

    def _conclude(self, order: LiveOrder) -> None:
        """Release what an order that is over had set aside, and settle its intent when it was the last one."""
        if not order.done:
            return
        self._inquiries.free(order)
        live = order.owner
        self.follow(live)
        if order.filled < order.request.quantity:
            for leading in live.leading():
                self.cancel(leading)  # a follower that fell short: nothing more is to fill that it would have to hedge
        if not live.done or live.intent.id not in self.intents:
            return
        del self.intents[live.intent.id]
        for finished in live.orders:
            self._remember(finished)
        self._outbox.effect(CancelTimer(f"{TTL}:{live.intent.id}"))
        self._end(live)
        self.settled(live.trade, live)

    def _remember(self, order: LiveOrder) -> None:
        """Keep an order that is over for a while: fills may be reported again, or late."""
        self.ended[order.id] = self.orders.pop(order.id)
        if len(self.ended) > _REMEMBERED:
            oldest = next(one for one in self.ended if one not in self._inquiries.quarantined)
            del self.ended[oldest]

    def _end(self, live: LiveIntent) -> None:
        asked = tuple(leg.quantity for leg in live.intent.legs)
        if live.filled == asked:
            state = IntentState.FILLED
        else:
            state = IntentState.PARTIAL if any(live.filled) else IntentState.FAILED
        reason = next((order.state for order in live.orders if order.filled < order.request.quantity), "")
        self._outbox.emit(
            IntentEnded(
                intent=live.intent.id, kind=live.intent.kind, state=state, filled=live.filled, reason=str(reason)
            ),
            live.intent.id,
        )

    def on_timeout(self, intent: str) -> None:
        """Cancel what is left of an intent whose time to live ran out."""
        live = self.intents.get(intent)
        for order in live.orders if live is not None else ():
            self.cancel(order)

    def crosses(self, legs: Sequence[IntentLeg]) -> bool:
        """Tell whether an order of these would trade with one of ours that rests: two strategies never cross."""
        return crosses(self.orders.values(), legs)

    def stop_entries(self, trade: str = "") -> None:
        """Cancel entries that rest, of one trade, or of all that strategies opened: nothing is opened any more."""
        for order in list(self.orders.values()):
            owner = order.owner.trade
            if rests(order) and (owner.id == trade or (not trade and owner.route.owner != BY_HAND)):
                self.cancel(order)

    def stop_resting(self) -> None:
        """Cancel every order that rests, by hand or not: nobody would see it fill once the process has ended."""
        for order in list(self.orders.values()):
            if rests(order):
                self.cancel(order)

    def cancel(self, order: LiveOrder) -> None:
        """Ask for a cancel of an order, unless that was done or it is over."""
        if order.over or order.state is OrderState.CANCEL_SENT:
            return
        if order.state is not OrderState.UNKNOWN:  # that one stays so: whether there is anything to cancel is open
            before, order.state = order.state, OrderState.CANCEL_SENT
            event = OrderUpdated(client_order_id=order.id, before=before, after=order.state, filled=order.filled)
            self._outbox.emit(event, order.id)
        self._outbox.effect(Cancel(order.venue, order.id))
        self._inquiries.follow(order)

    def _stray(self, subject: str, actual: str, cause: str) -> None:
        self._outbox.emit(DriftDetected(subject=subject, expected="none", actual=actual, cause_class=cause))


def root_of(trade: str) -> str:
    """Return the id of the trade that one succeeded, or its own."""
    return trade.rstrip(SUCCESSOR)


def _pass(fill: Fill, trade: LiveTrade) -> None:
    """Do nothing: replaced when the engine is wired."""


def _nothing(trade: LiveTrade, live: LiveIntent) -> None:
    """Do nothing: replaced when the engine is wired."""
