"""The simulated venue: an account and an order desk around a fill model, with no travel time."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from arbcore.model.account import OpenOrder
from arbcore.model.input import AccountSnapshot, VenueReport
from arbcore.model.instrument import Instrument
from arbcore.model.market import BookInvalid, FundingRate, FxRate, MarketInput, Quote
from arbcore.model.order import Fill, OrderReport, OrderRequest, OrderState
from arbcore.model.reason import Reason
from arbcore.ports.fill import Execution, FillModel
from arbcore_exchange_paper.account import Account
from arbcore_exchange_paper.checks import Refusal
from arbcore_exchange_paper.desk import OrderDesk
from arbcore_exchange_paper.funding import DueFunding, FundingDesk
from arbcore_exchange_paper.market import Market, margin_rate, market_of
from arbcore_exchange_paper.memory import OrderMemory
from arbcore_exchange_paper.opening import OpeningPositions
from arbcore_exchange_paper.working import Working

_NOTHING: tuple[VenueReport, ...] = ()
_IDS = 100_000
"""Client order ids remembered, the latest ones, so that none is taken twice."""


class _State(msgspec.Struct):
    instruments: list[Instrument]
    account: Account
    working: list[Working]
    seen: list[str]
    memory: OrderMemory
    accepted: int
    settled: dict[str, int]
    due: dict[str, list[DueFunding]]
    unopened: dict[str, Decimal]
    fill_model: bytes


class PaperVenue:
    """A `arbcore.ports.venue.SimVenue` whose reports are due at once. Its rules are in the README.

    Args:
        venue: Id of the exchange that it stands for.
        fill_model: Matches its orders; it belongs to this venue alone.
        balances: Opening balances by currency.
        leverage: Value of a perpetual position for one unit of margin.
        positions: Opening positions by symbol, signed.
        fee_rates: Units of a fee currency for one unit of a quote currency by pair.
    """

    def __init__(
        self,
        venue: str,
        fill_model: FillModel,
        balances: Mapping[str, Decimal],
        *,
        leverage: Decimal = Decimal(1),
        positions: Mapping[str, Decimal] | None = None,
        fee_rates: Mapping[str, Decimal] | None = None,
    ) -> None:
        self._venue = venue
        self._fill_model = fill_model
        self._margin_rate = margin_rate(leverage)
        self._fee_rates = dict(fee_rates or {})
        self._account = Account(dict(balances), {}, {}, {})
        self._desk = OrderDesk(venue, self._account, fill_model)
        self._openings = OpeningPositions(venue, positions or {})
        self._funding = FundingDesk()
        self._markets: dict[str, Market] = {}
        self._seen: dict[str, None] = {}
        self._memory = OrderMemory({}, {})
        # Instruments of which the next touch matters by itself: waiting orders, unopened positions, unpaid funding.
        self._watched: set[str] = set(self._openings.pending)

    def list_instrument(self, instrument: Instrument) -> None:
        """Make an instrument known; a second listing replaces the first.

        Raises:
            ConfigurationError: The venue can't simulate it.
        """
        market = market_of(instrument, self._margin_rate, self._fee_rates)
        self._openings.check(market)
        self._fill_model.list_instrument(instrument)
        self._markets[instrument.key] = market

    def on_market(self, item: MarketInput) -> Sequence[VenueReport]:
        """Take market data; return fills, ends of waiting orders, funding payments and opened positions.

        Raises:
            DataError: The fill model can't read this kind of data.
        """
        # Called for every quote of a session: as little as possible where nothing waits.
        if type(item) is Quote:
            executions = self._fill_model.on_market(item)
            if not executions and item.instrument not in self._watched:
                return _NOTHING
            return self._after(item.instrument, executions, item.recv_ts)
        return self._on_other(item)

    def watches(self, instrument: str) -> bool:
        """Tell whether something waits for the next touch, here or in the fill model."""
        return instrument in self._watched or self._fill_model.watches(instrument)

    def submit(self, order: OrderRequest, now: int) -> Sequence[VenueReport]:
        """Take an order: refuse it, or accept and match it."""
        market = self._markets.get(order.instrument)
        refusal = self._refusal(order, market, now)
        if refusal is not None:
            return self._told((refusal.report(order, now),))
        # A refusal has been given where the market is not known.
        reports = _NOTHING if market is None else self._desk.take(order, market, now)
        if order.instrument in self._desk.waiting:
            self._watched.add(order.instrument)
        return self._told(reports)

    def cancel(self, client_order_id: str, now: int) -> Sequence[VenueReport]:
        """Cancel a working order; for one that has ended or never was there is nothing to report."""
        working = self._desk.working.get(client_order_id)
        return _NOTHING if working is None else self._told((self._desk.end(working, OrderState.CANCELLED, now),))

    def look_up(self, client_order_id: str, now: int) -> Sequence[OrderReport | Fill]:
        """Return fills and state of an order that is open, or among the latest that ended."""
        return self._memory.look_up(client_order_id, now)

    def open_orders(self) -> Sequence[OpenOrder]:
        """Return the orders that rest or wait for an opening."""
        return [working.listed() for working in self._desk.working.values()]

    def next_time(self) -> int | None:
        """Return None: nothing here happens by itself."""
        return None

    def advance(self, now: int) -> Sequence[VenueReport]:
        """Return nothing: every report was due when it was made."""
        return _NOTHING

    def snapshot(self, now: int) -> AccountSnapshot:
        """Return balances and positions."""
        return AccountSnapshot(
            venue=self._venue,
            balances=self._account.balances(self._venue),
            positions=self._account.reports(self._markets),
            ts=now,
            recv_ts=now,
        )

    def state(self) -> bytes:
        """Return account, orders, counters and the fill model's state."""
        return msgspec.msgpack.encode(
            _State(
                instruments=[market.instrument for market in self._markets.values()],
                account=self._account,
                working=list(self._desk.working.values()),
                seen=list(self._seen),
                memory=self._memory,
                accepted=self._desk.accepted,
                settled=self._funding.settled,
                due=self._funding.due,
                unopened=self._openings.pending,
                fill_model=self._fill_model.state(),
            )
        )

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        read = msgspec.msgpack.decode(state, type=_State)
        self._markets = {one.key: market_of(one, self._margin_rate, self._fee_rates) for one in read.instruments}
        self._account = read.account
        self._desk.restore(read.account, read.working, read.accepted)
        self._openings.pending = read.unopened
        self._funding = FundingDesk(read.settled, read.due)
        self._seen = dict.fromkeys(read.seen)
        self._memory = read.memory
        self._watched = {*read.unopened, *read.due, *self._desk.waiting}
        self._fill_model.restore(read.fill_model)

    def adopt(self, account: AccountSnapshot) -> None:
        """Take over balances and positions that are known better than its own: those of a journal behind its state.

        Orders at work and messages under way are forgotten, as their process is.
        """
        for working in list(self._desk.working.values()):
            self._told((self._desk.end(working, OrderState.CANCELLED, account.recv_ts),))
        self._account = Account({held.currency: held.total for held in account.balances}, {}, {}, {})
        for position in account.positions:
            self._account.adopt(self._markets[position.instrument], position)
        self._desk.restore(self._account, [], self._desk.accepted)

    def _refusal(self, order: OrderRequest, market: Market | None, now: int) -> Refusal | None:
        if order.client_order_id in self._seen:
            return Refusal(Reason.ORDER_DUPLICATE_ID, f"{order.client_order_id} was used before")
        # An id is spent by its first use, even where the order is refused.
        self._seen[order.client_order_id] = None
        if len(self._seen) > _IDS:
            del self._seen[next(iter(self._seen))]
        if market is None:
            return Refusal(Reason.ORDER_UNKNOWN_INSTRUMENT, f"{order.instrument} is not listed on {self._venue}")
        if order.expires_at and now > order.expires_at:
            late = now - order.expires_at
            return Refusal(Reason.ORDER_EXPIRED, f"arrived {late} ns after its time to live", OrderState.EXPIRED)
        return None

    def _on_other(self, item: MarketInput) -> Sequence[VenueReport]:
        if isinstance(item, FxRate):
            return _NOTHING
        if isinstance(item, FundingRate):
            return self._settle(item)
        executions = self._fill_model.on_market(item)
        if isinstance(item, BookInvalid):
            return self._told(self._desk.expire_waiting(item.instrument, item.recv_ts, item.reason))
        return self._after(item.instrument, executions, item.recv_ts)

    def _told(self, reports: Sequence[VenueReport]) -> Sequence[VenueReport]:
        """Remember what is said of orders."""
        if reports:
            self._memory.note(reports)
        return reports

    def _after(self, instrument: str, executions: Sequence[Execution], now: int) -> Sequence[VenueReport]:
        """Act on a new touch: open positions, pay funding, book resting orders, then let those that wait meet it."""
        reports: list[VenueReport] = []
        market = self._markets.get(instrument)
        if market is None:
            return reports
        touch = self._fill_model.touch(instrument)
        if touch is not None:
            if self._openings.open(self._account, market, touch):
                reports.append(self.snapshot(now))
            for payment in self._funding.pay(market, touch, now):
                self._account.move(payment.currency, payment.amount)
                reports.append(payment)
        for execution in executions:
            self._desk.fill_resting(execution, market, now, reports)
        self._desk.retry(market, now, reports)
        if not any(instrument in kept for kept in (self._desk.waiting, self._openings.pending, self._funding.due)):
            self._watched.discard(instrument)
        return self._told(reports)

    def _settle(self, item: FundingRate) -> Sequence[VenueReport]:
        market = self._markets.get(item.instrument)
        position = self._account.positions.get(item.instrument)
        if market is None or not self._funding.settle(item, position):
            return _NOTHING
        self._watched.add(item.instrument)
        return self._after(item.instrument, (), item.recv_ts)
