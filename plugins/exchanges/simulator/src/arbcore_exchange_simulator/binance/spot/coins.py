"""Coins on Binance: networks, fees of withdrawals and of trades; reference values (Binance documentation, 2026-11)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore_exchange_simulator.binance.desk import Call
from arbcore_exchange_simulator.binance.numbers import told
from arbcore_exchange_simulator.binance.refusals import refused
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.spot.ledger import rates
from arbcore_exchange_simulator.market.market import Market

_FEES: Final = {"BTC": "0.00003", "ETH": "0.0003", "XRP": "0.2", "SOL": "0.001", "DOGE": "4", "TRX": "1", "USDT": "1"}
_NETWORKS: Final = {"USDT": "TRX"}
_TAGGED: Final = frozenset({"XRP", "XLM", "EOS", "ATOM", "TON", "HBAR"})


class Network(Struct, frozen=True):
    """A coin's way in and out: smallest withdrawal with its fee, and whether addresses have tags."""

    coin: str
    name: str
    fee: Decimal
    least: Decimal
    tagged: bool


class Coins:
    """All coins that are listed, each with one network."""

    def __init__(self, markets: Mapping[str, Market]) -> None:
        self._markets = markets
        names = dict.fromkeys([*(one.listing.base for one in markets.values()), "USDT", "BNB"])
        self._networks = {name: _network(name) for name in names}

    def network(self, coin: str, name: str) -> Network:
        """Return a coin's network; the usual one where none is named.

        Raises:
            Refused: There is no such coin or network.
        """
        found = self._networks.get(coin)
        if found is None or name not in {"", found.name}:
            raise refused(-4019, "The current currency is not open for withdrawal.")
        return found

    def all(self, call: Call) -> list[Row]:
        """Return all coins with what the account has of them."""
        return [self._coin(call, one) for one in self._networks.values()]

    @staticmethod
    def _coin(call: Call, one: Network) -> Row:
        cash = call.account.of(one.coin)
        none = dict.fromkeys(("freeze", "withdrawing", "ipoing", "ipoable", "storage"), "0")
        network = {
            "network": one.name,
            "coin": one.coin,
            "name": one.name,
            "isDefault": True,
            "depositEnable": True,
            "withdrawEnable": True,
            "withdrawFee": told(one.fee),
            "withdrawMin": told(one.least),
            "withdrawMax": "10000000",
            "withdrawIntegerMultiple": "0.00000001",
            "minConfirm": 1,
            "unLockConfirm": 1,
            "depositDesc": "",
            "withdrawDesc": "",
            "addressRegex": "^[0-9A-Za-z]{10,100}$",
            "memoRegex": "^[0-9A-Za-z]{1,120}$" if one.tagged else "",
            "sameAddress": one.tagged,
            "estimatedArrivalTime": 1,
            "busy": False,
            "resetAddressStatus": False,
        }
        return {
            "coin": one.coin,
            "name": one.coin,
            "free": told(cash.free),
            "locked": told(cash.locked),
            **none,
            "depositAllEnable": True,
            "withdrawAllEnable": True,
            "isLegalMoney": False,
            "trading": True,
            "networkList": [network],
        }

    def fees(self, call: Call) -> list[Row]:
        """Return fees of trades, of one symbol or of all."""
        wanted = call.asked.maybe("symbol")
        found = []
        for symbol, market in self._markets.items():
            if wanted in {"", symbol}:
                maker, taker = rates(call.account, market)
                found.append({"symbol": symbol, "makerCommission": told(maker), "takerCommission": told(taker)})
        return found


def _network(coin: str) -> Network:
    fee = Decimal(_FEES.get(coin, "0.1"))
    return Network(coin, _NETWORKS.get(coin, coin), fee, fee * 2, coin in _TAGGED)
