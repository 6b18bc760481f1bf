"""A simulated venue that does with each order what a test says: fill, part, refuse, delay, repeat, or say nothing."""

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from heapq import heappop, heappush
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from arbcore.model.account import OpenOrder
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.input import AccountSnapshot, VenueReport
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.market import MarketInput, Quote
from arbcore.model.money import ZERO, add, multiply, subtract
from arbcore.model.order import Fill, OrderReport, OrderRequest, OrderState, Side
from arbcore.model.position import Balance, PositionReport
from arbcore.model.reason import Reason


class Outcome(Struct, frozen=True, kw_only=True):
    """What becomes of one order.

    Attributes:
        share: Part of its quantity that fills, cut to the lot.
        refused: Reason code of a rejection; empty for an order that is taken.
        silent: True where nothing is ever said of it, and nothing fills.
        rests: True where it stays open until it is cancelled.
        delay_ns: Time until its fill and its end are reported.
        late_ns: Time from the report of its end, which then counts nothing as filled, to its fill.
        twice: True where its fill is reported a second time.
        at_limit: True where it fills at its limit instead of the touch.
    """

    share: Decimal = Decimal(1)
    refused: str = ""
    silent: bool = False
    rests: bool = False
    delay_ns: int = 0
    late_ns: int = 0
    twice: bool = False
    at_limit: bool = False


WHOLE: Final = Outcome()
"""It fills at once, at the touch."""
NONE: Final = Outcome(share=ZERO)
"""It is taken and expires without a fill."""
REFUSED: Final = Outcome(refused=Reason.ORDER_INSUFFICIENT_BALANCE)
"""It is refused."""
SILENT: Final = Outcome(silent=True)
"""The venue never answers."""
TWICE: Final = Outcome(twice=True)
"""It fills, and the fill is told twice."""


def part(share: str) -> Outcome:
    """Return the outcome of an order of which a share fills at once; the rest expires."""
    return Outcome(share=Decimal(share))


class Books:
    """What the venue owns: cash by currency, and of each perpetual the sums of what was traded.

    Nothing is matched lot by lot, so that these books are another way to the value that a ledger finds.

    Args:
        balances: Opening balances.
    """

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        self.cash = dict(balances)
        self.traded: dict[str, tuple[Decimal, Decimal]] = {}

    def move(self, currency: str, amount: Decimal) -> None:
        """Credit an amount, or debit a negative one."""
        self.cash[currency] = add(self.cash.get(currency, ZERO), amount)

    def book(self, instrument: Instrument, fill: Fill) -> None:
        """Book a fill and its fee."""
        sign = Decimal(fill.side.sign)
        value = multiply(multiply(fill.quantity, instrument.contract_size), multiply(fill.price, sign))
        self.move(fill.fee_currency, subtract(ZERO, fill.fee))
        if instrument.kind is InstrumentKind.SPOT:
            self.move(instrument.quote, subtract(ZERO, value))
            self.move(instrument.base, multiply(multiply(fill.quantity, instrument.unit), sign))
            return
        quantity, entry = self.traded.pop(instrument.key, (ZERO, ZERO))
        quantity, entry = add(quantity, multiply(fill.quantity, sign)), add(entry, value)
        if quantity:
            self.traded[instrument.key] = (quantity, entry)
        else:
            self.move(instrument.settlement, subtract(ZERO, entry))


class ScriptedVenue:
    """A `arbcore.ports.venue.SimVenue` that follows a script. It checks no balance and no grid.

    Args:
        name: Exchange instance id that it stands for.
        instruments: What it lists.
        balances: Opening balances by currency.
        fee_rates: Units of a fee currency for one unit of the quote currency, for fees in a third coin.

    Attributes:
        script: Outcomes of the next orders, in order; an order beyond them gets `otherwise`.
        otherwise: May be set.
        orders: Every order that arrived.
        cancels: Every cancel that arrived, by client order id.
        books: What it owns.
    """

    def __init__(
        self,
        name: str,
        instruments: Sequence[Instrument],
        balances: Mapping[str, Decimal],
        fee_rates: Mapping[str, Decimal] | None = None,
    ) -> None:
        self._name = name
        self._instruments = {one.key: one for one in instruments}
        self._fee_rates = dict(fee_rates or {})
        self._quotes: dict[str, Quote] = {}
        self._open: dict[str, tuple[OrderRequest, Outcome]] = {}
        self._queue: list[tuple[int, int, VenueReport, bool]] = []
        self._number = 0
        self._states: dict[str, OrderReport] = {}
        self._fills: dict[str, dict[str, Fill]] = {}
        self.script: deque[Outcome] = deque()
        self.otherwise = WHOLE
        self.orders: list[OrderRequest] = []
        self.cancels: list[str] = []
        self.books = Books(balances)

    def list_instrument(self, instrument: Instrument) -> None:
        """Make an instrument known."""
        self._instruments[instrument.key] = instrument

    def on_market(self, item: MarketInput) -> Sequence[VenueReport]:
        """Remember a touch."""
        if isinstance(item, Quote):
            self._quotes[item.instrument] = item
        return ()

    def watches(self, instrument: str) -> bool:
        """Ask for every quote."""
        return True

    def submit(self, order: OrderRequest, now: int) -> Sequence[VenueReport]:
        """Take an order and do what the script says."""
        self.orders.append(order)
        outcome = self.script.popleft() if self.script else self.otherwise
        if outcome.silent:
            return ()
        if outcome.refused:
            self._push(_report(order, OrderState.REJECTED, now, reason=outcome.refused), now)
            return self.advance(now)
        self._push(_report(order, OrderState.ACKNOWLEDGED, now), now)
        if outcome.rests:
            self._open[order.client_order_id] = (order, outcome)
        else:
            self._finish(order, outcome, now + outcome.delay_ns, OrderState.EXPIRED)
        return self.advance(now)

    def cancel(self, client_order_id: str, now: int) -> Sequence[VenueReport]:
        """Cancel an order that rests; say nothing of others."""
        self.cancels.append(client_order_id)
        order, outcome = self._open.pop(client_order_id, (None, WHOLE))
        if order is not None:
            self._finish(order, outcome, now + outcome.delay_ns, OrderState.CANCELLED)
        return self.advance(now)

    def look_up(self, client_order_id: str, now: int) -> Sequence[OrderReport | Fill]:
        """Return the fills that were told of an order, and its state with all of them counted."""
        report = self._states.get(client_order_id)
        if report is None:
            return ()
        fills = [replace(fill, recv_ts=now) for fill in self._fills.get(client_order_id, {}).values()]
        filled = sum((fill.quantity for fill in fills), ZERO)
        whole = any(filled == one.quantity for one in self.orders if one.client_order_id == client_order_id)
        state = OrderState.FILLED if whole else report.state
        return (*fills, replace(report, state=state, filled=filled, recv_ts=now))

    def open_orders(self) -> Sequence[OpenOrder]:
        """Return the orders that rest."""
        return [_listed(order, self._states[name].ts) for name, (order, _) in self._open.items()]

    def next_time(self) -> int | None:
        """Return when it next has something to report."""
        return self._queue[0][0] if self._queue else None

    def advance(self, now: int) -> Sequence[VenueReport]:
        """Return the reports that are due, and book their fills."""
        due: list[VenueReport] = []
        while self._queue and self._queue[0][0] <= now:
            _, _, report, first = heappop(self._queue)
            if isinstance(report, Fill) and first:
                self.books.book(self._instruments[report.instrument], report)
            self._remember(report)
            due.append(report)
        return due

    def report_later(self, report: VenueReport, at: int) -> None:
        """Report something at a time; the venue's books do not follow it."""
        self._push(report, at, first=False)

    def snapshot(self, now: int) -> AccountSnapshot:
        """Return balances and positions."""
        cash = sorted(self.books.cash.items())
        return AccountSnapshot(
            venue=self._name,
            balances=tuple(Balance(venue=self._name, currency=code, total=total) for code, total in cash if total),
            positions=tuple(
                PositionReport(instrument=key, quantity=quantity, entry_value=entry)
                for key, (quantity, entry) in sorted(self.books.traded.items())
            ),
            ts=now,
            recv_ts=now,
        )

    def state(self) -> bytes:
        """Return nothing: a script is not restored."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take nothing over."""

    def adopt(self, account: AccountSnapshot) -> None:
        """Take over balances and positions."""
        self._queue.clear()
        self._open.clear()
        self.books.cash = {held.currency: held.total for held in account.balances}
        self.books.traded = {held.instrument: (held.quantity, held.entry_value) for held in account.positions}

    def _remember(self, report: VenueReport) -> None:
        if isinstance(report, Fill):
            self._fills.setdefault(report.client_order_id, {})[report.fill_id] = report
        elif isinstance(report, OrderReport) and report.state is not OrderState.UNKNOWN:
            self._states[report.client_order_id] = report

    def _finish(self, order: OrderRequest, outcome: Outcome, at: int, unfilled: OrderState) -> None:
        instrument = self._instruments[order.instrument]
        quantity = to_grid(multiply(order.quantity, outcome.share), instrument.lot, Rounding.DOWN)
        state = OrderState.FILLED if quantity == order.quantity and not outcome.late_ns else unfilled
        counted = ZERO if outcome.late_ns else quantity
        end = _report(order, state, at, filled=counted, reason="" if counted else Reason.ORDER_NO_LIQUIDITY)
        if outcome.late_ns:
            self._push(end, at)
        if quantity:
            fill = self._fill(order, outcome, quantity, at + outcome.late_ns)
            self._push(fill, fill.recv_ts)
            if outcome.twice:
                self._push(fill, fill.recv_ts, first=False)
        if not outcome.late_ns:
            self._push(end, at)

    def _fill(self, order: OrderRequest, outcome: Outcome, quantity: Decimal, at: int) -> Fill:
        instrument = self._instruments[order.instrument]
        price = order.price if outcome.at_limit else self._touch(instrument, order)
        if price is None:
            raise ValueError(f"{instrument.key} has no touch and {order.client_order_id} no price")
        value = multiply(multiply(quantity, instrument.contract_size), price)
        fee, currency = self._fee(instrument, quantity, value)
        return Fill(
            fill_id=f"{order.client_order_id}/{len(self.orders)}",
            client_order_id=order.client_order_id,
            instrument=instrument.key,
            side=order.side,
            quantity=quantity,
            price=price,
            fee=fee,
            fee_currency=currency,
            ts=at,
            recv_ts=at,
        )

    def _fee(self, instrument: Instrument, quantity: Decimal, value: Decimal) -> tuple[Decimal, str]:
        currency, rate = instrument.fees.currency or instrument.settlement, instrument.fees.taker
        if currency == instrument.base:
            return multiply(multiply(quantity, instrument.unit), rate), currency
        return multiply(multiply(value, rate), self._fee_rates.get(currency, Decimal(1))), currency

    def _touch(self, instrument: Instrument, order: OrderRequest) -> Decimal | None:
        quote = self._quotes.get(instrument.key)
        if quote is None:
            return order.price
        if order.side is Side.BUY:
            return instrument.ticks.place(quote.ask, Rounding.UP)
        return instrument.ticks.place(quote.bid, Rounding.DOWN)

    def _push(self, report: VenueReport, at: int, *, first: bool = True) -> None:
        self._number += 1
        heappush(self._queue, (at, self._number, replace(report, recv_ts=at), first))


def _report(
    order: OrderRequest, state: OrderState, now: int, *, filled: Decimal = ZERO, reason: str = ""
) -> OrderReport:
    return OrderReport(
        client_order_id=order.client_order_id,
        state=state,
        venue_order_id=f"v-{order.client_order_id}",
        filled=filled,
        reason=reason,
        ts=now,
        recv_ts=now,
    )


def _listed(order: OrderRequest, at: int) -> OpenOrder:
    return OpenOrder(
        client_order_id=order.client_order_id,
        venue_order_id=f"v-{order.client_order_id}",
        instrument=order.instrument,
        side=order.side,
        type=order.type,
        quantity=order.quantity,
        price=order.price,
        ts=at,
    )
