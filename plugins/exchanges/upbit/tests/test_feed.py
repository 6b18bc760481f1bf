"""The shells against a small server on loopback that speaks the documented protocol."""

import itertools
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest
from aiohttp import WSMsgType, web

from arbcore.context import Context
from arbcore.errors import ConfigurationError, ExchangeError
from arbcore.model.input import ConnectionChanged, InstrumentStatus
from arbcore.model.market import Book, BookInvalid, FxRate, PublicTrade
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore.ports.venue import RequestMeasured
from arbcore_exchange_upbit import plugin, rate_plugin
from arbcore_exchange_upbit.settings import UpbitRateSettings, UpbitSettings
from plugins.exchanges.upbit.tests.samples import book_frame, market, orderbook, ticker_frame, trade_frame

pytestmark = pytest.mark.anyio

FAST = {"first_wait": "2ms", "longest_wait": "20ms", "stagger": "0ms", "poll_interval": "20ms"}


class Clock:
    """Real time, strictly rising."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(self._last + 1, time.time_ns())
        return self._last


@dataclass
class Upbit:
    """Three markets with fixed books. `silent` keeps back snapshots, `refusing` refuses WebSockets."""

    codes: tuple[str, ...] = ("KRW-BTC", "KRW-USDT", "BTC-ETH")
    ticks: dict[str, str] = field(default_factory=lambda: {"KRW-BTC": "1000", "KRW-USDT": "0.5"})
    prices: dict[str, float] = field(default_factory=lambda: {"KRW-BTC": 148_961_000.0, "KRW-USDT": 1_400.0})
    silent: bool = False
    refusing: bool = False
    subscriptions: list[list[dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    base: str = ""

    def now_ms(self) -> int:
        return time.time_ns() // 10**6

    async def rest(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        self.paths.append(request.path_qs)
        asked = request.query.get("markets", "").split(",")
        answers: dict[str, Callable[[], Any]] = {
            "/market/all": lambda: [market(code, warning=code == "KRW-USDT") for code in self.codes],
            "/ticker": lambda: [{"market": code, "trade_price": self.prices[code]} for code in asked],
            "/orderbook/instruments": lambda: [{"market": code, "tick_size": self.ticks[code]} for code in asked],
            "/orderbook": lambda: [orderbook(code, self.now_ms()) for code in asked],
        }
        answer = answers[request.path.removeprefix("/upbit/v1")]()
        return web.json_response(answer, headers={"Remaining-Req": "group=market; min=600; sec=9"})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        if self.refusing:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._subscribe(socket, json.loads(message.data))
        return socket

    async def _subscribe(self, socket: web.WebSocketResponse, message: list[dict[str, Any]]) -> None:
        self.subscriptions.append(message)
        if self.silent:
            return
        for code in (code.partition(".")[0] for code in message[1]["codes"]):
            await send(socket, book_frame(code, self.now_ms(), stream="SNAPSHOT"))
            if any(part.get("type") == "ticker" for part in message):
                await send(socket, ticker_frame(code))


async def send(socket: web.WebSocketResponse, message: object) -> None:
    await socket.send_bytes(json.dumps(message).encode())


@asynccontextmanager
async def serving(**changes: Any) -> AsyncIterator[Upbit]:
    venue = Upbit(**changes)
    app = web.Application()
    app.router.add_get("/upbit/v1/{rest:.*}", venue.rest)
    app.router.add_get("/upbit/websocket/v1", venue.stream)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        venue.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield venue
    finally:
        await runner.cleanup()


def context(instance: str, clock: Clock) -> Context:
    return Context(
        instance=instance,
        session="s",
        mode="paper",
        environment="simulator",
        base_currency="USDT",
        clock=clock,
        logger=logging.getLogger("test"),
        data_dir=Path("unused"),
    )


def settings(venue: Upbit, **changes: Any) -> UpbitSettings:
    return UpbitSettings.model_validate({"use": "upbit", "simulator": venue.base, "network": FAST, **changes})


class Heard(list[Any]):
    """What was delivered, in order."""

    changed: anyio.Event | None = None

    def append(self, item: Any) -> None:
        super().append(item)
        if self.changed is not None:
            self.changed.set()

    def of(self, kind: type) -> list[Any]:
        return [item for item in self if isinstance(item, kind)]

    def states(self, connection: str = "public-1") -> list[ConnectionState]:
        return [item.state for item in self.of(ConnectionChanged) if item.connection == connection]

    async def until(self, holds: Callable[["Heard"], object]) -> None:
        with anyio.fail_after(10):
            while not holds(self):
                self.changed = anyio.Event()
                await self.changed.wait()


@asynccontextmanager
async def running(venue: Upbit, keys: tuple[str, ...], **changes: Any) -> AsyncIterator[Heard]:
    heard = Heard()
    opening = plugin.open_feed(settings(venue, **changes), context("upbit", Clock()))
    async with opening as feed, anyio.create_task_group() as group:
        group.start_soon(feed.run, keys, heard.append)
        yield heard
        group.cancel_scope.cancel()


def warnings(heard: Heard, key: str) -> list[tuple[str, ...]]:
    return [status.warnings for status in heard.of(InstrumentStatus) if status.instrument == key]


def connected(heard: Heard) -> bool:
    return ConnectionState.CONNECTED in heard.states()


async def test_instruments_are_the_venues_own_with_its_exceptions() -> None:
    async with serving() as venue:
        async with plugin.open_feed(settings(venue), context("second", Clock())) as feed:
            btc, usdt = await feed.instruments()
        assert (btc.key, btc.ticks.tick_at(999_999.0)) == ("second:KRW-BTC", Decimal(500))
        assert (usdt.key, usdt.ticks.tick_at(1_400.0)) == ("second:KRW-USDT", Decimal("0.5"))

        async with plugin.open_feed(settings(venue, ticks={"KRW-USDT": 2}), context("upbit", Clock())) as feed:
            assert [one.ticks.tick_at(1_400.0) for one in await feed.instruments()][1] == 2


async def test_a_venue_that_does_not_tell_is_an_error() -> None:
    async with serving(codes=()) as venue, plugin.open_feed(settings(venue), context("upbit", Clock())) as feed:
        with pytest.raises(ExchangeError, match="lists no market"):
            await feed.instruments()


async def test_no_request_carries_an_origin() -> None:
    async with serving() as venue:
        async with plugin.open_feed(settings(venue), context("upbit", Clock())) as feed:
            await feed.instruments()
        async with running(venue, ("upbit:KRW-BTC",)) as heard:
            await heard.until(connected)
        assert len(venue.headers) >= 4
        assert not [name for headers in venue.headers for name in headers if name.lower() == "origin"]


async def test_books_trades_and_statuses_arrive() -> None:
    keys = ("upbit:KRW-BTC", "upbit:KRW-USDT")
    async with serving() as venue, running(venue, keys) as heard:
        await heard.until(connected)
        await send(venue.sockets[0], trade_frame())
        await heard.until(lambda all_: all_.of(PublicTrade) and ("warning",) in warnings(all_, keys[1]))
        assert {book.instrument for book in heard.of(Book)} == set(keys)
        assert set(warnings(heard, keys[0])) == {()}
        assert all(item.venue == "upbit" and item.ok for item in heard.of(RequestMeasured))
        assert heard.states() == [ConnectionState.CONNECTING, ConnectionState.CONNECTED]
        times = [item.recv_ts for item in heard.of(Book)[:2]]
        assert times == sorted(times)


async def test_many_markets_are_spread_over_connections() -> None:
    keys = ("upbit:KRW-BTC", "upbit:KRW-USDT", "upbit:BTC-ETH")
    async with serving() as venue, running(venue, keys, codes_per_connection=2, trades=False) as heard:
        await heard.until(lambda all_: connected(all_) and ConnectionState.CONNECTED in all_.states("public-2"))
        found = [
            part["codes"] for message in venue.subscriptions for part in message if part.get("type") == "orderbook"
        ]
        assert sorted(found) == [["BTC-ETH.5"], ["KRW-BTC.5", "KRW-USDT.5"]]
        tickets = {message[0]["ticket"] for message in venue.subscriptions}
        assert len(tickets) == 2


async def test_after_a_loss_books_are_invalid_then_polled_then_streamed() -> None:
    key = "upbit:KRW-BTC"
    async with serving() as venue, running(venue, (key,)) as heard:
        await heard.until(connected)
        venue.refusing = True
        mark = len(heard)
        await venue.sockets[0].close()
        await heard.until(lambda all_: any(isinstance(item, BookInvalid) for item in all_[mark:]))
        polled = len(heard)
        await heard.until(lambda all_: any(isinstance(item, Book) for item in all_[polled:]))
        venue.refusing = False
        again = len(heard)
        await heard.until(lambda all_: ConnectionState.CONNECTED in Heard(all_[again:]).states())
        lost = [item for item in heard[mark:] if isinstance(item, BookInvalid)]
        assert [(item.instrument, item.reason) for item in lost] == [(key, Reason.CONNECTION_LOST)]
        assert len(venue.subscriptions) == 2
        assert any(path.startswith("/upbit/v1/orderbook?markets=KRW-BTC&count=5") for path in venue.paths)


async def test_a_subscription_without_data_is_no_recovery() -> None:
    network = {**FAST, "recover_timeout": "50ms"}
    async with serving(silent=True) as venue, running(venue, ("upbit:KRW-BTC",), network=network) as heard:
        await heard.until(lambda _: len(venue.subscriptions) >= 2)
        assert not connected(heard)
        venue.silent = False
        await heard.until(connected)


async def test_garbage_ends_the_connection_and_the_next_one_is_well() -> None:
    async with serving() as venue, running(venue, ("upbit:KRW-BTC",)) as heard:
        await heard.until(connected)
        await venue.sockets[0].send_bytes(b'{"type":"orderbook","code":"KRW-BTC"}')
        await heard.until(lambda all_: all_.states().count(ConnectionState.CONNECTED) == 2)
        reasons = [item.reason for item in heard.of(ConnectionChanged)]
        assert any("Upbit sent a frame that is none" in reason for reason in reasons)


async def test_a_key_of_another_venue_is_refused() -> None:
    async with serving() as venue, plugin.open_feed(settings(venue), context("upbit", Clock())) as feed:
        with pytest.raises(ConfigurationError, match="binance:BTCUSDT is no instrument of upbit"):
            await feed.run(("binance:BTCUSDT",), lambda _: None)


async def test_without_instruments_it_runs_until_cancelled() -> None:
    async with serving() as venue, running(venue, ()) as heard:
        await anyio.sleep(0.02)
        assert heard == []


async def test_the_rate_is_told_and_repeated() -> None:
    heard = Heard()
    async with serving() as venue:
        made = UpbitRateSettings.model_validate({"use": "upbit", "simulator": venue.base, "network": FAST})
        async with (
            rate_plugin.open_rate_source(made, context("usdt_krw", Clock())) as source,
            anyio.create_task_group() as group,
        ):
            group.start_soon(source.run, heard.append)
            await heard.until(lambda all_: len(all_.of(FxRate)) >= 3)
            group.cancel_scope.cancel()
    assert {(item.name, item.bid, item.ask, item.source) for item in heard.of(FxRate)} == {
        ("usdt_krw", 148_960_000.0, 148_961_000.0, "upbit")
    }
    times = [item.recv_ts for item in heard.of(FxRate)]
    assert all(later > before for before, later in itertools.pairwise(times))
    assert {item.venue for item in heard.of(ConnectionChanged)} == {"usdt_krw"}
    assert not heard.of(Book)
    assert venue.subscriptions[0][1] == {"type": "orderbook", "codes": ["KRW-USDT.1"]}


async def test_a_renewed_connection_takes_over_without_a_gap() -> None:
    network = {**FAST, "renew_after": "50ms"}
    async with serving() as venue, running(venue, ("upbit:KRW-BTC",), network=network) as heard:
        await heard.until(connected)
        mark = len(heard)
        await heard.until(lambda all_: len(venue.subscriptions) >= 2 and Heard(all_[mark:]).of(Book))
        assert heard.states() == [ConnectionState.CONNECTING, ConnectionState.CONNECTED]
        assert not heard.of(BookInvalid)
