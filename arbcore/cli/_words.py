"""Words for people: times, spans, amounts and codes, and text from outside made harmless for a terminal."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from arbcore.model.currency import currency
from arbcore.model.money import ZERO, format_money
from arbcore.model.trade import Pnl

PARTS = ("spread", "slippage", "fees", "funding", "fx", "unrealised")
"""Parts of a profit, in the order in which they are told."""


def harmless(text: str) -> str:
    """Return text from outside on one line, with everything that could steer a terminal replaced by ``?``."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """Return text with everything but letters, signs and plain spaces replaced by ``?``."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def clock_time(time: int) -> str:
    """Return UTC nanoseconds as the time of day, for example ``08:15:00Z``."""
    return f"{datetime.fromtimestamp(time // 10**9, UTC):%H:%M:%S}Z"


def iso_seconds(time: int) -> str:
    """Return UTC nanoseconds as ISO 8601 to the second, empty for 0: what did not happen yet."""
    return f"{datetime.fromtimestamp(time // 10**9, UTC):%Y-%m-%dT%H:%M:%SZ}" if time else ""


def span(seconds: float) -> str:
    """Return a duration as ``4:12:00``; a negative one counts as none."""
    return str(timedelta(seconds=int(max(seconds, 0))))


def code_words(code: str) -> str:
    """Return a reason code as words: ``BOOK_STALE`` becomes ``book stale``. Other text is returned as it is."""
    return harmless(code.replace("_", " ").lower() if code.isupper() else code)


def signed(amount: Decimal, code: str) -> str:
    """Return a change of money with its sign: ``+1.23 USDT``."""
    shown = format_money(amount, code)
    return shown if shown.startswith("-") or not round(amount, currency(code).precision) else f"+{shown}"


def signed_digits(amount: Decimal, code: str) -> str:
    """Return a change of money without its code, for where that is told already: ``+1.23``."""
    return signed(amount, code).removesuffix(f" {code}")


def pnl_parts(pnl: Pnl, code: str, parts: Iterable[str] = PARTS) -> str:
    """Return the parts of a profit that are not zero: ``spread +4.28, fees -1.80``."""
    told = ((name, getattr(pnl, name)) for name in parts)
    return ", ".join(f"{name} {signed_digits(amount, code)}" for name, amount in told if amount != ZERO)
