"""Requests about the account and its money. Source: Upbit developer centre, exchange REST, 2026-11."""

from collections.abc import Mapping
from typing import Final, Literal

from arbcore.net.request import Request
from arbcore_exchange_upbit.protocol.private.signing import encode_body, encode_query

MOVEMENTS_PER_PAGE: Final = 100
"""Most deposits or withdrawals on one page."""

Kind = Literal["deposits", "withdraws"]
"""What is listed."""


def accounts() -> Request:
    """Return the question for the balances of the key's pocket."""
    return _question("/accounts")


def api_keys() -> Request:
    """Return the question for the account's keys and when they end; it needs no scope."""
    return _question("/api_keys")


def pockets() -> Request:
    """Return the question for the account's pockets; for keys of the main pocket."""
    return _question("/pockets")


def wallets() -> Request:
    """Return the question whether coins can be moved; it takes no parameter."""
    return _question("/status/wallet")


def withdrawal_chance(currency: str, network: str) -> Request:
    """Return the question on which terms a coin is withdrawn over a network."""
    return _question("/withdraws/chance", currency=currency, net_type=network)


def movements(kind: Kind, page: int) -> Request:
    """Return the question for deposits or withdrawals, the newest first.

    Args:
        kind: Which of them.
        page: Page from 1.
    """
    return _question(f"/{kind}", limit=str(MOVEMENTS_PER_PAGE), page=str(page), order_by="desc")


def withdraw(fields: Mapping[str, str]) -> Request:
    """Return the request to withdraw a coin to a registered address."""
    return _change("/withdraws/coin", fields)


def transfers(path: str) -> Request:
    """Return the question for transfers between pockets.

    Args:
        path: Path of the interface, whose spelling differs between the venue's pages.
    """
    return _question(path)


def transfer(path: str, fields: Mapping[str, str]) -> Request:
    """Return the request to move money between pockets."""
    return _change(path, fields)


def _question(path: str, **fields: str) -> Request:
    return Request(path=path, query=encode_query(fields.items()), counter="default", repeatable=True, signed=True)


def _change(path: str, fields: Mapping[str, str]) -> Request:
    return Request(
        method="POST", path=path, body=encode_body(dict(fields)), counter="default", signed=True, shielded=True
    )
