"""Wallets, deposits, withdrawals and transfers of one account, which both products share."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Final, Self

from msgspec.structs import replace

from arbcore.context import Context
from arbcore.errors import ConfigurationError, ExchangeError, OutcomeUnknown, SafetyError
from arbcore.model.treasury import Movement, MovementState, TransferRequest, WalletStatus, WithdrawalRequest
from arbcore.net.request import Reply, Request
from arbcore_exchange_binance.addresses import addresses
from arbcore_exchange_binance.key_scope import sapi_access
from arbcore_exchange_binance.protocol.sapi_replies import (
    read_deposits,
    read_transfer_id,
    read_transfers,
    read_wallets,
    read_withdrawal_id,
    read_withdrawals,
)
from arbcore_exchange_binance.protocol.sapi_requests import (
    MOST_MOVEMENTS,
    MOST_TRANSFERS,
    SPAN_NS,
    TRANSFERS,
    deposit_history,
    transfer,
    transfer_history,
    wallet_config,
    withdraw,
    withdrawal_history,
)
from arbcore_exchange_binance.settings import BinanceSettings

_S: Final = 10**9
_MS: Final = 10**6
_LONGEST_NS: Final = 90 * 24 * 3600 * 10**9
"""Movements are told so far back."""


class BinanceTreasury:
    """Money of one account; a `Treasury`. Wallets have the venue's names: MAIN, FUNDING, UMFUTURE.

    Args:
        settings: The instance's settings.
        context: The instance's context.

    Raises:
        ConfigurationError: The environment has no wallets: the testnets have no ``/sapi``.
    """

    def __init__(self, settings: BinanceSettings, context: Context) -> None:
        base = addresses(settings, context.environment).sapi
        if not base:
            raise ConfigurationError(
                f"exchanges.{context.instance}: Binance's {context.environment} has no wallets (/sapi)",
                "look at money on production or on the simulator",
            )
        self._settings: Final = settings
        self._context: Final = context
        self._access: Final = sapi_access(settings, context, base)
        self._open: Final = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open, and measure the venue's clock.

        Raises:
            ExchangeError: The venue can't be reached.
            ConfigurationError: A secret is missing.
        """
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self._access)
            await self._access.measure_clock()
            self._open.push_async_exit(opening.pop_all())
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        await self._open.aclose()

    async def wallets(self, currency: str = "") -> Sequence[WalletStatus]:
        """Return whether coins can be moved, by network; see `Treasury.wallets`."""
        return read_wallets(await self._access.ask(wallet_config(), "capital/config/getall"), currency)

    async def deposits(self, since: int) -> Sequence[Movement]:
        """Return deposits of at most ninety days, the oldest first; see `Treasury.deposits`."""
        return await self._movements(deposit_history, read_deposits, since // _MS * _MS, "capital/deposit/hisrec")

    async def withdrawals(self, since: int) -> Sequence[Movement]:
        """Return withdrawals of at most ninety days, the oldest first; see `Treasury.withdrawals`."""
        # The venue tells their times in whole seconds.
        return await self._movements(withdrawal_history, read_withdrawals, since // _S * _S, "capital/withdraw/history")

    async def transfers(self, since: int) -> Sequence[Movement]:
        """Return transfers between MAIN, FUNDING and UMFUTURE of at most ninety days; see `Treasury.transfers`."""
        found: dict[str, Movement] = {}
        for start, end in self._spans(since):
            for kind in TRANSFERS:
                found |= await self._transfers_of(kind, start, end)
        return _in_order(found, since // _MS * _MS)

    async def withdraw(self, request: WithdrawalRequest) -> Movement:
        """Withdraw from the spot wallet; see `Treasury.withdraw`."""
        movement = Movement(
            movement_id="",
            client_id=request.withdraw_id,
            currency=request.currency,
            amount=request.amount,
            state=MovementState.PENDING,
            network=request.network,
            source="MAIN",
            ts=0,
        )
        return await self._move(withdraw(request), f"withdrawal {request.withdraw_id}", movement, read_withdrawal_id)

    async def transfer(self, request: TransferRequest) -> Movement:
        """Move money between two wallets; see `Treasury.transfer`. The venue keeps no id of ours.

        After an unknown outcome only `transfers` tells, by wallets, currency, amount and time.
        """
        movement = Movement(
            movement_id="",
            client_id=request.transfer_id,
            currency=request.currency,
            amount=request.amount,
            state=MovementState.PENDING,
            source=request.source,
            target=request.target,
            ts=0,
        )
        return await self._move(transfer(request), f"transfer {request.transfer_id}", movement, read_transfer_id)

    async def _move(self, request: Request, what: str, movement: Movement, read_id: Callable[[bytes], str]) -> Movement:
        """Send what moves money, once; return the movement under the venue's id.

        Raises:
            SafetyError: Moving money is switched off.
            ExchangeError: As `Treasury.withdraw`.
        """
        self._may_move(what)
        reply = await self._access.ask(request, what)
        return replace(movement, movement_id=_settled(read_id, reply, what), detail="taken", ts=reply.recv_ts)

    def _may_move(self, what: str) -> None:
        if not self._settings.move_money:
            raise SafetyError(
                f"exchanges.{self._context.instance}: {what} was not sent: moving money is switched off",
                "set move_money: true on the exchange where that is meant",
            )

    async def _movements(
        self,
        question: Callable[[int, int, int], Request],
        read: Callable[[Reply], Sequence[Movement]],
        since: int,
        what: str,
    ) -> Sequence[Movement]:
        found: dict[str, Movement] = {}
        for start, end in self._spans(since):
            offset = 0
            while True:
                rows = read(await self._access.ask(question(start, end, offset), what))
                found |= {one.movement_id: one for one in rows}
                offset += len(rows)
                if len(rows) < MOST_MOVEMENTS:
                    break
        return _in_order(found, since)

    async def _transfers_of(self, kind: str, start: int, end: int) -> dict[str, Movement]:
        found: dict[str, Movement] = {}
        page = 1
        while True:
            rows = read_transfers(await self._access.ask(transfer_history(kind, start, end, page), "asset/transfer"))
            found |= {one.movement_id: one for one in rows}
            page += 1
            if len(rows) < MOST_TRANSFERS:
                return found

    def _spans(self, since: int) -> Iterator[tuple[int, int]]:
        """Yield spans from then until now by the venue's clock, each as short as the venue takes."""
        now = self._context.clock.now() + self._access.offset.value
        start = max(since, now - _LONGEST_NS)
        # What the venue booked in this very moment still counts.
        for begin in range(start, now + 1, SPAN_NS):
            yield begin, min(begin + SPAN_NS, now + _S)


def _settled(read: Callable[[bytes], str], reply: Reply, what: str) -> str:
    """Return the venue's id of what it took.

    Raises:
        OutcomeUnknown: The answer can't be read.
    """
    try:
        return read(reply.body)
    except ExchangeError as error:
        raise OutcomeUnknown(f"Binance {what}: {error.what}", "look in the history before sending again") from error


def _in_order(found: dict[str, Movement], since: int) -> Sequence[Movement]:
    return sorted((one for one in found.values() if one.ts >= since), key=lambda one: one.ts)
