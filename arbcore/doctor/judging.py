"""From what was seen of an exchange to the rows that say so."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from arbcore.doctor import account, keys
from arbcore.doctor.rows import FAIL, OK, Row, Trouble, failed, guarded
from arbcore.doctor.seen import Seen
from arbcore.model.account import AccountFacts
from arbcore.ports.control import Check

Value = TypeVar("Value")


def exchange_rows(seen: Seen) -> list[Row]:
    """Return the rows of one exchange: its public side, its key, its account."""
    rows = [*guarded(seen.name, "public access", partial(_public, seen))]
    if not seen.trades:
        told = f"the plugin {seen.plugin} opens no account with these settings"
        rows.append(Row(of=seen.name, check="account", status=OK, seen=told))
        return rows
    rows += guarded(seen.name, "key", partial(keys.check_key, seen))
    if seen.needs_key or seen.opened is not None:
        return rows
    return rows + _account_rows(seen)


def _public(seen: Seen) -> Sequence[Check]:
    if seen.listed is None:
        return (Check(name="public access", status=OK, detail="the plugin delivers no market data"),)
    if isinstance(seen.listed, Trouble):
        return (failed("public access", seen.listed),)
    told = f"{len(seen.listed):,} instruments listed in {seen.listing_ms:,.0f} ms"
    checks = [Check(name="public access", status=OK, detail=told)]
    if seen.missing_data:
        fix = "check the network, and that nothing blocks WebSockets"
        checks.append(Check(name="market data", status=FAIL, detail=seen.missing_data, fix=fix))
    elif seen.quoted:
        checks.append(Check(name="market data", status=OK, detail=f"quotes of {seen.quoted} instruments"))
    return checks


def _account_rows(seen: Seen) -> list[Row]:
    rows: list[Row] = []

    def told(name: str, value: Value | Trouble | None, look: Callable[[Value], Sequence[Check]]) -> None:
        if isinstance(value, Trouble):
            rows.extend(guarded(seen.name, name, lambda: (failed(name, value),)))
        elif value is not None:
            rows.extend(guarded(seen.name, name, lambda: look(value)))

    told("account", seen.facts, partial(_facts, seen))
    facts = seen.facts if isinstance(seen.facts, AccountFacts) else None
    rows += guarded(seen.name, "terms", lambda: list(account.check_terms(seen, facts)))
    told("balances", seen.snapshot, partial(account.check_balances, seen))
    for coin, wallets in seen.wallets.items():
        told(f"wallet {coin}".strip(), wallets, partial(account.check_wallets, coin))
    told("open orders", seen.orders, account.check_orders)
    return rows


def _facts(seen: Seen, facts: AccountFacts) -> Sequence[Check]:
    modes = (*account.check_position_mode(facts), *account.check_margin_assets(facts)) if seen.has_perpetuals else ()
    return (
        *keys.check_clock(facts),
        *keys.check_permissions(facts),
        *keys.check_withdrawing(seen, facts),
        *keys.check_expiry(seen, facts),
        *keys.check_addresses(facts),
        *modes,
    )
