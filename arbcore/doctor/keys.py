"""What is checked of a key: that it works, what it may do, how long, and from where; and the clock that signs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from arbcore.doctor.rows import FAIL, OK, WARN, Trouble, failed
from arbcore.doctor.seen import Seen
from arbcore.errors import ExchangeRefused, SafetyError
from arbcore.model.account import AccountFacts
from arbcore.model.reason import Reason
from arbcore.ports.control import Check

_MS: Final = 10**6
_DAY: Final = 86_400 * 10**9
SKEW_WARN: Final = 500 * _MS
"""Offset of a clock from which it is warned."""
SKEW_FAIL: Final = 1000 * _MS
"""Offset from which it fails: venues that sign by time refuse what is stamped more than a second ahead."""
EXPIRY_WARN: Final = 30 * _DAY
"""Time left from which a key's end is warned of."""

NEEDS_ACCOUNT: Final = (
    "clock, permissions, withdrawing, expiry, addresses, position mode, margin assets, leverage, bracket, fees, "
    "balances, wallets, open orders"
)
"""What can't be told without the account, for a row that says so."""

_SYNC: Final = "let the system keep the time by NTP (`timedatectl set-ntp true`; on Windows `w32tm /resync`)"
_KEY: Final = "make a key that may trade and not withdraw, and set api_key and api_secret of the exchange"
_UNSET: Final = "set it where the config says, or name another place"
_REFUSED: Final = "compare key, expiry, permissions and allowed addresses with what the exchange's key page shows"


def check_key(seen: Seen) -> Sequence[Check]:
    """Tell whether the account opened with the key that is there."""
    if seen.needs_key:
        status = FAIL if seen.live else WARN
        return (
            Check(name="key", status=status, detail=seen.needs_key, fix=_UNSET if seen.names_key else _KEY),
            Check(name="account", status=status, detail=f"not checked without a key: {NEEDS_ACCOUNT}"),
        )
    if seen.opened is None:
        return (Check(name="key", status=OK, detail="is there, and the venue takes it"),)
    name = "withdrawing" if isinstance(seen.opened.error, SafetyError) else "key"
    return (
        failed(name, _in_words(seen.opened)),
        Check(name="account", status=FAIL, detail=f"not checked: {NEEDS_ACCOUNT}", fix="first mend what is above"),
    )


def _in_words(met: Trouble) -> Trouble:
    error = met.error
    refused = isinstance(error, ExchangeRefused) and error.reason == Reason.VENUE_KEY_REFUSED
    return Trouble(met.what, met.fix or (_REFUSED if refused else "check the network and the addresses"), error)


def check_clock(facts: AccountFacts) -> Sequence[Check]:
    """Compare the venue's clock with ours. Signing corrects it; what else states times does not.

    Only what is certain counts: an offset that is no larger than its own error may be none.
    """
    offset, error = facts.clock_offset_ns, facts.clock_error_ns or 0
    if offset is None:
        return (Check(name="clock", status=OK, detail="the venue's requests state no time"),)
    way = "ahead of" if offset > 0 else "behind"
    seen = f"the venue is {abs(offset) / _MS:,.0f} ms {way} us, known to {error / _MS:,.0f} ms"
    certain = abs(offset) - error
    if certain > SKEW_WARN:
        return (Check(name="clock", status=FAIL if certain > SKEW_FAIL else WARN, detail=seen, fix=_SYNC),)
    if error > SKEW_FAIL:
        return (Check(name="clock", status=WARN, detail=seen, fix="find out why the venue answers so slowly"),)
    return (Check(name="clock", status=OK, detail=seen),)


def check_permissions(facts: AccountFacts) -> Sequence[Check]:
    """Tell whether the key may trade."""
    if facts.can_trade is None:
        return (Check(name="permissions", status=OK, detail="reading works; the venue does not tell what else"),)
    if facts.can_trade:
        return (Check(name="permissions", status=OK, detail="may trade"),)
    return (Check(name="permissions", status=FAIL, detail="may not trade", fix="give the key the permission to trade"),)


def check_withdrawing(seen: Seen, facts: AccountFacts) -> Sequence[Check]:
    """Compare what the key may do, or is said to do, with what the exchange's ``move_money`` wants."""
    status, what, fix = _withdrawing(seen, facts)
    return (Check(name="withdrawing", status=status, detail=what, fix=fix),)


def _withdrawing(seen: Seen, facts: AccountFacts) -> tuple[str, str, str]:
    off = "take the permission to withdraw from the key; only move_money: true needs it"
    if facts.can_withdraw is None:
        return _stated(seen, off)
    if facts.can_withdraw and not seen.moves_money:
        return FAIL, "the key may withdraw, and move_money is off", off
    if seen.moves_money and not facts.can_withdraw:
        return WARN, "move_money is on, and the key may not withdraw", "set move_money: false, or allow it to the key"
    inside = "; it may move money between wallets" if facts.can_transfer else ""
    return OK, ("may withdraw, as move_money wants" if facts.can_withdraw else "may not withdraw") + inside, ""


def _stated(seen: Seen, off: str) -> tuple[str, str, str]:
    told = f"the venue does not tell; you state keys.withdraw: {seen.stated}"
    if seen.stated == "unknown":
        fix = "look at the exchange's key page, and state keys.withdraw: none (or allowed)"
        return FAIL if seen.live else WARN, told, fix
    if seen.stated == "allowed" and not seen.moves_money:
        return FAIL, f"{told}, and move_money is off", f"{off}; then state keys.withdraw: none"
    if seen.stated == "none" and seen.moves_money:
        return WARN, f"{told}, and move_money is on", "set move_money: false, or state keys.withdraw: allowed"
    return OK, told, ""


def check_expiry(seen: Seen, facts: AccountFacts) -> Sequence[Check]:
    """Tell when the key ends."""
    ends = facts.key_expires_at
    if ends is None or ends == 0:
        told = "the venue does not tell when the key ends" if ends is None else "the key does not end"
        return (Check(name="expiry", status=OK, detail=told),)
    left = ends - seen.now
    day = f"{datetime.fromtimestamp(ends // 10**9, UTC):%Y-%m-%d}"
    if left <= 0:
        return (Check(name="expiry", status=FAIL, detail=f"the key ended on {day}", fix="make a new key"),)
    told = f"the key ends on {day}, in {left // _DAY:,} days"
    if left < EXPIRY_WARN:
        return (Check(name="expiry", status=WARN, detail=told, fix="make a new key in time"),)
    return (Check(name="expiry", status=OK, detail=told),)


def check_addresses(facts: AccountFacts) -> Sequence[Check]:
    """Tell whether the key works from listed addresses only."""
    if facts.ip_restricted is False:
        fix = "list this machine's address on the exchange's key page: a stolen key is then worth nothing elsewhere"
        return (Check(name="addresses", status=WARN, detail="the key works from any address", fix=fix),)
    told = "the venue does not tell; this address is allowed" if facts.ip_restricted is None else "only listed ones"
    return (Check(name="addresses", status=OK, detail=told),)
