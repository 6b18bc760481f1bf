"""Requests about wallets, deposits, withdrawals and transfers, as values. They lie on spot's address.

Most of ``/sapi`` is counted by address, what moves money by account. The weights of transfer (300) and withdrawal
(900) are documented; the others are the commonly known ones, and replies correct what is used.
Source: Binance developer documentation, wallet, 2026-11.
"""

from typing import Final

from arbcore.model.treasury import TransferRequest, WithdrawalRequest
from arbcore.net.request import Request
from arbcore_exchange_binance.protocol.exact import number
from arbcore_exchange_binance.protocol.limits import SAPI_IP, SAPI_UID
from arbcore_exchange_binance.protocol.private_requests import change, question
from arbcore_exchange_binance.protocol.signing import Params

MOST_MOVEMENTS: Final = 1000
"""Deposits or withdrawals of one answer at most."""

MOST_TRANSFERS: Final = 100
"""Transfers of one answer at most."""

SPAN_NS: Final = 7 * 24 * 3600 * 10**9
"""Time between start and end of a question; the venue takes 90 days for deposits and withdrawals, less for others."""

TRANSFERS: Final = (
    "MAIN_UMFUTURE",
    "UMFUTURE_MAIN",
    "MAIN_FUNDING",
    "FUNDING_MAIN",
    "FUNDING_UMFUTURE",
    "UMFUTURE_FUNDING",
)
"""Kinds of transfers between the wallets that the two products use, as source and target."""

_MS: Final = 10**6
_SPOT_WALLET: Final = 0


def wallet_config() -> Request:
    """Return the question about every coin and its networks."""
    return question("/sapi/v1/capital/config/getall", {}, 10, SAPI_IP)


def deposit_history(since: int, until: int, offset: int = 0) -> Request:
    """Return the question about deposits.

    Args:
        since: UTC nanoseconds at which they begin.
        until: UTC nanoseconds at which they end.
        offset: Rows to pass over.
    """
    return question("/sapi/v1/capital/deposit/hisrec", _page(since, until, offset), 1, SAPI_IP)


def withdrawal_history(since: int, until: int, offset: int = 0) -> Request:
    """Return the question about withdrawals; ten a second are allowed.

    Args:
        since: UTC nanoseconds at which they begin.
        until: UTC nanoseconds at which they end.
        offset: Rows to pass over.
    """
    return question("/sapi/v1/capital/withdraw/history", _page(since, until, offset), 1, SAPI_IP)


def transfer_history(kind: str, since: int, until: int, page: int = 1) -> Request:
    """Return the question about transfers of one kind.

    Args:
        kind: One of `TRANSFERS`.
        since: UTC nanoseconds at which they begin.
        until: UTC nanoseconds at which they end.
        page: Number of the page, from 1.
    """
    params: dict[str, str | int] = {"type": kind, "startTime": since // _MS, "endTime": -(-until // _MS)}
    return question("/sapi/v1/asset/transfer", {**params, "current": page, "size": MOST_TRANSFERS}, 1, SAPI_IP)


def withdraw(request: WithdrawalRequest) -> Request:
    """Return the request that withdraws from the spot wallet. Our id goes with it, and is told in the history.

    A tag is sent only where there is one: on a network without tags it is refused (-4106).
    """
    params: dict[str, str | int] = {"coin": request.currency, "network": request.network, "address": request.address}
    params |= {"addressTag": request.tag} if request.tag else {}
    params |= {"amount": number(request.amount), "withdrawOrderId": request.withdraw_id, "walletType": _SPOT_WALLET}
    return change("POST", "/sapi/v1/capital/withdraw/apply", params, SAPI_UID, weight=900)


def transfer(request: TransferRequest) -> Request:
    """Return the request that moves money between two wallets of the account. The venue keeps no id of ours."""
    kind = f"{request.source}_{request.target}"
    params: dict[str, str | int] = {"type": kind, "asset": request.currency, "amount": number(request.amount)}
    return change("POST", "/sapi/v1/asset/transfer", params, SAPI_UID, weight=300)


def _page(since: int, until: int, offset: int) -> Params:
    return {"startTime": since // _MS, "endTime": -(-until // _MS), "offset": offset, "limit": MOST_MOVEMENTS}
