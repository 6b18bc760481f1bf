"""What an account holds on USD-M futures: wallets, positions, settings and open orders, and the margin they need.

Source: Binance developer documentation, 2026-11. Margin is that of the single-asset mode: only USDT backs positions.
"""

from collections import deque
from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore_exchange_simulator.binance.numbers import ZERO, rounded
from arbcore_exchange_simulator.binance.usdm.brackets import maintenance
from arbcore_exchange_simulator.binance.usdm.marks import Marks
from arbcore_exchange_simulator.binance.usdm.positions import Position
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.money import whole
from arbcore_exchange_simulator.trading.order import Order

MARGIN: Final = "USDT"
"""Asset in which profits and margins are counted."""

_KEPT: Final = 10_000


class Income(Struct, frozen=True):
    """Something that changed a wallet: time in ns, trade number 0 where no trade is behind it."""

    kind: str
    symbol: str
    asset: str
    amount: Decimal
    time: int
    number: int
    trade: int = 0
    info: str = ""


class Holding:
    """An account on futures; its options may set ``hedge`` and ``bnb_burn`` from the start.

    Attributes:
        account: Whose it is; its free cash are the wallets.
        positions: By symbol and side, those that were ever opened.
        leverages: By symbol; 20 where none was set.
        isolated: Symbols whose margin is isolated.
        hedge: Whether long and short positions are kept apart.
        multi: Whether other assets back positions; it changes a flag and no arithmetic here.
        burn: Whether fees are paid in BNB.
        orders: Open orders by number.
        income: What changed the wallets, the oldest first.
        marks: Mark prices by symbol.
    """

    def __init__(self, account: Account, marks: Marks) -> None:
        self.account: Final = account
        self.positions: Final[dict[tuple[str, str], Position]] = {}
        self.leverages: Final[dict[str, int]] = {}
        self.isolated: Final[set[str]] = set()
        self.hedge = bool(account.extra.get("hedge"))
        self.multi = False
        self.burn = bool(account.extra.get("bnb_burn"))
        self.orders: Final[dict[int, Order]] = {}
        self.income: Final[deque[Income]] = deque(maxlen=_KEPT)
        self.marks = marks
        self._numbers = 0

    def wallet(self, asset: str = MARGIN) -> Decimal:
        """Return a wallet's balance, without what open positions would bring."""
        return self.account.of(asset).free

    def book(self, kind: str, amount: Decimal, time: int, *, asset: str = MARGIN, symbol: str = "",
             trade: int = 0, info: str = "") -> None:  # fmt: skip
        """Change a wallet and note why; nothing is noted where nothing changes."""
        if not amount:
            return
        self.account.of(asset).free += amount
        self._numbers += 1
        self.income.append(Income(kind, symbol, asset, amount, time, self._numbers, trade, info))

    def position(self, symbol: str, side: str = "BOTH") -> Position:
        """Return a position, which may be flat."""
        found = self.positions.get((symbol, side))
        if found is None:
            found = self.positions[symbol, side] = Position(symbol, side)
        return found

    def open_positions(self, symbol: str = "") -> list[Position]:
        """Return the positions that hold something."""
        return [one for one in self.positions.values() if one.quantity and symbol in {"", one.symbol}]

    def open_orders(self, symbol: str = "") -> list[Order]:
        """Return the open orders, the oldest first."""
        return [one for one in self.orders.values() if symbol in {"", one.symbol}]

    def leverage(self, symbol: str) -> int:
        """Return the leverage of a symbol."""
        return self.leverages.get(symbol, 20)

    def notional(self, one: Position) -> Decimal:
        """Return a position's signed value at the mark price."""
        return rounded(one.size * self.marks[one.symbol])

    def unrealised(self, one: Position) -> Decimal:
        """Return a position's profit at the mark price."""
        return one.unrealised(self.marks[one.symbol])

    def maintenance(self, one: Position) -> Decimal:
        """Return the margin that keeps a position from liquidation."""
        return maintenance(one.symbol, abs(self.notional(one)))

    def resting(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return the value of open bids and asks that may open or add to a position."""
        values = {True: ZERO, False: ZERO}
        for order in self.open_orders(symbol):
            if not order.reduce_only:
                price = whole(order.price) if order.price else self.marks[symbol]
                values[order.buy] += whole(order.remaining) * price
        return rounded(values[True]), rounded(values[False])

    def exposure(self, symbol: str) -> Decimal:
        """Return the value that positions and open orders of a symbol can reach."""
        bids, asks = self.resting(symbol)
        if self.hedge:
            return sum((abs(self.notional(one)) for one in self.open_positions(symbol)), bids + asks)
        held = self.notional(self.position(symbol))
        return max(abs(held + bids), abs(held - asks))

    def initial(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return the initial margin of a symbol's positions, and of what its open orders add."""
        leverage = self.leverage(symbol)
        held = sum((abs(self.notional(one)) for one in self.open_positions(symbol)), ZERO)
        mine, all_ = rounded(held / leverage), rounded(self.exposure(symbol) / leverage)
        return mine, max(all_ - mine, ZERO)

    def symbols(self) -> list[str]:
        """Return the symbols with a position or an open order."""
        found = [one.symbol for one in self.open_positions()] + [one.symbol for one in self.orders.values()]
        return list(dict.fromkeys(found))

    def withdrawable(self, asset: str) -> Decimal:
        """Return what may leave a wallet: profits that are not realised may not."""
        if asset != MARGIN:
            return max(self.wallet(asset), ZERO)
        return max(min(self.free_margin, self.free_margin - max(self.cross_unrealised, ZERO)), ZERO)

    def decimals(self, symbol: str) -> int:
        """Return how many decimals quantities of a symbol have."""
        return self.marks.decimals(symbol)

    @property
    def cross_wallet(self) -> Decimal:
        """The margin asset's wallet without what isolated positions have set aside."""
        return self.wallet() - sum((one.isolated for one in self.open_positions()), ZERO)

    @property
    def cross_unrealised(self) -> Decimal:
        """Profit of the cross positions at the mark prices."""
        return sum((self.unrealised(one) for one in self.open_positions() if one.symbol not in self.isolated), ZERO)

    @property
    def free_margin(self) -> Decimal:
        """What may become margin of new orders; negative where the account is short of it."""
        taken = ZERO
        for symbol in self.symbols():
            mine, orders = self.initial(symbol)
            taken += orders if symbol in self.isolated else mine + orders
        return self.cross_wallet + self.cross_unrealised - taken
