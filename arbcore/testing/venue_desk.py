"""A simulated venue with the loop around it: time, delayed reports, and a fold of everything that was reported."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from arbcore.model.input import AccountSnapshot, FundingPayment, VenueReport
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.market import InstrumentInput, Quote
from arbcore.model.money import EXACT, ZERO, add, multiply, subtract
from arbcore.model.order import TERMINAL, Fill, OrderReport, OrderRequest, OrderState, Side, may_become
from arbcore.model.position import PositionReport
from arbcore.model.reason import Reason
from arbcore.ports.venue import SimVenue

_LATEST: Final = 4
"""Orders, the latest ones, that every venue must remember, whether they have ended or not."""


def news_of(news: Sequence[VenueReport]) -> tuple[list[Fill], list[OrderReport]]:
    """Return the fills and the reports among what a venue told."""
    return [one for one in news if isinstance(one, Fill)], [one for one in news if isinstance(one, OrderReport)]


class Fold:
    """Balances, positions and orders as they follow from reports alone, apart from any venue's own books.

    Positions are kept lot by lot, the oldest first: another way to the same numbers than sums and averages.

    Args:
        instruments: Every instrument.
        balances: Opening balances.
    """

    def __init__(self, instruments: Sequence[Instrument], balances: Mapping[str, Decimal]) -> None:
        self._instruments = {one.key: one for one in instruments}
        self.coins = {one.base for one in instruments if one.kind is InstrumentKind.SPOT}
        self.cash = dict(balances)
        self.lots: dict[str, list[Decimal]] = {}
        self.sides: dict[str, Side] = {}
        self.orders: dict[str, OrderRequest] = {}
        self.states: dict[str, OrderState] = {}
        self.filled: dict[str, Decimal] = {}
        self.fill_ids: set[str] = set()
        self.payment_ids: set[str] = set()

    def send(self, order: OrderRequest) -> None:
        """Note an order as it leaves; an id that was used before changes nothing."""
        if order.client_order_id not in self.orders:
            self.orders[order.client_order_id] = order
            self.states[order.client_order_id] = OrderState.SUBMITTED
            self.filled[order.client_order_id] = ZERO

    def take(self, report: VenueReport) -> None:
        """Add a report, once it is found to be possible after those before it."""
        if isinstance(report, Fill):
            self._take_fill(report)
        elif isinstance(report, OrderReport):
            self._take_state(report)
        elif isinstance(report, FundingPayment):
            assert report.payment_id not in self.payment_ids, "a settlement was paid twice"
            self.payment_ids.add(report.payment_id)
            self._move(report.currency, report.amount)

    def positions(self) -> tuple[PositionReport, ...]:
        """Return the open positions by instrument key."""
        return tuple(self._position(key, prices) for key, prices in sorted(self.lots.items()) if prices)

    def _position(self, key: str, prices: list[Decimal]) -> PositionReport:
        instrument, sign = self._instruments[key], Decimal(self.sides[key].sign)
        step = multiply(sign, instrument.lot)
        entry = sum(prices, ZERO)
        return PositionReport(
            instrument=key,
            quantity=multiply(step, Decimal(len(prices))),
            entry_value=multiply(multiply(entry, step), instrument.contract_size),
        )

    def _take_state(self, report: OrderReport) -> None:
        if report.reason == Reason.ORDER_DUPLICATE_ID:
            return
        before = self.states[report.client_order_id]
        assert before not in TERMINAL, f"{report.client_order_id} moved on from {before}"
        assert may_become(before, report.state), f"{before} to {report.state}"
        assert report.filled == self.filled[report.client_order_id], "the report counts other fills than were told"
        whole = report.filled > 0 and report.filled == self.orders[report.client_order_id].quantity
        assert whole == (report.state is OrderState.FILLED)
        refused = report.state in {OrderState.REJECTED, OrderState.EXPIRED}
        assert not refused or report.reason, "a refusal or an expiry without a reason"
        self.states[report.client_order_id] = report.state

    def _take_fill(self, fill: Fill) -> None:
        order, instrument = self.orders[fill.client_order_id], self._instruments[fill.instrument]
        assert self.states[fill.client_order_id] not in TERMINAL, "a fill of an order that had ended"
        assert (fill.instrument, fill.side) == (order.instrument, order.side)
        assert fill.fill_id not in self.fill_ids, "a fill id was given twice"
        assert fill.quantity > 0
        assert fill.quantity % instrument.lot == 0
        assert instrument.ticks.holds(fill.price)
        if order.price is not None:
            worse = fill.price > order.price if order.side is Side.BUY else fill.price < order.price
            assert not worse, "beyond the worst price"
        self.fill_ids.add(fill.fill_id)
        self.filled[fill.client_order_id] = add(self.filled[fill.client_order_id], fill.quantity)
        assert self.filled[fill.client_order_id] <= order.quantity, "more than ordered"
        self._book(fill, instrument)

    def _book(self, fill: Fill, instrument: Instrument) -> None:
        value = multiply(multiply(fill.quantity, instrument.contract_size), fill.price)
        rate = instrument.fees.maker if fill.liquidity == "maker" else instrument.fees.taker
        if fill.fee_currency == instrument.settlement:
            assert fill.fee == multiply(value, rate), "the fee is not value times rate"
        self._move(fill.fee_currency, EXACT.minus(fill.fee))
        sign = Decimal(fill.side.sign)
        if instrument.kind is InstrumentKind.SPOT:
            self._move(instrument.base, multiply(multiply(fill.quantity, instrument.unit), sign))
            self._move(instrument.quote, EXACT.minus(multiply(value, sign)))
        else:
            self._move(instrument.settlement, self._trade(fill, instrument))

    def _trade(self, fill: Fill, instrument: Instrument) -> Decimal:
        """Open or close lots one by one; return the profit of what was closed."""
        lots = self.lots.setdefault(fill.instrument, [])
        profit = ZERO
        for _ in range(int(fill.quantity / instrument.lot)):
            if lots and self.sides[fill.instrument] is not fill.side:
                gained = multiply(subtract(fill.price, lots.pop(0)), Decimal(-fill.side.sign))
                profit = add(profit, multiply(multiply(gained, instrument.lot), instrument.contract_size))
            else:
                self.sides[fill.instrument] = fill.side
                lots.append(fill.price)
        return profit

    def _move(self, currency: str, amount: Decimal) -> None:
        self.cash[currency] = add(self.cash.get(currency, ZERO), amount)


class Desk:
    """Drives a venue as the runtime's loop does: what is due before an input is delivered before it.

    Args:
        venue: The venue.
        instruments: What it lists.
        balances: Its opening balances.
        sparing: Whether quotes that the venue does not watch are kept back, as the runtime does.
    """

    def __init__(
        self,
        venue: SimVenue,
        instruments: Sequence[Instrument],
        balances: Mapping[str, Decimal],
        *,
        sparing: bool = False,
    ) -> None:
        self.venue = venue
        self.now = 1
        self._sparing = sparing
        self._kept: dict[str, Quote] = {}
        self.fold = Fold(instruments, balances)
        self.opening_snapshots: list[AccountSnapshot] = []
        for instrument in instruments:
            venue.list_instrument(instrument)

    def market(self, item: InstrumentInput) -> list[VenueReport]:
        """Deliver market data at its receive time, or keep a quote back that does not matter."""
        found = self._until(item.recv_ts - 1)
        self.now = max(self.now, item.recv_ts)
        if self._sparing and type(item) is Quote and not self.venue.watches(item.instrument):
            self._kept[item.instrument] = item
            return found
        self._hand_over(item.instrument)
        return [*found, *self._taken(self.venue.on_market(item))]

    def submit(self, order: OrderRequest) -> list[VenueReport]:
        """Send an order now."""
        self.fold.send(order)
        self._hand_over(order.instrument)
        return self._taken(self.venue.submit(order, self.now))

    def cancel(self, client_order_id: str) -> list[VenueReport]:
        """Send a cancel now."""
        if client_order_id in self.fold.orders:
            self._hand_over(self.fold.orders[client_order_id].instrument)
        return self._taken(self.venue.cancel(client_order_id, self.now))

    def settle(self) -> list[VenueReport]:
        """Let time pass until nothing is on its way."""
        found: list[VenueReport] = []
        while (due := self.venue.next_time()) is not None:
            found.extend(self._until(due))
        return found

    def order(self, order: OrderRequest) -> list[VenueReport]:
        """Send an order and wait for everything that it causes."""
        return [*self.submit(order), *self.settle()]

    def balance(self, currency: str) -> tuple[Decimal, Decimal]:
        """Return what the venue says is owned and locked."""
        for balance in self.venue.snapshot(self.now).balances:
            if balance.currency == currency:
                return balance.total, balance.locked
        return ZERO, ZERO

    def check(self) -> None:
        """Hold the venue's own statement to the fold of its reports, where nothing is on its way."""
        snapshot = self.venue.snapshot(self.now)
        for balance in snapshot.balances:
            assert ZERO <= balance.locked <= max(balance.total, ZERO), f"locked {balance.locked} of {balance.total}"
        for coin in self.fold.coins:
            assert self.balance(coin)[0] >= 0, f"{coin} was sold that nobody owned"
        if self.venue.next_time() is None:
            stated = {one.currency: one.total for one in snapshot.balances}
            assert stated == {currency: amount for currency, amount in self.fold.cash.items() if amount}
            assert snapshot.positions == self.fold.positions()
            self._check_orders()

    def _check_orders(self) -> None:
        """Hold what the venue answers about orders to what it reported of them."""
        listed = {one.client_order_id: one for one in self.venue.open_orders()}
        states = self.fold.states
        assert set(listed) == {name for name, state in states.items() if state not in TERMINAL}, "open orders"
        for name in [*listed, *list(states)[-_LATEST:]]:
            fills, reports = news_of(self.venue.look_up(name, self.now))
            assert len(reports) == 1, f"{len(reports)} reports of {name} were looked up"
            assert (reports[0].state, reports[0].filled) == (states[name], self.fold.filled[name])
            assert sum((fill.quantity for fill in fills), ZERO) == self.fold.filled[name]
            assert {fill.fill_id for fill in fills} <= self.fold.fill_ids, "a fill got another id"
            assert name not in listed or listed[name].filled == self.fold.filled[name]

    def _until(self, time: int) -> list[VenueReport]:
        found: list[VenueReport] = []
        while (due := self.venue.next_time()) is not None and due <= time:
            self.now = max(self.now, due)
            found.extend(self._taken(self.venue.advance(due)))
        return found

    def _taken(self, reports: Sequence[VenueReport]) -> list[VenueReport]:
        for report in reports:
            assert report.recv_ts == self.now, f"a report for {report.recv_ts} came at {self.now}"
            self.fold.take(report)
        for instrument in [key for key in self._kept if self.venue.watches(key)]:
            self._hand_over(instrument)
        return list(reports)

    def _hand_over(self, instrument: str) -> None:
        quote = self._kept.pop(instrument, None)
        if quote is not None:
            assert not self.venue.on_market(quote), "a quote that was not watched had something to report"
