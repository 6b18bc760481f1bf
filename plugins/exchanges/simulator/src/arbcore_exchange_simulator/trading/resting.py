"""Orders that wait in a market, and how prices compare."""

from bisect import insort

from arbcore_exchange_simulator.trading.order import Order


class Resting:
    """Resting orders of a market, best first on each side.

    Attributes:
        bids: Those that buy.
        asks: Those that sell.
        ahead: Atoms that stand before each order in the public level at its price.
    """

    def __init__(self) -> None:
        self.bids: list[Order] = []
        self.asks: list[Order] = []
        self.ahead: dict[Order, int] = {}

    def side(self, buy: bool) -> list[Order]:
        """Return the orders of one side."""
        return self.bids if buy else self.asks

    def add(self, order: Order, ahead: int) -> None:
        """Take an order in, behind the others at its price."""
        insort(self.side(order.buy), order, key=_rank)
        self.ahead[order] = ahead

    def remove(self, order: Order) -> None:
        """Take an order out, where it is in."""
        if order in self.ahead:
            del self.ahead[order]
            self.side(order.buy).remove(order)


def _rank(order: Order) -> int:
    """Return what sorts a side, best first; equal ones keep the order in which they came."""
    price = order.price or 0
    return -price if order.buy else price


def within(buy: bool, price: int, limit: int | None) -> bool:
    """Whether a price is no worse than a limit."""
    return limit is None or (price <= limit if buy else price >= limit)


def best(order: Order) -> int:
    """Return the best public price on the other side."""
    bid, ask = order.market.book.touch
    return ask[0] if order.buy else bid[0]


def step(order: Order) -> int:
    """Return what makes a price just worse: another order goes first only where its price is truly better."""
    return 1 if order.buy else -1
