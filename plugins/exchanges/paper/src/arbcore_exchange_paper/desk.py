"""The order desk: accepts orders, lets them meet the fill model, and books what they get."""

from collections.abc import Sequence
from decimal import Decimal

from arbcore.model.input import VenueReport
from arbcore.model.money import EXACT, ZERO
from arbcore.model.order import OrderReport, OrderRequest, OrderState, OrderType, Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore.ports.fill import Execution, FillModel
from arbcore_exchange_paper.account import Account
from arbcore_exchange_paper.checks import Refusal, check_shape, price_of
from arbcore_exchange_paper.market import Market
from arbcore_exchange_paper.working import Working

_RESTS = frozenset({TimeInForce.GTC, TimeInForce.POST_ONLY})


class OrderDesk:
    """Working orders of one venue.

    Args:
        venue: Id of the exchange, the prefix of its order ids.
        account: The account that pays.
        fill_model: Matches the orders.

    Attributes:
        working: Orders that have not ended, by client order id.
        waiting: Those that the next opening decides, by instrument, in the order of arrival.
        accepted: Number of orders accepted so far.
    """

    def __init__(self, venue: str, account: Account, fill_model: FillModel) -> None:
        self._venue = venue
        self._account = account
        self._fill_model = fill_model
        self.working: dict[str, Working] = {}
        self.waiting: dict[str, list[Working]] = {}
        self.accepted = 0

    def take(self, order: OrderRequest, market: Market, now: int) -> Sequence[VenueReport]:
        """Refuse an order, or accept and match it."""
        touch = self._fill_model.touch(market.key)
        refusal = check_shape(order, market, touch)
        if refusal is None:
            working = self._prepare(order, market, touch)
            refusal = self._check_funds(working, market)
        if refusal is not None:
            return (refusal.report(order, now),)
        self.accepted += 1
        working.venue_order_id, working.accepted_at = f"{self._venue}-{self.accepted}", now
        self.working[order.client_order_id] = working
        reports: list[VenueReport] = [working.report(OrderState.ACKNOWLEDGED, now)]
        self._match(working, market, now, reports, Reason.BOOK_INVALID)
        return reports

    def retry(self, market: Market, now: int, reports: list[VenueReport]) -> None:
        """Let the orders that waited meet the market as it is now."""
        for working in self.waiting.pop(market.key, ()):
            working.waiting = False
            self._match(working, market, now, reports, Reason.DATA_GAP)

    def expire_waiting(self, instrument: str, now: int, reason: str) -> list[VenueReport]:
        """End the orders that waited for an opening that will not come."""
        return [self.end(one, OrderState.EXPIRED, now, reason) for one in list(self.waiting.get(instrument, ()))]

    def fill_resting(self, execution: Execution, market: Market, now: int, reports: list[VenueReport]) -> None:
        """Book an execution of a resting order."""
        working = self.working[execution.client_order_id]
        self._release(working)
        if not self._book(working, market, execution, self._allowed(working, market), now, reports):
            return
        if self._allowed(working, market):
            self._hold(working, market)
            reports.append(working.report(OrderState.PARTIALLY_FILLED, now))
        else:
            reports.append(self._finish(working, now, Reason.ORDER_INSUFFICIENT_BALANCE))

    def end(self, working: Working, state: OrderState, now: int, reason: str = "") -> OrderReport:
        """End an order: free what it holds back, take it out of the book, and report its state."""
        self._release(working)
        instrument = working.order.instrument
        del self.working[working.order.client_order_id]
        self._fill_model.remove(working.order.client_order_id)
        if working.waiting:
            self.waiting[instrument].remove(working)
            if not self.waiting[instrument]:
                del self.waiting[instrument]
        return working.report(state, now, reason)

    def restore(self, account: Account, working: list[Working], accepted: int) -> None:
        """Take over an account and the orders that were at work."""
        self._account = account
        self.working = {one.order.client_order_id: one for one in working}
        self.waiting = {}
        for one in working:
            if one.waiting:
                self.waiting.setdefault(one.order.instrument, []).append(one)
        self.accepted = accepted

    def _prepare(self, order: OrderRequest, market: Market, touch: tuple[float, float] | None) -> Working:
        price = price_of(order, market, touch) or ZERO
        if market.is_spot or order.reduce_only:
            return Working(order, order.quantity, ZERO, price)
        if order.side is Side.SELL and touch is not None:
            # A short's margin counts its selling price, and it may sell above its limit.
            price = max(price, market.place(touch, Side.SELL))
        opened = self._account.opened(market, order.side, order.quantity, self._claimed(order))
        return Working(order, order.quantity, opened, price)

    def _claimed(self, order: OrderRequest) -> Decimal:
        """Return the part of the opposite position that other orders of the same side are going to close."""
        claimed = ZERO
        for one in self.working.values():
            if one.order.instrument == order.instrument and one.order.side is order.side:
                claimed = EXACT.add(claimed, one.closing)
        return claimed

    def _check_funds(self, working: Working, market: Market) -> Refusal | None:
        order = working.order
        if order.reduce_only:
            allowed = self._allowed(working, market)
            if not allowed or (order.time_in_force is TimeInForce.FOK and allowed < order.quantity):
                detail = f"{market.key} holds {allowed:f} to reduce"
                return Refusal(Reason.ORDER_NOTHING_TO_REDUCE, detail)
        # What closes a perpetual position needs nothing.
        if not market.is_spot and not working.opened:
            return None
        for currency, amount in working.needs(market):
            free = self._account.free(currency)
            if amount and free < amount:
                return Refusal(Reason.ORDER_INSUFFICIENT_BALANCE, f"needs {amount:f} {currency}, {free:f} are free")
        return None

    def _allowed(self, working: Working, market: Market) -> Decimal:
        """Return what an order may still execute: a reduce-only order no more than the position it reduces."""
        left = working.left
        if not working.order.reduce_only:
            return left
        if market.is_spot:
            return ZERO if working.order.side is Side.BUY else left
        position = self._account.positions.get(market.key)
        return ZERO if position is None else min(left, position.opposite(working.order.side.sign))

    def _match(self, working: Working, market: Market, now: int, reports: list[VenueReport], blind: Reason) -> None:
        """Let an order meet the market; ``blind`` is the reason where there is none to meet."""
        allowed = self._allowed(working, market)
        executions = self._fill_model.execute(working.order, allowed, now)
        if executions is None:
            working.waiting = True
            self.waiting.setdefault(market.key, []).append(working)
            self._hold(working, market)
            return
        self._release(working)
        for execution in executions:
            if not self._book(working, market, execution, allowed, now, reports):
                return
            allowed = self._allowed(working, market)
        if allowed and working.order.time_in_force in _RESTS and working.order.type is OrderType.LIMIT:
            self._fill_model.rest(working.order, allowed, now)
            self._hold(working, market)
            if working.filled:
                reports.append(working.report(OrderState.PARTIALLY_FILLED, now))
            return
        reports.append(self._finish(working, now, self._why_unfilled(market, allowed, blind)))

    def _why_unfilled(self, market: Market, left: Decimal, blind: Reason) -> Reason:
        if not left:
            return Reason.ORDER_INSUFFICIENT_BALANCE
        return Reason.ORDER_NO_LIQUIDITY if self._fill_model.touch(market.key) is not None else blind

    def _book(
        self,
        working: Working,
        market: Market,
        execution: Execution,
        allowed: Decimal,
        now: int,
        reports: list[VenueReport],
    ) -> bool:
        """Book one execution up to what is allowed; end the order and return False where the account can't carry it."""
        price = execution.price
        quantity = min(execution.quantity, allowed)
        if not quantity or not self._is_covered(working, market, quantity, price):
            reports.append(self.end(working, OrderState.EXPIRED, now, Reason.ORDER_INSUFFICIENT_BALANCE))
            return False
        value = market.value(quantity, price)
        fee = market.fee(value, quantity, market.rates[execution.liquidity])
        fill = working.fill(market, execution, quantity, fee, now)
        self._account.trade(market, fill, value)
        reports.append(fill)
        return True

    def _is_covered(self, working: Working, market: Market, quantity: Decimal, price: Decimal) -> bool:
        # The check at the door held for this price and any lower one: a buy costs no more, a short needs no more.
        if working.checked and price <= working.price:
            return True
        side = working.order.side
        opened = self._account.opened(market, side, quantity)
        return self._account.covers(market.needs(side, quantity, price, opened))

    def _finish(self, working: Working, now: int, reason: Reason) -> OrderReport:
        if not working.left:
            return self.end(working, OrderState.FILLED, now)
        return self.end(working, OrderState.EXPIRED, now, reason)

    def _hold(self, working: Working, market: Market) -> None:
        self._release(working)
        working.checked = False
        working.reserved = working.needs(market)
        self._account.reserve(working.reserved)

    def _release(self, working: Working) -> None:
        if working.reserved:
            self._account.release(working.reserved)
            working.reserved = ()
