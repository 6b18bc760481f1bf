"""Requests over httpx. The only file that imports it."""

import logging
from collections.abc import Mapping
from typing import Final, Self

import anyio
import httpx

from arbcore.errors import ExchangeUnavailable, OutcomeUnknown

# The library logs whole addresses, and the query of a signed request is a secret for as long as it is valid.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_S = 10**9
_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=30)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


class HttpxTransport:
    """A pool of connections that are kept alive. No redirects, no cookies kept, no proxies from the environment.

    Args:
        base: Address without a trailing slash.
        connect_timeout: Time to open a connection, nanoseconds.
    """

    def __init__(self, base: str, connect_timeout: int) -> None:
        self._base: Final = base
        self._connect_s: Final = connect_timeout / _S
        self._client = httpx.AsyncClient(
            limits=_LIMITS, trust_env=False, follow_redirects=False, headers={"accept-encoding": "gzip"}
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.__aexit__()

    async def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_ns: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request and return status, headers and body; see `arbcore.net.http.HttpTransport`."""
        wait = timeout_ns / _S
        timeout = httpx.Timeout(wait, connect=self._connect_s, pool=self._connect_s)
        try:
            # httpx limits every read by itself; a server that trickles must end as well.
            with anyio.fail_after(2 * self._connect_s + wait):
                reply = await self._client.request(
                    method, self._base + target, headers=headers, content=body or None, timeout=timeout
                )
        except _NOT_SENT as error:
            raise ExchangeUnavailable(f"not sent: {_words(error)}", "check the network and the address") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise OutcomeUnknown(f"sent and not answered: {_words(error)}", "look it up before sending again") from None
        self._client.cookies.clear()
        return reply.status_code, dict(reply.headers), reply.content


def _words(error: Exception) -> str:
    """Return what went wrong. The library's texts name hosts and causes, never headers or queries."""
    return f"{type(error).__name__} {error}".strip()
