"""A whole session: journal, feeds, pipeline, loop, recording, sinks, result."""

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, Protocol

import msgspec

from arbcore.config import Config, missing_secrets
from arbcore.engine.orders import epoch_of
from arbcore.errors import ConfigurationError, SafetyError
from arbcore.journal.memory import MemoryJournal
from arbcore.live.consent import LIVE, NO_CONSENT, Consent, overrides, require_consents
from arbcore.model.events import Envelope
from arbcore.model.instrument import Instrument
from arbcore.model.order import OrderRef
from arbcore.net.health import VenueHealthBoard
from arbcore.opening import open_inbox, open_journal, open_market
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins, session_started, session_stopped
from arbcore.ports.journal import Journal
from arbcore.ports.venue import Deliver, FeedItem
from arbcore.runtime.clock import WallClock
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.folder import SessionFolder, session_folder
from arbcore.runtime.ingress import Ingress
from arbcore.runtime.kpi import kpis
from arbcore.runtime.loop import Loop
from arbcore.runtime.observer import Observer
from arbcore.runtime.pulse import Measured, Pulse
from arbcore.runtime.refs import ref_of
from arbcore.runtime.result import Counts, RunFacts, SessionResult, outcome
from arbcore.runtime.session import Ending, Session, Source
from arbcore.runtime.settled import settled
from arbcore.runtime.stats import SessionStats
from arbcore.runtime.tally import Tally

if TYPE_CHECKING:
    from arbcore.data.recorder import Recorder
    from arbcore.runtime.inbox import Inbox
    from arbcore.trading import Trading

MONITOR: Final = "monitor"
"""Mode of a session that only watches."""

_SECRETS: Final[dict[str, Literal["some", "all"]]] = {"paper": "some", LIVE: "all"}
"""Which secrets a session needs, by its mode."""

_COLLECT_EVERY: Final = 15
"""Beats between two full rounds instead, at a moment when nothing waits: each takes a few milliseconds."""


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
    return await run_checked(config, plugins, wish)


async def run_checked(config: Config, plugins: Plugins, wish: Wish) -> SessionResult:
    """Trade a config to which everything was said that must be: `run_session` behind its gates.

    Raises:
        ArbcoreError: As `run_session`.
    """
    clock = WallClock()
    mode = config.session.mode
    folder = session_folder(config.folder, config.session.name, mode, config.session.environment)
    pipeline = Pipeline(
        config=config, plugins=plugins, mode=mode, clock=clock, folder=folder.path, secrets=_SECRETS[mode]
    )
    # The market and the accounts first: a session that can't start leaves an earlier run where it is.
    async with open_market(pipeline) as market:
        planned = market.planned(pipeline)
        async with _trading(pipeline, planned) as trading, open_journal(pipeline, folder) as (journal, kept):
            if kept is not None:
                wish.say(f"an earlier run of this session was put aside: {kept}")
            with _recorder(config, folder, planned) as recorder:
                # Without a journal nothing can be replayed, and the folder may hold an earlier session's that can.
                if config.journal is not None:
                    folder.keep_origin(config.raw.values, planned)
                place = folder if config.journal is not None else None
                running = _Running(pipeline, planned, journal, recorder, place, wish)
                return await running.run(market.sources(planned), trading)


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
        self._deliver: Deliver = _to_nobody
        self._beats = 0

    async def watch(self, sources: Sequence[Source]) -> None:
        """Run it without venues, so that it never begins to trade."""
        session, pulse = self._session(Loop(self._engine, {}, {}, self._log, self._note), sources)
        with settled():
            await session.run(sources, self._wish.seconds)
        self._beat(pulse, session.last_ts)

    async def run(self, sources: Sequence[Source], trading: "Trading | None") -> SessionResult:
        """Run it and return its result.

        Args:
            sources: Feeds and rate sources.
            trading: What sends real orders; None for a session on paper.
        """
        pipeline = self._pipeline
        sinks = pipeline.sinks()
        notifiers = {f"notifiers.{name}": each for name, each in pipeline.notifiers().items()}
        self._observer = Observer(sinks, notifiers, waits=False)
        self._journal.start_run(pipeline.metadata())
        drain = None
        if trading is None:
            session, pulse = self._session(self._on_paper(), sources)
        else:
            session, pulse = self._session(self._on_venues(trading), sources)
            sources, drain = [*sources, *trading.sources(self._ingress.put)], trading.drain
        self._deliver = session.deliver
        failures = session_started(pipeline.contexts)
        try:
            async with self._commands() as inbox:
                for override in overrides(pipeline.config, self._wish.consent, pipeline.clock.now()):
                    self._ingress.put(override)
                for item in await trading.first_answers(pipeline.clock.now()) if trading is not None else ():
                    self._ingress.put(item)
                with self._observer, settled():
                    await session.run([*sources, *inbox], self._wish.seconds, drain)
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

    def _on_paper(self) -> Loop:
        places = {item.key: item.venue for item in self._instruments}
        venues = self._pipeline.venues(self._instruments)
        end = self._wish.ending.ask
        return Loop(self._engine, venues, places, self._log, self._note, act_after_storing=True, end=end)

    def _on_venues(self, trading: "Trading") -> Loop:
        gateway = trading.connect(self._ingress.put, self._hear, self._find)
        end = self._wish.ending.ask
        return Loop(self._engine, {}, {}, self._log, self._note, act_after_storing=True, gateway=gateway, end=end)

    def _hear(self, item: FeedItem) -> None:
        self._deliver(item)

    def _find(self, client_order_id: str) -> OrderRef | None:
        """Name an order of an earlier start, which the engine took over from the journal."""
        order = self._engine.parts.execution.known(client_order_id)
        return None if order is None else ref_of(order.request, order.venue_order_id)

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


@asynccontextmanager
async def _trading(pipeline: Pipeline, instruments: tuple[Instrument, ...]) -> "AsyncIterator[Trading | None]":
    """Open what sends real orders, where the session is live."""
    if pipeline.mode != LIVE:
        yield None
        return
    from arbcore.trading import open_trading

    async with open_trading(pipeline, instruments) as trading:
        yield trading


def _to_nobody(item: FeedItem) -> None:
    """Pass over what is delivered before the session is made."""


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
