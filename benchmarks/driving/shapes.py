"""Orders of many shapes: what a driver may send to a spot market counted by cost, and to a perpetual."""

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from random import Random
from typing import Final

from msgspec import Struct

from arbcore.model.grid import Rounding
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.order import OrderRequest, OrderType, Side, TimeInForce
from benchmarks.driving.backstage import Touch

_T = TimeInForce


class Shape(Struct, frozen=True):
    """A kind of order.

    Attributes:
        name: Its name.
        type: Its type.
        life: Its life.
        offset: Where its limit or trigger lies, as a share of the price beyond the touch that it would take: above 0 it
            takes, below 0 it rests.
        rests: Whether it may be left open, and so be cancelled or changed.
        reduces: Whether it may only shrink a position.
        size: Share of the usual value.
    """

    name: str
    type: OrderType = OrderType.LIMIT
    life: TimeInForce = _T.GTC
    offset: str = "0"
    rests: bool = False
    reduces: bool = False
    size: str = "1"


_COMMON: Final = (
    Shape("far", offset="-0.02", rests=True),
    Shape("near", offset="-0.0005", rests=True),
    Shape("near", offset="-0.0002", rests=True),
    Shape("touch", offset="0", rests=True),
    Shape("ioc", life=_T.IOC, offset="0.002"),
    Shape("ioc that misses", life=_T.IOC, offset="-0.005"),
    Shape("fok", life=_T.FOK, offset="0.002"),
    Shape("fok too large", life=_T.FOK, offset="0", size="20000"),
    Shape("post", life=_T.POST_ONLY, offset="-0.001", rests=True),
    Shape("post that would take", life=_T.POST_ONLY, offset="0.002"),
    Shape("large ioc", life=_T.IOC, offset="0.001", size="20"),
    Shape("too small", offset="-0.001", size="0.001"),
)
SPOT: Final = (*_COMMON, Shape("market", OrderType.MARKET, _T.IOC))
BY_COST: Final = (
    *SPOT,
    Shape("best", OrderType.BEST, _T.IOC),
    Shape("best or none", OrderType.BEST, _T.FOK),
)
PERPETUAL: Final = (
    *_COMMON,
    Shape("market", OrderType.MARKET, _T.IOC),
    Shape("reduce", OrderType.MARKET, _T.IOC, reduces=True),
    Shape("stop", OrderType.STOP_MARKET, _T.GTC, offset="0.03", rests=True),
)


class Shaper:
    """Makes orders of random shapes around the touch.

    Args:
        touch: Tells the touch of an instrument.
        value: Usual value of an order in the quote currency.
        random: Source of everything.
        prefix: Start of every id.
        by_cost: Whether market buys are counted by cost.
    """

    def __init__(
        self, touch: Callable[[Instrument], Touch], value: Decimal, random: Random, prefix: str, *, by_cost: bool
    ) -> None:
        self._by_cost: Final = by_cost
        self._touch: Final = touch
        self._value: Final = value
        self._random: Final = random
        self._prefix: Final = prefix
        self._made = 0

    def order(self, instrument: Instrument) -> tuple[Shape, OrderRequest]:
        """Return an order of a random shape and side."""
        perpetual = instrument.kind is InstrumentKind.PERPETUAL
        shape = self._random.choice(PERPETUAL if perpetual else BY_COST if self._by_cost else SPOT)
        side = self._random.choice((Side.BUY, Side.SELL))
        return shape, self.made(instrument, shape, side)

    def made(self, instrument: Instrument, shape: Shape, side: Side) -> OrderRequest:
        """Return an order of a shape."""
        bid, ask = self._touch(instrument)
        reference = ask if side is Side.BUY else bid
        price = placed(instrument, reference * (1 + side.sign * Decimal(shape.offset)), side)
        value = self._value * Decimal(shape.size) * Decimal(self._random.randint(10, 20)) / 10
        cost = None
        if self._by_cost and side is Side.BUY and shape.type in {OrderType.MARKET, OrderType.BEST}:
            cost = value.quantize(Decimal(1), ROUND_FLOOR)
        return OrderRequest(
            client_order_id=self.next_id(),
            instrument=instrument.key,
            side=side,
            type=shape.type,
            quantity=Decimal(0) if cost is not None else lots(instrument, value / reference),
            price=price if shape.type is OrderType.LIMIT else None,
            time_in_force=shape.life,
            reduce_only=shape.reduces,
            cost=cost,
            trigger_price=price if shape.type is OrderType.STOP_MARKET else None,
        )

    def next_id(self) -> str:
        """Return an id that was never given."""
        self._made += 1
        return f"{self._prefix}{self._made}"


def placed(instrument: Instrument, price: Decimal, side: Side) -> Decimal:
    """Return a price on the grid, not beyond the one given."""
    return instrument.ticks.place(price, Rounding.DOWN if side is Side.BUY else Rounding.UP)


def lots(instrument: Instrument, quantity: Decimal) -> Decimal:
    """Return a quantity in whole lots, at least one."""
    return max(instrument.lot, quantity // instrument.lot * instrument.lot)
