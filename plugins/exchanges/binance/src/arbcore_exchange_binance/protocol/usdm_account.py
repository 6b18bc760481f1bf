"""Balances and positions of a futures account, from events of changes and from whole answers. Pure.

Positions are kept by symbol and side, and told net. In one-way mode the side is ``BOTH``; with long and short kept
apart there are two. Source: Binance developer documentation, USD-M futures account and user data streams, 2026-11.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.model.account import AccountUpdate, BalanceUpdate
from arbcore.model.input import AccountSnapshot
from arbcore.model.money import ZERO, multiply, subtract, total
from arbcore.model.position import Balance, PositionReport
from arbcore_exchange_binance.protocol.usdm_events import AccountChange
from arbcore_exchange_binance.protocol.usdm_values import AssetRow, PositionRow
from arbcore_exchange_binance.protocol.values import MS


class _Held(Struct, frozen=True):
    """A position of one side, and the venue time of the message that told it."""

    amount: Decimal
    entry: Decimal
    ts: int


class Wealth:
    """What is known of an account; it outlives connections.

    Args:
        venue: Exchange instance id.
    """

    def __init__(self, venue: str) -> None:
        self._venue: Final = venue
        self._wallets: Final[dict[str, tuple[Decimal, int]]] = {}
        self._positions: Final[dict[tuple[str, str], _Held]] = {}

    def changed(self, event: AccountChange, now: int) -> AccountUpdate | None:
        """Take an event; return what it changes, None where it is older than what is known."""
        ts = (event.time or event.event_time) * MS
        balances = []
        for one in event.changes.wallets:
            if ts >= self._wallets.get(one.asset, (ZERO, 0))[1]:
                self._wallets[one.asset] = (one.wallet, ts)
                balances.append(BalanceUpdate(currency=one.asset, total=one.wallet))
        moved: dict[str, None] = {}
        for entry in event.changes.positions:
            key = (entry.symbol, entry.side)
            before = self._positions.get(key)
            if before is None or ts >= before.ts:
                self._positions[key] = _Held(entry.amount, entry.entry, ts)
                moved[entry.symbol] = None
        if not balances and not moved:
            return None
        return AccountUpdate(
            venue=self._venue,
            balances=tuple(balances),
            positions=tuple(self._net(symbol) for symbol in moved),
            cause=event.changes.why.lower(),
            ts=ts,
            recv_ts=now,
        )

    def asked(
        self, assets: Iterable[AssetRow], positions: Iterable[PositionRow], asked_at: int, now: int
    ) -> AccountSnapshot:
        """Take whole answers; return them as a snapshot. What an event told after they were asked for stands.

        Args:
            assets: Balances.
            positions: Positions; what is missing is none.
            asked_at: Venue time of the question.
            now: Receive time.
        """
        assets, rows = list(assets), list(positions)
        for one in assets:
            if self._wallets.get(one.asset, (ZERO, 0))[1] <= (one.update_time * MS or asked_at):
                self._wallets[one.asset] = (one.wallet_balance, one.update_time * MS or asked_at)
        fresh = {(row.symbol, row.position_side): row for row in rows}
        for key in {*self._positions, *fresh}:
            self._take(key, fresh.get(key), asked_at)
        stamps = [*(one.update_time for one in assets), *(row.update_time for row in rows)]
        symbols = dict.fromkeys(symbol for symbol, _ in self._positions)
        nets = [self._net(symbol) for symbol in symbols]
        return AccountSnapshot(
            venue=self._venue,
            balances=tuple(self._balance(one) for one in assets if self._wallets[one.asset][0] or one.initial_margin),
            positions=tuple(net for net in nets if net.quantity),
            ts=max(stamps, default=0) * MS or asked_at,
            recv_ts=now,
        )

    def looked(
        self, assets: Iterable[AssetRow], positions: Iterable[PositionRow], asked_at: int, now: int
    ) -> AccountSnapshot:
        """Return whole answers as a snapshot, as `asked`, and take nothing: the stream is still to tell them.

        What somebody looks at must not count as told by the stream, or a mute one would never be found.
        """
        apart = Wealth(self._venue)
        apart._wallets.update(self._wallets)
        apart._positions.update(self._positions)
        return apart.asked(assets, positions, asked_at, now)

    def quantity(self, symbol: str) -> Decimal:
        """Return the net position of a symbol."""
        return total(held.amount for (name, _), held in self._positions.items() if name == symbol)

    def lags(self, assets: Iterable[AssetRow], positions: Iterable[PositionRow], asked_at: int) -> list[str]:
        """Return what answers know and events did not tell: names of assets, and of symbols with sides.

        Args:
            assets: Balances.
            positions: Positions.
            asked_at: Venue time of the question, which stands for rows without a time of their own.
        """
        found = []
        for one in assets:
            wallet, ts = self._wallets.get(one.asset, (ZERO, 0))
            if one.wallet_balance != wallet and ts < (one.update_time * MS or asked_at):
                found.append(one.asset)
        rows = {(row.symbol, row.position_side): row for row in positions}
        for key in {*rows, *(key for key, held in self._positions.items() if held.amount)}:
            row, held = rows.get(key), self._positions.get(key, _Held(ZERO, ZERO, 0))
            amount = row.position_amt if row else ZERO
            if amount != held.amount and held.ts < ((row.update_time * MS if row else 0) or asked_at):
                found.append(" ".join(key))
        return sorted(found)

    def _take(self, key: tuple[str, str], row: PositionRow | None, asked_at: int) -> None:
        before = self._positions.get(key)
        ts = (row.update_time * MS if row else 0) or asked_at
        if before is not None and before.ts > ts:
            return
        # One that is closed stays with its time, so that no older event opens it again.
        self._positions[key] = _Held(row.position_amt, row.entry_price, ts) if row else _Held(ZERO, ZERO, ts)

    def _balance(self, row: AssetRow) -> Balance:
        """Return a balance. What margin and losses hold back is locked: what is left is what an order may use."""
        wallet = self._wallets[row.asset][0]
        held_back = row.initial_margin
        if row.available_balance is not None:
            held_back = max(held_back, subtract(row.wallet_balance, row.available_balance))
        return Balance(venue=self._venue, currency=row.asset, total=wallet, locked=max(min(held_back, wallet), ZERO))

    def _net(self, symbol: str) -> PositionReport:
        held = [one for (name, _), one in self._positions.items() if name == symbol]
        return PositionReport(
            instrument=f"{self._venue}:{symbol}",
            quantity=total(one.amount for one in held),
            entry_value=total(multiply(one.amount, one.entry) for one in held),
        )
