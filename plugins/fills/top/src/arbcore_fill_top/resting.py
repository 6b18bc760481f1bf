"""Orders that rest: they fill when the opposite touch moves strictly through their price."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain

from msgspec import Struct

from arbcore.model.order import OrderRequest, Side


class Resting(Struct):
    """The rest of one order in the book.

    Attributes:
        order: The order.
        price: Its limit price.
        left: Quantity still to be filled.
        number: Place in time among those of its instrument.
    """

    order: OrderRequest
    price: Decimal
    left: Decimal
    number: int

    def is_through(self, opposite: Decimal) -> bool:
        """Tell whether the opposite touch is strictly beyond the price.

        At the price itself others may stand before us, and a top of book does not tell how many.
        """
        return opposite < self.price if self.order.side is Side.BUY else opposite > self.price


class RestingOrders:
    """Resting orders by instrument, in price-time order on each side.

    Args:
        orders: Orders that rest already.
    """

    def __init__(self, orders: Iterable[Resting] = ()) -> None:
        self._orders: dict[str, list[Resting]] = {}
        self._instrument_of: dict[str, str] = {}
        for resting in orders:
            self._put(resting)

    def __contains__(self, instrument: object) -> bool:
        return instrument in self._orders

    def __iter__(self) -> Iterator[Resting]:
        """Yield every order."""
        return chain.from_iterable(self._orders.values())

    def add(self, order: OrderRequest, price: Decimal, quantity: Decimal) -> None:
        """Put the rest of an order behind all that is there at its price."""
        last = max((one.number for one in self._orders.get(order.instrument, ())), default=0)
        self._put(Resting(order, price, quantity, last + 1))

    def remove(self, client_order_id: str) -> str | None:
        """Take an order out; return its instrument, None where no such order rests."""
        instrument = self._instrument_of.pop(client_order_id, None)
        if instrument is None:
            return None
        left = [one for one in self._orders[instrument] if one.order.client_order_id != client_order_id]
        if left:
            self._orders[instrument] = left
        else:
            del self._orders[instrument]
        return instrument

    def of(self, instrument: str) -> tuple[Resting, ...]:
        """Return the orders of an instrument: each side from its best price, the earliest first."""
        return tuple(self._orders.get(instrument, ()))

    def _put(self, resting: Resting) -> None:
        orders = self._orders.setdefault(resting.order.instrument, [])
        orders.append(resting)
        orders.sort(key=_rank)
        self._instrument_of[resting.order.client_order_id] = resting.order.instrument


def _rank(resting: Resting) -> tuple[Decimal, int]:
    # Only the ranks of one side are ever compared with a meaning: the highest bid and the lowest offer come first.
    price = resting.price
    return (price.copy_negate() if resting.order.side is Side.BUY else price), resting.number
