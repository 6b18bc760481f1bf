"""Listen keys: an hour each, longer when extended, one for an account (Binance developer documentation, 2026-11)."""

from hashlib import sha256
from typing import Final

from arbcore_exchange_simulator.binance.refusals import refused
from arbcore_exchange_simulator.trading.account import Account

LIFE: Final = 3600 * 1_000_000_000
"""Life of a key in ns, from its last extension."""


class ListenKeys:
    """Keys of all accounts, in virtual time."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[str, int]] = {}
        self._accounts: dict[str, Account] = {}
        self._made = 0

    def open(self, account: Account, now: int) -> str:
        """Return an account's key: the same and extended while it lives, else a new one."""
        found = self._of.get(account.name)
        key = found[0] if found is not None and now < found[1] else self._new(account)
        self._of[account.name] = (key, now + LIFE)
        self._accounts[key] = account
        return key

    def extend(self, account: Account, now: int) -> str:
        """Let a key live for another hour.

        Raises:
            Refused: There is none, or it has expired (-1125).
        """
        found = self._of.get(account.name)
        if found is None or now >= found[1]:
            raise refused(-1125)
        self._of[account.name] = (found[0], now + LIFE)
        return found[0]

    def close(self, account: Account) -> str:
        """End an account's key; return it, or an empty text where there was none."""
        key, _ = self._of.pop(account.name, ("", 0))
        self._accounts.pop(key, None)
        return key

    def account(self, key: str) -> Account | None:
        """Return whose key this is; None for a key that is none, or is one no longer."""
        return self._accounts.get(key)

    def expired(self, now: int, *, all_: bool = False) -> list[tuple[Account, str]]:
        """End the keys whose time is over, or all; return whose they were."""
        over = [key for key, end in self._of.values() if all_ or now >= end]
        found = [(self._accounts[key], key) for key in over]
        for account, _ in found:
            self.close(account)
        return found

    def _new(self, account: Account) -> str:
        self._made += 1
        return sha256(f"{account.name}:{self._made}".encode()).hexdigest()
