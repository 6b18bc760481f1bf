"""What is known of the balances, from replies and from the stream alike. Pure; shared by all connections."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from arbcore.model.account import AccountUpdate, BalanceUpdate
from arbcore.model.input import AccountSnapshot
from arbcore.model.money import add
from arbcore.model.position import Balance
from arbcore_exchange_upbit.protocol.decoding import MS
from arbcore_exchange_upbit.protocol.private.account_replies import AccountRow
from arbcore_exchange_upbit.protocol.private.frames import AssetFrame
from arbcore_exchange_upbit.protocol.private.numbers import ZERO

_Held = tuple[Decimal, Decimal]
"""Free and locked."""

_NOTHING: Final = (ZERO, ZERO)

KEPT: Final = 4_096
"""Currencies that are remembered; the venue lists fewer."""


class Purse:
    """Tells balances that changed. A reply tells them to the last digit; a frame is quicker, and made of doubles.

    Args:
        venue: Exchange instance id.

    Attributes:
        ask_at: When a reply is wanted since a frame changed something, 0 for never.
    """

    def __init__(self, venue: str) -> None:
        self._venue: Final = venue
        self._held: Final[dict[str, _Held]] = {}
        self._told_at: Final[dict[str, int]] = {}
        self._stated_at: Final[dict[str, int]] = {}
        self._moved_at = 0
        self.ask_at = 0

    def on_frame(self, frame: AssetFrame, wait: int, now: int) -> AccountUpdate | None:
        """Take balances from the stream; return those that changed, None where none did.

        Args:
            frame: The frame.
            wait: Time until a reply shall confirm it, nanoseconds.
            now: Time.
        """
        changed: dict[str, _Held] = {}
        for asset in frame.assets:
            late = frame.asset_timestamp < self._stated_at.get(asset.currency, 0)
            if late or (asset.currency not in self._told_at and len(self._told_at) >= KEPT):
                continue
            self._stated_at[asset.currency], self._told_at[asset.currency] = frame.asset_timestamp, now
            changed[asset.currency] = (asset.balance, asset.locked)
        self._moved_at = now
        self.ask_at = min(self.ask_at or now + wait, now + wait)
        return self._changed(changed, frame.asset_timestamp * MS, now)

    def on_reply(self, rows: Sequence[AccountRow], asked: int, now: int) -> AccountUpdate | None:
        """Take all balances from a reply; return those that changed, None where none did.

        Args:
            rows: The balances.
            asked: When the question was sent: what the stream told since is newer.
            now: Time.
        """
        if asked > self._moved_at:
            self.ask_at = 0
        stated = {row.currency: (row.balance, row.locked) for row in rows}
        gone = {currency: _NOTHING for currency in self._held if currency not in stated}
        settled = {name: held for name, held in {**stated, **gone}.items() if self._told_at.get(name, 0) < asked}
        return self._changed(settled, now, now)

    def snapshot(self, now: int) -> AccountSnapshot:
        """Return all balances as they are known; the venue names no time of the whole."""
        balances = [
            Balance(venue=self._venue, currency=currency, total=add(*held), locked=held[1])
            for currency, held in self._held.items()
        ]
        return AccountSnapshot(venue=self._venue, balances=tuple(balances), positions=(), ts=now, recv_ts=now)

    def _changed(self, stated: dict[str, _Held], ts: int, now: int) -> AccountUpdate | None:
        changed = {currency: held for currency, held in stated.items() if self._held.get(currency, _NOTHING) != held}
        for currency, held in changed.items():
            if any(held):
                self._held[currency] = held
            else:
                self._held.pop(currency, None)
        if not changed:
            return None
        balances = [
            BalanceUpdate(currency=currency, total=add(*held), locked=held[1]) for currency, held in changed.items()
        ]
        return AccountUpdate(venue=self._venue, balances=tuple(balances), ts=ts, recv_ts=now)
