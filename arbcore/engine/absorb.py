"""Absorbing: what a journal tells after a snapshot, taken over by a restored engine that decides nothing again.

Facts run through the code that booked them the first time, with the rates that the events carry; decisions are taken
over as they were made. What no event tells is not known again: how often an order was looked up, that a repair waits,
prices. All of that is asked or measured anew before the engine goes on.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from typing import Any, Final

from arbcore.engine.accounts import OPENING
from arbcore.engine.execution import BY_HAND, root_of
from arbcore.engine.orders import LiveOrder, number_of
from arbcore.engine.parts import Parts
from arbcore.engine.repair import UNHEDGED
from arbcore.engine.takings import BY_VENUE
from arbcore.engine.trades import LiveTrade
from arbcore.model.command import ClosePosition, Flatten, StopSession
from arbcore.model.drift import CauseClass
from arbcore.model.events import (
    AlertRaised,
    BalanceChanged,
    CommandAccepted,
    CommandFailed,
    ConfigChanged,
    DriftDetected,
    EngineModeChanged,
    EngineStopped,
    Envelope,
    FeeCharged,
    FundingApplied,
    IntentApproved,
    IntentEnded,
    InternalTransferCompleted,
    InternalTransferFailed,
    OrderCancelled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUpdated,
    PositionChanged,
    QuarantineCompleted,
    QuarantineStarted,
    RiskVerdictIssued,
    StrategyStarted,
    StrategyStopped,
    SymbolDisabled,
    SymbolEnabled,
    TradeClosed,
    TradeExecuted,
    TradeExiting,
    TradeFrozen,
    TradeHedged,
    TradeOpened,
    VenueHealthChanged,
    WithdrawCompleted,
    WithdrawFailed,
)
from arbcore.model.input import FundingPayment
from arbcore.model.intent import Intent, IntentKind
from arbcore.model.money import EXACT, ZERO
from arbcore.model.order import Fill, OrderState
from arbcore.model.reason import Reason
from arbcore.model.trade import Trade, TradeState
from arbcore.ports.risk import VerdictKind

_BOOKED: Final = frozenset({"fill", "funding"})
"""Reasons of balance changes that follow from another event."""


class Absorber:
    """Moves a restored engine along the events that its journal holds behind the snapshot.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts: Final = parts
        self._execution: Final = parts.execution
        self._opened: Final[dict[str, Trade]] = {}
        self._fill: tuple[TradeExecuted, int] | None = None
        self._fee: FeeCharged | None = None
        self._table: Final[Mapping[type, Callable[[Any, Envelope], None]]] = {
            **self._of_orders(),
            **self._of_trades(),
            **self._of_session(),
        }

    def apply(self, envelope: Envelope) -> None:
        """Take one event over. Those behind the snapshot come in order and without gaps."""
        outbox = self._parts.outbox
        outbox.now = max(outbox.now, envelope.time)
        handler = self._table.get(type(envelope.event))
        if handler is not None:
            handler(envelope.event, envelope)
            outbox.take()  # it was stored, and done, the first time
        outbox.sequence = envelope.sequence

    def _of_orders(self) -> Mapping[type, Callable[[Any, Envelope], None]]:
        return {
            OrderIntended: lambda event, envelope: self._execution.again(event, envelope.sequence),
            OrderPlaced: self._placed,
            OrderRejected: self._rejected,
            OrderCancelled: self._cancelled,
            OrderUpdated: self._updated,
            TradeExecuted: self._executed,
            FeeCharged: self._charged,
            BalanceChanged: self._balance,
            PositionChanged: self._position,
            FundingApplied: self._funding,
            QuarantineStarted: self._drifted,
            QuarantineCompleted: self._released,
            DriftDetected: self._drifted,
        }

    def _of_trades(self) -> Mapping[type, Callable[[Any, Envelope], None]]:
        return {
            IntentApproved: self._approved,
            IntentEnded: self._ended,
            TradeOpened: self._trade_opened,
            TradeHedged: self._hedged,
            TradeExiting: self._exiting,
            TradeFrozen: self._frozen,
            TradeClosed: self._closed,
        }

    def _of_session(self) -> Mapping[type, Callable[[Any, Envelope], None]]:
        parts = self._parts
        switches = (EngineModeChanged, StrategyStarted, SymbolEnabled, SymbolDisabled)
        actions = (InternalTransferCompleted, InternalTransferFailed, WithdrawCompleted, WithdrawFailed)
        return {
            **dict.fromkeys(switches, lambda event, _: parts.switches.absorb(event)),
            **dict.fromkeys(actions, lambda _, envelope: parts.actions.absorb(envelope)),
            StrategyStopped: self._stopped,
            VenueHealthChanged: lambda event, _: parts.conditions.absorb(event),
            RiskVerdictIssued: self._verdict,
            CommandAccepted: self._accepted,
            CommandFailed: lambda event, _: parts.commands.remember(event.command_id),
            AlertRaised: self._alert,
            ConfigChanged: lambda event, _: parts.revising.absorb(event),
            EngineStopped: lambda _event, _: parts.commands.stopped(),
        }

    # Orders and money.

    def _placed(self, event: OrderPlaced, _: Envelope) -> None:
        order = self._order(event.client_order_id)
        order.venue_order_id = event.venue_order_id
        self._move(order, OrderState.ACKNOWLEDGED)

    def _rejected(self, event: OrderRejected, _: Envelope) -> None:
        order = self._order(event.client_order_id)
        order.refusal, order.absent = event.reason, event.reason == Reason.ORDER_ABSENT
        if order.absent and not self._parts.inquiries.bounds(order.venue):
            self._parts.inquiries.quarantined[order.id] = order
        self._move(order, OrderState.REJECTED)

    def _cancelled(self, event: OrderCancelled, _: Envelope) -> None:
        order = self._order(event.client_order_id)
        order.reported = max(order.reported, event.filled)
        self._move(order, event.state)

    def _updated(self, event: OrderUpdated, _: Envelope) -> None:
        order = self._order(event.client_order_id)
        if event.after is not OrderState.CANCEL_SENT:  # ours: it tells what we count, not what the venue does
            order.reported = max(order.reported, event.filled)
        self._move(order, event.after)

    def _move(self, order: LiveOrder, state: OrderState) -> None:
        order.state = state
        order.late = order.late and not order.over
        self._execution.moved_again(order)

    def _executed(self, event: TradeExecuted, envelope: Envelope) -> None:
        if event.origin not in BY_VENUE:
            order = self._order(event.client_order_id)
            order.venue_order_id = event.venue_order_id or order.venue_order_id
            if order.owner.trade.id != event.trade:  # a late fill of a trade that is closed: its successor has it
                order.owner.trade = self._execution.trades[event.trade]
        self._assume(self._parts.market.instruments[event.instrument].instrument.quote, event.rate)
        self._fill, self._fee = (event, envelope.time), None

    def _charged(self, event: FeeCharged, _: Envelope) -> None:
        self._fee = event

    def _balance(self, event: BalanceChanged, _: Envelope) -> None:
        self._assume(event.currency, event.rate)
        if event.reason == OPENING:
            with localcontext(EXACT):
                self._parts.accounts.cash.post(event.venue, event.currency, event.change, event.reason)
        elif event.reason not in _BOOKED:
            self._parts.accounts.move(event.venue, event.currency, event.change, event.reason)

    def _position(self, event: PositionChanged, _: Envelope) -> None:
        """Book the fill that is complete now: this is the last event of one."""
        if self._fill is None:
            return
        (executed, time), fee, self._fill = self._fill, self._fee, None
        fill = Fill(
            fill_id=executed.fill_id,
            client_order_id=executed.client_order_id,
            instrument=executed.instrument,
            side=executed.side,
            quantity=executed.quantity,
            price=executed.price,
            fee=ZERO if fee is None else fee.amount,
            fee_currency="" if fee is None else fee.currency,
            liquidity=executed.liquidity,
            venue_order_id=executed.venue_order_id,
            origin=executed.origin,
            ts=executed.venue_time,
            recv_ts=time,
        )
        if fill.origin in BY_VENUE:
            self._parts.takings.again(fill, executed.trade)
            return
        order = self._execution.book_again(fill)
        live = order.owner
        if order.id in self._execution.ended and not self._execution.busy(live.trade.id):
            self._parts.repairs.note(live.trade, live)

    def _funding(self, event: FundingApplied, envelope: Envelope) -> None:
        venue = self._parts.market.instruments[event.instrument].instrument.venue
        self._assume(event.currency, event.rate_into_base)
        self._parts.accounts.first_time(venue, event.payment_id)
        payment = FundingPayment(
            payment_id=event.payment_id,
            instrument=event.instrument,
            amount=event.amount,
            currency=event.currency,
            rate=event.rate,
            quantity=event.quantity,
            ts=envelope.time,
            recv_ts=envelope.time,
        )
        _, shares = self._parts.accounts.funding(payment)
        for trade in shares:
            if trade in self._execution.trades:
                self._execution.trades[trade].touched()

    def _drifted(self, event: DriftDetected | QuarantineStarted, envelope: Envelope) -> None:
        if isinstance(event, DriftDetected) and event.cause_class == CauseClass.LATE_ORDER:
            order = self._order(event.subject.removeprefix("order "))
            order.late = True
            self._execution.moved_again(order)
        else:
            self._parts.reconciler.absorb(event, envelope.key)

    def _released(self, event: QuarantineCompleted, envelope: Envelope) -> None:
        self._parts.reconciler.absorb(event, envelope.key)
        order = self._parts.inquiries.quarantined.pop(envelope.key, None)
        if order is not None:
            self._parts.inquiries.free(order)

    def _assume(self, currency: str, rate: Decimal | None) -> None:
        self._parts.market.assume(currency, rate)

    def _order(self, client_order_id: str) -> LiveOrder:
        order = self._execution.known(client_order_id)
        if order is None:
            raise KeyError(client_order_id)
        return order

    # Intents and trades.

    def _trade_opened(self, event: TradeOpened, _: Envelope) -> None:
        trade = event.trade
        root = root_of(trade.id)
        if trade.id != root:
            owners = (order.owner for order in self._execution.ended.values())
            self._execution.succeed(next(owner.trade for owner in owners if root_of(owner.trade.id) == root))
        else:
            self._opened[trade.id] = trade

    def _approved(self, event: IntentApproved, _: Envelope) -> None:
        intent = event.intent
        self._parts.intents_given = max(self._parts.intents_given, number_of(intent.id))
        trade = self._execution.trades.get(intent.trade)
        opens = trade is None
        if trade is None:
            trade = self._open(intent)
        legs = tuple(leg.state.key for leg in trade.route.legs)
        self._execution.begin_again(intent, trade, tuple(legs.index(leg.instrument) for leg in intent.legs))
        if opens or intent.kind is IntentKind.EXIT:
            self._exit(trade, intent)
            self._tell(trade)
        elif intent.kind is IntentKind.ENTRY:
            trade.slices = trade.slices[1:]
        else:
            self._repair(trade)

    def _open(self, intent: Intent) -> LiveTrade:
        opened = self._opened.pop(intent.trade)
        trade = LiveTrade(intent, self._parts.route_of(intent), opened.entry_premium)
        trade.grows = intent.strategy != BY_HAND
        self._execution.trades[trade.id] = trade
        self._parts.view.note_opened()
        return trade

    def _exit(self, trade: LiveTrade, intent: Intent) -> None:
        if intent.kind is IntentKind.EXIT:
            trade.exit_reason = intent.reason
            trade.was = tuple(trade.coins())
            trade.closes += trade.closing == intent.reason  # not an exit that its strategy decided meanwhile

    def _repair(self, trade: LiveTrade) -> None:
        if trade.state is TradeState.HEDGED:
            trade.move(TradeState.OPEN)
        trade.repairs += 1
        trade.paused = False

    def _ended(self, event: IntentEnded, _: Envelope) -> None:
        live = self._execution.end_again(event.intent)
        self._parts.repairs.note(live.trade, live)

    def _hedged(self, event: TradeHedged, envelope: Envelope) -> None:
        trade = self._execution.trades[event.trade]
        trade.repairs = trade.excused = 0
        trade.shut_until.clear()
        trade.denied.clear()
        trade.move(TradeState.HEDGED)
        trade.cut = trade.called = False
        trade.hedged_at = trade.hedged_at or envelope.time
        trade.parted_at = 0
        self._tell(trade)

    def _exiting(self, event: TradeExiting, _: Envelope) -> None:
        trade = self._execution.trades[event.trade]
        trade.exit_reason = event.reason
        if trade.state is TradeState.FROZEN:
            trade.repairs = 0
        trade.move(TradeState.EXITING)

    def _frozen(self, event: TradeFrozen, _: Envelope) -> None:
        trade = self._execution.trades[event.trade]
        trade.move(TradeState.FROZEN)
        self._tell(trade)

    def _closed(self, event: TradeClosed, envelope: Envelope) -> None:
        trade = self._execution.trades.pop(event.trade.id)
        if trade.state is TradeState.HEDGED:
            trade.move(TradeState.OPEN)
        trade.move(TradeState.CLOSED)
        trade.closed_at = envelope.time
        trade.touched()
        self._tell(trade)
        self._parts.accounts.forget(trade.id, [leg.instrument for leg in trade.legs])

    def _tell(self, trade: LiveTrade) -> None:
        if trade.route.owner in self._parts.deciding.strategies:
            self._parts.deciding.told(trade)

    # The session.

    def _stopped(self, event: StrategyStopped, _: Envelope) -> None:
        self._parts.switches.absorb(event)
        if event.reason == Reason.STRATEGY_ERROR:
            self._parts.deciding.failed.add(event.strategy)

    def _verdict(self, event: RiskVerdictIssued, _: Envelope) -> None:
        self._parts.verdicts.absorb(event)
        if event.verdict == VerdictKind.FLATTEN and self._parts.closing.unordered():
            self._parts.closing.note("", "", "", Reason.EXIT_RISK)

    def _accepted(self, event: CommandAccepted, envelope: Envelope) -> None:
        parts = self._parts
        parts.commands.remember(event.command_id)
        parts.actions.absorb(envelope)
        match event.command:
            case Flatten(symbol=symbol, strategy=strategy):
                parts.closing.note("", symbol, strategy, Reason.EXIT_COMMAND)
            case ClosePosition(trade=trade):
                parts.closing.note(trade, "", "", Reason.EXIT_COMMAND)
            case StopSession(flatten=True):
                if parts.closing.note("", "", "", Reason.EXIT_COMMAND):
                    parts.commands.end_once_flat(event.issued_by)

    def _alert(self, event: AlertRaised, envelope: Envelope) -> None:
        if event.rule == "policy_error":
            self._parts.planning.failed.add(event.source)
        elif event.rule == UNHEDGED:
            self._execution.trades[envelope.key].called = True
