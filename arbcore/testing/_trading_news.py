"""What a real venue told while it ran, held at once to the rules that every report must keep."""

from collections import defaultdict
from decimal import Decimal

from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.money import ZERO, add, total
from arbcore.model.order import (
    TERMINAL,
    Fill,
    OrderOrigin,
    OrderReport,
    OrderRequest,
    OrderState,
    Side,
    may_become,
)
from arbcore.model.state import ConnectionState
from arbcore.ports.trading import VenueItem

_BY_VENUE = frozenset({OrderOrigin.LIQUIDATION, OrderOrigin.ADL, OrderOrigin.SETTLEMENT})


class News:
    """Everything that `run` told, in order, and what is wrong with it.

    Reports are judged when they come, and what is wrong is kept for the test to raise: a venue must not be able to
    swallow it.

    Args:
        secrets: Texts that nothing may show.

    Attributes:
        items: What was told, in order.
        wrong: What breaks a rule, one line each.
        sent: Orders sent by the suite, by client id.
        states: Latest known state by client id, answers of calls included.
        fills: Fills that were told, by client id (the venue's where there is none).
        foreign: Reports of orders that are not ours.
    """

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self._secrets = secrets
        self.items: list[VenueItem] = []
        self.wrong: list[str] = []
        self.sent: dict[str, OrderRequest] = {}
        self.states: dict[str, OrderState] = {}
        self.counted: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self.fills: dict[str, list[Fill]] = defaultdict(list)
        self.foreign: list[OrderReport | Fill] = []
        self._fill_ids: set[str] = set()
        self._told: dict[str, tuple[OrderState, Decimal]] = {}

    def take(self, item: VenueItem) -> None:
        """Add what `run` told."""
        self.items.append(item)
        self._hold_back_secrets(item)
        if isinstance(item, Fill):
            self._take_fill(item)
        elif isinstance(item, OrderReport):
            self._take_report(item)
        elif isinstance(item, AccountSnapshot | AccountUpdate):
            self._take_balances(item)

    def answer(self, report: OrderReport) -> None:
        """Add what a call answered. The stream may have overtaken it, so an older answer is no fault."""
        self._hold_back_secrets(report)
        if not self._goes_back(report):
            self._note(report)

    def filled(self, client_order_id: str) -> Decimal:
        """Return the sum of the fills that were told of an order."""
        return total(fill.quantity for fill in self.fills[client_order_id])

    def reports(self, client_order_id: str) -> list[OrderReport]:
        """Return what `run` reported of an order."""
        return [
            item for item in self.items if isinstance(item, OrderReport) and item.client_order_id == client_order_id
        ]

    def ended(self, client_order_id: str) -> bool:
        """Tell whether an order has ended and all that it filled was told."""
        done = self.states.get(client_order_id) in TERMINAL
        return done and self.filled(client_order_id) == self.counted[client_order_id]

    def connections(self, first: int = 0) -> dict[str, list[ConnectionState]]:
        """Return the states of every connection, in order, of what was told from a place on."""
        found: dict[str, list[ConnectionState]] = defaultdict(list)
        for item in self.items[first:]:
            if isinstance(item, ConnectionChanged):
                found[item.connection].append(item.state)
        return found

    def balances(self) -> dict[str, Decimal]:
        """Return the balances as snapshots and updates leave them, without those that are zero."""
        found: dict[str, Decimal] = {}
        for item in self.items:
            if isinstance(item, AccountSnapshot):
                found = {}
            if isinstance(item, AccountSnapshot | AccountUpdate):
                found |= {one.currency: one.total for one in item.balances}
        return {currency: amount for currency, amount in found.items() if amount}

    def _take_fill(self, fill: Fill) -> None:
        if fill.fill_id in self._fill_ids:
            self.wrong.append(f"the fill {fill.fill_id} was told twice")
            return
        self._fill_ids.add(fill.fill_id)
        if not fill.fee_currency or not fill.fee.is_finite():
            self.wrong.append(f"the fill {fill.fill_id} has no fee with a currency")
        if not self._is_ours(fill):
            self.foreign.append(fill)
            return
        self.fills[fill.client_order_id].append(fill)
        self._judge(fill, self.sent[fill.client_order_id])

    def _judge(self, fill: Fill, order: OrderRequest) -> None:
        name = f"the fill {fill.fill_id}"
        if (fill.instrument, fill.side) != (order.instrument, order.side):
            self.wrong.append(f"{name} is of another instrument or side than its order")
        if fill.quantity <= 0 or fill.price <= 0:
            self.wrong.append(f"{name} has no quantity or price")
        if order.price is not None and (fill.price - order.price) * order.side.sign > 0:
            self.wrong.append(f"{name} is beyond the worst price {order.price}")
        if order.cost is None and self.filled(fill.client_order_id) > order.quantity:
            self.wrong.append(f"{name} fills more than was ordered")

    def _take_report(self, report: OrderReport) -> None:
        if not self._is_ours(report):
            self.foreign.append(report)
            return
        name, now = report.client_order_id, (report.state, report.filled)
        before = self._told.get(name, (OrderState.SUBMITTED, ZERO))
        if before == now and report.state is not OrderState.ACKNOWLEDGED:
            self.wrong.append(f"{name}: {report.state} with {report.filled} filled was told twice")
        elif before[0] is not report.state and not may_become(before[0], report.state):
            self.wrong.append(f"{name}: it goes back from {before[0]} to {report.state}")
        elif report.filled < before[1]:
            self.wrong.append(f"{name}: it counts {report.filled} as filled after {before[1]}")
        self._told[name] = now
        self._judge_report(report, self.sent[name])
        if not self._goes_back(report):
            self._note(report)

    def _judge_report(self, report: OrderReport, order: OrderRequest) -> None:
        name = report.client_order_id
        if report.state is OrderState.PARTIALLY_FILLED and not report.filled:
            self.wrong.append(f"{name}: partially filled with nothing")
        # A venue may cut what only reduces to the position, and call that filled.
        is_fixed = order.cost is None and not order.reduce_only
        if report.state is OrderState.FILLED and is_fixed and report.filled != order.quantity:
            self.wrong.append(f"{name}: filled, and counts {report.filled} of {order.quantity}")
        if report.state in {OrderState.REJECTED, OrderState.EXPIRED} and not report.reason:
            self.wrong.append(f"{name}: {report.state} without a reason")

    def _goes_back(self, report: OrderReport) -> bool:
        """Tell whether more is known already than a report or answer says."""
        before = self.states.get(report.client_order_id, OrderState.SUBMITTED)
        moves = before is report.state or may_become(before, report.state)
        return not moves or report.filled < self.counted[report.client_order_id]

    def _note(self, report: OrderReport) -> None:
        self.states[report.client_order_id] = report.state
        self.counted[report.client_order_id] = report.filled

    def _is_ours(self, item: OrderReport | Fill) -> bool:
        known = item.client_order_id in self.sent
        if known and item.origin is not OrderOrigin.OURS:
            self.wrong.append(f"{item.client_order_id} is ours and was told as {item.origin}")
        if not known and item.origin is OrderOrigin.OURS:
            name = item.client_order_id or item.venue_order_id
            self.wrong.append(f"{name} was told as ours, and the suite never sent it")
        return known

    def _take_balances(self, item: AccountSnapshot | AccountUpdate) -> None:
        for balance in item.balances:
            if balance.locked is not None and not ZERO <= balance.locked <= max(balance.total, ZERO):
                self.wrong.append(f"{balance.currency}: {balance.locked} locked of {balance.total}")

    def _hold_back_secrets(self, item: object) -> None:
        if shown := shown_secret(repr(item), self._secrets):
            self.wrong.append(f"a {type(item).__name__} shows a secret ({shown[:2]}...)")


def shown_secret(text: str, secrets: tuple[str, ...]) -> str:
    """Return the first secret that a text shows, empty for none."""
    return next((secret for secret in secrets if secret in text), "")


def moved(fills: list[Fill], base: str, quote: str, unit: Decimal = Decimal(1)) -> dict[str, Decimal]:
    """Return by how much spot fills change the balances, by currency, to the last digit."""
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for fill in fills:
        sign = 1 if fill.side is Side.BUY else -1
        found[base] = add(found[base], fill.quantity * unit * sign)
        found[quote] = add(found[quote], -fill.quantity * fill.price * sign)
        found[fill.fee_currency] = add(found[fill.fee_currency], -fill.fee)
    return dict(found)
