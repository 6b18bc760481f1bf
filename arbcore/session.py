"""A whole session: journal, feeds, pipeline, loop, recording, sinks, result."""

import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from arbcore.config import Config, missing_secrets
from arbcore.engine.orders import epoch_of
from arbcore.errors import ConfigurationError, SafetyError
from arbcore.journal.memory import MemoryJournal
from arbcore.live.consent import LIVE, NO_CONSENT, Consent, require_consents
from arbcore.model.events import Envelope
from arbcore.model.instrument import Instrument
from arbcore.net.health import VenueHealthBoard
from arbcore.opening import open_inbox, open_journal, open_market
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins, session_started, session_stopped
from arbcore.ports.journal import Journal
from arbcore.runtime.clock import WallClock
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.folder import SessionFolder
from arbcore.runtime.ingress import Ingress
from arbcore.runtime.kpi import kpis
from arbcore.runtime.loop import Loop
from arbcore.runtime.observer import Observer
from arbcore.runtime.pulse import Measured, Pulse
from arbcore.runtime.result import Counts, RunFacts, SessionResult, outcome
from arbcore.runtime.session import Ending, Session, Source
from arbcore.runtime.stats import SessionStats
from arbcore.runtime.tally import Tally

if TYPE_CHECKING:
    from arbcore.data.recorder import Recorder
    from arbcore.runtime.inbox import Inbox

MONITOR: Final = "monitor"
"""Mode of a session that only watches."""

_COLLECT: Final = (100_000, 50, 1000)
"""Thresholds of the garbage collector in a session: its rounds would be most of the p99."""

_COLLECT_EVERY: Final = 15
"""Beats between two full rounds instead, at a moment when nothing waits: each takes a few milliseconds."""

_SWITCH_S: Final = 0.0005
"""Time after which a thread that draws or feeds sinks lets the trading thread go on."""


class Watcher(Protocol):
    """Who looks at a running session. Calls come from the trading thread and must return at once."""

    def on_stats(self, stats: SessionStats) -> None:
        """Learn the statistics of a second."""
        ...

    def on_events(self, events: Sequence[Envelope]) -> None:
        """Learn stored events."""
        ...


@dataclass(slots=True, kw_only=True)
class Wish:
    """What is asked of a session.

    Attributes:
        watcher: Who looks at it.
        seconds: How long it runs; None until it is stopped.
        say: Takes texts for people.
        ending: Asks the session to end, from the event loop's thread.
        consent: What the operator said to real orders.
    """

    watcher: Watcher
    seconds: float | None = None
    say: Callable[[str], None]
    ending: Ending = field(default_factory=Ending)
    consent: Consent = NO_CONSENT


async def run_session(config: Config, plugins: Plugins, wish: Wish) -> SessionResult:
    """Trade a config on live market data.

    Args:
        config: The checked config.
        plugins: Its plugins.
        wish: What is asked of the session.

    Returns:
        The result, once the session was stopped or its time is over.

    Raises:
        LiveRefused: It would send real orders, and a consent is missing or a gate is shut.
        ArbcoreError: Config, plugins, venues or journal are wrong; the message says what to do.
    """
    _require_ready(config)
    await require_consents(config, plugins, wish.consent)
    _refuse_live(config)
    clock = WallClock()
    folder = SessionFolder(config.folder / "sessions" / config.session.name)
    mode = config.session.mode
    pipeline = Pipeline(config=config, plugins=plugins, mode=mode, clock=clock, folder=folder.path, secrets="some")
    # The market first: a session that can't start leaves an earlier run where it is.
    async with open_market(pipeline) as market:
        planned = market.planned(pipeline)
        async with open_journal(pipeline, folder) as (journal, kept):
            if kept is not None:
                wish.say(f"an earlier run of this session was put aside: {kept}")
            with _recorder(config, folder, planned) as recorder:
                # Without a journal nothing can be replayed, and the folder may hold an earlier session's that can.
                if config.journal is not None:
                    folder.keep_origin(config.raw.values, planned)
                place = folder if config.journal is not None else None
                running = _Running(pipeline, planned, journal, recorder, place, wish)
                return await running.run(market.sources(planned))


async def run_monitor(config: Config, plugins: Plugins, wish: Wish) -> None:
    """Watch the premiums and edges of a config's routes; nothing is traded and nothing is kept.

    Raises:
        ArbcoreError: Config, plugins or venues are wrong; the message says what to do.
    """
    clock = WallClock()
    folder = SessionFolder(config.folder / "sessions" / config.session.name)
    pipeline = Pipeline(config=config, plugins=plugins, mode=MONITOR, clock=clock, folder=folder.path, secrets="some")
    async with MemoryJournal() as journal, open_market(pipeline) as market:
        planned = market.planned(pipeline)
        await _Running(pipeline, planned, journal, None, None, wish).watch(market.sources(planned))


class _Running:
    """One session between its start and its end.

    Args:
        pipeline: Builds what is left to build.
        instruments: The instruments that its routes trade.
        journal: The open journal.
        recorder: Keeps the market data; None for none.
        folder: Where files for others go; None for nowhere.
        wish: What is asked of the session.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        instruments: tuple[Instrument, ...],
        journal: Journal,
        recorder: "Recorder | None",
        folder: SessionFolder | None,
        wish: Wish,
    ) -> None:
        self._pipeline: Final = pipeline
        self._engine: Final = pipeline.engine(instruments, epoch=epoch_of(pipeline.clock.now()))
        self._instruments: Final = instruments
        self._journal: Final = journal
        self._recorder: Final = recorder
        self._folder: Final = folder
        self._wish: Final = wish
        self._log: Final = EventLog(journal)
        self._tally: Final = Tally()
        self._observer = Observer({}, waits=False)
        self._ingress: Final = Ingress()
        self._inbox: Inbox | None = None
        self._beats = 0

    async def watch(self, sources: Sequence[Source]) -> None:
        """Run it without venues, so that it never begins to trade."""
        session, pulse = self._session(Loop(self._engine, {}, {}, self._log, self._note), sources)
        with _settled():
            await session.run(sources, self._wish.seconds)
        self._beat(pulse, session.last_ts)

    async def run(self, sources: Sequence[Source]) -> SessionResult:
        """Run it and return its result."""
        pipeline = self._pipeline
        venues, sinks = pipeline.venues(self._instruments), pipeline.sinks()
        notifiers = {f"notifiers.{name}": each for name, each in pipeline.notifiers().items()}
        self._observer = Observer(sinks, notifiers, waits=False)
        self._journal.start_run(pipeline.metadata())
        places = {item.key: item.venue for item in self._instruments}
        loop = Loop(self._engine, venues, places, self._log, self._note, act_after_storing=True)
        session, pulse = self._session(loop, sources)
        failures = session_started(pipeline.contexts)
        try:
            async with self._commands() as inbox:
                with self._observer, _settled():
                    await session.run([*sources, *inbox], self._wish.seconds)
        finally:
            failures += session_stopped(pipeline.contexts)
        stats = self._beat(pulse, session.last_ts)
        self._keep(stats)
        return self._result(session, stats, [str(failure) for failure in failures])

    @asynccontextmanager
    async def _commands(self) -> AsyncIterator[list[Source]]:
        """Take commands of other processes while entered; yield what brings them."""
        if self._folder is None:
            yield []
            return
        async with open_inbox(self._pipeline, self._folder, self._ingress) as inbox:
            self._inbox = inbox
            yield [] if inbox is None else [Source("commands", lambda _: inbox.run())]

    def _session(self, loop: Loop, sources: Sequence[Source]) -> tuple[Session, Pulse]:
        pipeline = self._pipeline
        settings = pipeline.config.session
        ingress = self._ingress
        measured = Measured(
            session=settings.name,
            mode=pipeline.mode,
            base_currency=settings.base_currency,
            engine=self._engine,
            loop=loop,
            ingress=ingress,
            log=self._log,
            tally=self._tally,
        )
        pulse = Pulse(measured, pipeline.clock.now())
        judged = [source.name for source in sources if source.books]
        session = Session(
            loop,
            ingress,
            pipeline.clock,
            pulse,
            VenueHealthBoard(judged, pipeline.config.health),
            self._recorder,
            lambda now: partial(self._keep, self._beat(pulse, now)),
            self._wish.ending,
        )
        return session, pulse

    def _note(self, events: Sequence[Envelope]) -> None:
        self._tally.watch(events)
        self._observer.watch(events)
        if self._inbox is not None:
            self._inbox.watch(events)
        self._wish.watcher.on_events(events)

    def _beat(self, pulse: Pulse, now: int) -> SessionStats:
        recorded = self._recorder.recorded if self._recorder is not None else 0
        stats = pulse.beat(now, recorded=recorded, unobserved=self._observer.dropped)
        self._beats += 1
        if self._beats % _COLLECT_EVERY == 0:
            gc.collect()
        self._wish.watcher.on_stats(stats)
        return stats

    def _keep(self, stats: SessionStats) -> None:
        """Let other processes see statistics."""
        if self._folder is not None:
            self._folder.keep(self._folder.stats.name, msgspec.json.encode(stats))

    def _result(self, session: Session, stats: SessionStats, troubles: list[str]) -> SessionResult:
        settings = self._pipeline.config.session
        observer = self._observer
        troubles += session.troubles
        troubles += [f"{name} was set aside: {why}" for name, why in observer.failures.items()]
        if observer.dropped:
            troubles.append(f"{observer.dropped:,} events never reached the sinks, which were too slow")
        facts = RunFacts(
            session=settings.name,
            base_currency=settings.base_currency,
            config_hash=self._pipeline.config.hash,
            result_hash=self._log.hash,
            events=self._log.count,
            journal=self._journal.location(),
            advice="let it run longer; `arb events` shows which connections never delivered",
            troubles=tuple(troubles),
        )
        counts = Counts(stats.quotes, stats.inputs, session.first_ts, session.last_ts)
        return SessionResult(
            mode=settings.mode,
            reason=session.ending.reason,
            stats=stats,
            kpis=kpis(stats, self._tally),
            recording=str(self._folder.recording) if self._folder and self._recorder else "",
            **outcome(counts, self._tally, facts),
        )


@contextmanager
def _recorder(
    config: Config, folder: SessionFolder, instruments: tuple[Instrument, ...]
) -> "Iterator[Recorder | None]":
    """Record the session's market data where the config wants it."""
    if not config.session.record or config.journal is None:
        yield None
        return
    from arbcore.data.recorder import Recorder

    source = f"session {config.session.name}"
    with ExitStack() as stack:
        recorder = Recorder(folder.recording, instruments=instruments, source=source)
        stack.callback(recorder.close)
        yield recorder


@contextmanager
def _settled() -> Iterator[None]:
    """Keep the garbage collector from what start-up made, and other threads from holding this one for long."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        sys.setswitchinterval(interval)


def _refuse_live(config: Config) -> None:
    """Refuse live trading.

    Raises:
        SafetyError: The config asks for it.
    """
    if config.session.mode == LIVE:
        raise SafetyError(
            "this version of arbcore sends no order to an exchange: it has no live sessions",
            "run it on paper: session.mode: paper, and no --live",
        )


def _require_ready(config: Config) -> None:
    """Refuse what can't be run before anything is opened.

    Raises:
        ConfigurationError: There is no strategy, or a secret is missing that the profile wants.
    """
    if not config.strategies:
        raise ConfigurationError("the config has no strategy, so nothing would happen", "add one below strategies")
    missing = missing_secrets(config, os.environ)
    if missing and config.session.profile != "local_dev":
        first = missing[0]
        raise ConfigurationError(f"{first.path}: {first.text}", "set it, take it out, or use the profile local_dev")
