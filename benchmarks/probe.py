"""Times the steps from a frame to the order that it leads to, by wrapping the methods of a session's parts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final

from arbcore.engine.approval import RiskChain
from arbcore.engine.deciding import Deciding
from arbcore.engine.engine import Engine
from arbcore.engine.output import Output
from arbcore.model.effect import Submit
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.loop import Loop
from arbcore_exchange_binance.protocol.stream import BinanceStream
from arbcore_exchange_paper.venue import PaperVenue
from arbcore_exchange_upbit.protocol.stream import UpbitStream
from arbcore_strategy_spread.strategy import SpreadStrategy
from benchmarks.stamped_simulator import sent_at

STEPS: Final = ("socket", "decode", "queue", "view", "strategy", "risk", "orders", "journal", "gateway")
"""The steps on the way, in order.

socket: from the write into the socket to the call of the protocol layer: kernel, event loop, WebSocket library. queue:
from there to the loop, other inputs of the same batch included. view: the engine's market view and triggers. orders:
sizing, intents, building and booking of the orders. gateway: the paper venue takes all orders of the decision.
"""

now = time.monotonic_ns


@dataclass(slots=True)
class Way:
    """The way of one frame to its orders: nanoseconds by step, and in whole."""

    steps: dict[str, int] = field(default_factory=dict)
    whole: int = 0


@dataclass(slots=True)
class Probe:
    """What was measured.

    Attributes:
        ways: Frames that led to orders.
        engine: Nanoseconds of every step of the engine that market data led to.
        deciding: Of those in which orders were made.
        computing: The same by the thread's CPU time: without what else the machine did meanwhile.
        decodes: Nanoseconds from the socket to the end of decoding, of every frame.
    """

    ways: list[Way] = field(default_factory=list)
    engine: list[int] = field(default_factory=list)
    deciding: list[int] = field(default_factory=list)
    computing: list[int] = field(default_factory=list)
    decodes: list[int] = field(default_factory=list)
    _frames: dict[int, tuple[bytes, int, int]] = field(default_factory=dict)
    _spans: dict[str, int] = field(default_factory=dict)
    _depth: int = 0
    _ask: int = 0
    _way: Way | None = None
    _sent: int = 0
    _awaited: int = 0
    _taken: int = 0

    def install(self) -> None:
        """Wrap the methods, for the rest of the process."""
        for protocol in (UpbitStream, BinanceStream):
            protocol.received = self._received(protocol.received)  # type: ignore[method-assign]
        Loop.take = self._take(Loop.take)  # type: ignore[method-assign]
        Engine.step = self._step(Engine.step)  # type: ignore[method-assign]
        Deciding.ask = self._asked(Deciding.ask)  # type: ignore[method-assign]
        RiskChain.assess = self._span("risk", RiskChain.assess)  # type: ignore[method-assign]
        for name in ("on_signal", "on_trade", "trigger"):
            setattr(SpreadStrategy, name, self._span("strategy", getattr(SpreadStrategy, name)))
        EventLog.append = self._append(EventLog.append)  # type: ignore[method-assign]
        PaperVenue.submit = self._submit(PaperVenue.submit)  # type: ignore[method-assign]

    def _received(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def wrapped(stream: object, frame: bytes, at: int) -> Any:
            begun = now()
            items = call(stream, frame, at)
            self._frames[at] = (frame, begun, now())
            return items

        return wrapped

    def _take(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def wrapped(loop: Loop, items: Sequence[Any]) -> None:
            call(loop, items)
            self.decodes += [done - sent_at(frame) for frame, _, done in self._frames.values() if b'"sent"' in frame]
            self._frames.clear()

        return wrapped

    def _step(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def wrapped(engine: Engine, item: Any) -> Output:
            frame = self._frames.get(item.recv_ts)
            self._spans, self._ask = {"strategy": 0, "risk": 0}, 0
            used, begun = time.thread_time_ns(), now()
            output: Output = call(engine, item)
            done = now()
            if frame is not None:
                self.engine.append(done - begun)
                if submits := sum(type(effect) is Submit for effect in output.effects):
                    self.computing.append(time.thread_time_ns() - used)
                    self._begin(frame, begun, done, submits)
            return output

        return wrapped

    def _begin(self, frame: tuple[bytes, int, int], begun: int, done: int, submits: int) -> None:
        """Note the way of a frame up to the end of the engine's step; what follows is added until the last order."""
        data, received, decoded = frame
        spans = self._spans
        self.deciding.append(done - begun)
        self._sent, self._awaited = sent_at(data), submits
        self._way = Way(
            {
                "socket": received - self._sent,
                "decode": decoded - received,
                "queue": begun - decoded,
                "view": done - begun - self._ask,
                "strategy": spans["strategy"],
                "risk": spans["risk"],
                "orders": self._ask - spans["strategy"] - spans["risk"],
                "journal": 0,
                "gateway": 0,
            }
        )

    def _asked(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def wrapped(deciding: Deciding, route: Any) -> None:
            begun = now()
            call(deciding, route)
            self._ask += now() - begun

        return wrapped

    def _span(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def wrapped(*arguments: Any) -> Any:
            begun = now()
            try:
                return call(*arguments)
            finally:
                self._spans[name] = self._spans.get(name, 0) + now() - begun

        return wrapped

    def _append(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def wrapped(log: EventLog, events: Sequence[Any]) -> None:
            begun = now()
            call(log, events)
            if self._way is not None:
                self._way.steps["journal"] += now() - begun

        return wrapped

    def _submit(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def wrapped(venue: PaperVenue, order: Any, at: int) -> Any:
            begun = now()
            reports = call(venue, order, at)
            done = now()
            way = self._way
            if way is not None:
                way.steps["gateway"] += done - begun
                self._awaited -= 1
                if not self._awaited:
                    way.whole = done - self._sent
                    self.ways.append(way)
                    self._way = None
            return reports

        return wrapped
