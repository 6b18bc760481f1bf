"""What every private request of a product goes through: the client, its limits, the key, the venue's clock."""

from contextlib import AsyncExitStack
from itertools import count
from typing import Final, Self
from uuid import uuid4

from msgspec.structs import replace

from arbcore.context import Context
from arbcore.errors import ConfigurationError, ExchangeError, ExchangeRefused, ExchangeUnavailable, RateLimited
from arbcore.net.calls import Call, SocketCalls
from arbcore.net.http import HttpClient
from arbcore.net.limits import RateLimits, shared_limits
from arbcore.net.offset import ClockOffset
from arbcore.net.request import Reply, Request
from arbcore.ports.venue import Deliver
from arbcore_exchange_binance.addresses import Addresses, addresses
from arbcore_exchange_binance.protocol.calls import call_frame, read_call_id
from arbcore_exchange_binance.protocol.limits import counters, penalty, read_usage
from arbcore_exchange_binance.protocol.private_failures import CLOCK_CODES, private_failure, require_done
from arbcore_exchange_binance.protocol.product import PRODUCTS, Product
from arbcore_exchange_binance.protocol.replies import read_time
from arbcore_exchange_binance.protocol.requests import server_time
from arbcore_exchange_binance.protocol.signing import API_KEY_HEADER, ApiKey, Params
from arbcore_exchange_binance.settings import BinanceSettings

_OK: Final = 200
_BANNED: Final = 418
_MS: Final = 10**6


class PrivateAccess:
    """Signed requests and calls of one account. An async context manager.

    Args:
        settings: The instance's settings.
        context: The instance's context.
        rest: Base address where it is not the product's own.
    """

    def __init__(self, settings: BinanceSettings, context: Context, rest: str = "") -> None:
        self.product: Final[Product] = PRODUCTS[settings.product]
        self.addresses: Final[Addresses] = addresses(settings, context.environment)
        self.offset: Final = ClockOffset(resolution=_MS)
        base = rest or self.addresses.rest
        # The venue counts by address: the feed of the same product shares this object.
        self.limits: Final[RateLimits] = shared_limits(f"binance {settings.product} {base}", counters(self.product))
        self._base: Final = base
        self._settings: Final = settings
        self._context: Final = context
        self._stack: Final = AsyncExitStack()
        self._http: HttpClient | None = None
        self._key: ApiKey | None = None
        self._run: Final = uuid4().hex[:12]
        self._calls: Final = count(1)

    async def __aenter__(self) -> Self:
        """Take key and client into use.

        Raises:
            ConfigurationError: A secret is missing or can't be read.
        """
        self._key = read_key(self._context)
        client = HttpClient(
            self._base,
            venue=self._context.instance,
            clock=self._context.clock,
            limits=self.limits,
            read_usage=read_usage,
            penalty=penalty,
            settings=self._settings.network,
            headers={API_KEY_HEADER: self._key.api_key},
            sign=self._signed,
        )
        self._http = await self._stack.enter_async_context(client)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the client."""
        await self._stack.aclose()

    @property
    def http(self) -> HttpClient:
        """The client.

        Raises:
            ExchangeUnavailable: It is not open.
        """
        if self._http is None:
            raise ExchangeUnavailable(f"{self._context.instance}: not open", "enter it with `async with`")
        return self._http

    @property
    def key(self) -> ApiKey:
        """The key.

        Raises:
            ExchangeUnavailable: It is not open.
        """
        if self._key is None:
            raise ExchangeUnavailable(f"{self._context.instance}: not open", "enter it with `async with`")
        return self._key

    def measure(self, deliver: Deliver | None) -> None:
        """Say who takes how requests went from now on."""
        self.http.measure(deliver)

    async def measure_clock(self, times: int = 1) -> None:
        """Ask the venue for its time.

        Raises:
            ExchangeError: The venue did not tell.
        """
        for _ in range(times):
            reply = await self.http.send(server_time(self.product))
            self.offset.learn(reply.sent_ts, reply.recv_ts, read_time(reply))

    async def ask(self, request: Request, what: str) -> Reply:
        """Send a request and return its answer, whose status is 200.

        Where the venue finds our time wrong its clock is measured anew; a question is then asked once more, and
        nothing else ever is.

        Args:
            request: The request.
            what: What is asked, for messages.

        Raises:
            ExchangeError: As `private_failure` reads it, or as the client raises it.
        """
        request = replace(request, timeout_ns=self._settings.network.request_timeout)
        reply = await self.http.send(request)
        if reply.status == _OK:
            return reply
        error = private_failure(reply.status, reply.body, what)
        if await self.refused(reply, error, request.counter) and request.method == "GET":
            reply = await self.http.send(request)
            require_done(reply, what)
            return reply
        raise error

    async def refused(self, reply: Reply, error: ExchangeError, counter: str) -> bool:
        """Heed what a refusal says: send less for a while, or measure the venue's clock anew.

        The client heeds HTTP 429 and 418 itself; calls, and requests refused by code alone, come here.

        Args:
            reply: The answer, with the status of the call.
            error: What it stands for.
            counter: Name of the rate limit's counter that was drawn on.

        Returns:
            Whether the clock was measured.
        """
        if isinstance(error, RateLimited):
            until = reply.recv_ts + penalty(reply, 1)
            if reply.status == _BANNED:
                self.limits.pause("", until)
            else:
                # Cancels do not wait for a pause that the venue did not ask for.
                self.limits.pause(counter, until, urgent=reply.recv_ts)
        return await self.clock_was_wrong(error)

    async def clock_was_wrong(self, error: ExchangeError) -> bool:
        """Measure the venue's clock anew where an error says that ours is wrong; tell whether it was measured."""
        if not isinstance(error, ExchangeRefused) or error.code not in CLOCK_CODES:
            return False
        self.offset.forget()
        try:
            await self.measure_clock()
        except ExchangeError as trouble:
            self._context.logger.warning("the venue's clock was not told: %s", trouble.what)
            return False
        return True

    def call(self, method: str, params: Params, template: Call) -> Call:
        """Return a call of the WebSocket API that is signed when it is sent.

        Args:
            method: The venue's name of the method.
            params: Parameters without key, time and signature.
            template: Counter, weight, urgency and times; its id, method and frame are replaced.
        """
        identity = f"{self._run}-{next(self._calls)}"
        key, recv_window = self.key, self._settings.recv_window

        def frame(now: int) -> str:
            window = _window(recv_window, template.expires_at, now)
            return call_frame(identity, method, key.signed_params(params, now + self.offset.value, window))

        timeout = self._settings.network.request_timeout
        return replace(template, id=identity, method=method, frame=frame, timeout_ns=timeout)

    def socket(self, connection: str) -> SocketCalls:
        """Return the connection for calls of the WebSocket API, not yet run.

        Args:
            connection: Name of the connection.
        """
        return SocketCalls(
            self.addresses.ws_api,
            venue=self._context.instance,
            connection=connection,
            clock=self._context.clock,
            limits=self.limits,
            settings=self._settings.network,
            read_id=read_call_id,
        )

    def _signed(self, request: Request, now: int) -> Request:
        settings = self._settings
        longest = settings.read_window if request.method == "GET" else settings.recv_window
        window = _window(longest, request.expires_at, now)
        return self.key.signed_request(request, now + self.offset.value, window)


def _window(longest: int, expires_at: int, now: int) -> int:
    """Return how late a request may reach the venue: not after its own time is over, and never less than 1 ms."""
    return max(min(longest, expires_at - now), _MS) if expires_at else longest


def read_key(context: Context) -> ApiKey:
    """Return the key of an instance.

    Raises:
        ConfigurationError: A secret is missing or can't be read.
    """
    missing = [name for name in ("api_key", "api_secret") if not context.secrets.get(name)]
    if missing:
        raise ConfigurationError(
            f"exchanges.{context.instance}: {' and '.join(missing)} missing: private requests need them",
            "set them as {env: NAME} or {file: PATH}",
        )
    return ApiKey(context.secrets["api_key"].strip(), context.secrets["api_secret"])
