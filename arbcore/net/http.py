"""Requests over HTTP: limits, time-outs, retries, measuring. The shell around a protocol layer's `Request`."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Final, Protocol, Self

import anyio

from arbcore.context import Clock
from arbcore.errors import ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore.net.faults import FaultyTransport, current
from arbcore.net.limits import RateLimits, Usage
from arbcore.net.request import Reply, Request, check_headers
from arbcore.net.settings import NetworkSettings, Transport
from arbcore.ports.venue import Deliver, RequestMeasured

logger = logging.getLogger(__name__)

RETRIES = 3
"""How often a request is repeated at most (catalogue, section 5)."""

_S = 10**9
_PATIENCE_NS = 120 * _S  # a request that may be repeated waits so long for the limits
_TOO_MANY, _BANNED = 429, 418


class HttpTransport(Protocol):
    """What carries requests. An async context manager."""

    async def __aenter__(self) -> Self:
        """Open the pool."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close all connections."""
        ...

    async def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_ns: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request and return status, headers (names in lower case) and body.

        Args:
            method: HTTP method.
            target: Path and query, sent as they are.
            headers: Headers.
            body: Body.
            timeout_ns: Time to wait for the answer once connected.

        Raises:
            ExchangeUnavailable: Nothing was sent.
            OutcomeUnknown: Something was sent and no whole answer came.
        """
        ...


async def _sleep(wait_ns: int) -> None:
    await anyio.sleep(wait_ns / _S)


class HttpClient:
    """A venue's REST interface. An async context manager.

    Neither headers nor queries are ever logged or part of an error: they hold secrets.

    Args:
        base: Address without a trailing slash.
        venue: Exchange instance id.
        clock: The session's clock.
        limits: Rate limits, shared by all instances of the venue.
        read_usage: Reads the venue's rate-limit headers.
        penalty: Pause in nanoseconds after the n-th 429 or 418 (n from 1) without ``Retry-After``, by the venue's rule.
        deliver: Takes how each request went; None to tell nobody.
        settings: Time-outs and back-off.
        headers: Headers of every request.
        sign: Signs a request at a time of sending, for requests that are marked so; pure but for the time it gets.
        transport: What carries requests, in place of what the settings name.
        sleep: Waits for nanoseconds; a test with its own clock passes its own.
    """

    def __init__(  # noqa: PLR0913 - everything that differs between venues
        self,
        base: str,
        *,
        venue: str,
        clock: Clock,
        limits: RateLimits,
        read_usage: Callable[[Reply], Iterable[Usage]],
        penalty: Callable[[Reply, int], int],
        deliver: Deliver | None = None,
        settings: NetworkSettings,
        headers: Mapping[str, str] | None = None,
        sign: Callable[[Request, int], Request] | None = None,
        transport: HttpTransport | None = None,
        sleep: Callable[[int], Awaitable[None]] = _sleep,
    ) -> None:
        self.limits: Final = limits
        self._base: Final = base.rstrip("/")
        self._venue: Final = venue
        self._clock: Final = clock
        self._read_usage: Final = read_usage
        self._penalty: Final = penalty
        self._deliver = deliver
        self._settings: Final = settings
        self._headers: Final = dict(headers or {})
        self._sign: Final = sign
        self._transport = transport
        self._sleep: Final = sleep

    async def __aenter__(self) -> Self:
        if self._transport is None:
            self._transport = self._made()
            if (faults := current()) is not None:
                self._transport = FaultyTransport(self._transport, faults)
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transport is not None:
            await self._transport.__aexit__(kind, error, trace)

    def _made(self) -> HttpTransport:
        if self._settings.transport is Transport.HTTPX:
            from arbcore.net._httpx import HttpxTransport

            return HttpxTransport(self._base, self._settings.connect_timeout)
        from arbcore.net._lean import LeanTransport

        return LeanTransport(self._base, self._settings.connect_timeout)

    def measure(self, deliver: Deliver | None) -> None:
        """Say who takes how requests went from now on."""
        self._deliver = deliver

    async def send(self, request: Request) -> Reply:
        """Send a request once the limits let it pass; return the answer, whatever its status except 429 and 418.

        A request that may be repeated is, at most three times. After 429 a read is repeated too, since nothing
        happened; an order is not, because it would come too late.

        Raises:
            RateLimited: The venue or our own count of its limits says to wait longer than the request can.
            ExchangeUnavailable: Nothing was sent, perhaps because its time to be sent was over.
            OutcomeUnknown: It was sent and no answer came.
            ValueError: The request names a counter that does not exist.
        """
        attempt = 0
        while True:
            attempt += 1
            await self._pass(request)
            try:
                reply = await self._measured(request)
            except (ExchangeUnavailable, OutcomeUnknown):
                if not request.repeatable or attempt > RETRIES:
                    raise
                await self._sleep(self._backoff(attempt))
                continue
            if reply.status not in {_TOO_MANY, _BANNED}:
                return reply
            self._refused(request, reply, attempt)
            if request.urgent:
                await self._sleep(self._backoff(attempt))

    async def _pass(self, request: Request) -> None:
        """Wait for the limits and draw on them.

        Raises:
            RateLimited: It would take longer than the request can wait.
        """
        started = self._clock.now()
        patience = _PATIENCE_NS if _may_repeat(request) else request.timeout_ns
        while True:
            now = self._clock.now()
            wait = self.limits.wait(request.counter, request.weight, now, urgent=request.urgent)
            if not wait:
                self.limits.spend(request.counter, request.weight, now)
                return
            if now + wait - started > patience:
                raise RateLimited(
                    f"{self._what(request)} was not sent: the rate limit {request.counter or 'of the venue'!r} opens "
                    f"in {wait / _S:.1f} s",
                    "send less, or share the address with fewer programs",
                    wait,
                )
            await self._sleep(wait)

    async def _measured(self, request: Request) -> Reply:
        sent = self._clock.now()
        if request.expires_at and sent > request.expires_at:
            raise ExchangeUnavailable(
                f"{self._what(request)} was not sent: its time was over {(sent - request.expires_at) / _S:.3f} s ago"
            )
        if request.signed:
            request = self._signed(request, sent)
        try:
            with anyio.CancelScope(shield=request.shielded):
                reply = await self._exchange(request, sent)
        except (ExchangeUnavailable, OutcomeUnknown) as error:
            self._tell(sent, self._clock.now(), error.what)
            raise
        self._tell(sent, reply.recv_ts, f"{self._what(request)}: status {reply.status}" if reply.status >= 500 else "")
        for usage in self._read_usage(reply):
            self.limits.note(usage, reply.sent_ts)
        return reply

    def _signed(self, request: Request, now: int) -> Request:
        if self._sign is None:
            raise ExchangeUnavailable(
                f"{self._what(request)} was not sent: it needs a key", "set api_key and api_secret of the exchange"
            )
        return self._sign(request, now)

    async def _exchange(self, request: Request, sent: int) -> Reply:
        if self._transport is None:
            raise ExchangeUnavailable(f"{self._what(request)}: the client is not open", "enter it with `async with`")
        target = f"{request.path}?{request.query}" if request.query else request.path
        headers = {**self._headers, **request.headers}
        try:
            check_headers(headers)
            status, answered, body = await self._transport.exchange(
                request.method, target, headers, request.body, request.timeout_ns
            )
        except (ExchangeUnavailable, OutcomeUnknown) as error:
            raise type(error)(f"{self._what(request)}: {error.what}", error.fix) from error
        return Reply(status=status, headers=answered, body=body, sent_ts=sent, recv_ts=self._clock.now())

    def _refused(self, request: Request, reply: Reply, attempt: int) -> None:
        """Pause after a 429 or 418.

        Raises:
            RateLimited: The request is not sent again.
        """
        asked = _retry_after(reply)
        pause = asked or self._penalty(reply, attempt)
        until = reply.recv_ts + pause
        if reply.status == _BANNED:
            self.limits.pause("", until)
        else:
            # Cancels wait only for what the venue itself demands: our own penalty is not for them.
            self.limits.pause(request.counter, until, urgent=until if asked else reply.recv_ts)
        logger.warning("%s: status %d, paused for %.1f s", self._what(request), reply.status, pause / _S)
        if reply.status == _BANNED or attempt > RETRIES or not _may_repeat(request):
            raise RateLimited(
                f"{self._what(request)}: the venue answered {reply.status}", "send less often", retry_after_ns=pause
            )

    def _tell(self, sent: int, now: int, reason: str) -> None:
        if self._deliver is not None:
            self._deliver(
                RequestMeasured(venue=self._venue, ok=not reason, latency_ns=now - sent, reason=reason, recv_ts=now)
            )

    def _backoff(self, attempt: int) -> int:
        return min(self._settings.longest_wait, self._settings.first_wait << (attempt - 1))

    def _what(self, request: Request) -> str:
        return f"{self._venue}: {request.method} {self._base}{request.path}"


def _may_repeat(request: Request) -> bool:
    return request.repeatable or request.method == "GET"


def _retry_after(reply: Reply) -> int:
    """Return the seconds of ``Retry-After`` in nanoseconds, 0 where it is missing or no number."""
    text = reply.headers.get("retry-after", "").strip()
    return int(text) * _S if text.isascii() and text.isdigit() else 0
