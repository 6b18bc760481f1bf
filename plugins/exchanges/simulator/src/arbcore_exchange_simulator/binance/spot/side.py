"""The private side of Binance spot and of its wallets, put together."""

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from arbcore_exchange_simulator.binance.api import ApiSession, Public
from arbcore_exchange_simulator.binance.desk import Call, Desk, Endpoint
from arbcore_exchange_simulator.binance.hub import BinanceHub
from arbcore_exchange_simulator.binance.rest import BinanceRest
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.spot import rows
from arbcore_exchange_simulator.binance.spot.calls import SpotCalls
from arbcore_exchange_simulator.binance.spot.coins import Coins
from arbcore_exchange_simulator.binance.spot.ledger import BinanceSpotLedger
from arbcore_exchange_simulator.binance.spot.methods import methods
from arbcore_exchange_simulator.binance.spot.orders import SpotOrders
from arbcore_exchange_simulator.binance.spot.streams import SpotStreams
from arbcore_exchange_simulator.binance.spot.wallet import SpotWallet, Tell
from arbcore_exchange_simulator.binance.usdm.side import UsdmPrivate
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.market.market import Market, Trade
from arbcore_exchange_simulator.market.world import World
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.accounts import Accounts
from arbcore_exchange_simulator.trading.matching import Matching
from arbcore_exchange_simulator.wire import Answer, Request, Session, Socket, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

_FIRST: Final = 28_000_000
_RIGHTS: Final = {
    "enableReading": "",
    "enableSpotAndMarginTrading": "spot",
    "enableFutures": "futures",
    "enableWithdrawals": "withdraw",
    "permitsUniversalTransfer": "universalTransfer",
    "enableInternalTransfer": "internalTransfer",
}
_NO_MARGIN: Final = ("sapi/v1/margin/allPairs", "sapi/v1/margin/isolated/allPairs", "sapi/v1/margin/allAssets")
_NO_RIGHTS: Final = ("enableMargin", "enableVanillaOptions", "enablePortfolioMarginTrading", "enableFixApiTrade")


class SpotPrivate:
    """What spot does for clients with keys; see `wire.PrivateSide`.

    Attributes:
        matching: Orders.
        streams: User data.
        wallet: Transfers, withdrawals and deposits.
    """

    def __init__(self, world: World, accounts: Accounts, faults: FaultPlan, rules: "Rules", rest: BinanceRest,
                 hub: BinanceHub, futures: UsdmPrivate, pay: Tell) -> None:  # fmt: skip
        markets = world.markets["spot"]
        self._world, self._rules, self._hub = world, rules, hub
        self._public: Public = rest.answer
        self.matching: Final = Matching("spot", world, BinanceSpotLedger(self._bnb), _FIRST)
        self.streams: Final = SpotStreams(faults, lambda: world.now)
        self.matching.watchers.append(self.streams)
        orders = SpotOrders(markets, self.matching, faults, lambda: world.now)
        self.desk: Final = Desk("spot", accounts, rest.limits, faults, rules, lambda: world.now)
        coins = Coins(markets)
        self.wallet: Final = SpotWallet(accounts, futures, coins, self.streams.moved, pay, lambda: world.now)
        for part in (SpotCalls(orders, self.desk), self.wallet):
            self.desk.endpoints.update(part.endpoints())
        self.desk.endpoints["GET", "sapi/v1/account/apiRestrictions"] = Endpoint(self._rights)
        for path in _NO_MARGIN:  # clients list these pairs when they start; nothing is lent here
            self.desk.endpoints["GET", path] = Endpoint(lambda _call: [], signed=False)
        self._methods = methods(self.streams)
        accounts.on_changed.append(self._changed)
        accounts.on_paid.append(self._paid)
        world.listeners.append(self)

    def serve(self, request: Request) -> Answer | None:
        """Answer a private request; None where the path is a public one's."""
        if request.path == "sapi/v1/system/status":
            return Answer(200, encode({"status": 0, "msg": "normal"}))
        return self.desk.serve(request)

    def open(self, request: Request, socket: Socket) -> Session | None:
        """Open a WebSocket API; None where the path is none."""
        if request.path != "ws-api/v3":
            return None
        return ApiSession(self.desk, self._hub, socket, self._rules, self._methods, request.ip, self._public,
                          now=self._world.now)  # fmt: skip

    def on_book(self, market: Market) -> None:
        """Nothing: orders hear of books by themselves."""

    def on_trade(self, market: Market, trade: Trade) -> None:
        """Nothing: orders hear of trades by themselves."""

    def on_time(self, now: int) -> None:
        """Do what is due by time."""
        self.wallet.on_time(now)
        self.streams.on_time(now)

    def _bnb(self) -> Decimal:
        """Return the price of BNB: that of its market, or a fixed one where none is listed."""
        market = self._world.markets["spot"].get("BNBUSDT")
        return Decimal(market.trades[-1].price) / 10**8 if market is not None else Decimal(900)

    def _rights(self, call: Call) -> Row:
        """Return what the asking key may do; one without a list of permissions may do everything."""
        key = call.key
        may = {name: not key.permissions or not word or word in key.permissions for name, word in _RIGHTS.items()}
        return {"ipRestrict": bool(key.ips), "createTime": self._world.start // 1_000_000, **may,
                **dict.fromkeys(_NO_RIGHTS, False)}  # fmt: skip

    def _changed(self, account: Account, currencies: tuple[str, ...]) -> None:
        """Tell balances that were set from outside."""
        if account.venue == "spot":
            self.streams.emit(account, rows.position(account, currencies, self._world.now))

    def _paid(self, account: Account, currency: str, amount: Decimal) -> None:
        """Note and tell money that arrived from outside."""
        if account.venue == "spot":
            self.wallet.paid(account, currency, amount)
            self.streams.emit(account, rows.balance(currency, amount, self._world.now))
