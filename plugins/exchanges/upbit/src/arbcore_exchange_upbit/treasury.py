"""The treasury: wallets, deposits, withdrawals, and transfers between pockets. Reading is always allowed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self

import anyio
from msgspec.structs import replace

from arbcore.errors import ExchangeRefused, SafetyError
from arbcore.model.money import plain
from arbcore.model.treasury import Movement, TransferRequest, WalletStatus, WithdrawalRequest
from arbcore.net.offset import ClockOffset
from arbcore_exchange_upbit.access import open_private_rest, signer_of
from arbcore_exchange_upbit.addresses import addresses
from arbcore_exchange_upbit.protocol.private import account_requests, money_replies
from arbcore_exchange_upbit.protocol.private.account_replies import PocketRow, read_keys, read_pockets
from arbcore_exchange_upbit.settings import UpbitSettings

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.net.http import HttpClient

POCKET: Final = "main"
"""Wallet that deposits reach and withdrawals leave: only the main pocket does either."""


class UpbitTreasury:
    """Wallets and movements of one account (`Treasury`).

    Args:
        settings: The instance's settings.
        context: Its context, with the secrets ``api_key`` and ``api_secret``.

    Raises:
        ConfigurationError: The session's environment is one that the venue does not have.
    """

    def __init__(self, settings: UpbitSettings, context: "Context") -> None:
        self._settings: Final = settings
        self._context: Final = context
        self._where: Final = addresses(settings, context.environment)
        self._http: HttpClient

    async def __aenter__(self) -> Self:
        """Open the pool of connections, and have the venue accept the key.

        Raises:
            ConfigurationError: The key or its secret is missing.
            ExchangeError: The venue can't be reached, or refuses the key.
        """
        signer = signer_of(self._settings, self._context)
        self._http = open_private_rest(self._settings, self._where, self._context, signer, ClockOffset())
        await self._http.__aenter__()
        try:
            read_keys(await self._http.send(account_requests.api_keys()))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._http.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._http.__aexit__(None, None, None)

    async def wallets(self, currency: str = "") -> Sequence[WalletStatus]:
        """Return whether coins can be moved, by network; of one coin with fee and minimum where the key may see them.

        Raises:
            ExchangeError: The venue did not tell.
        """
        rows = money_replies.read_wallets(await self._http.send(account_requests.wallets()))
        found = [row.status() for row in rows if not currency or row.currency == currency]
        return [await self._with_terms(one) for one in found] if currency else found

    async def deposits(self, since: int) -> Sequence[Movement]:
        """Return deposits since a time, the oldest first.

        Raises:
            ExchangeError: The venue did not tell.
        """
        return await self._movements("deposits", since)

    async def withdrawals(self, since: int) -> Sequence[Movement]:
        """Return withdrawals since a time, the oldest first.

        Raises:
            ExchangeError: The venue did not tell.
        """
        return await self._movements("withdraws", since)

    async def transfers(self, since: int) -> Sequence[Movement]:
        """Return transfers between pockets since a time, the oldest first; for keys with the scope.

        Raises:
            ExchangeError: The venue did not tell.
        """
        rows = money_replies.read_transfers(await self._http.send(account_requests.transfers(self._path)))
        return _since(since, [row.movement() for row in rows])

    async def withdraw(self, request: WithdrawalRequest) -> Movement:
        """Withdraw a coin to an address that is registered on the website.

        The venue keeps no id of ours: where the outcome is unknown, compare what `withdrawals` lists.

        Raises:
            SafetyError: Moving money is switched off.
            ExchangeRefused, RateLimited, ExchangeUnavailable: It was not taken.
            OutcomeUnknown: It was sent and nothing settles the outcome.
        """
        self._check_allowed("a withdrawal")
        fields = {
            "currency": request.currency,
            "net_type": request.network,
            "amount": plain(request.amount),
            "address": request.address,
            **({"secondary_address": request.tag} if request.tag else {}),
            "transaction_type": "default",
        }
        row = money_replies.read_withdrawal(await self._http.send(account_requests.withdraw(fields)))
        return replace(row.movement(pocket=POCKET), client_id=request.withdraw_id)

    async def transfer(self, request: TransferRequest) -> Movement:
        """Move money between two pockets, named by their ids, with a key of the main pocket.

        Raises:
            SafetyError: Moving money is switched off.
            ExchangeRefused, RateLimited, ExchangeUnavailable: It was not taken.
            OutcomeUnknown: It was sent and nothing settles the outcome.
        """
        self._check_allowed("a transfer")
        fields = {
            "from": request.source,
            "to": request.target,
            "currency": request.currency,
            "amount": plain(request.amount),
            "identifier": request.transfer_id,
        }
        sent = account_requests.transfer(self._path, fields)
        moved = money_replies.read_transfer(await self._http.send(sent)).movement()
        return replace(
            moved,
            client_id=request.transfer_id,
            source=moved.source or request.source,
            target=moved.target or request.target,
        )

    async def pockets(self) -> list[PocketRow]:
        """Return the account's pockets, whose ids name the wallets of transfers; for keys of the main pocket.

        Raises:
            ExchangeError: The venue did not tell.
        """
        return read_pockets(await self._http.send(account_requests.pockets()))

    @property
    def _path(self) -> str:
        return self._settings.transfers_path

    async def _movements(self, kind: account_requests.Kind, since: int) -> list[Movement]:
        pocket = POCKET if kind == "withdraws" else ""
        found: dict[str, Movement] = {}
        page = 0
        while True:
            page += 1
            rows = money_replies.read_movements(await self._http.send(account_requests.movements(kind, page)))
            fresh = {row.uuid: row.movement(pocket=pocket) for row in rows if row.uuid not in found}
            found.update(fresh)
            older = any(one.ts < since for one in fresh.values())
            if older or not fresh or len(rows) < account_requests.MOVEMENTS_PER_PAGE:
                return _since(since, list(found.values()))

    async def _with_terms(self, status: WalletStatus) -> WalletStatus:
        asked = account_requests.withdrawal_chance(status.currency, status.network)
        try:
            return money_replies.read_withdrawal_chance(await self._http.send(asked)).terms(status)
        except ExchangeRefused:
            return status  # the key may lack the scope withdraw-view, and that is no fault

    def _check_allowed(self, what: str) -> None:
        if not self._settings.move_money:
            raise SafetyError(
                f"{self._context.instance}: {what} was not sent: moving money is switched off",
                f"set exchanges.{self._context.instance}.move_money: true",
            )


def _since(since: int, newest_first: list[Movement]) -> list[Movement]:
    """Return movements since a time, the oldest first; the venue's times have whole seconds, so its order counts."""
    return sorted((one for one in reversed(newest_first) if one.ts >= since), key=lambda one: one.ts)
