"""Rate limits: what the venue counts, what its replies say about it, and how long it wants to be left alone.

Source: Binance developer documentation, limits of USD-M futures and spot, 2026-11.
"""

import re
from collections.abc import Iterator
from typing import Final

from arbcore.net.limits import Counter, Usage, Window
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.product import MINUTE_NS, Product
from arbcore_exchange_binance.protocol.requests import FUNDING, ORDERS, REQUEST_WEIGHT

SAPI_IP: Final = "sapi_ip"
"""Counter of wallets and histories, by address."""

SAPI_UID: Final = "sapi_uid"
"""Counter of what moves money, by account."""

_S: Final = 10**9
_USAGE: Final = {
    "x-mbx-used-weight-1m": (REQUEST_WEIGHT, MINUTE_NS),
    "x-mbx-order-count-10s": (ORDERS, 10 * _S),
    "x-mbx-order-count-1m": (ORDERS, MINUTE_NS),
    "x-mbx-order-count-1d": (ORDERS, 1440 * MINUTE_NS),
    "x-sapi-used-ip-weight-1m": (SAPI_IP, MINUTE_NS),
    "x-sapi-used-uid-weight-1m": (SAPI_UID, MINUTE_NS),
}
_BANNED_UNTIL: Final = re.compile(rb"banned until (\d{13})(?!\d)")
_BANNED: Final = 418
_WAIT_NS: Final = 30 * _S
_SHORTEST_BAN_NS: Final = 2 * MINUTE_NS
_LONGEST_BAN_NS: Final = 3 * 1440 * MINUTE_NS


def counters(product: Product) -> tuple[Counter, ...]:
    """Return what the venue counts per address and account."""
    orders = tuple(Window(length, fits) for length, fits in product.order_limits)
    found = (
        Counter(name=REQUEST_WEIGHT, windows=(Window(MINUTE_NS, product.weight_limit),)),
        Counter(name=ORDERS, windows=orders),
    )
    if product.futures:
        return (*found, Counter(name=FUNDING, windows=(Window(5 * MINUTE_NS, 500),)))
    # Commonly known limits of /sapi, which lies on spot's address.
    apart = (Counter(name=SAPI_IP, windows=(Window(MINUTE_NS, 12_000),)),)
    return (*found, *apart, Counter(name=SAPI_UID, windows=(Window(MINUTE_NS, 180_000),)))


def read_usage(reply: Reply) -> Iterator[Usage]:
    """Yield what the reply's headers say about the counters; a header that is no number says nothing."""
    for name, text in reply.headers.items():
        known = _USAGE.get(name.lower())
        if known is not None and text.isascii() and text.isdecimal() and len(text) < 10:
            counter, window_ns = known
            yield Usage(counter=counter, used=int(text), window_ns=window_ns)


def penalty(reply: Reply, attempt: int) -> int:
    """Return how long to wait after a 429 or 418 without ``Retry-After``, in nanoseconds.

    A ban names its end in the text, ``IP banned until <ms>``; without it the shortest ban is assumed, longer each
    time. A 429 waits 30 s.

    Args:
        reply: The answer.
        attempt: Number of such answers in a row, from 1.
    """
    until = _BANNED_UNTIL.search(reply.body)
    if until is not None:
        left = int(until[1]) * 10**6 - reply.recv_ts
        # An end in the past says that the clocks differ, not that the ban is over.
        return min(left, _LONGEST_BAN_NS) if left > 0 else _WAIT_NS
    if reply.status == _BANNED:
        return min(_SHORTEST_BAN_NS * max(attempt, 1), _LONGEST_BAN_NS)
    return _WAIT_NS
