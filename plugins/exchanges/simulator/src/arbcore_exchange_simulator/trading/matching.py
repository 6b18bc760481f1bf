"""Lets orders trade: against the public book, which they really use up, and against each other."""

from collections.abc import Callable
from typing import Final, Literal, Protocol

from arbcore_exchange_simulator.market.market import Market, Trade
from arbcore_exchange_simulator.market.world import World
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.ledger import Ledger
from arbcore_exchange_simulator.trading.money import affordable, minus, plus, value
from arbcore_exchange_simulator.trading.order import Execution, Order, State
from arbcore_exchange_simulator.trading.resting import Resting, best, step, within

What = Literal["new", "trade", "cancelled", "expired", "prevented", "amended", "rejected"]
"""What happened to an order."""

_PREVENTION: Final = {
    "cancel_maker": "maker",
    "cancel_taker": "taker",
    "reduce": "both",
    "EXPIRE_MAKER": "maker",
    "EXPIRE_TAKER": "taker",
    "EXPIRE_BOTH": "ends",
}


class Watcher(Protocol):
    """Who hears of orders and money."""

    def on_order(self, order: Order, what: What, execution: Execution | None) -> None:
        """Something happened to an order; it already shows it."""
        ...

    def on_cash(self, account: Account, currencies: tuple[str, ...], why: str) -> None:
        """Money of an account changed: by ``order``, ``trade``, ``cancel``, or a venue's own word."""
        ...


class Matching:
    """Orders of one venue.

    Attributes:
        watchers: Who hears of everything.
        halted: Whether a market does not trade now; resting orders stay.

    Args:
        venue: Its name.
        world: The markets; orders are stamped with its time.
        ledger: The venue's arithmetic.
        first: Number of the first order.
    """

    def __init__(self, venue: str, world: World, ledger: Ledger, first: int = 1) -> None:
        self.venue: Final = venue
        self.ledger: Final = ledger
        self.watchers: Final[list[Watcher]] = []
        self.halted: Callable[[Market], bool] = lambda _market: False
        self._world = world
        self._next = first
        self._resting: dict[str, Resting] = {}
        self._busy = False
        world.listeners.append(self)

    def number(self) -> int:
        """Return the next order's number, used up: for an order that is announced before it is placed."""
        self._next += 1
        return self._next - 1

    def place(self, order: Order, *, crossing: bool = False) -> None:
        """Take an order in, let it trade at once, and rest or end what is left of it.

        Watchers hear ``new`` before any trade.

        Args:
            order: The order.
            crossing: Whether an order that only makes liquidity counts as crossing, whatever the book says: a fault.

        Raises:
            Short: Money is missing; nothing was changed.
        """
        order.created = order.updated = self._world.now
        order.number = order.number or self.number()
        self.ledger.hold(order)
        order.account.add(order)
        self._tell(order, "new")
        self._tell_cash(order, "order")
        self._run(order, crossing=crossing)

    def cancel(self, order: Order, why: str = "request") -> bool:
        """Cancel an order; False where it had ended already."""
        return order.state == "open" and self._end(order, "cancelled", why)

    def expire(self, order: Order, why: str) -> bool:
        """End an order by the venue's own doing; False where it had ended already."""
        return order.state == "open" and self._end(order, "expired", why)

    def amend(self, order: Order, price: int, quantity: int) -> None:
        """Change price and quantity (the whole one, traded parts included) of an open limit order.

        It goes behind the others at its price, and may trade at once.

        Raises:
            Short: Money is missing; nothing was changed.
        """
        before = order.price, order.quantity
        order.price, order.quantity = price, quantity
        try:
            self.ledger.adjust(order)
        except Exception:
            order.price, order.quantity = before
            raise
        self._book(order.market).remove(order)
        order.updated = self._world.now
        self._tell(order, "amended")
        self._tell_cash(order, "order")
        self._run(order)

    def fill(self, order: Order, quantity: int, price: int | None = None) -> None:
        """Let a resting order trade out of turn: what faults do. The tape shows it."""
        quantity = min(quantity, order.remaining)
        if order.state == "open" and quantity > 0:
            at = price or order.price or order.market.book.touch[0][0]
            self._trade(order, at, quantity, maker=True)

    def resting(self, symbol: str) -> list[Order]:
        """Return the resting orders of a market."""
        book = self._resting.get(symbol)
        return [*book.bids, *book.asks] if book else []

    def on_book(self, market: Market) -> None:
        """Fill resting orders that the public book has moved through."""
        book = self._active(market)
        if book is None:
            return
        for order in list(book.ahead):
            level = (market.book.bids if order.buy else market.book.asks).get(order.price or 0, 0)
            book.ahead[order] = min(book.ahead.get(order, 0), level)
        for buy in (True, False):
            for order in list(book.side(buy)):
                if not self._crosses(order):
                    break
                self._sweep(order)

    def on_trade(self, market: Market, trade: Trade) -> None:
        """Fill resting orders that a public trade has reached: better ones first, those at its price in their turn."""
        book = self._active(market)
        if book is None:
            return
        pool = trade.quantity
        for order in list(book.side(not trade.buyer)):
            if order not in book.ahead:  # ended by a watcher of another one's trade
                continue
            price = order.price or 0
            through = price < trade.price if trade.buyer else price > trade.price
            if pool <= 0 or not (through or price == trade.price):
                break
            if not through:
                waiting = min(book.ahead[order], pool)
                book.ahead[order] -= waiting
                pool -= waiting
            taken = min(pool, order.remaining)
            if taken > 0:
                pool -= taken
                self._trade(order, price, taken, maker=True)

    def on_time(self, now: int) -> None:
        """Cancel the orders of delisted markets."""
        for symbol, book in self._resting.items():
            market = self._world.markets[self.venue][symbol]
            if book.ahead and 0 < market.delisting <= now:
                for order in list(book.ahead):
                    self._end(order, "cancelled", "delisting")

    def available(self, market: Market, *, buy: bool, limit: int | None) -> int:
        """Return the atoms that an order could trade at once in the public book."""
        levels = market.book.asks if buy else market.book.bids
        return sum(there for price, there in levels.items() if within(buy, price, limit))

    def _active(self, market: Market) -> Resting | None:
        if self._busy or market.listing.venue != self.venue:
            return None
        book = self._resting.get(market.listing.symbol)
        return book if book is not None and book.ahead and not self.halted(market) else None

    def _book(self, market: Market) -> Resting:
        return self._resting.setdefault(market.listing.symbol, Resting())

    def _crosses(self, order: Order) -> bool:
        bid, ask = order.market.book.touch
        return within(order.buy, ask[0] if order.buy else bid[0], order.price)

    def _run(self, order: Order, *, crossing: bool = False) -> None:
        """Match an order that came or changed, then rest or end it."""
        if order.life == "POST" and (crossing or self._crosses(order) or self._mate(order) is not None):
            self._end(order, "cancelled", "post")
            return
        if order.life == "FOK" and not self._fills_whole(order):
            self._end(order, "expired", "life")
            return
        if self._match(order):
            self._world.changed(order.market, self._world.now)
        if order.state != "open":
            return
        if order.kind == "market" or order.life in {"IOC", "FOK"}:
            spent = order.budget is not None and self._wanted(order, best(order)) == 0
            self._end(order, "expired", "remainder" if spent else "life")
            return
        levels = order.market.book.bids if order.buy else order.market.book.asks
        self._book(order.market).add(order, levels.get(order.price or 0, 0))

    def _match(self, order: Order) -> bool:
        """Trade with whatever is there; return whether the public book changed."""
        changed = False
        while order.state == "open":
            levels = order.market.book.asks if order.buy else order.market.book.bids
            price, there = next(iter(levels.items()))
            mate = self._mate(order)
            if mate is not None and mate.price is not None and within(order.buy, mate.price + step(order), price):
                if not self._meet(order, mate):
                    break
                continue
            quantity = min(self._wanted(order, price), there) if within(order.buy, price, order.price) else 0
            if quantity <= 0:
                break
            last = len(levels) == 1 and quantity == there
            order.market.book.hit(price, quantity, asks=order.buy)
            changed = True
            self._trade(order, price, quantity, maker=False)
            if last:
                break
        return changed

    def _meet(self, order: Order, mate: Order) -> bool:
        """Let two orders trade, unless they are of one account and that is to be prevented; False where nothing is."""
        price = mate.price or 0
        quantity = min(self._wanted(order, price), mate.remaining)
        if quantity <= 0:
            return False
        way = _PREVENTION.get(order.smp, "") if order.account is mate.account else ""
        if way:
            self._prevent(order, mate, way, quantity)
            return order.state == "open"
        trade = self._tape(order, price, quantity, maker=False)
        self._settle(mate, trade, maker=True)
        self._settle(order, trade, maker=False)
        return True

    def _prevent(self, order: Order, mate: Order, way: str, quantity: int) -> None:
        """Take away what would have traded: all of the maker, all of the taker, both, or the same from each."""
        if way == "both":
            for one in (mate, order):
                self._reduce(one, quantity, mate.price or 0)
            return
        for one in {"maker": (mate,), "taker": (order,), "ends": (mate, order)}[way]:
            rest = one.remaining if one.budget is None else self._wanted(one, mate.price or 0)
            self._reduce(one, rest, mate.price or 0, whole=True)

    def _reduce(self, order: Order, quantity: int, price: int, *, whole: bool = False) -> None:
        held = order.held
        if order.budget is None:
            order.prevented += quantity
        elif not whole:
            order.budget = minus(order.budget, value(price, quantity))
        if whole or (order.budget is None and not order.remaining):
            self.ledger.release(order)
        else:
            self.ledger.adjust(order)
        order.prevented_money = plus(order.prevented_money, minus(held, order.held))
        order.updated = self._world.now
        self._tell(order, "prevented")
        self._tell_cash(order, "cancel")
        if whole or (order.budget is None and not order.remaining):
            self._end(order, "expired", "prevented")

    def _sweep(self, order: Order) -> None:
        """Let the public side take a resting order, at the order's price."""
        book = order.market.book
        levels = book.asks if order.buy else book.bids
        last = False
        while order.state == "open" and self._crosses(order) and not last:
            price, there = next(iter(levels.items()))
            quantity = min(order.remaining, there)
            last = len(levels) == 1 and quantity == there
            book.hit(price, quantity, asks=order.buy)
            self._trade(order, order.price or price, quantity, maker=True)
        self._quietly(lambda: self._world.changed(order.market, self._world.now))

    def _mate(self, order: Order) -> Order | None:
        """Return the best resting order that an order can trade with."""
        book = self._resting.get(order.symbol)
        side = book.side(not order.buy) if book is not None else []
        return side[0] if side and within(order.buy, side[0].price or 0, order.price) else None

    def _fills_whole(self, order: Order) -> bool:
        """Whether an order can trade all it wants at once; other orders count like public ones."""
        levels = dict(order.market.book.asks if order.buy else order.market.book.bids)
        book = self._resting.get(order.symbol)
        for mate in book.side(not order.buy) if book is not None else ():
            if mate.account is not order.account or not _PREVENTION.get(order.smp):
                levels[mate.price or 0] = levels.get(mate.price or 0, 0) + mate.remaining
        found = [(price, there) for price, there in levels.items() if within(order.buy, price, order.price)]
        if order.budget is None:
            return sum(there for _, there in found) >= order.remaining
        worth = sum((value(price, there) for price, there in found), start=value(0, 0))
        return worth >= order.budget

    @staticmethod
    def _wanted(order: Order, price: int) -> int:
        if order.budget is None:
            return order.remaining
        lot = order.market.listing.lot
        return affordable(order.unspent, price) // lot * lot

    def _tape(self, order: Order, price: int, quantity: int, *, maker: bool) -> Trade:
        """Show a trade to the public."""
        trade = order.market.trade(self._world.now, price, quantity, order.buy is not maker)
        self._quietly(lambda: self._world.traded(order.market, trade))
        return trade

    def _trade(self, order: Order, price: int, quantity: int, *, maker: bool) -> None:
        self._settle(order, self._tape(order, price, quantity, maker=maker), maker=maker)

    def _settle(self, order: Order, trade: Trade, *, maker: bool) -> None:
        worth = value(trade.price, trade.quantity)
        execution = Execution(trade.number, trade.time, trade.price, trade.quantity, maker, worth)
        order.filled += trade.quantity
        order.funds = plus(order.funds, worth)
        order.updated = self._world.now
        currencies = self.ledger.settle(order, execution)
        order.fees = plus(order.fees, execution.fee)
        order.executions.append(execution)
        if order.unspent == 0 if order.budget is not None else order.remaining == 0:
            order.state = "filled"
            self._close(order)
        self._tell(order, "trade", execution)
        for watcher in (*self.watchers, *order.account.listeners):
            watcher.on_cash(order.account, currencies, "trade")

    def _end(self, order: Order, state: State, why: str) -> bool:
        order.state, order.why, order.updated = state, why, self._world.now
        self._close(order)
        self._tell(order, "expired" if state == "expired" else "cancelled")
        self._tell_cash(order, "cancel")
        return True

    def _close(self, order: Order) -> None:
        self.ledger.release(order)
        self._book(order.market).remove(order)
        order.account.end(order)

    def _quietly(self, act: Callable[[], None]) -> None:
        """Do what is told to this listener too, without hearing it."""
        busy, self._busy = self._busy, True
        try:
            act()
        finally:
            self._busy = busy

    def _tell(self, order: Order, what: What, execution: Execution | None = None) -> None:
        for watcher in (*self.watchers, *order.account.listeners):
            watcher.on_order(order, what, execution)

    def _tell_cash(self, order: Order, why: str) -> None:
        listing = order.market.listing
        for watcher in (*self.watchers, *order.account.listeners):
            watcher.on_cash(order.account, (listing.quote if order.buy else listing.base,), why)
