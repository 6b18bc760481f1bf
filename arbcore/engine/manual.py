"""Orders by hand: a person's order goes through the risk chain and becomes a trade of one leg that no strategy owns.

So it is valued, reported and closed like any other trade. It needs a price, since a market order has no worst one.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.actions import Deed
from arbcore.engine.approval import ApprovedIntent, Refusal, approve_reduction
from arbcore.engine.deciding import Deciding
from arbcore.engine.execution import BY_HAND, Execution
from arbcore.engine.intents import notional
from arbcore.engine.market import InstrumentState, Market
from arbcore.engine.orders import LiveIntent, LiveOrder
from arbcore.engine.output import Outbox
from arbcore.engine.refusal import CommandRefused
from arbcore.engine.route import Route
from arbcore.engine.sizing import takes
from arbcore.engine.switches import Switches
from arbcore.engine.terms import Terms
from arbcore.engine.trades import LiveTrade
from arbcore.model.command import CommandRequest, PlaceOrder
from arbcore.model.effect import Submit
from arbcore.model.events import IntentApproved, OrderIntended, TradeOpened
from arbcore.model.grid import on_grid
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.intent import Intent, IntentKind, IntentLeg
from arbcore.model.money import ZERO
from arbcore.model.order import OrderRequest, OrderType, Side
from arbcore.model.state import Action, EngineState
from arbcore.ports.strategy import LegSpec, RouteKind, RouteSpec

_PREFIX: Final = "ae"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,33}")
_DAY_NS: Final = 86_400 * 10**9


class Manual:
    """Places orders by hand.

    Args:
        market: Instruments and touches.
        accounts: Free balances and who holds what.
        execution: Takes the order.
        switches: What may be done now.
        outbox: Where events and effects go.
        deciding: Asks the risk chain.
        next_id: Gives ids of intents.
        terms: What venues let the account hold.
    """

    def __init__(
        self,
        market: Market,
        accounts: Accounts,
        execution: Execution,
        switches: Switches,
        outbox: Outbox,
        deciding: Deciding,
        next_id: Callable[[], str],
        terms: Terms,
    ) -> None:
        self._market: Final = market
        self._accounts: Final = accounts
        self._execution: Final = execution
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._deciding: Final = deciding
        self._next_id: Final = next_id
        self._terms: Final = terms

    def place(self, request: CommandRequest, command: PlaceOrder) -> Deed:
        """Check an order and return what sends it.

        Raises:
            CommandRefused: It can't be sent, or a risk tier refuses it.
        """
        order = command.order
        state = self._state(command)
        self._require_state(request, order)
        price = self._require_shape(state.instrument, order)
        if state.banded(order.side, price):
            raise CommandRefused(
                f"{state.key} takes no {order.side} at {price}: too far from its mark price {state.mark}"
            )
        self._require_unused(request, state)
        reserved = self._afford(state, order, price)
        route = self.route(state.key)
        intent = self._intent(route, order, price)
        approved = self._approve(intent)
        sent = OrderRequest(
            client_order_id=f"{_PREFIX}-{request.id}",
            instrument=state.key,
            side=order.side,
            quantity=order.quantity,
            price=price,
            time_in_force=order.time_in_force,
            reduce_only=order.reduce_only,
            expires_at=order.expires_at,
        )
        return lambda: self._send(approved, route, sent, reserved)

    def route(self, key: str) -> Route:
        """Return a route of one leg for an instrument of the session; a recovery needs it, too."""
        state = self._market.instruments[key]
        rate = next(leg.rate for route in state.routes for leg in route.legs if leg.state is state)
        legs = (LegSpec(instrument=key, side=Side.BUY, rate="" if rate is None else rate.name),)
        spec = RouteSpec(
            id=f"{BY_HAND}/{key}", symbol=state.instrument.base, kind=RouteKind.FLAT, legs=legs, max_age_ns=_DAY_NS
        )
        return Route(spec, BY_HAND, self._market)

    def _state(self, command: PlaceOrder) -> InstrumentState:
        state = self._market.instruments.get(command.order.instrument)
        if state is None or not state.routes:
            traded = ", ".join(key for key, one in self._market.instruments.items() if one.routes)
            raise CommandRefused(f"no route trades {command.order.instrument!r}, so nothing values it; use: {traded}")
        if state.instrument.venue != command.venue:
            raise CommandRefused(f"{state.key} is traded on {state.instrument.venue}, not on {command.venue!r}")
        if state.invalid or state.barred:
            raise CommandRefused(f"{state.key} can't be traded now: {state.invalid or state.barred}")
        return state

    def _require_state(self, request: CommandRequest, order: OrderRequest) -> None:
        if not self._switches.allows(Action.MANUAL):
            raise CommandRefused(f"the engine is {self._switches.state}: nothing is traded yet")
        if self._switches.state is EngineState.HALTED and not order.reduce_only and not request.override:
            raise CommandRefused("the engine is HALTED: an order by hand needs a typed reason (--override REASON)")

    def _require_shape(self, instrument: Instrument, order: OrderRequest) -> Decimal:
        price = order.price
        if order.type is not OrderType.LIMIT or price is None or order.cost is not None:
            raise CommandRefused("an order by hand is a limit order with a price: any other has no worst price")
        if not price.is_finite() or price <= 0 or not instrument.ticks.holds(price):
            raise CommandRefused(f"the price {price} is not on the price grid of {instrument.key}")
        if not order.quantity.is_finite() or not on_grid(order.quantity, instrument.lot):
            raise CommandRefused(f"the quantity {order.quantity} is no multiple of {instrument.lot}, the lot")
        if not takes(instrument, order.quantity, price, reducing=order.reduce_only):
            raise CommandRefused(
                f"{instrument.key} takes no order of {order.quantity} at {price}: at least {instrument.min_quantity}, "
                f"worth {instrument.min_notional} {instrument.quote}, at most {instrument.max_quantity or 'any'}"
            )
        return price

    def _require_unused(self, request: CommandRequest, state: InstrumentState) -> None:
        name = f"{_PREFIX}-{request.id}"
        if not _ID.fullmatch(request.id) or self._execution.known(name) is not None:
            raise CommandRefused(f"the command id {request.id!r} gives no order id: use at most 33 of [A-Za-z0-9_-]")
        if state.by_bars:
            raise CommandRefused(f"{state.key} is driven by bars: nothing is placed by hand there")

    def _afford(self, state: InstrumentState, order: OrderRequest, price: Decimal) -> tuple[str, Decimal] | None:
        """Return what to set aside; refuse what there is no money for, and coins that a trade holds."""
        instrument = state.instrument
        if order.reduce_only:
            self._require_position(instrument, order)
            return None
        room = self._terms.room(state.key, order.side, price)
        if room is not None and order.quantity > room:
            raise CommandRefused(f"{state.key} lets the account add {room} at most at the leverage in force")
        currency, amount = self._accounts.need(instrument, order.side, order.quantity, price)
        free = self._accounts.free(instrument.venue, currency)
        if instrument.kind is InstrumentKind.SPOT and order.side is Side.SELL:
            held = (self._accounts.lots.quantity(trade, state.key) for trade in self._execution.trades)
            free -= sum((quantity for quantity in held if quantity > 0), ZERO) * instrument.unit
        if free < amount:
            what = "free and held by no trade" if order.side is Side.SELL else "free"
            raise CommandRefused(f"it needs {amount} {currency} on {instrument.venue}, and {max(free, ZERO)} is {what}")
        return currency, amount

    def _require_position(self, instrument: Instrument, order: OrderRequest) -> None:
        net = self._accounts.lots.net.get(instrument.key, ZERO)
        spot = instrument.kind is InstrumentKind.SPOT
        if spot or net * order.side.sign >= 0 or abs(net) < order.quantity:
            raise CommandRefused(f"a {order.side} of {order.quantity} reduces no position: {instrument.key} has {net}")

    def _intent(self, route: Route, order: OrderRequest, price: Decimal) -> Intent:
        state, now = route.legs[0].state, self._outbox.now
        leg = IntentLeg(
            instrument=state.key,
            side=order.side,
            quantity=order.quantity,
            price=price,
            touch=state.touch(order.side),
            quote_age_ns=now - state.recv_ts,
        )
        if self._execution.crosses((leg,)):
            raise CommandRefused(f"it would trade with an order of this session that rests on {state.key}")
        name = self._next_id()
        return Intent(
            id=name,
            trade=name,
            strategy=BY_HAND,
            route=route.spec.id,
            symbol=route.spec.symbol,
            kind=IntentKind.UNWIND if order.reduce_only else IntentKind.ENTRY,
            forward=order.side is Side.BUY,
            legs=(leg,),
            edge_bps=0.0,
            notional=notional(route, (leg,)),
            reason=BY_HAND,
            rates=route.rates_used(now),
            decided_at=now,
        )

    def _approve(self, intent: Intent) -> ApprovedIntent:
        if intent.kind is IntentKind.UNWIND:
            return approve_reduction(intent)
        outcome = self._deciding.assess(intent)
        if isinstance(outcome, Refusal):
            self._deciding.refused(outcome)
            verdict = outcome.verdict
            raise CommandRefused(f"risk {outcome.tier}: {verdict.kind}, {verdict.reason} {verdict.detail}".rstrip())
        return outcome

    def _send(
        self, approved: ApprovedIntent, route: Route, sent: OrderRequest, reserved: tuple[str, Decimal] | None
    ) -> None:
        intent, venue = approved.intent, route.legs[0].state.instrument.venue
        trade = LiveTrade(intent, route, 0.0)
        trade.grows = False
        live = LiveIntent(intent, trade, (0,))
        self._execution.trades[trade.id] = trade
        self._execution.intents[intent.id] = live
        if reserved is not None:
            self._accounts.reserve(venue, *reserved)
        self._outbox.emit(TradeOpened(trade=trade.view(self._accounts)), trade.id)
        self._outbox.emit(IntentApproved(intent=intent, asked_notional=approved.asked_notional), intent.id)
        event = OrderIntended(order=sent, venue=venue, intent=intent.id, leg=0, attempt=0)
        cause = self._outbox.emit(event, sent.client_order_id)
        order = LiveOrder(sent, venue, live, 0, cause, reserved, self._outbox.now)
        live.orders.append(order)
        self._execution.orders[order.id] = order
        self._outbox.effect(Submit(venue, sent))
        self._deciding.note_opened()
