"""Upbit's rate limits: what it counts per address and key, what its headers tell, how long it wants us to wait.

Source: Upbit developer centre, rate limits, 2026-11; waits after a 429 by the project's catalogue, section 5.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from arbcore.net.limits import Counter, Usage, Window
from arbcore.net.request import Reply

_S: Final = 10**9
_QUOTATION_PER_SECOND: Final = 10
_BLOCKED: Final = 418
_LONGEST_PENALTY: Final = 4 * _S

GROUPS: Final = ("market", "candle", "trade", "ticker", "orderbook")
"""Groups of the quotation interface, each counted by itself, as the header names them."""

COUNTERS: Final = tuple(Counter(group, (Window(_S, _QUOTATION_PER_SECOND),)) for group in GROUPS)
"""Ten requests a second per group and address."""

_DEFAULT_PER_SECOND: Final = 30
_TESTS_PER_SECOND: Final = 8
_SPARE: Final = 0.05
_CANCEL_ALL: Final = "order-cancel-all"
_CANCEL_ALL_SPAN: Final = 2 * _S
_SPANS: Final = {
    **dict.fromkeys((*GROUPS, "default", "order", "order-test"), _S),
    _CANCEL_ALL: _CANCEL_ALL_SPAN,
}


def private_counters(orders_per_second: int) -> tuple[Counter, ...]:
    """Return what the venue counts per key's pocket.

    Args:
        orders_per_second: Orders in a second: 12 since 2026-08-21, 8 before and on the venue's other entities.
    """
    # Nothing is spread out: these windows are over in a second. Cancels draw on "default" and have a tenth of it for
    # themselves; of orders one a second is left out, since a delayed one may arrive in the next one's window.
    return (
        Counter("default", (Window(_S, _DEFAULT_PER_SECOND),), slow=1.0, stop=1.0),
        Counter("order", (Window(_S, orders_per_second),), slow=1.0, stop=1.0, reserve=_SPARE),
        Counter("order-test", (Window(_S, _TESTS_PER_SECOND),), slow=1.0, stop=1.0, reserve=_SPARE),
        Counter(_CANCEL_ALL, (Window(_CANCEL_ALL_SPAN, 1),)),
    )


_REMAINING: Final = re.compile(r"group=([a-z-]+);.*\bsec=(\d{1,6})\b")
_BLOCK: Final = re.compile(rb"(\d{1,6})\s*(seconds?|sec|s|minutes?|min|m|hours?|h|\xec\xb4\x88|\xeb\xb6\x84)(?![a-z])")
_UNITS: Final = {b"s": _S, b"m": 60 * _S, b"h": 3600 * _S, "초".encode(): _S, "분".encode(): 60 * _S}


def read_usage(reply: Reply) -> Iterator[Usage]:
    """Return what ``Remaining-Req: group=ticker; min=600; sec=9`` tells, nothing where it is missing or unreadable.

    Only ``group`` and ``sec`` mean anything: ``min`` is a number of the past that no longer moves.
    """
    match = _REMAINING.search(reply.headers.get("remaining-req", ""))
    if match is not None and match[1] in _SPANS:
        yield Usage(match[1], remaining=int(match[2]), window_ns=_SPANS[match[1]])


def penalties(block_wait: int) -> Callable[[Reply, int], int]:
    """Return the rule of how long to wait after a refusal for too many requests.

    After a 429: 0.5, 1, 2, 4 seconds and no longer, which reaches past the second that was full. After a 418 the
    address is blocked for the time that the body states. How the body words it is unconfirmed: the first number with
    a unit of time counts.

    Args:
        block_wait: Wait after a 418 whose body states no time, nanoseconds.
    """

    def penalty(reply: Reply, attempt: int) -> int:
        if reply.status == _BLOCKED:
            return _stated(reply.body) or block_wait
        return int(min(_LONGEST_PENALTY, _S // 2 << min(attempt - 1, 3)))

    return penalty


def _stated(body: bytes) -> int:
    match = _BLOCK.search(body.lower())
    if match is None:
        return 0
    unit = match[2]
    return int(match[1]) * (_UNITS.get(unit) or _UNITS[unit[:1]])
