"""Decoding: every kind of frame through the protocol layers of both exchanges, from bytes to delivered items.

The frames are the simulator's own, made in virtual time. The baseline is `msgspec.json.decode` of the same frames into
dicts, which checks nothing, converts no price and builds no book.

    python -m benchmarks.bench_decode [frames of each kind]
"""

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from arbcore.net.protocol import StreamProtocol
from arbcore.net.request import Reply
from arbcore.net.settings import NetworkSettings
from arbcore_exchange_binance.protocol.books import BookMode, Books
from arbcore_exchange_binance.protocol.funding import Funding
from arbcore_exchange_binance.protocol.marks import Marks
from arbcore_exchange_binance.protocol.product import PRODUCTS
from arbcore_exchange_binance.protocol.snapshots import SNAPSHOT
from arbcore_exchange_binance.protocol.stream import BinanceStream
from arbcore_exchange_simulator.memory import make_venues
from arbcore_exchange_simulator.venues import Venues
from arbcore_exchange_upbit.protocol.stream import Subscription, UpbitStream

_COINS: Final = ("BTC", "ETH", "XRP", "SOL", "ADA", "LINK", "DOT", "AVAX", "TRX", "BCH")
_ROUNDS: Final = 3
_STEP_NS: Final = 10_000_000
_WARM_UP: Final = 500
_DAY_NS: Final = 86_400 * 10**9
_NETWORK: Final = NetworkSettings()


@dataclass(slots=True, eq=False)
class Tape:
    """A socket that keeps what a venue sends, with the times."""

    venues: Venues
    frames: list[tuple[bytes, int]] = field(default_factory=list)

    def push(self, data: bytes, stream: str, symbol: str) -> None:
        """Keep a frame of market data."""
        self.frames.append((data, self.venues.world.now))

    def reply(self, data: bytes) -> None:
        """Pass over an answer."""

    def ping(self, payload: bytes) -> None:
        """Pass over a ping."""

    def close(self, code: int, reason: str) -> None:
        """Fail: what is measured never ends."""
        raise RuntimeError(f"the venue closed the socket: {code} {reason}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of frame.

    Attributes:
        name: Name in the report.
        venue: Venue of the simulator.
        path: Path of its socket.
        make: Makes the protocol object that reads it.
        message: What subscribes to it; the address does where it is empty.
        snapshots: Whether books start from snapshots.
        books: Changes of a book a second.
        trades: Trades a second of a market.
    """

    name: str
    venue: str
    path: str
    make: Callable[[], StreamProtocol]
    message: bytes = b""
    snapshots: bool = False
    books: float = 20.0
    trades: float = 2.0


@dataclass(slots=True)
class Recorded:
    """Frames of a kind: those before the snapshots, the snapshots by symbol, and those that are timed."""

    before: list[tuple[bytes, int]]
    snapshots: dict[str, Reply]
    timed: list[tuple[bytes, int]]


def _upbit(kind: str, units: int, *, trades: bool = False, statuses: bool = False) -> Kind:
    codes = [f"KRW-{coin}" for coin in _COINS]
    subscription = Subscription(
        url="",
        keys={code: f"upbit:{code}" for code in codes},
        units=units,
        trades=trades,
        statuses=statuses,
        refresh=_DAY_NS,
        network=_NETWORK,
    )
    asked = [f"{code}.{units}" for code in codes] if kind == "orderbook" else codes
    message = msgspec.json.encode([{"ticket": "bench"}, {"type": kind, "codes": asked}, {"format": "DEFAULT"}])
    name = f"upbit {kind}{f', {units} units' if kind == 'orderbook' else ''}"
    return Kind(
        name,
        "upbit",
        "websocket/v1",
        lambda: UpbitStream(subscription, "bench", set()),
        message,
        trades=100.0 if trades else 2.0,
    )


def _binance(venue: str, stream: str, mode: BookMode | None = None, levels: int = 20, *, trades: bool = False) -> Kind:
    keys = {f"{coin}USDT": f"binance:{coin}USDT" for coin in _COINS}
    product = PRODUCTS[venue]

    def make() -> StreamProtocol:
        books = None
        if mode is not None:
            books = Books(product, keys, mode, levels, confirm_after=_DAY_NS, poll_interval=_DAY_NS)
        marks = None
        if stream.startswith("markPrice"):
            marks = Marks(keys, Funding(keys, _DAY_NS), mute_after=_DAY_NS, poll_interval=_DAY_NS)
        return BinanceStream("", keys, books=books, marks=marks, trades=trades)

    route = "" if venue == "spot" else "public/" if mode is not None else "market/"
    names = "/".join(f"{symbol.lower()}@{stream}" for symbol in keys)
    return Kind(
        f"binance {venue} {stream}",
        venue,
        f"{route}stream?{names}",
        make,
        snapshots=mode == "diff",
        books=1.0 if mode is None else 20.0,  # what is not measured need not move
        trades=100.0 if trades else 0.1,
    )


KINDS: Final = (
    _upbit("orderbook", 1),
    _upbit("orderbook", 5),
    _upbit("orderbook", 30),
    _upbit("trade", 5, trades=True),
    _upbit("ticker", 5, statuses=True),
    _binance("usdm", "bookTicker", "ticker"),
    _binance("usdm", "depth20@100ms", "partial"),
    _binance("usdm", "depth@100ms", "diff"),
    _binance("usdm", "markPrice@1s"),
    _binance("usdm", "aggTrade", trades=True),
    _binance("spot", "bookTicker", "ticker"),
    _binance("spot", "depth20@100ms", "partial"),
    _binance("spot", "depth@100ms", "diff"),
    _binance("spot", "trade", trades=True),
)
"""Everything that the adapters subscribe to, or can be told to."""


def record(kind: Kind, count: int) -> Recorded:
    """Have the simulator send frames of a kind."""
    venues = make_venues(symbols=_COINS, rate=kind.books, trade_rate=kind.trades, rules={"enforce": False})
    tape = Tape(venues)
    path, _, names = kind.path.partition("?")
    session = venues.connect(kind.venue, path, {"streams": names}, tape)
    if kind.message:
        session.receive(kind.message, venues.world.now)

    def run(least: int) -> list[tuple[bytes, int]]:
        first = len(tape.frames)
        while len(tape.frames) < first + least:
            venues.step(venues.world.now + _STEP_NS)
        return tape.frames[first:]

    before = run(_WARM_UP)
    return Recorded(before, _snapshots(kind, venues) if kind.snapshots else {}, run(count))


def _snapshots(kind: Kind, venues: Venues) -> dict[str, Reply]:
    path = f"{PRODUCTS[kind.venue].prefix}/depth".lstrip("/")
    found, now = {}, venues.world.now
    for coin in _COINS:
        symbol = f"{coin}USDT"
        answer = venues.answer("GET", kind.venue, path, {"symbol": symbol, "limit": "1000"})
        found[symbol] = Reply(status=answer.status, headers={}, body=answer.body, sent_ts=now, recv_ts=now)
    return found


def decode(kind: Kind, recorded: Recorded) -> tuple[float, int]:
    """Return the seconds that a fresh protocol object takes for the timed frames, and the items that it told."""
    protocol = kind.make()
    protocol.opened(recorded.before[0][1])
    for frame, now in recorded.before:
        protocol.received(frame, now)
    for symbol, reply in recorded.snapshots.items():
        protocol.fetched(f"{SNAPSHOT}{symbol}", reply, reply.recv_ts)
    told = 0
    received = protocol.received
    begun = time.process_time()
    for frame, now in recorded.timed:
        told += len(received(frame, now))
    return time.process_time() - begun, told


def bare(recorded: Recorded) -> float:
    """Return the seconds that the bare decoder takes for the same frames."""
    read = msgspec.json.decode
    begun = time.process_time()
    for frame, _ in recorded.timed:
        read(frame)
    return time.process_time() - begun


def measure(kind: Kind, count: int) -> None:
    """Record a kind, decode it, and print its line."""
    recorded = record(kind, count)
    frames = len(recorded.timed)
    rounds = [decode(kind, recorded) for _ in range(_ROUNDS)]
    seconds, told = min(rounds)
    base = min(bare(recorded) for _ in range(_ROUNDS))
    size = sum(len(frame) for frame, _ in recorded.timed) / frames
    print(
        f"{kind.name:28} {frames / seconds:10,.0f} frames/s  {seconds / frames * 1e6:6.2f} us  "
        f"{seconds / base:5.2f} x bare  {size:6,.0f} bytes  {told / frames:4.2f} items a frame"
    )


def main(count: int) -> None:
    """Print a line for each kind."""
    gc.freeze()
    for kind in KINDS:
        measure(kind, count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000)
