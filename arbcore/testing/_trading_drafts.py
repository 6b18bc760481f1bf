"""Orders that the suite of real venues sends, built on the touch and the smallest size."""

from decimal import Decimal
from uuid import uuid4

from msgspec.structs import replace

from arbcore.model.grid import Rounding, to_grid
from arbcore.model.instrument import InstrumentKind
from arbcore.model.money import multiply
from arbcore.model.order import OrderRequest, OrderType, Side, TimeInForce
from arbcore.testing.trading_bench import Bench, Touch

_ROOM = Decimal("1.25")
"""Orders are this much larger than the smallest, so that a price that moves doesn't make them too small."""


class Drafts:
    """Makes orders.

    Args:
        bench: What the author gave.

    Attributes:
        instrument: The instrument that is traded.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.instrument = bench.market.instrument

    @property
    def is_spot(self) -> bool:
        """Whether the instrument is spot."""
        return self.instrument.kind is InstrumentKind.SPOT

    async def touch(self) -> Touch:
        """Return the touch at the venue."""
        return await self._bench.market.touch()

    def small(self, price: Decimal) -> Decimal:
        """Return a quantity a little above the smallest that the venue takes at a price."""
        one = self.instrument
        worth = to_grid(_ROOM * one.min_notional / (price * one.contract_size), one.lot, Rounding.UP)
        return max(to_grid(one.min_quantity, one.lot, Rounding.UP), worth)

    async def resting(self, side: Side = Side.BUY, life: TimeInForce = TimeInForce.GTC) -> OrderRequest:
        """Return a small limit order that rests away from the touch."""
        touch, share = await self.touch(), self._bench.market.distance
        if side is Side.BUY:
            price = self.instrument.ticks.place(touch.bid * (1 - share), Rounding.DOWN)
        else:
            price = self.instrument.ticks.place(touch.ask * (1 + share), Rounding.UP)
        return self.limit(side, self.small(price), price, life)

    async def taking(self, side: Side = Side.BUY, life: TimeInForce = TimeInForce.IOC) -> OrderRequest:
        """Return a small limit order at a price that the touch fills, with room for a move."""
        touch = await self.touch()
        room = touch.ask * Decimal("1.003") if side is Side.BUY else touch.bid * Decimal("0.997")
        price = self.instrument.ticks.place(room, Rounding.UP if side is Side.BUY else Rounding.DOWN)
        return self.limit(side, self.small(min(price, touch.bid)), price, life)

    async def larger_than_touch(self, side: Side = Side.BUY, life: TimeInForce = TimeInForce.IOC) -> OrderRequest:
        """Return a limit order at the touch for more than is there."""
        touch = await self.touch()
        price, size = (touch.ask, touch.ask_size) if side is Side.BUY else (touch.bid, touch.bid_size)
        whole = to_grid(size, self.instrument.lot, Rounding.UP) + self.small(price)
        return self.limit(side, whole, price, life)

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

    async def market_order(self, side: Side, kind: OrderType = OrderType.MARKET) -> OrderRequest:
        """Return a small order without a limit: a buy by cost where the venue counts buys so."""
        touch = await self.touch()
        quantity = self.small(touch.bid)
        order = replace(self.limit(side, quantity, touch.bid, TimeInForce.IOC), type=kind, price=None)
        if self._bench.capabilities.cost_orders and side is Side.BUY:
            cost = to_grid(multiply(quantity, touch.ask), Decimal("0.01"), Rounding.UP)
            return replace(order, quantity=Decimal(0), cost=max(cost, _ROOM * self.instrument.min_notional))
        return order

    def new_id(self) -> str:
        """Return an id that no order ever had."""
        return f"suite-{uuid4().hex[:20]}"
