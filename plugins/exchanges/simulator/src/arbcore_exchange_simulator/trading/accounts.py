"""All accounts of a simulator: found by key, shown and changed from outside."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from arbcore_exchange_simulator.market.coins import coin
from arbcore_exchange_simulator.trading.account import Account, ApiKey
from arbcore_exchange_simulator.trading.given import AccountSettings, KeySettings
from arbcore_exchange_simulator.trading.money import ZERO, minus, plain


class Accounts:
    """Accounts by name and key.

    Attributes:
        on_paid: Called with account, currency and amount when money arrives from outside.
        on_changed: Called with an account and its changed currencies when its money is set from outside.

    Args:
        told: The accounts at the start.
        coins: Tickers of the listed coins.
        start: UTC ns, from which keys' lives count.
    """

    def __init__(self, told: Iterable[AccountSettings], coins: Iterable[str], start: int) -> None:
        self._coins = tuple(coins)
        self._start = start
        self._by_name: dict[str, Account] = {}
        self._by_key: dict[tuple[str, str], tuple[Account, ApiKey]] = {}
        self.on_changed: Final[list[Callable[[Account, tuple[str, ...]], None]]] = []
        self.on_paid: Final[list[Callable[[Account, str, Decimal], None]]] = []
        for one in told:
            self.add(one)

    def add(self, told: AccountSettings) -> Account:
        """Open an account.

        Raises:
            ValueError: Its name or a key is taken.
        """
        if told.name in self._by_name:
            raise ValueError(f"account {told.name}: there is one of that name")
        keys = tuple(self._key(one) for one in told.keys)
        taken = [one.key for one in keys if (told.venue, one.key) in self._by_key]
        if taken:
            raise ValueError(f"account {told.name}: key {taken[0]} is another account's")
        account = Account(told.name, told.venue, keys, told.owner)
        for currency, amount in self._balances(told).items():
            account.deposit(currency, amount)
        if told.maker_fee is not None or told.taker_fee is not None:
            account.fees = told.maker_fee or ZERO, told.taker_fee or ZERO
        account.extra.update(told.options)
        self._by_name[told.name] = account
        self._by_key.update({(told.venue, one.key): (account, one) for one in keys})
        return account

    def find(self, venue: str, key: str) -> tuple[Account, ApiKey] | None:
        """Return the account of a key."""
        return self._by_key.get((venue, key))

    def named(self, name: str) -> Account | None:
        """Return an account by its name."""
        return self._by_name.get(name)

    def known(self, name: str) -> Account:
        """Return an account by its name.

        Raises:
            ValueError: There is none.
        """
        account = self._by_name.get(name)
        if account is None:
            raise ValueError(f"{name}: there is no such account; known: {', '.join(self._by_name)}")
        return account

    def pay(self, account: Account, currency: str, amount: Decimal) -> None:
        """Let money arrive from outside, and tell the account's venue."""
        account.deposit(currency, amount)
        for note in self.on_paid:
            note(account, currency, amount)
        for told in self.on_changed:
            told(account, (currency,))

    def of(self, venue: str, owner: str = "") -> list[Account]:
        """Return a venue's accounts, or those of one owner there, the first told first."""
        found = (one for one in self._by_name.values() if one.venue == venue)
        return [one for one in found if not owner or one.owner == owner]

    def set(self, name: str, balances: dict[str, Decimal]) -> None:
        """Set the free money of an account.

        Raises:
            ValueError: There is no such account, or an amount is negative.
        """
        account = self.known(name)
        for currency, amount in balances.items():
            if amount < 0:
                raise ValueError(f"{name}: {currency}: a balance can't be set below 0")
            account.deposit(currency, minus(amount, account.of(currency).free))
        for told in self.on_changed:
            told(account, tuple(balances))

    def report(self) -> list[dict[str, Any]]:
        """Return every ledger exactly."""
        return [
            {
                "name": one.name,
                "venue": one.venue,
                "owner": one.owner,
                "keys": [key.key for key in one.keys],
                "cash": {
                    currency: {"free": plain(cash.free), "locked": plain(cash.locked)}
                    for currency, cash in one.cash.items()
                },
                "open_orders": len(one.open),
                **{key: show() for key, show in one.shown.items()},
            }
            for one in self._by_name.values()
        ]

    def _key(self, told: KeySettings) -> ApiKey:
        return ApiKey(
            told.key,
            told.secret.get_secret_value(),
            told.public_key,
            frozenset(told.permissions),
            frozenset(told.ips),
            self._start + told.expires_in if told.expires_in is not None else 0,
        )

    def _balances(self, told: AccountSettings) -> dict[str, Decimal]:
        stock = {name: _worth(told.stock, coin(name).price) for name in self._coins} if told.stock else {}
        return {**stock, **told.balances}


def _worth(money: float, price: float) -> Decimal:
    """Return the quantity of a coin that is worth some money, to three digits."""
    return Decimal(f"{Decimal(f'{money / price:.2e}'):f}")
