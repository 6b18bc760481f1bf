"""Upbit's private REST of accounts: balances, chances, wallets, keys (Upbit developer centre, 2026-11)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.accounts import Accounts
from arbcore_exchange_simulator.trading.money import plain
from arbcore_exchange_simulator.upbit.asked import Asked
from arbcore_exchange_simulator.upbit.clock import KST, moment
from arbcore_exchange_simulator.upbit.drafts import max_total, min_total
from arbcore_exchange_simulator.upbit.orders import UpbitOrders
from arbcore_exchange_simulator.upbit.problems import problem

if TYPE_CHECKING:
    from arbcore_exchange_simulator.market.world import World

Row = dict[str, Any]

YEAR: Final = 365 * 86_400 * 1_000_000_000
"""Life of a key in ns; it can't be renewed."""

_LIMITS: Final = ["limit", "limit_ioc", "limit_fok", "best_ioc", "best_fok"]


def at(ns: int) -> str:
    """Return a time as ``2026-11-20T16:52:49+09:00``."""
    return f"{moment(ns // 1_000_000).astimezone(KST):%Y-%m-%dT%H:%M:%S}+09:00"


class UpbitWallet:
    """Shows what an account has and may do.

    Args:
        world: The markets.
        accounts: All accounts.
        orders: Where markets are looked up.
        wallets: State of the wallets that are not working; changed from outside.
    """

    def __init__(self, world: "World", accounts: Accounts, orders: UpbitOrders, wallets: dict[str, Any]) -> None:
        self._world = world
        self._accounts = accounts
        self._orders = orders
        self._wallets = wallets

    def routes(self) -> dict[tuple[str, str], tuple[str, Callable[[Asked], Any]]]:
        """Return what is answered here: scope and handler by method and path."""
        return {
            ("GET", "accounts"): ("asset-view", self._accounts_of),
            ("GET", "orders/chance"): ("order-view", self._chance),
            ("GET", "api_keys"): ("", self._keys),
            ("GET", "status/wallet"): ("", self._status),
        }

    def _accounts_of(self, asked: Asked) -> list[Row]:
        return [_account(asked.account, name) for name, cash in asked.account.cash.items() if cash.total]

    def _chance(self, asked: Asked) -> Row:
        market = self._world.markets["upbit"].get(asked.need("market"))
        if market is None or 0 < market.delisting <= self._world.now:
            raise problem("notfoundmarket")
        listing, account = market.listing, asked.account
        rates = self._orders.rates(account)
        least = plain(min_total(market))
        offline = self._orders.is_offline(market)
        return {
            "bid_fee": plain(rates[1]),
            "ask_fee": plain(rates[1]),
            "maker_bid_fee": plain(rates[0]),
            "maker_ask_fee": plain(rates[0]),
            "market": {
                "id": listing.symbol,
                "name": f"{listing.base}/{listing.quote}",
                "order_types": ["limit"],
                "order_sides": ["ask", "bid"],
                "bid_types": [*_LIMITS, "price"],
                "ask_types": [*_LIMITS, "market"],
                "bid": {"currency": listing.quote, "min_total": least},
                "ask": {"currency": listing.base, "min_total": least},
                "max_total": plain(max_total(market)),
                "state": "offline" if offline else "active",
            },
            "bid_account": _account(account, listing.quote),
            "ask_account": _account(account, listing.base),
        }

    def _keys(self, asked: Asked) -> list[Row]:
        start = self._world.start
        return [{"access_key": key.key, "expire_at": at(key.expires or start + YEAR)} for key in asked.account.keys]

    def _status(self, _asked: Asked) -> list[Row]:
        ms = self._world.time_ms
        updated = f"{moment(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}+00:00"
        coins = dict.fromkeys(one.listing.base for one in self._world.markets["upbit"].values())
        return [
            {
                "currency": name,
                "wallet_state": self._wallets.get(name, "working"),
                "block_state": "normal",
                "block_height": 1_000_000 + ms // 600_000,
                "block_updated_at": updated,
                "block_elapsed_minutes": 0,
                "net_type": name,
                "network_name": name,
            }
            for name in coins
        ]


def _account(account: Account, currency: str) -> Row:
    cash = account.of(currency)
    return {
        "currency": currency,
        "balance": plain(cash.free),
        "locked": plain(cash.locked),
        "avg_buy_price": "0",
        "avg_buy_price_modified": False,
        "unit_currency": "KRW",
    }
