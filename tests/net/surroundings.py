"""A clock, a loopback server for HTTP and one for WebSockets, a small protocol layer."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
from websockets.asyncio.server import ServerConnection, serve

from arbcore.errors import ExchangeError
from arbcore.model.market import BookInvalid, MarketInput, Quote
from arbcore.net.http import HttpClient
from arbcore.net.limits import Counter, RateLimits, Usage, Window
from arbcore.net.protocol import Fetch, Heard, Reconnect, Resyncing, Send
from arbcore.net.request import Reply, Request
from arbcore.net.settings import NetworkSettings
from arbcore.ports.venue import Deliver

MS = 10**6
S = 10**9


class Clock:
    """Real time, strictly rising, moved ahead by tests."""

    def __init__(self) -> None:
        self._last = 0
        self.ahead = 0

    def now(self) -> int:
        self._last = max(self._last + 1, time.monotonic_ns() + self.ahead)
        return self._last

    async def sleep(self, wait_ns: int) -> None:
        """Wait without waiting."""
        self.ahead += wait_ns
        await anyio.lowlevel.checkpoint()


TRANSPORT = "lean"
"""What carries the requests of all clients; tests exchange it."""


def fast(**changes: int) -> NetworkSettings:
    values = {
        "transport": TRANSPORT,
        "first_wait": 2 * MS,
        "longest_wait": 20 * MS,
        "stagger": 0,
        "settle_after": 60 * S,
        **changes,
    }
    return NetworkSettings.model_validate(values)


Answer = Callable[[str, dict[str, str]], "tuple[int, dict[str, str], bytes] | Awaitable[None] | None"]


@dataclass
class HttpServer:
    """Answers requests by a function; None drops the connection unanswered."""

    answer: Answer
    base: str = ""
    lines: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        await reader.readexactly(int(headers.get("content-length", "0")))
        self.lines.append(head[0])
        self.headers.append(headers)
        answer = self.answer(head[0], headers)
        if not isinstance(answer, tuple):
            if answer is not None:
                await answer
            return False
        status, extra, body = answer
        lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", *(f"{k}: {v}" for k, v in extra.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        return True


@asynccontextmanager
async def http_server(answer: Answer) -> AsyncIterator[HttpServer]:
    served = HttpServer(answer)
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()


def read_usage(reply: Reply) -> list[Usage]:
    used = reply.headers.get("x-used")
    return [Usage("weight", used=int(used), window_ns=60 * S)] if used else []


def make_limits(capacity: int = 2400) -> RateLimits:
    return RateLimits([Counter("weight", (Window(60 * S, capacity),))])


def client(
    base: str, clock: Clock, *, limits: RateLimits | None = None, deliver: Deliver | None = None, **changes: int
) -> HttpClient:
    return HttpClient(
        base,
        venue="v",
        clock=clock,
        limits=limits or make_limits(),
        read_usage=read_usage,
        penalty=lambda _, attempt: attempt * S,
        deliver=deliver,
        settings=fast(**changes),
        headers={"x-own": "1"},
        sleep=clock.sleep,
    )


@asynccontextmanager
async def ws_server(serve_one: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    """Yield the address of a WebSocket server; its connections are served by a function."""
    async with serve(serve_one, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


class Lines:
    """A protocol: ``q PRICE`` is a quote, ``gap`` a gap, ``ask`` a fetch, ``bug`` a defect, else an error."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.whole = False
        self.closings = 0
        self.ticks: list[bool] = []
        self.fetches: list[Reply | None] = []

    def opened(self, now: int) -> Sequence[Heard]:
        return [Send("subscribe")]

    def received(self, frame: bytes, now: int) -> Sequence[Heard]:
        word, _, rest = frame.decode().partition(" ")
        if word == "q":
            self.whole = True
            return [Quote("v:A", int(float(rest)), now, float(rest), float(rest) + 1, 1.0, 1.0)]
        if word == "gap":
            self.whole = False
            return [BookInvalid("v:A", now, now, "DATA_GAP"), Resyncing("gap")]
        if word == "ask":
            return [Fetch("t", Request(path="/x")), Fetch("t", Request(path="/y"))]
        if word == "mute":
            return [Reconnect("said so", mute=True)]
        if word == "bug":
            raise KeyError(rest)
        if word == "hello":
            return []
        raise ExchangeError(f"garbage {word}")

    def fetched(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        self.fetches.append(reply)
        price = float(reply.body) if reply else 7.0
        return [Quote("v:A", int(price), now, price, price + 1, 1.0, 1.0)]

    def tick(self, now: int, *, connected: bool) -> Sequence[Heard]:
        self.ticks.append(connected)
        return []

    def closed(self, now: int) -> Sequence[MarketInput]:
        self.closings += 1
        return [BookInvalid("v:A", now, now, "CONNECTION_LOST")] if self.whole else []

    def delivering(self) -> bool:
        return self.whole
