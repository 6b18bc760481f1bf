"""The private side of Binance USD-M futures, put together."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from arbcore_exchange_simulator.binance.api import ApiSession, Public
from arbcore_exchange_simulator.binance.desk import Desk
from arbcore_exchange_simulator.binance.hub import BinanceHub
from arbcore_exchange_simulator.binance.numbers import told
from arbcore_exchange_simulator.binance.rest import BinanceRest
from arbcore_exchange_simulator.binance.usdm.account import UsdmAccount
from arbcore_exchange_simulator.binance.usdm.algo import UsdmAlgo
from arbcore_exchange_simulator.binance.usdm.calls import UsdmCalls
from arbcore_exchange_simulator.binance.usdm.changes import UsdmChanges
from arbcore_exchange_simulator.binance.usdm.events import account_update, force_order
from arbcore_exchange_simulator.binance.usdm.ledger import FuturesLedger
from arbcore_exchange_simulator.binance.usdm.methods import METHODS
from arbcore_exchange_simulator.binance.usdm.orders import UsdmOrders
from arbcore_exchange_simulator.binance.usdm.risk import UsdmRisk
from arbcore_exchange_simulator.binance.usdm.streams import UserSession, UserStreams
from arbcore_exchange_simulator.binance.usdm.timers import UsdmTimers
from arbcore_exchange_simulator.binance.usdm.watch import UsdmWatch
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.market.market import Market, Trade
from arbcore_exchange_simulator.market.world import World
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.accounts import Accounts
from arbcore_exchange_simulator.trading.matching import Matching
from arbcore_exchange_simulator.trading.order import Order
from arbcore_exchange_simulator.wire import Answer, Request, Session, Socket

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

_PATHS: Final = re.compile(r"private/(?P<form>ws|stream)(?:/(?P<names>.*))?")
_FIRST: Final = 4_000_000
_BNB: Final = Decimal(900)


class UsdmPrivate:
    """What the futures do for clients with keys; see `wire.PrivateSide`.

    Attributes:
        ledger: Wallets and positions.
        matching: Orders.
        streams: User data.
    """

    def __init__(self, world: World, accounts: Accounts, faults: FaultPlan, rules: "Rules", rest: BinanceRest,
                 hub: BinanceHub) -> None:  # fmt: skip
        markets = world.markets["usdm"]
        self._accounts, self._rules, self._hub, self._world = accounts, rules, hub, world
        self._public: Public = rest.answer
        self.ledger: Final = FuturesLedger(markets, self._bnb)
        self.matching: Final = Matching("usdm", world, self.ledger, _FIRST)
        self.streams: Final = UserStreams(faults)
        orders = UsdmOrders(markets, self.matching, self.ledger, faults, lambda: world.now)
        self._timers: Final = UsdmTimers(orders)
        self._algo: Final = UsdmAlgo(orders, self.streams)
        self._risk: Final = UsdmRisk(orders, self.streams, faults, self._liquidated)
        self.desk: Final = Desk("usdm", accounts, rest.limits, faults, rules, lambda: world.now)
        self.matching.watchers.append(UsdmWatch(orders, self.ledger, self.streams, lambda: world.now))
        account = UsdmAccount(orders, self.ledger, self.desk)
        for part in (UsdmCalls(orders, self.desk, self._timers.countdown), account, self._algo,
                     UsdmChanges(orders, self.ledger, self.streams)):  # fmt: skip
            self.desk.endpoints.update(part.endpoints())
        world.listeners.append(self)
        world.on_settled = self._risk.on_settled
        accounts.on_changed.append(self._changed)
        for one in accounts.of("usdm"):
            self._show(one)

    def serve(self, request: Request) -> Answer | None:
        """Answer a private request; None where the path is a public one's."""
        return self.desk.serve(request)

    def open(self, request: Request, socket: Socket) -> Session | None:
        """Open a user stream or a WebSocket API; None where the path is neither."""
        if request.path == "ws-fapi/v1":
            return ApiSession(self.desk, self._hub, socket, self._rules, METHODS, request.ip, self._public,
                              now=self._world.now)  # fmt: skip
        match = _PATHS.fullmatch(request.path)
        if match is None:
            return None
        wrap = match["form"] == "stream"
        session = UserSession(self._hub, self.streams, socket, self._rules, wrap=wrap, now=self._world.now)
        session.listen(match["names"] or "", request)
        return session

    def withdrawable(self, account: Account, asset: str) -> Decimal:
        """Return what may leave a wallet."""
        return self.ledger.of(account).withdrawable(asset)

    def move(self, account: Account, asset: str, amount: Decimal) -> None:
        """Add to a wallet, as a transfer from another one; a negative amount takes away."""
        holding, now = self.ledger.of(account), self._world.now
        holding.book("TRANSFER", amount, now, asset=asset, info="TRANSFER")
        why = "DEPOSIT" if amount > 0 else "WITHDRAW"
        self.streams.emit(account, account_update(holding, why, {asset: amount}, (), now // 1_000_000), now)

    def on_book(self, market: Market) -> None:
        """Nothing: orders hear of books by themselves."""

    def on_trade(self, market: Market, trade: Trade) -> None:
        """Let trades trigger conditional orders."""
        if market.listing.venue == "usdm":
            self._algo.on_trade(market, trade)

    def on_time(self, now: int) -> None:
        """Do what is due by time."""
        for part in (self._risk, self._timers, self._algo, self.streams):
            part.on_time(now)

    def _liquidated(self, order: Order) -> None:
        """Tell the public of a liquidation."""
        self._hub.announce("forceOrder", order.symbol, force_order(order, self._world.time_ms))

    def _bnb(self) -> Decimal:
        """Return the price of BNB: that of its spot market, or a fixed one where none is listed."""
        market = self._world.markets["spot"].get("BNBUSDT")
        return Decimal(market.trades[-1].price) / 10**8 if market is not None else _BNB

    def _changed(self, account: Account, currencies: tuple[str, ...]) -> None:
        """Tell wallets that were set from outside."""
        if account.venue != "usdm":
            return
        holding, now = self.ledger.of(account), self._world.now
        changes = dict.fromkeys(currencies, Decimal(0))
        row = account_update(holding, "ADJUSTMENT", changes, (), now // 1_000_000)
        self.streams.emit(account, row, now)

    def _show(self, account: Account) -> None:
        """Let the simulator's report of accounts tell positions, too."""

        def positions() -> list[dict[str, Any]]:
            return [
                {"symbol": one.symbol, "side": one.side, "quantity": told(one.size), "cost": f"{one.cost:f}",
                 "realised": f"{one.realised:f}", "isolated": f"{one.isolated:f}"}
                for one in self.ledger.of(account).open_positions()
            ]  # fmt: skip

        account.shown["positions"] = positions
