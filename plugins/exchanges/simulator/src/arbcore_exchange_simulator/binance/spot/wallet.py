"""Binance's ``/sapi``: transfers between wallets, withdrawals, deposits, and what a key may do.

An account's options may name where withdrawals arrive: ``options: {addresses: [{currency: XRP, net_type: XRP, address:
r..., secondary_address: "1", pays: ACCOUNT}]}``; what goes to such an address is paid to that account of the simulator.

Source: Binance developer documentation, 2026-11. Codes of refused transfers and withdrawals are unconfirmed.
"""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, Protocol

from msgspec import Struct

from arbcore_exchange_simulator.binance.asked import Asked
from arbcore_exchange_simulator.binance.desk import Call, Endpoint
from arbcore_exchange_simulator.binance.numbers import ZERO, told
from arbcore_exchange_simulator.binance.refusals import invalid, refused
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.spot.coins import Coins
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.accounts import Accounts

_KEPT: Final = 1000
_TAKES: Final = 10_000_000_000
_TYPES: Final = {
    "MAIN_UMFUTURE": ("spot", "usdm"),
    "UMFUTURE_MAIN": ("usdm", "spot"),
    "MAIN_FUNDING": ("spot", "funding"),
    "FUNDING_MAIN": ("funding", "spot"),
    "UMFUTURE_FUNDING": ("usdm", "funding"),
    "FUNDING_UMFUTURE": ("funding", "usdm"),
}


Tell = Callable[[Account, str, Decimal], None]
"""Takes an account, an asset and an amount."""


class Futures(Protocol):
    """The futures' wallets of the same owner."""

    def withdrawable(self, account: Account, asset: str) -> Decimal:
        """Return what may leave a wallet."""
        ...

    def move(self, account: Account, asset: str, amount: Decimal) -> None:
        """Add to a wallet; a negative amount takes away."""
        ...


class _Moved(Struct):
    """Transfers, withdrawals and deposits of one owner, and the funding wallet."""

    funding: dict[str, Decimal]
    transfers: deque[Row]
    withdrawals: deque[Row]
    deposits: deque[Row]


class SpotWallet:
    """Moves money, and shows what was moved.

    Args:
        accounts: All accounts.
        futures: The futures' wallets.
        coins: Networks and their fees.
        tell: Tells a spot account's listeners that money came or went.
        pay: Lets money arrive at an account of any venue.
        clock: Time in ns.
    """

    def __init__(self, accounts: Accounts, futures: Futures, coins: Coins, tell: Tell, pay: Tell,
                 clock: Callable[[], int]) -> None:  # fmt: skip
        self._accounts = accounts
        self._futures = futures
        self._coins = coins
        self._tell = tell
        self._pay = pay
        self._clock = clock
        self._moved: dict[str, _Moved] = {}
        self._due: list[tuple[int, Account, Row]] = []
        self._numbers = 100_000_000

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
        """Return the endpoints by method and path."""
        move, out = "universalTransfer", "withdraw"
        found = {
            ("POST", "asset/transfer"): Endpoint(self.transfer, 1, "", move),
            ("GET", "asset/transfer"): Endpoint(self.transfers),
            ("POST", "asset/get-funding-asset"): Endpoint(self.funding),
            ("POST", "capital/withdraw/apply"): Endpoint(self.withdraw, 1, "", out),
            ("GET", "capital/withdraw/history"): Endpoint(self.withdrawals),
            ("GET", "capital/deposit/hisrec"): Endpoint(self.deposits),
            ("GET", "capital/deposit/address"): Endpoint(self.address, 10),
            ("GET", "capital/config/getall"): Endpoint(self._coins.all, 10),
            ("GET", "asset/tradeFee"): Endpoint(self._coins.fees),
        }
        return {(method, f"sapi/v1/{path}"): one for (method, path), one in found.items()}

    def _of(self, account: Account) -> _Moved:
        found = self._moved.get(account.owner)
        if found is None:
            found = _Moved({}, deque(maxlen=_KEPT), deque(maxlen=_KEPT), deque(maxlen=_KEPT))
            self._moved[account.owner] = found
        return found

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def transfer(self, call: Call) -> Row:
        """Move money between two wallets of one owner.

        Raises:
            Refused: There is no such way, or not that much money.
        """
        asked = call.asked
        kind, asset, amount = asked.one_of("type", tuple(_TYPES)), asked.text("asset"), asked.money("amount")
        if amount <= 0:
            raise invalid("amount")
        source, target = _TYPES[kind]
        if self._there(call.account, source, asset) < amount:
            raise refused(-5013, "Asset transfer failed: insufficient balance.")
        self._put(call.account, source, asset, -amount)
        self._put(call.account, target, asset, amount)
        number = self._number()
        self._of(call.account).transfers.append(
            {"asset": asset, "amount": told(amount), "type": kind, "status": "CONFIRMED", "tranId": number,
             "timestamp": call.now // 1_000_000}
        )  # fmt: skip
        return {"tranId": number}

    def _other(self, account: Account) -> Account:
        """Return the owner's futures account."""
        found = self._accounts.of("usdm", account.owner)
        if not found:
            raise refused(-5002, "Insufficient balance: no futures account.")
        return found[0]

    def _there(self, account: Account, wallet: str, asset: str) -> Decimal:
        if wallet == "spot":
            return account.of(asset).free
        if wallet == "usdm":
            return self._futures.withdrawable(self._other(account), asset)
        return self._of(account).funding.get(asset, ZERO)

    def _put(self, account: Account, wallet: str, asset: str, amount: Decimal) -> None:
        if wallet == "spot":
            account.deposit(asset, amount)
            self._tell(account, asset, amount)
        elif wallet == "usdm":
            self._futures.move(self._other(account), asset, amount)
        else:
            held = self._of(account).funding
            held[asset] = held.get(asset, ZERO) + amount

    def transfers(self, call: Call) -> Row:
        """Return transfers of a type, the latest first."""
        kind = call.asked.one_of("type", tuple(_TYPES))
        found = [row for row in self._of(call.account).transfers if row["type"] == kind][::-1]
        found = [row for row in found if _within(call.asked, row["timestamp"])]
        size, page = call.asked.whole("size", 10), call.asked.whole("current", 1)
        return {"total": len(found), "rows": found[(page - 1) * size : page * size]}

    def funding(self, call: Call) -> list[Row]:
        """Return the funding wallet."""
        none = {"locked": "0", "freeze": "0", "withdrawing": "0", "btcValuation": "0"}
        held = self._of(call.account).funding
        return [{"asset": name, "free": told(amount), **none} for name, amount in held.items() if amount]

    def withdraw(self, call: Call) -> Row:
        """Send money away; it leaves the wallet at once and arrives a little later.

        Raises:
            Refused: The network does not take it, or there is not that much.
        """
        asked, account = call.asked, call.account
        network = self._coins.network(asked.text("coin"), asked.maybe("network"))
        amount, address = asked.money("amount"), asked.text("address")
        if "addressTag" in asked and not network.tagged:
            raise refused(-4106, "This network does not take an address tag.")
        if amount < network.least:
            raise refused(-4010, f"The withdrawal amount must be at least {told(network.least)}.")
        wallet = "funding" if asked.whole("walletType", 0) else "spot"
        if self._there(account, wallet, network.coin) < amount:
            raise refused(-4026, "User has insufficient balance.")
        name = asked.maybe("withdrawOrderId")
        if name and any(row["withdrawOrderId"] == name for row in self._of(account).withdrawals):
            raise refused(-4007, "The withdrawOrderId is used already.")
        self._put(account, wallet, network.coin, -amount)
        row = self._withdrawal(call, network.coin, amount - network.fee, network.fee, address)
        self._due.append((call.now + _TAKES, account, row))
        return {"id": row["id"]}

    def _withdrawal(self, call: Call, coin: str, amount: Decimal, fee: Decimal, address: str) -> Row:
        asked, number = call.asked, self._number()
        row = {
            "id": sha256(f"withdraw:{number}".encode()).hexdigest()[:32],
            "amount": told(amount),
            "transactionFee": told(fee),
            "coin": coin,
            "status": 4,
            "address": address,
            "addressTag": asked.maybe("addressTag"),
            "txId": "",
            "applyTime": _clock_text(call.now),
            "network": asked.maybe("network", coin),
            "transferType": 0,
            "withdrawOrderId": asked.maybe("withdrawOrderId"),
            "info": "",
            "confirmNo": 0,
            "walletType": asked.whole("walletType", 0),
            "txKey": "",
            "completeTime": "",
        }
        self._of(call.account).withdrawals.append(row)
        return row

    def on_time(self, now: int) -> None:
        """Let arrive what is due."""
        due = [one for one in self._due if one[0] <= now]
        self._due = [one for one in self._due if one[0] > now]
        for _, account, row in due:
            row |= {"status": 6, "txId": f"sim-{row['id'][:16]}", "confirmNo": 1, "completeTime": _clock_text(now)}
            for to in account.extra.get("addresses", ()):
                named = (to["currency"], to["address"], str(to.get("secondary_address") or ""))
                paid = self._accounts.named(str(to.get("pays", "")))
                if named == (row["coin"], row["address"], row["addressTag"]) and paid is not None:
                    self._pay(paid, row["coin"], Decimal(row["amount"]))

    def withdrawals(self, call: Call) -> list[Row]:
        """Return withdrawals, the latest first."""
        asked = call.asked
        found = [row for row in self._of(call.account).withdrawals if asked.maybe("coin") in {"", row["coin"]}][::-1]
        if "withdrawOrderId" in asked:
            found = [row for row in found if row["withdrawOrderId"] == asked.text("withdrawOrderId")]
        if "status" in asked:
            found = [row for row in found if row["status"] == asked.whole("status")]
        return _page([row for row in found if _within(asked, _ms(row["applyTime"]))], asked)

    def paid(self, account: Account, coin: str, amount: Decimal) -> None:
        """Note money that arrived from outside."""
        number = self._number()
        self._of(account).deposits.append(
            {"id": str(number), "amount": told(amount), "coin": coin, "network": coin, "status": 1,
             "address": self._address(account, coin), "addressTag": "", "txId": f"sim-{number}",
             "insertTime": self._clock() // 1_000_000, "completeTime": self._clock() // 1_000_000, "transferType": 0,
             "confirmTimes": "1/1", "unlockConfirm": 1, "walletType": 0, "travelRuleStatus": 0}
        )  # fmt: skip

    def deposits(self, call: Call) -> list[Row]:
        """Return deposits, the latest first."""
        asked = call.asked
        found = [row for row in self._of(call.account).deposits if asked.maybe("coin") in {"", row["coin"]}][::-1]
        return _page([row for row in found if _within(asked, row["insertTime"])], asked)

    def address(self, call: Call) -> Row:
        """Return where deposits go."""
        network = self._coins.network(call.asked.text("coin"), call.asked.maybe("network"))
        return {"address": self._address(call.account, network.coin), "coin": network.coin, "tag": "", "url": ""}

    @staticmethod
    def _address(account: Account, coin: str) -> str:
        return "sim" + sha256(f"{account.owner}:{coin}".encode()).hexdigest()[:31]


def _clock_text(now: int) -> str:
    return f"{datetime.fromtimestamp(now // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def _ms(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() * 1000)


def _within(asked: Asked, ms: int) -> bool:
    return asked.whole("startTime", 0) // 1000 * 1000 <= ms <= asked.whole("endTime", 10**15)


def _page(found: list[Row], asked: Asked) -> list[Any]:
    offset, limit = asked.whole("offset", 0), asked.whole("limit", 1000)
    return found[offset : offset + limit]
