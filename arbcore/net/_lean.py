"""Requests over asyncio's transports and h11, with nothing in between: an order is on the wire a millisecond earlier.

A connection's end is seen when it comes, also while the connection is idle, so that no request goes out on one that
the venue has closed as far as can be known.
"""

import ssl
import zlib
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel

from arbcore.errors import ExchangeUnavailable, OutcomeUnknown
from arbcore.net._wire import Answer, Wire, WireBroken, request_bytes

_S = 10**9
_CONNECTIONS = 32
_IDLE_NS = 30 * _S  # what lies idle longer may have been dropped by something on the way that tells nobody
_LARGEST = 64 * 2**20
_CHECK = "check the network and the address"
_LOOK_IT_UP = "look it up before sending again"


class LeanTransport:
    """A pool of connections that are kept alive. No redirects, no cookies, no proxies from the environment.

    Args:
        base: Address without a trailing slash.
        connect_timeout: Time to open a connection, nanoseconds.
        context: TLS in place of the usual certificates; tests pass their own.
    """

    def __init__(self, base: str, connect_timeout: int, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(base)
        self._secure: Final = parts.scheme == "https"
        self._host: Final = parts.hostname or ""
        self._port: Final = parts.port or (443 if self._secure else 80)
        self._netloc: Final = parts.netloc
        self._prefix: Final = parts.path
        self._connect_s: Final = connect_timeout / _S
        self._context = context
        self._slots: Final = anyio.Semaphore(_CONNECTIONS, fast_acquire=True)
        self._idle: Final[list[Wire]] = []
        self._wires: Final[set[Wire]] = set()

    async def __aenter__(self) -> Self:
        if self._secure and self._context is None:
            import certifi

            self._context = ssl.create_default_context(cafile=certifi.where())
        return self

    async def __aexit__(self, *exc: object) -> None:
        for wire in list(self._wires):
            wire.abort()
        self._idle.clear()
        await anyio.lowlevel.cancel_shielded_checkpoint()  # the loop closes them at its next turn

    async def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_ns: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request and return status, headers and body; see `arbcore.net.http.HttpTransport`."""
        data = request_bytes(method, self._netloc, self._prefix + target, headers, body)
        wire = await self._wire()
        try:
            answer = await wire.ask(method, data, timeout_ns / _S)
        except WireBroken as error:
            raise OutcomeUnknown(f"sent and not answered: {error}", _LOOK_IT_UP) from None
        finally:
            self._put_back(wire)
        return answer.status, answer.headers, _unpacked(answer)

    async def _wire(self) -> Wire:
        """Return a connection that nobody else uses.

        Raises:
            ExchangeUnavailable: None could be opened.
        """
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            await self._slot()
        try:
            return self._kept() or await self._opened()
        except BaseException:
            self._slots.release()
            raise

    async def _slot(self) -> None:
        try:
            with anyio.fail_after(self._connect_s):
                await self._slots.acquire()
        except TimeoutError:
            raise ExchangeUnavailable("not sent: every connection is in use", "send less at a time") from None

    def _kept(self) -> Wire | None:
        while self._idle:
            wire = self._idle.pop()
            if wire.is_usable and wire.idle_ns < _IDLE_NS:
                return wire
            wire.abort()
        return None

    async def _opened(self) -> Wire:
        try:
            with anyio.fail_after(self._connect_s):
                wire = await Wire.open(self._host, self._port, self._context if self._secure else None, self._wires)
        except TimeoutError:
            raise ExchangeUnavailable(f"not sent: no connection within {self._connect_s:g} s", _CHECK) from None
        except OSError as error:  # TLS errors are such, too
            raise ExchangeUnavailable(f"not sent: {type(error).__name__} {error}".rstrip(), _CHECK) from None
        return wire

    def _put_back(self, wire: Wire) -> None:
        self._slots.release()
        if wire.is_usable:
            self._idle.append(wire)
        else:
            wire.abort()


def _unpacked(answer: Answer) -> bytes:
    """Return the body, decompressed.

    Raises:
        OutcomeUnknown: It can't be.
    """
    coding = answer.headers.get("content-encoding", "").lower()
    if coding in {"", "identity"}:
        return answer.body
    if coding not in {"gzip", "x-gzip"}:
        raise OutcomeUnknown(f"answered in the coding {coding!r}, which was not asked for", _LOOK_IT_UP)
    unpacking = zlib.decompressobj(31)
    try:
        body = unpacking.decompress(answer.body, _LARGEST)
    except zlib.error:
        raise OutcomeUnknown("answered by something that is no gzip", _LOOK_IT_UP) from None
    if not unpacking.eof:
        raise OutcomeUnknown("answered by gzip that ends early or is too large", _LOOK_IT_UP)
    return body
