"""Replies about the account. Source: Upbit developer centre, exchange REST, 2026-11."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

import msgspec

from arbcore.net.request import Reply
from arbcore_exchange_upbit.protocol.decoding import unreadable
from arbcore_exchange_upbit.protocol.private.errors import answer
from arbcore_exchange_upbit.protocol.private.numbers import CurrencyCode, check_amounts, check_moments, nanoseconds


class AccountRow(msgspec.Struct, kw_only=True):
    """A balance of the key's pocket; ``balance`` excludes what is locked."""

    currency: CurrencyCode
    balance: Decimal
    locked: Decimal

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_amounts(self.balance, self.locked)


class KeyRow(msgspec.Struct):
    """One of the account's keys; it is shown to nobody, neither whole nor in part."""

    access_key: str
    expire_at: str | None = None

    @property
    def ends_at(self) -> int | None:
        """When the key ends, UTC nanoseconds; None where that can't be read. A time without an offset is Seoul's."""
        try:
            moment = datetime.fromisoformat(self.expire_at or "")
            moment = moment if moment.tzinfo else moment.replace(tzinfo=_SEOUL)
            check_moments(moment)
        except ValueError:
            return None
        return nanoseconds(moment)

    def __repr__(self) -> str:
        """Return nothing that is secret."""
        return "KeyRow(...)"


class PocketRow(msgspec.Struct):
    """A pocket of the account. How it is named and marked is unconfirmed."""

    uuid: str
    name: str = ""


_SEOUL: Final = timezone(timedelta(hours=9))
_ACCOUNTS: Final = msgspec.json.Decoder(list[AccountRow])
_KEYS: Final = msgspec.json.Decoder(list[KeyRow])
_POCKETS: Final = msgspec.json.Decoder(list[PocketRow])


def read_accounts(reply: Reply) -> list[AccountRow]:
    """Return the balances.

    Raises:
        ExchangeError: The venue did not tell, or named a currency twice.
    """
    rows = answer(_ACCOUNTS, reply, "accounts")
    if len({row.currency for row in rows}) != len(rows):
        raise unreadable("accounts", "a currency stands there twice")
    return rows


def read_keys(reply: Reply) -> list[KeyRow]:
    """Return the account's keys.

    Raises:
        ExchangeError: The venue did not tell.
    """
    return answer(_KEYS, reply, "api_keys")


def read_pockets(reply: Reply) -> list[PocketRow]:
    """Return the account's pockets.

    Raises:
        ExchangeError: The venue did not tell.
    """
    return answer(_POCKETS, reply, "pockets")
