"""The backtest loop: recorded inputs in order, simulated venues, timers on the data's clock."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import Final

from arbcore.engine.engine import Engine
from arbcore.engine.output import NOTHING, Output
from arbcore.errors import DataError
from arbcore.model.effect import Cancel, CancelTimer, Effect, SetTimer, Submit
from arbcore.model.events import Envelope
from arbcore.model.input import SessionControl, TimerFired, VenueReport
from arbcore.model.market import ClosingQuote, FxRate, InstrumentInput, MarketInput, OpeningQuote, Quote
from arbcore.ports.venue import SimVenue
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.relay import Relay
from arbcore.runtime.timers import NEVER, Timers

Watch = Callable[[Sequence[Envelope]], None]
"""Learns events after they were stored."""
Progress = Callable[[int], None]
"""Learns how many inputs were taken so far, once per chunk."""


class DataClock:
    """The data's clock, for plugins that ask the time."""

    def __init__(self) -> None:
        self._now: Callable[[], int] = int

    def follow(self, now: Callable[[], int]) -> None:
        """Show what an engine takes for the time."""
        self._now = now

    def now(self) -> int:
        """Return the receive time of the input at hand."""
        return self._now()


class Backtest:
    """Runs an engine over recorded inputs.

    Order at one moment: venues learn market data before the engine does; timers and delayed reports that are due
    come after all inputs of the same nanosecond and before later ones.

    Args:
        engine: The engine.
        venues: Simulated venue by exchange id.
        instruments: Exchange id by instrument key.
        log: Where events are stored.
        watch: Learns stored events.
        clock: Follows the engine's time.
    """

    def __init__(
        self,
        engine: Engine,
        venues: Mapping[str, SimVenue],
        instruments: Mapping[str, str],
        log: EventLog,
        watch: Watch,
        clock: DataClock,
    ) -> None:
        self._step: Final = engine.step
        self._skip_quiet: Final = engine.skip_quiet
        self._venues: Final = venues
        self._relay: Final = Relay(venues, instruments)
        self._log: Final = log
        self._watch: Final = watch
        clock.follow(engine.now)
        self._timers: Final = Timers()
        self._due = NEVER
        self._now = 0
        self._waiting: Final[deque[VenueReport]] = deque()
        self.quotes = 0
        self.inputs = 0
        self.first_ts = 0
        self.last_ts = 0
        self.load_seconds = 0.0
        self.engine_seconds = 0.0

    def run(self, chunks: Iterable[list[MarketInput]], progress: Progress) -> None:
        """Run to the end of the data.

        Raises:
            DataError: There is no data.
            JournalError: Events could not be stored; nothing was acted on after them.
        """
        remaining = iter(chunks)
        while True:
            begun = perf_counter()
            chunk = next(remaining, None)
            loaded = perf_counter()
            self.load_seconds += loaded - begun
            if chunk is None:
                break
            if not chunk:
                continue
            if not self.inputs:
                self._start(chunk[0].recv_ts)
            self._take(chunk)
            self.inputs += len(chunk)
            self.engine_seconds += perf_counter() - loaded
            progress(self.inputs)
        if not self.inputs:
            raise DataError("the data has no rows in this range", "check `backtest.start`, `backtest.end` and the data")
        self._stop()

    def _take(self, chunk: list[MarketInput]) -> None:
        """Take inputs in order. While no venue watches, the engine runs through what is quiet by itself."""
        relay = self._relay
        index, end = 0, len(chunk)
        while index < end:
            if not relay.watched:
                first = index
                index, quotes = self._skip_quiet(chunk, first, self._due)
                relay.keep_back(chunk, first, index)
                self.quotes += quotes
                if index == end:
                    break
            self._take_one(chunk[index])
            index += 1
        self._now = chunk[-1].recv_ts

    def _take_one(self, item: MarketInput) -> None:
        now = item.recv_ts
        if now > self._due:
            self._catch_up(now)
        if isinstance(item, FxRate):
            self._perform(self._step(item), now)
        elif isinstance(item, Quote):
            self.quotes += 1
            self._deliver(self._relay.quote(item), now)
            self._note_due()
            self._perform(self._step(item), now)
        else:
            self._take_other(item, now)

    def _take_other(self, item: InstrumentInput, now: int) -> None:
        """Take anything but a plain quote or a rate. A bar counts as one quote, by its close."""
        self._deliver(self._relay.take(item), now)
        self._deliver(self._relay.settle(), now)
        self._note_due()
        if type(item) is not OpeningQuote:
            self._perform(self._step(item), now)
        self.quotes += type(item) is ClosingQuote

    def _start(self, now: int) -> None:
        self.first_ts = self._now = now
        self._relay.settle()
        self._perform(self._step(SessionControl(start=True, recv_ts=now)), now)
        self._state_accounts(now)

    def _stop(self) -> None:
        self.last_ts = self._now
        now = self._arrive()
        self._state_accounts(now)
        self._perform(self._step(SessionControl(start=False, reason="end of data", recv_ts=now)), now)

    def _arrive(self) -> int:
        """Let every message arrive that travels at the end of the data; return the time by then."""
        now = self._now
        while times := [at for venue in self._venues.values() if (at := venue.next_time()) is not None]:
            now = max(now, *times)
            self._catch_up(now + 1)
        return now

    def _state_accounts(self, now: int) -> None:
        for venue in self._venues.values():
            self._perform(self._step(venue.snapshot(now)), now)

    def _catch_up(self, now: int) -> None:
        """Fire timers and deliver delayed reports that were due before a time, earliest first."""
        while self._due < now:
            at = self._due
            if self._timers.next_at == at:
                name, _ = self._timers.pop()
                self._perform(self._step(TimerFired(name, at)), at)
            else:
                for venue in self._venues.values():
                    self._deliver(venue.advance(at), at)
            self._note_due()

    def _deliver(self, reports: Sequence[VenueReport], now: int) -> None:
        for report in reports:
            self._perform(self._step(report), now)

    def _perform(self, output: Output, now: int) -> None:
        """Perform effects, feed what venues report at once, until nothing is left; then store all its events.

        The venues are simulated, so one write for everything that happens at a moment loses nothing.
        """
        if output is NOTHING:
            return
        events = list(output.events)
        self._act(output.effects, now)
        waiting = self._waiting
        waiting.extend(self._relay.settle())
        while waiting:
            following = self._step(waiting.popleft())
            if following is not NOTHING:
                events += following.events
                self._act(following.effects, now)
            if not waiting:
                waiting.extend(self._relay.settle())
        if events:
            self._log.append(events)
            self._watch(events)
        self._note_due()

    def _act(self, effects: Sequence[Effect], now: int) -> None:
        for effect in effects:
            if isinstance(effect, Submit):
                self._waiting.extend(self._relay.hand_over(effect.order.instrument))
                self._waiting.extend(self._venues[effect.venue].submit(effect.order, now))
            elif isinstance(effect, SetTimer):
                self._timers.set(effect.timer, effect.at)
            elif isinstance(effect, CancelTimer):
                self._timers.cancel(effect.timer)
            elif isinstance(effect, Cancel):
                self._waiting.extend(self._venues[effect.venue].cancel(effect.client_order_id, now))

    def _note_due(self) -> None:
        due = self._timers.next_at
        for venue in self._venues.values():
            at = venue.next_time()
            if at is not None and at < due:
                due = at
        self._due = due
