"""One session between its start and its end: engine, loop, observers, statistics, snapshots, result."""

import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from arbcore.engine.orders import epoch_of
from arbcore.errors import JournalError
from arbcore.live.consent import overrides
from arbcore.model.events import Envelope
from arbcore.model.instrument import Instrument
from arbcore.model.order import OrderRef
from arbcore.net.health import VenueHealthBoard
from arbcore.opening import Opened, open_inbox
from arbcore.pipeline import Pipeline
from arbcore.plugins import session_started, session_stopped
from arbcore.ports.journal import ControlStore, Journal
from arbcore.ports.venue import Deliver, FeedItem
from arbcore.revision import Revisions
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.folder import SessionFolder
from arbcore.runtime.ingress import Ingress
from arbcore.runtime.kpi import kpis
from arbcore.runtime.loop import Loop
from arbcore.runtime.observer import Observer
from arbcore.runtime.pulse import Measured, Pulse
from arbcore.runtime.recovery import Keeper, Recovered, restore_venues
from arbcore.runtime.refs import ref_of
from arbcore.runtime.result import Counts, RunFacts, SessionResult, outcome
from arbcore.runtime.session import Session, Source
from arbcore.runtime.settled import settled
from arbcore.runtime.stats import SessionStats
from arbcore.runtime.tally import Tally
from arbcore.winding import left_behind, wind_down

if TYPE_CHECKING:
    from arbcore.data.recorder import Recorder
    from arbcore.runtime.inbox import Followed, Inbox, Prepare
    from arbcore.session import Wish
    from arbcore.trading import Trading

_COLLECT_EVERY: Final = 15
"""Beats between two full rounds instead, at a moment when nothing waits: each takes a few milliseconds."""


class Running:
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
        wish: "Wish",
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
        self._keeper = Keeper(journal, self._engine, {})
        self._commands_left: tuple[Followed, ...] = ()
        self._recovered: Recovered | None = None
        self._troubles: Final[dict[str, None]] = {}
        self._beats = 0

    def take_over(self, opened: Opened) -> None:
        """Go on with what an earlier start left, if anything: nothing was given to the engine yet.

        Raises:
            JournalError: What an open trade needs is not configured any more.
        """
        self._commands_left = opened.commands
        if opened.recovered is None:
            return
        found = opened.recovered
        self._engine.restore(found.kept.engine)
        self._engine.absorb(found.events)
        self._recovered = found
        parts = self._engine.parts
        self._tally.adopt([trade.view(parts.accounts) for trade in parts.execution.trades.values()])
        self._wish.say(f"going on with the journal at {self._journal.location()}: {_left(found)}")
        if dropped := parts.revising.dropped:
            self._wish.say(
                f"the config was edited since: what was changed while it ran no longer counts ({', '.join(dropped)})"
            )

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
            sources = [*sources, *trading.sources(self._ingress.put, self._ingress.__len__)]
            drain = partial(self._drain, trading)
            self._wish.ending.left = lambda: left_behind(self._engine.parts)
            if (agreement := self._wish.agreement) is not None:
                sources.append(Source("agreement", lambda _: agreement.run(self._ingress.put, self._wish.ending)))
        self._deliver = session.deliver
        failures = session_started(pipeline.contexts)
        try:
            async with self._commands() as inbox:
                for override in overrides(pipeline.config, self._wish.consent, pipeline.clock.now()):
                    self._ingress.put(override)
                for item in await trading.first_answers(pipeline.clock.now()) if trading is not None else ():
                    self._ingress.put(item)
                with self._observer, settled():
                    await session.run([*sources, *inbox], self._wish.seconds, drain, self._rest)
        finally:
            failures += session_stopped(pipeline.contexts)
        self._snapshot(lambda: self._keeper.take(session.last_ts))
        stats = self._beat(pulse, session.last_ts)
        self._keep(stats)
        return self._result(session, stats, [str(failure) for failure in failures])

    @asynccontextmanager
    async def _commands(self) -> AsyncIterator[list[Source]]:
        """Take commands of other processes while entered; yield what brings them."""
        if self._folder is None:
            yield []
            return
        async with open_inbox(self._pipeline, self._folder, self._ingress, self._journal, self._completing) as inbox:
            self._inbox = inbox
            if inbox is not None:
                inbox.adopt(self._commands_left)
            yield [] if inbox is None else [Source("commands", lambda _: inbox.run())]

    def _completing(self, store: ControlStore) -> "Prepare":
        pipeline, revising = self._pipeline, self._engine.parts.revising
        return Revisions(pipeline.config, pipeline.plugins, store, lambda: revising.applied).prepare

    def _on_paper(self) -> Loop:
        places = {item.key: item.venue for item in self._instruments}
        venues = self._pipeline.venues(self._instruments)
        if self._recovered is not None:
            restore_venues(self._recovered, self._engine, venues)
        self._keeper = Keeper(self._journal, self._engine, venues)
        end = self._wish.ending.ask
        return Loop(self._engine, venues, places, self._log, self._note, act_after_storing=True, end=end)

    def _on_venues(self, trading: "Trading") -> Loop:
        gateway = trading.connect(self._ingress.put, self._hear, self._find)
        end = self._wish.ending.ask
        loop = Loop(self._engine, {}, {}, self._log, self._note, act_after_storing=True, gateway=gateway, end=end)
        loop.waits = self._wish.agreement is not None
        return loop

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

    async def _drain(self, trading: "Trading") -> None:
        """Have resting orders cancelled and looked up, then send nothing more; tell what stays at the venues."""
        agreement, parts = self._wish.agreement, self._engine.parts
        if agreement is None or agreement.given:
            await wind_down(parts, self._ingress.put, self._pipeline.clock)
        await trading.drain()
        if words := left_behind(parts):
            self._wish.say(words)

    def _rest(self, now: int) -> None:
        if self._wish.agreement is not None:
            self._wish.agreement.rest(self._engine.parts)
        self._snapshot(lambda: self._keeper.rest(now))

    def _snapshot(self, take: Callable[[], None]) -> None:
        """Take a snapshot; trade on without, since nothing but a longer recovery is lost."""
        try:
            take()
        except JournalError as error:
            self._troubles[f"no snapshot was kept: {error.what}"] = None

    def _note(self, events: Sequence[Envelope]) -> None:
        self._tally.watch(events)
        self._keeper.watch(events)
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
        troubles += [*session.troubles, *self._troubles]
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


def _left(found: Recovered) -> str:
    """Return what an earlier start left, in words."""
    open_trades = ", ".join(found.open_trades) or "none"
    return f"open trades: {open_trades}" + "".join(f"; {fault}" for fault in found.passed_over)


def _to_nobody(item: FeedItem) -> None:
    """Pass over what is delivered before the session is made."""
