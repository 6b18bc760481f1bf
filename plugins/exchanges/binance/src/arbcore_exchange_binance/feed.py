"""The feed: the shell that puts the protocol layer on sockets. One task per connection, one for the listing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final, Self

import anyio

from arbcore.context import Context
from arbcore.errors import ExchangeError
from arbcore.model.instrument import Instrument
from arbcore.net.http import HttpClient
from arbcore.net.limits import shared_limits
from arbcore.net.protocol import StreamProtocol
from arbcore.net.stream import run_stream
from arbcore.ports.venue import Deliver
from arbcore_exchange_binance.addresses import addresses
from arbcore_exchange_binance.exchange_info import Symbol
from arbcore_exchange_binance.protocol.books import Books
from arbcore_exchange_binance.protocol.funding import Funding
from arbcore_exchange_binance.protocol.limits import counters, penalty, read_usage
from arbcore_exchange_binance.protocol.marks import Marks
from arbcore_exchange_binance.protocol.product import PRODUCTS
from arbcore_exchange_binance.protocol.replies import read_instruments, read_symbols
from arbcore_exchange_binance.protocol.requests import exchange_info
from arbcore_exchange_binance.protocol.statuses import Statuses
from arbcore_exchange_binance.protocol.stream import BinanceStream
from arbcore_exchange_binance.reference import fees_of
from arbcore_exchange_binance.settings import BinanceSettings

_Make = Callable[[], StreamProtocol]
_S: Final = 10**9
_AGAIN_S: Final = 10.0
"""Seconds until a listing that was not told is asked for again."""


class BinanceFeed:
    """Market data of one product; a `Feed`.

    Args:
        settings: The instance's settings.
        context: The instance's context.
    """

    def __init__(self, settings: BinanceSettings, context: Context) -> None:
        self._settings: Final = settings
        self._context: Final = context
        self._product: Final = PRODUCTS[settings.product]
        self._addresses: Final = addresses(settings, context.environment)
        # The venue counts by address, so all instances of a product share one object per address.
        limits = shared_limits(f"binance {settings.product} {self._addresses.rest}", counters(self._product))
        self._open: Final = AsyncExitStack()
        self._http: Final = HttpClient(
            self._addresses.rest,
            venue=context.instance,
            clock=context.clock,
            limits=limits,
            read_usage=read_usage,
            penalty=penalty,
            deliver=None,
            settings=settings.network,
        )

    async def __aenter__(self) -> Self:
        """Take the client into use."""
        await self._open.enter_async_context(self._http)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every connection."""
        await self._open.aclose()

    async def instruments(self) -> Sequence[Instrument]:
        """Return every instrument that the venue lists and lets be traded, with the settings' fees.

        Raises:
            ExchangeError: The venue did not tell.
        """
        return read_instruments(
            await self._listing(),
            venue=self._context.instance,
            product=self._product.name,
            fees=fees_of(self._settings),
        )

    async def run(self, instruments: Sequence[str], deliver: Deliver) -> None:
        """Deliver market data of instruments until cancelled, reconnecting by itself.

        Args:
            instruments: Keys, as `instruments` returned them.
            deliver: Takes what was received.
        """
        self._http.measure(deliver)
        keys = {key.partition(":")[2]: key for key in instruments}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch_listing, keys, deliver)
            for number, group in enumerate(self._groups(keys, self._book_streams()), 1):
                tasks.start_soon(self._stream, self._books_of(group), f"public-{number}", deliver)
            if self._product.futures:
                for number, group in enumerate(self._groups(keys, 1 + self._settings.trades), 1):
                    tasks.start_soon(self._stream, self._marks_of(group), f"market-{number}", deliver)

    def _book_streams(self) -> int:
        """Return the streams of a symbol on a connection of books: spot has no other one for its trades."""
        return 1 + (self._settings.trades and not self._product.futures)

    def _groups(self, keys: Mapping[str, str], streams: int) -> Iterator[Mapping[str, str]]:
        """Yield the symbols of one connection after the other."""
        size = max(self._settings.streams_per_connection // streams, 1)
        symbols = list(keys)
        for start in range(0, len(symbols), size):
            yield {symbol: keys[symbol] for symbol in symbols[start : start + size]}

    def _books_of(self, keys: Mapping[str, str]) -> _Make:
        settings, product = self._settings, self._product
        base = self._addresses.route("public", futures=product.futures)

        def make() -> BinanceStream:
            books = Books(
                product,
                keys,
                settings.book,
                settings.depth_levels,
                confirm_after=settings.network.confirm_after,
                poll_interval=settings.network.poll_interval,
            )
            trades = settings.trades and not product.futures
            return BinanceStream(base, keys, books=books, marks=None, trades=trades)

        return make

    def _marks_of(self, keys: Mapping[str, str]) -> _Make:
        settings = self._settings
        base = self._addresses.route("market", futures=True)
        funding = Funding(keys, settings.refresh)

        def make() -> BinanceStream:
            marks = Marks(
                keys,
                funding,
                mute_after=settings.network.mute_after,
                poll_interval=settings.network.poll_interval,
            )
            return BinanceStream(base, keys, books=None, marks=marks, trades=settings.trades)

        return make

    async def _stream(self, make: _Make, connection: str, deliver: Deliver) -> None:
        await run_stream(
            make,
            self._http,
            deliver,
            venue=self._context.instance,
            connection=connection,
            clock=self._context.clock,
            settings=self._settings.network,
        )

    async def _watch_listing(self, keys: Mapping[str, str], deliver: Deliver) -> None:
        """Tell the instruments' states, at first and whenever they change."""
        statuses = Statuses(self._product, keys)
        while True:
            wait = self._settings.refresh / _S
            try:
                symbols = await self._listing()
            except ExchangeError as error:
                self._context.logger.warning("the listing was not told: %s", error)
                wait = min(wait, _AGAIN_S)
            else:
                for status in statuses.read(symbols, self._context.clock.now()):
                    deliver(status)
            await anyio.sleep(wait)

    async def _listing(self) -> Sequence[Symbol]:
        return read_symbols(await self._http.send(exchange_info(self._product)))
