"""What scenarios act on: one venue, one instrument, its prices and news; smallest orders, and tidying up after them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import anyio

from arbcore.context import Clock
from arbcore.drill.market import Market
from arbcore.drill.news import Missed, News
from arbcore.drill.orders import Placed
from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.errors import ArbcoreError, OutcomeUnknown
from arbcore.model.account import TradingTerms
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.input import AccountSnapshot
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.money import ZERO
from arbcore.model.order import (
    Fill,
    OrderReport,
    OrderRequest,
    OrderType,
    Side,
    TimeInForce,
)
from arbcore.model.treasury import TransferRequest
from arbcore.net.faults import Faults
from arbcore.ports.trading import Venue
from arbcore.ports.treasury import Treasury
from arbcore.ports.venue import Capabilities

AWAY: Final = Decimal("0.03")
"""How far from the touch a resting order lies, as a share of the price: it must not fill, nor leave the price band."""

_ROOM: Final = Decimal("1.3")
"""How far above the least value an order is: what was bought can be sold again after a fall of the price."""
_POLL_S: Final = 0.25

Reached = Callable[[], Awaitable[bool]]
"""Asks a venue whether something holds."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """One venue with everything that scenarios need of it. Mutable.

    Attributes:
        venue: The venue, entered, its `run` reporting into `news`.
        treasury: Its treasury, entered; None where there is none.
        instrument: What is traded.
        capabilities: What the venue can do.
        market: Prices of the instrument.
        news: What the venue reports.
        faults: Faults on our side of its connections.
        clock: The clock.
        before: The account when the drill began.
        terms: Terms of the instrument then.
        most: Largest value of one order in the quote currency; None for what the account holds.
        real: Whether it is the production exchange.
        moves_money: Whether the exchange's ``move_money`` is on.
        transfer: Transfer to make and to reverse; None for none.
        patience_s: Longest wait for something.
        placed: Every order that was sent.
        leverage_changed: Whether the leverage is not what it was before.
    """

    venue: Venue
    treasury: Treasury | None
    instrument: Instrument
    capabilities: Capabilities
    market: Market
    news: News
    faults: Faults
    clock: Clock
    before: AccountSnapshot
    terms: TradingTerms
    most: Decimal | None = None
    real: bool = False
    moves_money: bool = False
    transfer: TransferRequest | None = None
    patience_s: float = 15.0
    placed: list[Placed] = field(default_factory=list)
    leverage_changed: bool = False
    _run: str = ""

    @property
    def is_perpetual(self) -> bool:
        """Whether a perpetual is traded."""
        return self.instrument.kind is InstrumentKind.PERPETUAL

    def new_id(self) -> str:
        """Return a client order id that no order ever had."""
        self._run = self._run or f"{self.clock.now() // 10**6:x}"
        return f"{ExecutionSettings().prefix}-drill-{self._run}-{len(self.placed)}"

    def least(self, price: Decimal) -> Decimal:
        """Return the smallest quantity that may be ordered at a price, with some room."""
        instrument = self.instrument
        value = max(instrument.min_notional, self.terms.min_notional) * _ROOM
        wanted = to_grid(value / (price * instrument.contract_size), instrument.lot, Rounding.UP)
        return max(wanted, to_grid(instrument.min_quantity, instrument.lot, Rounding.UP))

    def value(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the value of an order in the quote currency."""
        return quantity * self.instrument.contract_size * price

    def price(self, touch: float, rounding: Rounding, away: Decimal = ZERO) -> Decimal:
        """Return a touch moved by a share of itself, on the grid."""
        return self.instrument.ticks.place(Decimal(repr(touch)) * (1 + away), rounding)

    async def resting(self) -> OrderRequest:
        """Return the smallest buy that rests far below the market."""
        price = self.price((await self.market.quote()).bid, Rounding.DOWN, -AWAY)
        return self.limit(Side.BUY, self.least(price), price, TimeInForce.GTC)

    def limit(self, side: Side, quantity: Decimal, price: Decimal, life: TimeInForce) -> OrderRequest:
        """Return a limit order."""
        return OrderRequest(
            client_order_id=self.new_id(),
            instrument=self.instrument.key,
            side=side,
            quantity=quantity,
            price=price,
            time_in_force=life,
        )

    async def buying(self) -> OrderRequest:
        """Return the smallest market buy, by cost where the venue counts so."""
        ask = self.price((await self.market.quote()).ask, Rounding.UP)
        quantity = self.least(ask)
        cost = self.value(quantity, ask) if self.capabilities.cost_orders else None
        return OrderRequest(
            client_order_id=self.new_id(),
            instrument=self.instrument.key,
            side=Side.BUY,
            type=OrderType.MARKET,
            quantity=ZERO if cost is not None else quantity,
            cost=to_grid(cost, self.instrument.ticks.tick_at(ask), Rounding.UP) if cost is not None else None,
        )

    def closing(self, side: Side, quantity: Decimal) -> OrderRequest:
        """Return a market order that closes what was opened."""
        return OrderRequest(
            client_order_id=self.new_id(),
            instrument=self.instrument.key,
            side=side,
            type=OrderType.MARKET,
            quantity=quantity,
            reduce_only=self.is_perpetual and self.capabilities.reduce_only,
        )

    async def place(self, request: OrderRequest) -> Placed:
        """Send an order and keep it in mind for tidying up, whatever becomes of it.

        Raises:
            ExchangeError: The venue did not take it; an unknown outcome is looked up.
            Missed: Looking it up found nothing.
        """
        placed = Placed(request)
        self.placed.append(placed)
        try:
            placed.venue_order_id = (await self.venue.submit(request)).venue_order_id
        except OutcomeUnknown:
            await self.found(placed)
        except ArbcoreError:
            placed.ended = True
            raise
        return placed

    async def found(self, placed: Placed) -> OrderReport:
        """Look an order up until the venue knows it.

        Raises:
            Missed: It does not within the patience.
        """
        with anyio.move_on_after(self.patience_s):
            while True:
                for item in await self.venue.look_up(placed.ref):
                    if isinstance(item, OrderReport):
                        placed.venue_order_id = item.venue_order_id or placed.venue_order_id
                        return item
                await anyio.sleep(_POLL_S)
        raise Missed(f"the venue does not know {placed.id} after {self.patience_s:g} s")

    async def cancel(self, placed: Placed) -> OrderReport:
        """Cancel an order and return the report of its end.

        Raises:
            ExchangeError: The venue did not take the cancel.
            Missed: Its end was not reported.
        """
        await self.venue.cancel(placed.ref)
        return await self.end_of(placed)

    async def end_of(self, placed: Placed) -> OrderReport:
        """Return the report of an order's end, and see to it that its fills add up to what it says.

        Raises:
            Missed: The stream does not tell the end, or not all fills.
        """
        await self.news.until(lambda: bool(self.news.ends(placed.id)), f"the end of {placed.id} on the stream")
        placed.ended = True
        end = self.news.ends(placed.id)[-1]
        await self.news.until(
            lambda: self.news.filled(placed.id) >= end.filled, f"fills of {placed.id} that add up to {end.filled}"
        )
        if (filled := self.news.filled(placed.id)) != end.filled:
            raise Missed(f"{placed.id} ended with {end.filled} filled, and its fills add up to {filled}")
        return end

    def is_told(self, placed: Placed) -> bool:
        """Whether the stream told all fills of an order, or nothing of it can have filled: it was never taken."""
        ends = self.news.ends(placed.id)
        if not ends:
            return placed.ended and not placed.venue_order_id
        fills = {item.fill_id: item for item in self.news.items if isinstance(item, Fill)}
        told = sum((fill.quantity for fill in fills.values() if fill.client_order_id == placed.id), ZERO)
        return told >= ends[-1].filled

    async def trade(self, request: OrderRequest) -> tuple[Placed, list[Fill]]:
        """Send an order that takes, and return it with its fills.

        Raises:
            ExchangeError: The venue did not take it.
            Missed: Nothing filled, or not all was reported.
        """
        placed = await self.place(request)
        await self.end_of(placed)
        fills = self.news.fills(placed.id)
        if not fills:
            raise Missed(
                f"{placed.id} ended without a fill: {self.news.ends(placed.id)[-1].detail or 'no reason told'}"
            )
        return placed, fills

    def kept(self, fills: Sequence[Fill]) -> Decimal:
        """Return how much of what fills bought can be sold again: fees in the coin itself are gone."""
        got = sum((fill.quantity for fill in fills), ZERO)
        if not self.is_perpetual:
            got -= sum((fill.fee for fill in fills if fill.fee_currency == self.instrument.base), ZERO)
        return to_grid(got, self.instrument.lot, Rounding.DOWN)

    async def free(self) -> Decimal:
        """Return how much of the currency that orders draw on is free."""
        balances = (await self.venue.snapshot()).balances
        return next((each.free for each in balances if each.currency == self.instrument.settlement), ZERO)

    async def sees(self, what: str, reached: Reached) -> None:
        """Ask the venue again and again until something holds.

        Raises:
            Missed: It does not within the patience.
        """
        with anyio.move_on_after(self.patience_s):
            while not await reached():  # noqa: ASYNC110 - a venue wakes nobody
                await anyio.sleep(_POLL_S)
            return
        raise Missed(f"{what}: not within {self.patience_s:g} s")

    async def is_open(self, placed: Placed) -> bool:
        """Ask whether the venue lists an order as open."""
        listed = await self.venue.open_orders(self.instrument.key)
        return any(each.client_order_id == placed.id for each in listed)

    def held(self, snapshot: AccountSnapshot) -> Decimal:
        """Return the position, or the coins on spot, of a snapshot."""
        if self.is_perpetual:
            found = (each.quantity for each in snapshot.positions if each.instrument == self.instrument.key)
        else:
            found = (each.total for each in snapshot.balances if each.currency == self.instrument.base)
        return next(found, ZERO)
