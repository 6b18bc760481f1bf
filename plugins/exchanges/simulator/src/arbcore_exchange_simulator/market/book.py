"""An order book by levels, on a grid, that tells every change with an id."""

from random import Random
from typing import Final

from arbcore_exchange_simulator.market.ticks import Grid

Level = tuple[int, int]
"""Price and quantity, both in atoms."""

_SPACING: Final = 10_000  # levels stand about a basis point apart


class OrderBook:
    """Levels of one market.

    Every level that appears, vanishes or changes takes the next id. All prices and quantities are atoms.

    Attributes:
        bids: Quantity by price, best first.
        asks: Quantity by price, best first.
        update_id: Id of the last change.
        logs: Pairs of sets, one per reader of differences, into which the prices of changed bids and asks go.

    Args:
        grid: Prices that exist.
        lot: Step of quantities.
        typical: Quantity of a usual level.
        depth: Levels on a side.
        random: Where sizes come from.
        update_id: Id to count from.
    """

    __slots__ = ("_depth", "_grid", "_lot", "_random", "_typical", "asks", "bids", "logs", "update_id")

    def __init__(self, grid: Grid, lot: int, typical: int, depth: int, random: Random, update_id: int) -> None:
        self._grid = grid
        self._lot = lot
        self._typical = max(typical, lot)
        self._depth = depth
        self._random = random
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.update_id = update_id
        self.logs: list[tuple[set[int], set[int]]] = []

    @property
    def touch(self) -> tuple[Level, Level]:
        """Best bid and best ask."""
        return next(iter(self.bids.items())), next(iter(self.asks.items()))

    def size(self) -> int:
        """Return a quantity for a fresh level."""
        lots = int(self._typical / self._lot * self._random.lognormvariate(0.0, 0.7))
        return max(lots, 1) * self._lot

    def place(self, bid: int, ask: int, sizes: tuple[int, int] | None = None) -> None:
        """Move the touch; levels that remain keep their quantity.

        Args:
            bid: Best bid, on the grid and below the ask.
            ask: Best ask, on the grid.
            sizes: Quantities at the touch, where they are known.
        """
        stride = self._stride(bid)
        self._fill(0, self._grid.ladder(bid, self._depth, -1, stride), sizes and sizes[0])
        self._fill(1, self._grid.ladder(ask, self._depth, 1, stride), sizes and sizes[1])

    def show(self, bids: dict[int, int], asks: dict[int, int]) -> None:
        """Show exactly these levels, best first; a side without any stays as it is."""
        for side, new in ((0, bids), (1, asks)):
            if new:
                self._swap(side, dict(list(new.items())[: self._depth]))

    def stir(self) -> None:
        """Change the quantity of one to three levels, mostly near the touch."""
        for _ in range(self._random.randint(1, 3)):
            side = int(self._random.random() * 2)
            levels = self.asks if side else self.bids
            place = min(int(self._random.expovariate(0.35)), len(levels) - 1)
            price = list(levels)[place]
            size = self.size()
            self._put(side, price, size if size != levels[price] else size + self._lot)

    def take(self, buyer: bool, quantity: int) -> list[Level]:
        """Let a market order through and return what it traded, best price first; the last level stays."""
        side = 1 if buyer else 0
        levels = self.asks if buyer else self.bids
        traded = []
        for price, there in list(levels.items())[:-1]:
            taken = min(there, quantity)
            traded.append((price, taken))
            self._put(side, price, there - taken)
            quantity -= taken
            if not quantity:
                break
        return traded

    def hit(self, price: int, quantity: int, *, asks: bool) -> None:
        """Take from a level on behalf of a client; behind the last level new liquidity comes up at its price."""
        levels = self.asks if asks else self.bids
        rest = levels[price] - quantity
        self._put(1 if asks else 0, price, rest or (0 if len(levels) > 1 else self.size()))

    def _stride(self, price: int) -> int:
        tick = self._grid.tick(price)
        return max(round(price / _SPACING / tick), 1) * tick

    def _fill(self, side: int, prices: list[int], size: int | None) -> None:
        old = self.asks if side else self.bids
        new = {price: old.get(price) or self.size() for price in prices}
        if size:
            new[prices[0]] = size
        self._swap(side, new)

    def _swap(self, side: int, new: dict[int, int]) -> None:
        old = self.asks if side else self.bids
        changed = [price for price in old if price not in new]
        changed += [price for price, quantity in new.items() if old.get(price) != quantity]
        old.clear()
        old.update(new)
        self._note(side, changed)

    def _put(self, side: int, price: int, quantity: int) -> None:
        levels = self.asks if side else self.bids
        if quantity:
            levels[price] = quantity
        else:
            del levels[price]
        self._note(side, (price,))

    def _note(self, side: int, prices: list[int] | tuple[int, ...]) -> None:
        self.update_id += len(prices)
        for log in self.logs:
            log[side].update(prices)
