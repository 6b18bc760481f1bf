"""Execution: turns approved intents into orders, reports into trades, and differences between legs into repairs."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from arbcore.engine.accounts import Accounts
from arbcore.engine.approval import ApprovedIntent
from arbcore.engine.market import Market
from arbcore.engine.orders import LiveIntent, LiveOrder
from arbcore.engine.output import Outbox, tell_moves
from arbcore.engine.route import Route
from arbcore.engine.trades import LiveTrade
from arbcore.model.effect import Cancel, CancelTimer, SetTimer, Submit
from arbcore.model.events import (
    DriftDetected,
    FeeCharged,
    IntentApproved,
    IntentEnded,
    OrderCancelled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUpdated,
    PositionChanged,
    TradeExecuted,
    TradeExiting,
    TradeOpened,
)
from arbcore.model.instrument import InstrumentKind
from arbcore.model.intent import Intent, IntentKind, IntentState
from arbcore.model.order import TERMINAL, Fill, OrderReport, OrderRequest, OrderState, Side
from arbcore.model.trade import TradeState

_REMEMBERED: Final = 1_000
"""Orders that are over and still known."""

Settled = Callable[[LiveTrade, LiveIntent], None]
"""Called when an intent is over; decides what becomes of its trade."""


class ExecutionSettings(Struct, frozen=True, kw_only=True):
    """Numbers of execution.

    Attributes:
        prefix: Start of every client order id.
        epoch: Id of the engine's start, so that no later start can reuse an order id.
        ttl_ns: Life of an order at the venue before it is cancelled.
        repair_attempts: Repairs tried before a trade is frozen.
        repair_wait_ns: Time between repairs.
        repair_slippage_bps: Allowance of the first repair beyond the touch; doubled by each further one.
        repair_slippage_cap_bps: Largest allowance of a repair.
    """

    prefix: str = "ae"
    epoch: str = "0"
    ttl_ns: int = 5 * 10**9
    repair_attempts: int = 8
    repair_wait_ns: int = 10**9
    repair_slippage_bps: float = 10.0
    repair_slippage_cap_bps: float = 200.0

    def slippage_bps(self, attempts: int) -> float:
        """Return the allowance of the next repair, or close that was ordered, after a number of attempts."""
        return min(self.repair_slippage_bps * 2.0**attempts, self.repair_slippage_cap_bps)


class Execution:
    """Orders and trades in flight.

    Args:
        market: Touches and rates.
        accounts: Where fills are booked.
        outbox: Where events and effects go.
        settings: Numbers.
    """

    def __init__(self, market: Market, accounts: Accounts, outbox: Outbox, settings: ExecutionSettings) -> None:
        self._market: Final = market
        self._accounts: Final = accounts
        self._outbox: Final = outbox
        self._settings: Final = settings
        self._orders: Final[dict[str, LiveOrder]] = {}
        self._ended: Final[dict[str, LiveOrder]] = {}
        self._intents: Final[dict[str, LiveIntent]] = {}
        self.trades: Final[dict[str, LiveTrade]] = {}
        self.settled: Settled = _nothing

    def busy(self, trade: str) -> bool:
        """Tell whether an intent of a trade is in flight."""
        return any(live.intent.trade == trade for live in self._intents.values())

    def in_flight(self) -> list[LiveOrder]:
        """Return the orders that are not over."""
        return [order for order in self._orders.values() if not order.done]

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
        self.send(approved, trade, tuple(range(len(trade.legs))))

    def leave(self, trade: LiveTrade, reason: str) -> None:
        """Begin to close a trade."""
        trade.exit_reason = reason
        if trade.state is not TradeState.EXITING:
            trade.move(TradeState.EXITING)
            self._outbox.emit(TradeExiting(trade=trade.id, reason=reason), trade.id)

    def send(self, approved: ApprovedIntent, trade: LiveTrade, legs: tuple[int, ...]) -> None:
        """Store and send the orders of an intent. ``legs`` are the route's legs that it moves."""
        live = LiveIntent(approved.intent, trade, legs)
        self._intents[approved.intent.id] = live
        event = IntentApproved(
            intent=approved.intent, asked_notional=approved.asked_notional, resized_by=approved.resized_by
        )
        self._outbox.emit(event, approved.intent.id)
        expires_at = self._expires_at(approved.intent)
        submits = [self._intend(live, trade, index, expires_at) for index in range(len(legs))]
        for submit in submits:
            self._outbox.effect(submit)
        if expires_at:
            self._outbox.effect(SetTimer(_ttl(live), expires_at))

    def _expires_at(self, intent: Intent) -> int:
        """Return when the orders of an intent are cancelled; 0 on bars, where they live until the next opening."""
        if any(self._market.instruments[leg.instrument].by_bars for leg in intent.legs):
            return 0
        return self._outbox.now + self._settings.ttl_ns

    def _intend(self, live: LiveIntent, trade: LiveTrade, index: int, expires_at: int) -> Submit:
        wanted = live.intent.legs[index]
        leg = live.legs[index]
        venue = self._market.instruments[wanted.instrument].instrument.venue
        request = OrderRequest(
            client_order_id=f"{self._settings.prefix}-{self._settings.epoch}-{live.intent.id}-{leg}-{trade.repairs}",
            instrument=wanted.instrument,
            side=wanted.side,
            quantity=wanted.quantity,
            price=wanted.price,
            reduce_only=self._reduces(live.intent.kind, wanted.instrument, wanted.side, wanted.quantity),
            expires_at=expires_at,
        )
        reserved = self._reserve(live, request, venue)
        event = OrderIntended(order=request, venue=venue, intent=live.intent.id, leg=leg, attempt=trade.repairs)
        cause = self._outbox.emit(event, request.client_order_id)
        order = LiveOrder(request, venue, live, leg, cause, reserved)
        live.orders.append(order)
        self._orders[request.client_order_id] = order
        return Submit(venue, request)

    def _reserve(self, live: LiveIntent, request: OrderRequest, venue: str) -> tuple[str, Decimal] | None:
        if live.intent.kind is not IntentKind.ENTRY or request.price is None:
            return None
        instrument = self._market.instruments[request.instrument].instrument
        currency, amount = self._accounts.need(instrument, request.side, request.quantity, request.price)
        self._accounts.reserve(venue, currency, amount)
        return currency, amount

    def _reduces(self, kind: IntentKind, key: str, side: Side, quantity: Decimal) -> bool:
        """Tell whether the venue's net position lets an order be marked as reducing only."""
        if kind is IntentKind.ENTRY or self._market.instruments[key].instrument.kind is InstrumentKind.SPOT:
            return False
        net = self._accounts.lots.net.get(key, Decimal(0))
        return net * side.sign < 0 and abs(net) >= quantity

    def cause(self, client_order_id: str) -> int:
        """Return the sequence of the event that announced an order, 0 for an unknown one."""
        order = self._known(client_order_id)
        return 0 if order is None else order.cause

    def _known(self, client_order_id: str) -> LiveOrder | None:
        return self._orders.get(client_order_id) or self._ended.get(client_order_id)

    def on_report(self, report: OrderReport) -> None:
        """Take what a venue says of an order."""
        order = self._known(report.client_order_id)
        if order is None:
            self._stray(f"order {report.client_order_id}", report.state, "unknown_order")
            return
        before = order.state
        if order.take(report):
            self._tell(order, before, report)
        self._conclude(order)

    def _tell(self, order: LiveOrder, before: OrderState, report: OrderReport) -> None:
        ours = report.client_order_id
        if order.state is OrderState.ACKNOWLEDGED:
            event = OrderPlaced(client_order_id=ours, venue_order_id=order.venue_order_id, venue_time=report.ts)
            self._outbox.emit(event, order.venue_order_id)
        elif order.state is OrderState.REJECTED:
            self._outbox.emit(OrderRejected(client_order_id=ours, reason=report.reason, detail=report.detail), ours)
        elif order.state in {OrderState.CANCELLED, OrderState.EXPIRED}:
            self._outbox.emit(
                OrderCancelled(client_order_id=ours, state=order.state, filled=report.filled, reason=report.reason),
                ours,
            )
        else:
            self._outbox.emit(
                OrderUpdated(client_order_id=ours, before=before, after=order.state, filled=report.filled), ours
            )

    def on_fill(self, fill: Fill) -> None:
        """Take an execution; one that was seen before changes nothing."""
        order = self._known(fill.client_order_id)
        if order is None:
            self._stray(f"fill {fill.fill_id} of order {fill.client_order_id}", str(fill.quantity), "unknown_order")
            return
        if not order.first_time(fill.fill_id):
            return
        order.filled += fill.quantity
        if fill.client_order_id in self._ended:
            self._book_late(fill, order)
            return
        self._book(fill, order)
        self._conclude(order)

    def _book_late(self, fill: Fill, order: LiveOrder) -> None:
        """Book an execution that came after its intent was over: the venue is right, and the trade is repaired.

        A trade that is closed has a successor, which holds what came late until it is taken off again.
        """
        live = order.owner
        self._stray(f"fill {fill.fill_id} of order {fill.client_order_id}", str(fill.quantity), "late_fill")
        if live.trade.id not in self.trades:
            live.trade = self._successor(live.trade)
        self._book(fill, order)
        if not self.busy(live.trade.id):
            self.settled(live.trade, live)

    def _successor(self, trade: LiveTrade) -> LiveTrade:
        intent = replace(trade.intent, trade=f"{trade.id}+", decided_at=self._outbox.now)
        successor = LiveTrade(intent, trade.route, trade.premium)
        self.trades[successor.id] = successor
        self._outbox.emit(TradeOpened(trade=successor.view(self._accounts)), successor.id)
        return successor

    def _book(self, fill: Fill, order: LiveOrder) -> None:
        trade = order.owner.trade
        touch = order.owner.intent.legs[order.owner.legs.index(order.leg)].touch
        posting = self._accounts.fill(fill, trade.id, touch)
        trade.book(order.leg, fill, self._accounts.lots.quantity(trade.id, fill.instrument))
        emit = self._outbox.emit
        executed = TradeExecuted(
            fill_id=fill.fill_id,
            client_order_id=fill.client_order_id,
            venue_order_id=order.venue_order_id,
            trade=trade.id,
            instrument=fill.instrument,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            touch=touch,
            liquidity=fill.liquidity,
            rate=posting.rate,
            rate_name=posting.rate_name,
            venue_time=fill.ts,
        )
        emit(executed, f"{order.venue}:{fill.fill_id}")
        if fill.fee:
            emit(
                FeeCharged(fill_id=fill.fill_id, amount=fill.fee, currency=fill.fee_currency, value=posting.fee_value),
                f"{order.venue}:{fill.fill_id}",
            )
        tell_moves(self._outbox, posting.moves)
        emit(PositionChanged(instrument=fill.instrument, before=posting.before, after=posting.after, trade=trade.id))

    def _conclude(self, order: LiveOrder) -> None:
        """Release what an order that is over had set aside, and settle its intent when it was the last one."""
        if not order.done:
            return
        if order.reserved is not None:
            currency, amount = order.reserved
            self._accounts.reserve(order.venue, currency, -amount)
            order.reserved = None
        live = order.owner
        if not live.done or live.intent.id not in self._intents:
            return
        del self._intents[live.intent.id]
        for finished in live.orders:
            self._remember(finished)
        self._outbox.effect(CancelTimer(_ttl(live)))
        self._end(live)
        self.settled(live.trade, live)

    def _remember(self, order: LiveOrder) -> None:
        """Keep an order that is over for a while: fills may be reported again, or late."""
        self._ended[order.request.client_order_id] = self._orders.pop(order.request.client_order_id)
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]

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
        live = self._intents.get(intent)
        for order in live.orders if live is not None else ():
            if order.state not in TERMINAL and order.state is not OrderState.CANCEL_SENT:
                before, order.state = order.state, OrderState.CANCEL_SENT
                event = OrderUpdated(
                    client_order_id=order.request.client_order_id, before=before, after=order.state, filled=order.filled
                )
                self._outbox.emit(event, order.request.client_order_id)
                self._outbox.effect(Cancel(order.venue, order.request.client_order_id))

    def _stray(self, subject: str, actual: str, cause: str) -> None:
        self._outbox.emit(DriftDetected(subject=subject, expected="none", actual=actual, cause_class=cause))


def _ttl(live: LiveIntent) -> str:
    return f"ttl:{live.intent.id}"


def _nothing(trade: LiveTrade, live: LiveIntent) -> None:
    """Do nothing: replaced when the engine is wired."""
