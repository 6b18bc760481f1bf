"""Answers about wallets, deposits, withdrawals and transfers, as values. Pure.

Source: Binance developer documentation, wallet, 2026-11. The numbers of the states are the documentation's.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from arbcore.errors import ExchangeError
from arbcore.model.money import ZERO
from arbcore.model.treasury import Movement, MovementState, WalletStatus
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.exact import Exact
from arbcore_exchange_binance.protocol.private_failures import require_done
from arbcore_exchange_binance.protocol.values import MS, Millis

T = TypeVar("T")

_S: Final = MovementState
_FIX: Final = "ask again; where it happens again, compare with the venue's documentation"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

DEPOSITS: Final[Mapping[int, tuple[MovementState, str]]] = {
    0: (_S.PENDING, "pending"),
    1: (_S.DONE, "success"),
    2: (_S.FAILED, "rejected"),
    6: (_S.DONE, "credited but cannot withdraw"),
    7: (_S.FAILED, "wrong deposit"),
    8: (_S.HELD, "waiting for the user's confirmation"),
}
"""States of a deposit by the venue's number, with its words."""

WITHDRAWALS: Final[Mapping[int, tuple[MovementState, str]]] = {
    0: (_S.HELD, "email sent"),
    1: (_S.FAILED, "cancelled"),
    2: (_S.HELD, "awaiting approval"),
    3: (_S.FAILED, "rejected"),
    4: (_S.PENDING, "processing"),
    5: (_S.FAILED, "failure"),
    6: (_S.DONE, "completed"),
}
"""States of a withdrawal by the venue's number, with its words."""

_TRANSFERS: Final[Mapping[str, MovementState]] = {
    "CONFIRMED": _S.DONE,
    "PENDING": _S.PENDING,
    "FAILED": _S.FAILED,
}


class NetworkRow(Exact, rename="camel"):
    """One network of a coin."""

    network: str
    deposit_enable: bool
    withdraw_enable: bool
    withdraw_fee: Decimal | None = None
    withdraw_min: Decimal | None = None
    withdraw_integer_multiple: Decimal | None = None
    deposit_desc: str | None = ""
    withdraw_desc: str | None = ""


class CoinRow(msgspec.Struct, rename="camel"):
    """One coin of ``capital/config/getall``."""

    coin: str
    network_list: list[NetworkRow]


class DepositRow(Exact, rename="camel"):
    """One row of ``capital/deposit/hisrec``."""

    coin: str
    amount: Decimal
    status: int
    insert_time: Millis
    id: str | int = ""
    network: str = ""
    tx_id: str | None = ""
    complete_time: Millis | None = None


class WithdrawalRow(Exact, rename="camel"):
    """One row of ``capital/withdraw/history``. Its times are text in UTC, such as ``2026-11-20 11:12:02``."""

    id: str
    coin: str
    amount: Decimal
    status: int
    apply_time: str
    transaction_fee: Decimal = ZERO
    network: str = ""
    tx_id: str | None = ""
    withdraw_order_id: str | None = ""
    complete_time: str | None = None
    info: str | None = ""


class TransferRow(Exact, rename={"asset": "asset", "transfer_id": "tranId", "ms": "timestamp", "kind": "type"}):
    """One row of the history of transfers."""

    transfer_id: int
    asset: str
    amount: Decimal
    kind: str
    status: str
    ms: Millis


class _Transfers(msgspec.Struct):
    rows: list[TransferRow] = []


class _TransferId(msgspec.Struct, rename={"transfer_id": "tranId"}):
    transfer_id: int


class _Id(msgspec.Struct):
    id: str


_COINS: Final = msgspec.json.Decoder(list[CoinRow])
_DEPOSITS: Final = msgspec.json.Decoder(list[DepositRow])
_WITHDRAWALS: Final = msgspec.json.Decoder(list[WithdrawalRow])
_HISTORY: Final = msgspec.json.Decoder(_Transfers)
_TRANSFER_ID: Final = msgspec.json.Decoder(_TransferId)
_ID: Final = msgspec.json.Decoder(_Id)


def read_wallets(reply: Reply, currency: str) -> Sequence[WalletStatus]:
    """Return whether coins can be moved, by network.

    Args:
        reply: The answer.
        currency: Coin that is wanted; empty for all.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    coins = _read(reply, _COINS, "capital/config/getall")
    return [
        _wallet(coin.coin, one) for coin in coins if not currency or coin.coin == currency for one in coin.network_list
    ]


def read_deposits(reply: Reply) -> Sequence[Movement]:
    """Return deposits.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    return [_deposit(one) for one in _read(reply, _DEPOSITS, "capital/deposit/hisrec")]


def read_withdrawals(reply: Reply) -> Sequence[Movement]:
    """Return withdrawals.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    return [_withdrawal(one) for one in _read(reply, _WITHDRAWALS, "capital/withdraw/history")]


def read_transfers(reply: Reply) -> Sequence[Movement]:
    """Return transfers between wallets.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    return [_transfer(one) for one in _read(reply, _HISTORY, "asset/transfer").rows]


def read_withdrawal_id(body: bytes) -> str:
    """Return the venue's id of a withdrawal that it took.

    Raises:
        ExchangeError: It can't be read.
    """
    return _decoded(body, _ID, "capital/withdraw/apply").id


def read_transfer_id(body: bytes) -> str:
    """Return the venue's id of a transfer that it took.

    Raises:
        ExchangeError: It can't be read.
    """
    return str(_decoded(body, _TRANSFER_ID, "asset/transfer").transfer_id)


def _wallet(coin: str, row: NetworkRow) -> WalletStatus:
    closed = [] if row.deposit_enable else [row.deposit_desc]
    closed += [] if row.withdraw_enable else [row.withdraw_desc]
    return WalletStatus(
        currency=coin,
        network=row.network,
        deposits=row.deposit_enable,
        withdrawals=row.withdraw_enable,
        fee=row.withdraw_fee,
        minimum=row.withdraw_min,
        # A step of 0 stands for none.
        step=row.withdraw_integer_multiple or None,
        detail="; ".join(dict.fromkeys(words for words in closed if words)),
    )


def _deposit(row: DepositRow) -> Movement:
    state, words = DEPOSITS.get(row.status, (_S.PENDING, f"status {row.status}"))
    return Movement(
        movement_id=str(row.id) or (row.tx_id or ""),
        currency=row.coin,
        amount=row.amount,
        state=state,
        network=row.network,
        tx_id=row.tx_id or "",
        target="MAIN",
        detail=words,
        ts=row.insert_time * MS,
        done_ts=(row.complete_time or row.insert_time) * MS if state is _S.DONE else 0,
    )


def _withdrawal(row: WithdrawalRow) -> Movement:
    state, words = WITHDRAWALS.get(row.status, (_S.PENDING, f"status {row.status}"))
    applied = _ns(row.apply_time)
    return Movement(
        movement_id=row.id,
        client_id=row.withdraw_order_id or "",
        currency=row.coin,
        amount=row.amount,
        fee=row.transaction_fee,
        state=state,
        network=row.network,
        tx_id=row.tx_id or "",
        source="MAIN",
        detail=f"{words}: {row.info}" if row.info else words,
        ts=applied,
        done_ts=(_ns(row.complete_time) if row.complete_time else applied) if state is _S.DONE else 0,
    )


def _transfer(row: TransferRow) -> Movement:
    state = _TRANSFERS.get(row.status, _S.PENDING)
    source, _, target = row.kind.partition("_")
    return Movement(
        movement_id=str(row.transfer_id),
        currency=row.asset,
        amount=row.amount,
        state=state,
        source=source,
        target=target,
        detail=row.status,
        ts=row.ms * MS,
        done_ts=row.ms * MS if state is _S.DONE else 0,
    )


def _ns(text: str) -> int:
    """Return UTC nanoseconds of a time as the history writes it.

    Raises:
        ExchangeError: It is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ExchangeError(f"Binance capital/withdraw/history: {text[:40]!r} is no time", _FIX) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _read(reply: Reply, decoder: "msgspec.json.Decoder[T]", what: str) -> T:
    require_done(reply, what)
    return _decoded(reply.body, decoder, what)


def _decoded(body: bytes, decoder: "msgspec.json.Decoder[T]", what: str) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExchangeError(f"Binance {what}: an answer that can't be read ({error})", _FIX) from error
