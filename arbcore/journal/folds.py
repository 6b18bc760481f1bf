"""Folding events into projections: pure and exact, so the same events give the same projections."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec.structs import replace

from arbcore.journal.projections import OpenOrder, Projections
from arbcore.model.events import (
    BalanceChanged,
    EngineModeChanged,
    Envelope,
    Event,
    FeeCharged,
    FundingApplied,
    OrderCancelled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUpdated,
    PnlReported,
    PositionChanged,
    TradeClosed,
    TradeExecuted,
    TradeExiting,
    TradeFrozen,
    TradeHedged,
    TradeOpened,
)
from arbcore.model.money import add, multiply, subtract
from arbcore.model.order import TERMINAL, OrderState, Side
from arbcore.model.trade import TradeLeg, TradeState


def rebuild(envelopes: Iterable[Envelope]) -> "Fold":
    """Fold a whole journal.

    Args:
        envelopes: Its events in order.

    Returns:
        The fold, with the projections and whatever the events contradict each other in.
    """
    fold = Fold()
    for envelope in envelopes:
        fold.apply(envelope)
    return fold


class Fold:
    """Moves projections along, one event at a time, and holds what events say of themselves against it.

    Args:
        projections: Where to go on from; nothing for a new journal.

    Attributes:
        projections: The result so far.
        differences: What does not add up, one line each; empty for a sound journal.
    """

    def __init__(self, projections: Projections | None = None) -> None:
        self.projections: Final = projections or Projections()
        self.differences: Final[list[str]] = []
        self._rules: Final[dict[type[Event], Callable[[Any], None]]] = {
            EngineModeChanged: self._engine,
            BalanceChanged: self._balance,
            PositionChanged: self._position,
            FeeCharged: self._fee,
            FundingApplied: self._funding,
            OrderIntended: self._intended,
            OrderPlaced: self._placed,
            OrderRejected: self._rejected,
            OrderCancelled: self._cancelled,
            OrderUpdated: self._updated,
            TradeOpened: self._opened,
            TradeExecuted: self._executed,
            TradeHedged: self._hedged,
            TradeExiting: self._exiting,
            TradeFrozen: self._frozen,
            TradeClosed: self._closed,
            PnlReported: self._reported,
        }

    def apply(self, envelope: Envelope) -> None:
        """Count one event; types that no projection needs only move the sequence."""
        self.projections.sequence, self.projections.time = envelope.sequence, envelope.time
        rule = self._rules.get(type(envelope.event))
        if rule is not None:
            rule(envelope.event)

    def _differ(self, what: str, ours: object, theirs: object) -> None:
        if ours != theirs:
            self.differences.append(f"event {self.projections.sequence}: {what} is {theirs}, the fold has {ours}")

    def _engine(self, event: EngineModeChanged) -> None:
        self.projections.state = event.after

    def _balance(self, event: BalanceChanged) -> None:
        key = (event.venue, event.currency)
        known = self.projections.balances.get(key)
        if known is not None:
            self._differ(f"{event.venue} {event.currency}", add(known, event.change), event.after)
        self.projections.balances[key] = event.after

    def _position(self, event: PositionChanged) -> None:
        known = self.projections.positions.get(event.instrument)
        if known is not None:
            self._differ(f"position of {event.instrument} before", known, event.before)
        self.projections.positions[event.instrument] = event.after
        moved = subtract(event.after, event.before)
        self._move_leg(event.trade, event.instrument, lambda leg: replace(leg, quantity=add(leg.quantity, moved)))

    def _fee(self, event: FeeCharged) -> None:
        pnl = self.projections.pnl
        self.projections.pnl = replace(pnl, fees=subtract(pnl.fees, event.value))

    def _funding(self, event: FundingApplied) -> None:
        pnl = self.projections.pnl
        self.projections.pnl = replace(pnl, funding=add(pnl.funding, event.value))

    def _intended(self, event: OrderIntended) -> None:
        order = OpenOrder(request=event.order, venue=event.venue, state=OrderState.SUBMITTED)
        self.projections.orders[event.order.client_order_id] = order

    def _placed(self, event: OrderPlaced) -> None:
        order = self.projections.orders.get(event.client_order_id)
        if order is not None:
            placed = replace(order, state=OrderState.ACKNOWLEDGED, venue_order_id=event.venue_order_id)
            self.projections.orders[event.client_order_id] = placed

    def _rejected(self, event: OrderRejected) -> None:
        self._order_state(event.client_order_id, OrderState.REJECTED)

    def _cancelled(self, event: OrderCancelled) -> None:
        self._order_state(event.client_order_id, event.state)

    def _updated(self, event: OrderUpdated) -> None:
        if event.before in TERMINAL:
            self.projections.finished[event.before] -= 1
        self._order_state(event.client_order_id, event.after)

    def _order_state(self, client_order_id: str, state: OrderState) -> None:
        orders = self.projections.orders
        if state in TERMINAL:
            orders.pop(client_order_id, None)
            self.projections.finished[state] += 1
        elif client_order_id in orders:
            orders[client_order_id] = replace(orders[client_order_id], state=state)

    def _opened(self, event: TradeOpened) -> None:
        self.projections.trades[event.trade.id] = event.trade

    def _executed(self, event: TradeExecuted) -> None:
        order = self.projections.orders.get(event.client_order_id)
        if order is not None:
            filled = add(order.filled, event.quantity)
            self.projections.orders[event.client_order_id] = replace(order, filled=filled)
        self._move_leg(event.trade, event.instrument, lambda leg: _filled(leg, event))

    def _move_leg(self, trade_id: str, instrument: str, change: Callable[[TradeLeg], TradeLeg]) -> None:
        trade = self.projections.trades.get(trade_id)
        if trade is not None:
            legs = tuple(change(leg) if leg.instrument == instrument else leg for leg in trade.legs)
            self.projections.trades[trade_id] = replace(trade, legs=legs)

    def _hedged(self, event: TradeHedged) -> None:
        trade = self.projections.trades.get(event.trade)
        if trade is not None:
            hedged_at = trade.hedged_at or self.projections.time
            self.projections.trades[trade.id] = replace(trade, state=TradeState.HEDGED, hedged_at=hedged_at)

    def _exiting(self, event: TradeExiting) -> None:
        trade = self.projections.trades.get(event.trade)
        if trade is not None:
            exiting = replace(trade, state=TradeState.EXITING, exit_reason=event.reason)
            self.projections.trades[trade.id] = exiting

    def _frozen(self, event: TradeFrozen) -> None:
        trade = self.projections.trades.get(event.trade)
        if trade is not None:
            self.projections.trades[trade.id] = replace(trade, state=TradeState.FROZEN)

    def _closed(self, event: TradeClosed) -> None:
        known, pnl = self.projections.trades.get(event.trade.id), self.projections.pnl
        if known is not None:
            self._differ(f"trade {known.id}", known.legs, event.trade.legs)
        self.projections.trades[event.trade.id] = event.trade
        own = event.trade.pnl
        self.projections.pnl = replace(
            pnl, spread=add(pnl.spread, own.spread), slippage=add(pnl.slippage, own.slippage)
        )

    def _reported(self, event: PnlReported) -> None:
        known = self.projections.pnl
        self._differ("the ledger's change", event.pnl.total, event.ledger_change)
        self._differ("the sum of fees", known.fees, event.pnl.fees)
        self._differ("the sum of funding", known.funding, event.pnl.funding)
        if not self.projections.open_trades():
            self._differ("the spread of all trades", known.spread, event.pnl.spread)
            self._differ("the slippage of all trades", known.slippage, event.pnl.slippage)
        self.projections.pnl = replace(known, fx=event.pnl.fx, unrealised=event.pnl.unrealised)


def _filled(leg: TradeLeg, event: TradeExecuted) -> TradeLeg:
    value = multiply(event.quantity, event.price)
    if event.side is Side.BUY:
        return replace(leg, bought=add(leg.bought, event.quantity), bought_value=add(leg.bought_value, value))
    return replace(leg, sold=add(leg.sold, event.quantity), sold_value=add(leg.sold_value, value))
