"""Opening the REST interface: the client of market data, and the one that signs for a key."""

import hashlib
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from msgspec.structs import replace

from arbcore.errors import ConfigurationError
from arbcore.net.http import HttpClient
from arbcore_exchange_upbit.addresses import Addresses
from arbcore_exchange_upbit.protocol.private.numbers import check_moments, nanoseconds
from arbcore_exchange_upbit.protocol.private.signing import Signer
from arbcore_exchange_upbit.settings import Access, UpbitSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from arbcore.context import Context
    from arbcore.net.limits import Usage
    from arbcore.net.offset import ClockOffset
    from arbcore.net.request import Reply, Request
    from arbcore.net.settings import NetworkSettings

DATE_STEP: Final = 10**9
"""The venue tells its time in whole seconds only, in the header ``Date`` of a reply."""


class QuestionClient(HttpClient):
    """A client of questions, which all wait for their answers as long as the settings say."""

    def __init__(self, base: str, *, settings: "NetworkSettings", **given: Any) -> None:
        super().__init__(base, settings=settings, **given)
        self._timeout_ns: Final = settings.request_timeout

    async def send(self, request: "Request") -> "Reply":
        """Send a request as `HttpClient.send` does."""
        return await super().send(replace(request, timeout_ns=self._timeout_ns))


def open_rest(settings: Access, where: Addresses, context: "Context") -> "HttpClient":
    """Build a client of the quotation interface, not entered.

    The venue counts quotation requests by address, so every instance in the process draws on the same limits. No
    request carries an Origin: with one, the venue allows one request in ten seconds.
    """
    from arbcore.net.limits import shared_limits
    from arbcore_exchange_upbit.protocol.limits import COUNTERS, penalties, read_usage

    return QuestionClient(
        where.rest,
        venue=context.instance,
        clock=context.clock,
        limits=shared_limits(f"upbit {where.rest}", COUNTERS),
        read_usage=read_usage,
        penalty=penalties(settings.block_wait),
        deliver=None,
        settings=settings.network,
    )


def open_private_rest(
    settings: UpbitSettings, where: Addresses, context: "Context", signer: Signer, offset: "ClockOffset"
) -> "HttpClient":
    """Build a client of the exchange interface, not entered.

    The venue counts its requests by the key's pocket, apart from market data; instances with one key share the count.
    Every reply's ``Date`` tells how far the venue's clock stands from ours, which nothing that is signed depends on.
    """
    from arbcore.net.limits import shared_limits
    from arbcore_exchange_upbit.protocol.limits import penalties, private_counters, read_usage

    def sign(request: "Request", now: int) -> "Request":
        # Set here, past the limits: a change waits for those as long as its own patience says, however short this is.
        return replace(signer(request, now), timeout_ns=settings.network.request_timeout)

    def note(reply: "Reply") -> "Iterable[Usage]":
        at = date_of(reply)
        if at:
            offset.learn(reply.sent_ts, reply.recv_ts, at + DATE_STEP // 2)
        return read_usage(reply)

    return HttpClient(
        where.rest,
        venue=context.instance,
        clock=context.clock,
        limits=shared_limits(f"upbit {where.rest} {_mark(context)}", private_counters(settings.orders_per_second)),
        read_usage=note,
        penalty=penalties(settings.block_wait),
        settings=settings.network,
        sign=sign,
    )


def signer_of(settings: UpbitSettings, context: "Context") -> Signer:
    """Return what signs with the instance's key.

    Raises:
        ConfigurationError: The key or its secret is missing.
    """
    key, secret = context.secrets.get("api_key", ""), context.secrets.get("api_secret", "")
    if not key or not secret:
        raise ConfigurationError(
            f"exchanges.{context.instance}: trading needs api_key and api_secret",
            "set both, as {env: NAME}, from a key of the website with the scopes asset-view, order-view and order",
        )
    return Signer(key, secret, settings.jwt, lambda: str(uuid4()))


def date_of(reply: "Reply") -> int:
    """Return the time in a reply's header ``Date``, UTC nanoseconds; 0 where it is missing or no time."""
    text = reply.headers.get("date", "")
    try:
        moment = parsedate_to_datetime(text) if text else None
        check_moments(moment)
    except (ValueError, TypeError, OverflowError):
        return 0
    return 0 if moment is None or moment.tzinfo is None else nanoseconds(moment)


def _mark(context: "Context") -> str:
    """Return what stands for a key where the key itself must not."""
    return hashlib.sha256(context.secrets.get("api_key", "").encode()).hexdigest()[:12]
