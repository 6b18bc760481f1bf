"""Running sessions for tests: real objects around a clock and a feed that tests hold in their hands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

import anyio
import anyio.lowlevel
from msgspec.structs import replace

from arbcore.engine.engine import Engine
from arbcore.engine.parts import EngineSettings
from arbcore.journal.memory import MemoryJournal
from arbcore.model.events import Envelope
from arbcore.model.input import VenueHealth
from arbcore.model.market import MarketInput
from arbcore.ports.fill import LatencyModel
from arbcore.ports.venue import Deliver, FeedItem
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.ingress import Ingress
from arbcore.runtime.loop import Loop
from arbcore.runtime.pulse import Measured, Pulse
from arbcore.runtime.session import Ending, Session, Source
from arbcore.runtime.tally import Tally
from tests.runtime import runs


class HeldClock:
    """A clock that moves when the test says so, and by a nanosecond whenever it is asked."""

    def __init__(self, now: int) -> None:
        self.time = now

    def now(self) -> int:
        """Return the time, always more than an earlier answer."""
        self.time += 1
        return self.time


class Calm:
    """A board that judges no venue, but passes on what a test says."""

    def __init__(self) -> None:
        self.said: list[VenueHealth] = []
        self.seen = 0

    def observe(self, item: FeedItem) -> None:
        """Count."""
        self.seen += 1

    def tick(self, now: int) -> list[VenueHealth]:
        """Return what was said since the last call."""
        said, self.said = self.said, []
        return said


@dataclass
class Tape:
    """A recording in memory."""

    items: list[MarketInput] = field(default_factory=list)
    due: bool = False

    def put(self, item: MarketInput) -> None:
        """Keep an input."""
        self.items.append(item)

    def flush(self, now: int) -> None:
        """Write nothing."""

    def rotate(self) -> None:
        """Turn nothing."""


@dataclass
class Live:
    """A session and all that a test wants to look at."""

    session: Session
    loop: Loop
    engine: Engine
    journal: MemoryJournal
    events: list[Envelope]
    tape: Tape
    board: Calm
    clock: HeldClock
    ingress: Ingress
    ending: Ending
    beats: list[int]
    sources: Sequence[Source] = ()

    async def run(self, seconds: float | None = None) -> None:
        """Run the session."""
        await self.session.run(self.sources, seconds)


def make_engine(mode: str = "paper") -> Engine:
    """Return an engine of the market of `runs`."""
    settings = EngineSettings(
        session="test", mode=mode, base_currency="USDT", config_hash="", rates={"usdt_krw": 60 * runs.SECOND}
    )
    return Engine(settings, runs.INSTRUMENTS, {"premium": runs.strategy()}, [("portfolio", runs.tier())])


def make_live(sources: Callable[["Live"], Sequence[Source]], start: int, latency: LatencyModel | None = None) -> Live:
    """Return a session that is not running yet.

    Args:
        sources: Makes the sources, given everything else.
        start: Time of the clock.
        latency: Latency of the venues.
    """
    engine, journal, events = make_engine(), MemoryJournal(), list[Envelope]()
    log, tally = EventLog(journal), Tally()

    def watch(stored: Sequence[Envelope]) -> None:
        tally.watch(stored)
        events.extend(stored)

    places = {item.key: item.venue for item in runs.INSTRUMENTS}
    loop = Loop(engine, runs.venues(latency), places, log, watch, act_after_storing=True)
    ingress, clock, tape, board, ending = Ingress(), HeldClock(start), Tape(), Calm(), Ending()
    measured = Measured(
        session="test",
        mode="paper",
        base_currency="USDT",
        engine=engine,
        loop=loop,
        ingress=ingress,
        log=log,
        tally=tally,
    )
    beats: list[int] = []
    session = Session(
        loop, ingress, clock, Pulse(measured, start), board, tape, lambda now: partial(beats.append, now), ending
    )
    live = Live(session, loop, engine, journal, events, tape, board, clock, ingress, ending, beats)
    live.sources = sources(live)
    return live


def distinct(items: Sequence[MarketInput]) -> list[MarketInput]:
    """Return inputs with receive times of their own, a little apart, as a session has them."""
    made: list[MarketInput] = []
    last = 0
    for item in items:
        last = max(item.recv_ts, last + 1_000)
        made.append(replace(item, recv_ts=last))
    return made


def feeding(items: Sequence[MarketInput], live: Live, chance: Random | None = None) -> Source:
    """Return a feed that delivers inputs at their receive times, then ends the session.

    Args:
        items: The inputs.
        live: The session.
        chance: Decides where the loop gets its turn; None for after every input.
    """

    async def run(deliver: Deliver) -> None:
        for item in items:
            live.clock.time = max(live.clock.time, item.recv_ts)
            deliver(item)
            if chance is None or chance.random() < 0.3:
                await anyio.lowlevel.checkpoint()
                await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        live.ending.ask("end of data")
        await anyio.sleep_forever()

    return Source("world", run)
