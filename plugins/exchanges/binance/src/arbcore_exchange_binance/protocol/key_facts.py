"""What the venue tells of an API key. Pure.

Source: Binance developer documentation, ``/sapi/v1/account/apiRestrictions``, 2026-11. Only production has ``/sapi``.
"""

from typing import Final

import msgspec

from arbcore.errors import ExchangeError, SafetyError
from arbcore.net.request import Reply, Request
from arbcore_exchange_binance.protocol.private_failures import require_done

_WHAT: Final = "apiRestrictions"


class KeyFacts(msgspec.Struct, rename="camel"):
    """Permissions of a key; None for what the venue does not tell.

    Attributes:
        enable_withdrawals: It may withdraw.
        enable_internal_transfer: It may move money to other accounts of the same owner.
        permits_universal_transfer: It may move money between wallets of the account.
        enable_futures: It may trade futures.
        enable_spot_and_margin_trading: It may trade spot.
        ip_restrict: It works from listed addresses only.
        trading_authority_expiration_time: When its permission to trade ends, UTC milliseconds.
    """

    enable_withdrawals: bool | None = None
    enable_internal_transfer: bool | None = None
    permits_universal_transfer: bool | None = None
    enable_futures: bool | None = None
    enable_spot_and_margin_trading: bool | None = None
    ip_restrict: bool | None = None
    trading_authority_expiration_time: int | None = None


_FACTS: Final = msgspec.json.Decoder(KeyFacts)


def api_restrictions() -> Request:
    """Return the request for the key's permissions. It counts against the limits of ``/sapi``, not of a product."""
    return Request(path="/sapi/v1/account/apiRestrictions", repeatable=True, signed=True)


def read_key_facts(reply: Reply) -> KeyFacts:
    """Return what the venue tells of the key.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    require_done(reply, _WHAT)
    try:
        return _FACTS.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExchangeError(f"Binance {_WHAT}: a reply that can't be read ({error})", "ask again") from error


def refuse_withdrawing(facts: KeyFacts, instance: str, *, move_money: bool) -> None:
    """Refuse a key that is known to withdraw while nothing is to be moved.

    Args:
        facts: What the venue tells of the key.
        instance: Exchange instance id, for the message.
        move_money: Whether moving money is switched on.

    Raises:
        SafetyError: The key may withdraw and ``move_money`` is off.
    """
    if facts.enable_withdrawals and not move_money:
        raise SafetyError(
            f"exchanges.{instance}: the API key may withdraw, and move_money is off",
            "take the permission to withdraw from the key, or make one without it",
        )
