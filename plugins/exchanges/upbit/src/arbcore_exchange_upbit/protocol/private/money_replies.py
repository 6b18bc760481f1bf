"""Replies about wallets, deposits, withdrawals and transfers. Source: Upbit developer centre, transfers, 2026-11."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from arbcore.model.treasury import Movement, MovementState, WalletStatus
from arbcore.net.request import Reply
from arbcore_exchange_upbit.protocol.private.errors import answer, receipt
from arbcore_exchange_upbit.protocol.private.numbers import (
    ZERO,
    CurrencyCode,
    Id,
    Moment,
    check_amounts,
    check_moments,
    nanoseconds,
)

_DEPOSITS: Final = frozenset({"working", "deposit_only"})
_WITHDRAWALS: Final = frozenset({"working", "withdraw_only"})
_DONE: Final = frozenset({"done", "accepted"})
_FAILED: Final = frozenset({"failed", "cancelled", "canceled", "rejected", "refunding", "refunded"})
_HELD: Final = frozenset({"travel_rule_suspected"})


class WalletRow(msgspec.Struct, kw_only=True):
    """Whether a coin moves over a network. It lags by minutes."""

    currency: CurrencyCode
    wallet_state: str
    block_state: str | None = None
    block_updated_at: datetime | None = None
    net_type: str | None = None

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_moments(self.block_updated_at)

    def status(self) -> WalletStatus:
        """Return it as the port tells it; a state that is not known moves nothing."""
        dated = self.block_updated_at is not None and self.block_updated_at.tzinfo is not None
        blocks = f", blocks {self.block_state}" if self.block_state else ""
        return WalletStatus(
            currency=self.currency,
            network=self.net_type or "",
            deposits=self.wallet_state in _DEPOSITS,
            withdrawals=self.wallet_state in _WITHDRAWALS,
            detail=f"{self.wallet_state}{blocks}"[:200],
            ts=nanoseconds(self.block_updated_at) if dated else 0,
        )


class _Currency(msgspec.Struct):
    withdraw_fee: Decimal | None = None


class _Limit(msgspec.Struct):
    minimum: Decimal | None = None
    fixed: int | None = None


class WithdrawalChance(msgspec.Struct):
    """On which terms a coin is withdrawn; what its answer names beside these is not read."""

    currency: _Currency = msgspec.field(default_factory=_Currency)
    withdraw_limit: _Limit = msgspec.field(default_factory=_Limit)

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_amounts(self.currency.withdraw_fee, self.withdraw_limit.minimum)
        if self.withdraw_limit.fixed is not None and not 0 <= self.withdraw_limit.fixed <= 18:
            raise ValueError("decimals that no amount has")

    def terms(self, status: WalletStatus) -> WalletStatus:
        """Return a wallet's status with fee, minimum and step."""
        fixed = self.withdraw_limit.fixed
        return msgspec.structs.replace(
            status,
            fee=self.currency.withdraw_fee,
            minimum=self.withdraw_limit.minimum,
            step=None if fixed is None else Decimal(1).scaleb(-fixed),
        )


class MovementRow(msgspec.Struct, kw_only=True):
    """A deposit or a withdrawal."""

    uuid: Id
    currency: CurrencyCode
    state: str
    created_at: Moment
    amount: Decimal
    fee: Decimal | None = None
    net_type: str | None = None
    txid: str | None = None
    done_at: Moment | None = None

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_amounts(self.amount, self.fee)
        check_moments(self.created_at, self.done_at)

    def movement(self, *, pocket: str) -> Movement:
        """Return it as the port tells it.

        Args:
            pocket: ``main`` where money leaves the pocket, empty where it comes in.
        """
        return Movement(
            movement_id=self.uuid,
            currency=self.currency,
            amount=self.amount,
            fee=self.fee or ZERO,
            state=movement_state(self.state),
            network=self.net_type or "",
            tx_id=self.txid or "",
            source=pocket,
            target="" if pocket else "main",
            detail=self.state[:200],
            ts=nanoseconds(self.created_at),
            done_ts=nanoseconds(self.done_at),
        )


class TransferRow(msgspec.Struct, kw_only=True, rename={"source": "from", "target": "to"}):
    """A transfer between pockets. What names its ends, and in which form, is unconfirmed."""

    uuid: Id
    currency: CurrencyCode
    amount: Decimal
    state: str = ""
    created_at: Moment | None = None
    done_at: Moment | None = None
    identifier: str | None = None
    source: Any = None
    target: Any = None

    def __post_init__(self) -> None:
        """Check what no type states."""
        check_amounts(self.amount)
        check_moments(self.created_at, self.done_at)

    def movement(self) -> Movement:
        """Return it as the port tells it."""
        return Movement(
            movement_id=self.uuid,
            client_id=self.identifier or "",
            currency=self.currency,
            amount=self.amount,
            state=movement_state(self.state),
            source=self.source if isinstance(self.source, str) else "",
            target=self.target if isinstance(self.target, str) else "",
            detail=self.state[:200],
            ts=nanoseconds(self.created_at),
            done_ts=nanoseconds(self.done_at),
        )


def movement_state(word: str) -> MovementState:
    """Return what the venue's word for a state means; one that is not known is on its way."""
    state = word.lower()
    if state in _DONE:
        return MovementState.DONE
    if state in _FAILED:
        return MovementState.FAILED
    return MovementState.HELD if state in _HELD else MovementState.PENDING


_WALLETS: Final = msgspec.json.Decoder(list[WalletRow])
_CHANCE: Final = msgspec.json.Decoder(WithdrawalChance)
_MOVEMENTS: Final = msgspec.json.Decoder(list[MovementRow])
_MOVEMENT: Final = msgspec.json.Decoder(MovementRow)
_TRANSFERS: Final = msgspec.json.Decoder(list[TransferRow])
_TRANSFER: Final = msgspec.json.Decoder(TransferRow)


def read_wallets(reply: Reply) -> list[WalletRow]:
    """Return whether coins can be moved.

    Raises:
        ExchangeError: The venue did not tell.
    """
    return answer(_WALLETS, reply, "status/wallet")


def read_withdrawal_chance(reply: Reply) -> WithdrawalChance:
    """Return on which terms a coin is withdrawn.

    Raises:
        ExchangeError: The venue did not tell.
    """
    return answer(_CHANCE, reply, "withdraws/chance")


def read_movements(reply: Reply) -> list[MovementRow]:
    """Return deposits or withdrawals.

    Raises:
        ExchangeError: The venue did not tell.
    """
    return answer(_MOVEMENTS, reply, "movements")


def read_withdrawal(reply: Reply) -> MovementRow:
    """Return a withdrawal that the venue took.

    Raises:
        ExchangeRefused, RateLimited: It was not taken.
        OutcomeUnknown: Nothing settles it.
    """
    return receipt(_MOVEMENT, reply, "withdrawal")


def read_transfers(reply: Reply) -> list[TransferRow]:
    """Return transfers between pockets.

    Raises:
        ExchangeError: The venue did not tell.
    """
    return answer(_TRANSFERS, reply, "transfers")


def read_transfer(reply: Reply) -> TransferRow:
    """Return a transfer that the venue took.

    Raises:
        ExchangeRefused, RateLimited: It was not taken.
        OutcomeUnknown: Nothing settles it.
    """
    return receipt(_TRANSFER, reply, "transfer")
