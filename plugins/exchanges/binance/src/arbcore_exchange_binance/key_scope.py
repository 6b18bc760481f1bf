"""What a key may do, asked where the venue tells it: on production, and on the simulator. For both products."""

from msgspec.structs import replace

from arbcore.context import Context
from arbcore.model.account import AccountFacts
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.protocol.key_facts import KeyFacts, api_restrictions, read_key_facts, refuse_withdrawing
from arbcore_exchange_binance.settings import BinanceSettings

_WHAT = "apiRestrictions"
_MS = 10**6


def sapi_access(settings: BinanceSettings, context: Context, base: str) -> PrivateAccess:
    """Return the access to ``/sapi``, which lies on spot's address whatever the product is. Not entered.

    Args:
        settings: The instance's settings.
        context: The instance's context.
        base: Its address.
    """
    changes = {"product": "spot", "rest": base}
    return PrivateAccess(settings.model_copy(update=changes), context)


async def ask_key(access: PrivateAccess, settings: BinanceSettings, context: Context) -> KeyFacts | None:
    """Return what the venue tells of the key; None where it has no ``/sapi``, as on the testnets.

    Args:
        access: The product's access, entered.
        settings: The instance's settings.
        context: The instance's context.

    Raises:
        ExchangeError: The venue did not tell.
    """
    base = access.addresses.sapi
    if not base:
        return None
    if base == access.addresses.rest:
        return read_key_facts(await access.ask(api_restrictions(), _WHAT))
    async with sapi_access(settings, context, base) as apart:
        await apart.measure_clock()
        return read_key_facts(await apart.ask(api_restrictions(), _WHAT))


async def check_key(access: PrivateAccess, settings: BinanceSettings, context: Context) -> None:
    """Refuse a key that is known to withdraw while no money is to be moved.

    Args:
        access: The product's access, entered.
        settings: The instance's settings.
        context: The instance's context.

    Raises:
        ExchangeError: The venue did not tell.
        SafetyError: The key may withdraw and ``move_money`` is off.
    """
    facts = await ask_key(access, settings, context)
    if facts is None:
        context.logger.warning("what the key may do is not told here; look whether it may withdraw")
        return
    refuse_withdrawing(facts, context.instance, move_money=settings.move_money)


def with_key(facts: AccountFacts, key: KeyFacts, product: str) -> AccountFacts:
    """Return facts of an account with those of its key. Trading takes that both allow it.

    Args:
        facts: What the account tells.
        key: What the venue tells of the key.
        product: Name of the product, whose permission counts.
    """
    allowed = key.enable_spot_and_margin_trading if product == "spot" else key.enable_futures
    expires = key.trading_authority_expiration_time
    return replace(
        facts,
        can_trade=facts.can_trade if allowed is not False else False,
        can_withdraw=key.enable_withdrawals,
        can_transfer=key.permits_universal_transfer,
        ip_restricted=key.ip_restrict,
        key_expires_at=None if expires is None else expires * _MS,
    )
