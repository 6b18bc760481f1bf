"""Soak of the private side in virtual time: a day of a user stream through the protocol layer and its desk.

A driver trades for a moment on the simulator over real sockets; the frames of its user stream are kept. Then they are
fed to the same protocol object again and again, every order and trade under new ids, the clock running ahead, with its
ticks, until as many went through as a day has. What is remembered must not grow: neither memory nor what waits.

    python -m benchmarks.soak_orders [frames [upbit|usdm]]

What is kept is bounded (10,000 orders and 50,000 fills of Binance). It is full after 200,000 frames; more go ahead
until the allocator has settled, and only what grows after them counts. It exits with 1 where memory grows by a MiB or
more for ten million frames then, where Python's live blocks become more by a hundredth, or where something waits.
"""

import gc
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import anyio

from arbcore.model.order import Fill, OrderReport
from arbcore_exchange_binance.protocol.usdm_stream import UserStream
from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_upbit.protocol.private.user_stream import UpbitUserStream
from benchmarks.driving.backstage import Near, resident
from benchmarks.driving.opening import ACCOUNTS, line

DAY_FRAMES: Final = 10_000_000
"""A frame every 8.64 milliseconds for a day."""

FLAT_MIB: Final = 1.0
"""Growth in MiB for ten million frames that counts as none."""

_STEP_NS: Final = 8_640_000
_TICK: Final = 100  # frames between two ticks
_WARM_UP: Final = 0.3
SETTLED: Final = 3_000_000
"""Frames until memory has settled.

A table that gives up its oldest entry for each new one is rebuilt once its slots are used up: with 50,000 fills, every
125,000 fills or 500,000 frames. Each rebuild takes megabytes beside those that it frees, so the first few leave gaps
that later ones fit into. Six rebuilds go ahead.
"""
_MORE: Final = 1.01  # live blocks that count as no more
_ORDERS: Final = 60
# Ids of orders and trades: our own, Upbit's, and the numbers of Binance's fields i and t of an order's event.
_IDS: Final = re.compile(rb'drv-|"(?:uuid|trade_uuid)":"([0-9a-f]{8})|"(?:i|t)":([1-9]\d*)')


@dataclass(slots=True)
class Taken:
    """A protocol object and what was fed to it.

    Attributes:
        stream: The object.
        frames: Its frames about orders and money.
        replies: The latest answer to each of its requests, by tag.
    """

    stream: Any
    frames: list[bytes] = field(default_factory=list)
    replies: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Soaked:
    """What came of it.

    Attributes:
        frames: Frames that were fed.
        news: Reports and fills that were told.
        memory: Resident MiB by number of frames.
        blocks: Live blocks of Python's allocator by number of frames: what is kept, without the gaps between it.
        waiting: Requests that the protocol asked for and has no answer to.
        warm: Frames of the warm-up.
    """

    frames: int = 0
    news: int = 0
    memory: list[tuple[int, float]] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)
    waiting: int = 0
    warm: int = 0

    @property
    def steady(self) -> list[tuple[int, float]]:
        """What `memory` says of the time after the warm-up."""
        return [one for one in self.memory if one[0] > self.warm]

    @property
    def grown(self) -> float:
        """MiB after the warm-up."""
        return self.steady[-1][1] - self.steady[0][1]

    @property
    def growth(self) -> float:
        """MiB for ten million frames after the warm-up."""
        (first, before), (last, after) = self.steady[0], self.steady[-1]
        return (after - before) * 10_000_000 / (last - first)

    @property
    def kept(self) -> float:
        """Live blocks at the end for each after the warm-up."""
        steady = [count for frames, count in self.blocks if frames > self.warm]
        return steady[-1] / steady[0]


def taken(name: str) -> Taken:
    """Trade for a moment, and return the protocol object of the user stream with what it heard."""
    kind: type = UpbitUserStream if name == "upbit" else UserStream
    found: list[Taken] = []
    with _kept(kind, found):
        anyio.run(_trade, name)
    return found[-1]


def soak(source: Taken, frames: int, start: int, looks: int = 20, warm: int = 0) -> Soaked:
    """Feed a protocol object with renumbered frames.

    Args:
        source: The object, and its frames.
        frames: How many.
        start: Time of the first, UTC nanoseconds.
        looks: How often memory is looked at.
        warm: Frames of the warm-up among them; 0 for three of ten.
    """
    found, now, every = Soaked(warm=warm or int(frames * _WARM_UP)), start, max(1, frames // looks)
    renumber = [_template(frame) for frame in source.frames]
    gc.collect()
    gc.freeze()  # what is there already can't grow, and each look would go through all of it
    while found.frames < frames:
        mark = found.frames
        for make in renumber:
            now += _STEP_NS
            found.news += sum(type(item) in {OrderReport, Fill} for item in source.stream.received(make(mark), now))
            found.frames += 1
            if not found.frames % _TICK:
                found.waiting = _tick(source, now)
            if not found.frames % every:
                gc.collect()
                found.memory.append((found.frames, resident()))
                found.blocks.append((found.frames, sys.getallocatedblocks()))
    gc.unfreeze()
    return found


def _tick(source: Taken, now: int) -> int:
    """Tick, and answer what is asked as it was answered before; return how much stays unanswered."""
    waiting = [item for item in source.stream.tick(now, connected=True) if hasattr(item, "tag")]
    for _ in range(20):
        if not waiting:
            break
        asked = waiting.pop(0)
        heard = source.stream.fetched(asked.tag, source.replies.get(asked.tag), now)
        waiting += [item for item in heard if hasattr(item, "tag")]
    return len(waiting)


def _template(frame: bytes) -> Callable[[int], bytes]:
    """Return what makes a frame whose ids are those of another round."""

    def renumbered(mark: int) -> bytes:
        def exchange(match: re.Match[bytes]) -> bytes:
            whole = match.group(0)
            if match.group(1):
                return whole[:-8] + b"%08x" % ((int(match.group(1), 16) + mark) & 0xFFFFFFFF)
            if match.group(2):
                return whole[: -len(match.group(2))] + b"%d" % (int(match.group(2)) + mark * 1000)
            return b"drv-%x-" % mark

        return _IDS.sub(exchange, frame)

    return renumbered


@contextmanager
def _kept(kind: type, found: list[Taken]) -> Iterator[None]:
    """Keep what is fed to the protocol objects of a class."""
    received: Any = vars(kind)["received"]
    fetched: Any = vars(kind)["fetched"]

    def of(stream: object) -> Taken:
        if not found or found[-1].stream is not stream:
            found.append(Taken(stream))
        return found[-1]

    def keep_frame(stream: Any, frame: bytes, now: int) -> Any:
        if b"drv-" in frame:
            of(stream).frames.append(frame)
        return received(stream, frame, now)

    def keep_reply(stream: Any, tag: str, reply: Any, now: int) -> Any:
        of(stream).replies[tag] = reply
        return fetched(stream, tag, reply, now)

    closed: Any = vars(kind)["closed"]
    # The object goes on living after its socket.
    kind.received, kind.fetched, kind.closed = keep_frame, keep_reply, lambda *_: ()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        kind.received, kind.fetched, kind.closed = received, fetched, closed  # type: ignore[attr-defined]


async def _trade(name: str) -> None:
    rules = {"enforce": False, "upbit_order": 200}
    told = {"symbols": ("BTC", "XRP"), "rules": rules, "accounts": ACCOUNTS}
    more = {"orders_per_second": 200} if name == "upbit" else {"orders": "rest"}
    value = Decimal(20_000) if name == "upbit" else Decimal(300)
    async with (
        Simulator(SimulatorSettings.model_validate(told)) as server,
        line(Near(server), name, 1, value, **more) as one,
    ):
        await one.driver.drive(_ORDERS)
        await one.driver.settle()


def main(frames: int, names: tuple[str, ...]) -> int:
    """Soak both, report, and say whether all is well."""
    import time

    well = True
    for name in names:
        source = taken(name)
        begun = time.monotonic()
        found = soak(source, SETTLED + frames, time.time_ns(), looks=100, warm=SETTLED)
        each = (time.monotonic() - begun) / found.frames * 1e6
        well &= found.growth < FLAT_MIB and found.kept < _MORE and not found.waiting and found.news > found.frames // 10
        print(
            f"{name}: {found.frames:,} frames, {found.news:,} reports and fills, {each:.1f} us each; memory "
            f"{found.memory[0][1]:.1f} to {found.memory[-1][1]:.1f} MiB, after warm-up {found.growth:+.2f} MiB "
            f"for ten million frames, live blocks {found.kept - 1:+.2%}; waiting {found.waiting}",
            flush=True,
        )
    print("all is well" if well else "something is WRONG")
    return 0 if well else 1


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else DAY_FRAMES
    sys.exit(main(asked, tuple(sys.argv[2:]) or ("upbit", "usdm")))
