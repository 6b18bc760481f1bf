"""The feed over real sockets: a small server on loopback speaks the venue's documented messages."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import time_ns
from typing import Any

import anyio
import pytest
from aiohttp import web

from arbcore.context import Context
from arbcore.errors import ExchangeError
from arbcore.model.input import ConnectionChanged, InstrumentStatus
from arbcore.model.instrument import Instrument
from arbcore.model.market import Book, BookInvalid, FundingRate, MarkPrice, PublicTrade, Quote
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore.ports.venue import Feed, FeedItem, RequestMeasured
from arbcore_exchange_binance import plugin
from arbcore_exchange_binance.settings import BinanceSettings
from plugins.exchanges.binance.tests.samples import (
    DEPTH,
    INTERVALS,
    MARK,
    SNAPSHOT,
    SPOT_TICKER,
    TICKER,
    TOUCH,
    TRADE,
    encode,
    framed,
    listed,
)

pytestmark = pytest.mark.anyio
KEY = "binance:BTCUSDT"


class Rising:
    """A clock of its own: every reading is later than the one before."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(time_ns(), self._last + 1)
        return self._last


@dataclass
class Server:
    """What the server answers and sends; tests change it."""

    answers: dict[str, Any] = field(default_factory=dict)
    frames: dict[str, list[bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    sockets: list[tuple[str, web.WebSocketResponse]] = field(default_factory=list)
    base: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if request.path in self.answers:
            found = self.answers[request.path]
            body = encode(found() if callable(found) else found)
            return web.Response(body=body, headers={"X-MBX-USED-WEIGHT-1M": "7"})
        if not request.path.endswith("/stream"):
            return web.Response(status=404, body=b"")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened.append(request.query_string)
        self.sockets.append((request.path, socket))
        for frame in self.frames.get(request.path, ()):
            await socket.send_str(frame.decode())
        async for _ in socket:
            pass
        return socket

    async def cut(self, path: str) -> None:
        for at, socket in list(self.sockets):
            if at == path:
                await socket.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.base = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def feed_of(server: Server, **changes: Any) -> Feed:
    settings = BinanceSettings.model_validate(
        {
            "use": "binance",
            "rest": f"http://{server.base}",
            "streams": f"ws://{server.base}",
            "network": {"first_wait": "10ms", "stagger": "1ms", "confirm_after": "100ms"},
            **changes,
        }
    )
    context = Context(
        instance="binance",
        session="test",
        mode="paper",
        environment="production",
        base_currency="USDT",
        clock=Rising(),
        logger=logging.getLogger("test"),
        data_dir=Path("unused"),
    )
    return plugin.open_feed(settings, context)


class Received:
    """What a feed delivered, to be waited for."""

    def __init__(self) -> None:
        self.items: list[FeedItem] = []
        self._came = anyio.Event()

    def deliver(self, item: FeedItem) -> None:
        self.items.append(item)
        self._came.set()
        self._came = anyio.Event()

    async def until(self, holds: Callable[[FeedItem], bool], start: int = 0) -> int:
        """Return the index after the first item for which something holds."""
        with anyio.fail_after(20):
            while True:
                for index, item in enumerate(self.items[start:], start):
                    if holds(item):
                        return index + 1
                await self._came.wait()

    async def of(self, kind: type, start: int = 0) -> int:
        return await self.until(lambda item: isinstance(item, kind), start)

    async def state(self, connection: str, state: ConnectionState, start: int = 0) -> int:
        return await self.until(
            lambda item: isinstance(item, ConnectionChanged) and (item.connection, item.state) == (connection, state),
            start,
        )


def usdm(server: Server) -> None:
    server.answers = {
        "/fapi/v1/exchangeInfo": {"symbols": [listed("BTCUSDT"), listed("ETHUSDT", status="BREAK")]},
        "/fapi/v1/fundingInfo": INTERVALS,
        "/fapi/v1/ticker/bookTicker": TOUCH,
        "/fapi/v1/depth": SNAPSHOT,
    }
    server.frames = {
        "/public/stream": [framed("btcusdt@bookTicker", TICKER)],
        "/market/stream": [framed("btcusdt@markPrice@1s", MARK), framed("btcusdt@aggTrade", TRADE)],
    }


async def test_instruments_come_from_the_listing() -> None:
    async with serving() as server:
        usdm(server)
        async with feed_of(server, taker_fee="0.0003") as feed:
            (one,) = await feed.instruments()
        assert isinstance(one, Instrument)
        assert (one.key, str(one.fees.taker), str(one.lot)) == (KEY, "0.0003", "0.001")
        assert server.asked == ["/fapi/v1/exchangeInfo"]


async def test_a_listing_that_is_refused_is_an_exchange_error() -> None:
    async with serving() as server, feed_of(server) as feed:
        with pytest.raises(ExchangeError, match="404"):
            await feed.instruments()


async def test_usdm_on_both_routes_and_back_after_a_cut() -> None:
    async with serving() as server, feed_of(server, trades=True) as feed, anyio.create_task_group() as tasks:
        usdm(server)
        received = Received()
        tasks.start_soon(feed.run, [KEY], received.deliver)
        for kind in (Quote, MarkPrice, FundingRate, PublicTrade, InstrumentStatus, RequestMeasured):
            await received.of(kind)
        await received.state("market-1", ConnectionState.CONNECTED)
        start = await received.state("public-1", ConnectionState.CONNECTED)
        assert set(server.opened) == {
            "streams=btcusdt@bookTicker",
            "streams=btcusdt@markPrice@1s/btcusdt@aggTrade",
        }
        await server.cut("/public/stream")
        lost = await received.of(BookInvalid, start)
        assert received.items[lost - 1].reason == Reason.CONNECTION_LOST  # type: ignore[union-attr]
        await received.of(Quote, lost)
        await received.state("public-1", ConnectionState.CONNECTED, start)
        tasks.cancel_scope.cancel()


async def test_the_wrong_route_is_never_connected() -> None:
    """The socket opens, nothing comes, and requests show that the market moves."""
    async with serving() as server, feed_of(server) as feed, anyio.create_task_group() as tasks:
        usdm(server)
        server.frames["/public/stream"] = []
        sizes = count(1)
        server.answers["/fapi/v1/ticker/bookTicker"] = lambda: {**TOUCH, "bidQty": str(next(sizes))}
        received = Received()
        tasks.start_soon(feed.run, [KEY], received.deliver)
        await received.state("public-1", ConnectionState.MUTE)
        public = [
            item for item in received.items if isinstance(item, ConnectionChanged) and "public" in item.connection
        ]
        assert ConnectionState.CONNECTED not in {item.state for item in public}
        tasks.cancel_scope.cancel()


async def test_a_maintained_book() -> None:
    async with serving() as server, feed_of(server, book="diff", depth_levels=5) as feed:
        usdm(server)
        server.frames["/public/stream"] = [framed("btcusdt@depth@100ms", DEPTH)]
        async with anyio.create_task_group() as tasks:
            received = Received()
            tasks.start_soon(feed.run, [KEY], received.deliver)
            index = await received.of(Book)
            book = received.items[index - 1]
            assert isinstance(book, Book)
            assert (book.bids, book.asks) == (((109950.1, 0.002),), ((109950.2, 0.7),))
            assert any("depth?symbol=BTCUSDT&limit=1000" in path for path in server.asked)
            tasks.cancel_scope.cancel()


async def test_spot_has_one_address_without_routes() -> None:
    async with serving() as server, feed_of(server, product="spot") as feed, anyio.create_task_group() as tasks:
        server.answers = {"/api/v3/exchangeInfo": {"symbols": [listed("BTCUSDT")]}}
        server.frames = {"/stream": [framed("btcusdt@bookTicker", SPOT_TICKER)]}
        received = Received()
        tasks.start_soon(feed.run, [KEY], received.deliver)
        await received.of(InstrumentStatus)
        index = await received.of(Quote)
        quote = received.items[index - 1]
        assert isinstance(quote, Quote)
        assert quote.ts == quote.recv_ts
        await received.state("public-1", ConnectionState.CONNECTED)
        assert server.opened == ["streams=btcusdt@bookTicker"]
        tasks.cancel_scope.cancel()
