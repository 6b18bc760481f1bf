"""The loop of every session: inputs in order, simulated venues, timers; events stored, effects performed.

It reads no clock and waits for nothing: a backtest hands it recorded inputs, a running session what arrived, a replay
what was recorded of that. So all three take the same decisions on the same inputs.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from arbcore.engine.engine import Engine
from arbcore.engine.output import NOTHING, Output
from arbcore.model.account import AccountUpdate
from arbcore.model.command import CommandRequest
from arbcore.model.effect import (
    Cancel,
    CancelTimer,
    Effect,
    EndSession,
    SetTimer,
    Submit,
)
from arbcore.model.events import Envelope
from arbcore.model.input import (
    AccountSnapshot,
    ActionEnded,
    Condition,
    ConnectionChanged,
    FundingPayment,
    InstrumentStatus,
    LookedUp,
    SessionControl,
    Standstill,
    TermsStated,
    TimerFired,
    VenueAnswer,
    VenueHealth,
    VenueReport,
    VenueStatement,
)
from arbcore.model.market import Book, ClosingQuote, FxRate, InstrumentInput, MarketInput, OpeningQuote, Quote
from arbcore.model.order import Fill, OrderReport
from arbcore.ports.venue import SimVenue
from arbcore.runtime.carrier import Gateway, VenueEffect, answers, hand_over
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.relay import Relay
from arbcore.runtime.timers import NEVER, Timers

Watch = Callable[[Sequence[Envelope]], None]
"""Learns events after they were stored."""

SessionInput = MarketInput | Condition | CommandRequest | VenueReport | VenueAnswer | SessionControl
"""What reaches a session from outside: everything that a replay needs to have been kept."""

_COUNTED: Final = frozenset({Book, ClosingQuote})
"""Inputs that count as a quote beside plain ones."""

_PLAIN: Final = frozenset(
    {FxRate, VenueHealth, ConnectionChanged, InstrumentStatus, CommandRequest}
    | {OrderReport, Fill, FundingPayment, AccountSnapshot, AccountUpdate}
    | {LookedUp, VenueStatement, TermsStated, ActionEnded, Standstill, SessionControl}
)
"""Inputs that no simulated venue has to learn."""


class Loop:
    """Runs an engine over inputs.

    Order at one moment: venues learn market data before the engine does; timers and delayed reports that are due
    come after all inputs of the same nanosecond and before later ones.

    Args:
        engine: The engine.
        venues: Simulated venue by exchange id.
        instruments: Exchange id by instrument key.
        log: Where events are stored.
        watch: Learns stored events.
        act_after_storing: Store the events of every step before its effects are performed, as a session must that
            may be killed. Otherwise everything that happens at a moment is stored in one write, which is faster and
            loses nothing where all venues live in this process and its run is repeated after a crash.
        gateway: Carries effects to the venues that are not simulated; None where there are none.
        end: Asks the session to end, for a reason.

    Attributes:
        reached: Returns the engine's time, to which a timer may have moved it beyond the latest input.
        quotes: Quotes taken; a book counts as one, and a bar.
        waits: Whether the engine, once it knows what became of an earlier start's trades, waits for a person.
        due: When the next timer or delayed report is due.
    """

    def __init__(
        self,
        engine: Engine,
        venues: Mapping[str, SimVenue],
        instruments: Mapping[str, str],
        log: EventLog,
        watch: Watch,
        *,
        act_after_storing: bool = False,
        gateway: Gateway | None = None,
        end: Callable[[str], None] | None = None,
    ) -> None:
        self.reached: Final = engine.now
        self._step: Final = engine.step
        self._skip_quiet: Final = engine.skip_quiet
        self._venues: Final = venues
        self._relay: Final = Relay(venues, instruments)
        self._log: Final = log
        self._watch: Final = watch
        self._act_after_storing: Final = act_after_storing
        self._timers: Final = Timers()
        self._now = 0
        self._waiting: Final[deque[VenueReport | VenueAnswer]] = deque()
        self._gateway: Final = gateway
        self._end: Final = end
        self.due = NEVER
        self.quotes = 0
        self.waits = False

    def start(self, now: int) -> None:
        """Start the engine and let every venue state its account."""
        self._now = now
        self._relay.settle()
        self._perform(self._step(SessionControl(start=True, waits=self.waits, recv_ts=now)), now)
        self._state_accounts(now)

    def take(self, items: Sequence[SessionInput]) -> None:
        """Take inputs in order. While no venue watches, the engine runs through what is quiet by itself."""
        relay = self._relay
        index, end = 0, len(items)
        while index < end:
            if not relay.watched:
                first = index
                index, quotes = self._skip_quiet(items, first, self.due)
                relay.keep_back(items, first, index)
                self.quotes += quotes
                if index == end:
                    break
            self._take_one(items[index])
            index += 1
        self._now = items[-1].recv_ts

    def catch_up(self, now: int) -> None:
        """Fire timers and deliver delayed reports that were due before a time, earliest first."""
        while self.due < now:
            at = self.due
            if self._timers.next_at == at:
                name, _ = self._timers.pop()
                self._perform(self._step(TimerFired(name, at)), at)
            else:
                for venue in self._venues.values():
                    self._deliver(venue.advance(at), at)
            self._note_due()

    def stop(self, reason: str, now: int) -> None:
        """Let every message arrive that travels, let every venue state its account, and stop the engine."""
        self.catch_up(now)
        self._now = max(self._now, now)
        now = self._arrive()
        self._state_accounts(now)
        self._perform(self._step(SessionControl(start=False, reason=reason, recv_ts=now)), now)

    @property
    def now(self) -> int:
        """Time of the latest input."""
        return self._now

    def _take_one(self, item: SessionInput) -> None:
        now = item.recv_ts
        if now > self.due:
            self.catch_up(now)
        if type(item) in _PLAIN:
            self._perform(self._step(item), now)
        elif isinstance(item, Quote):
            self.quotes += 1
            self._deliver(self._relay.quote(item), now)
            self._note_due()
            self._perform(self._step(item), now)
        else:
            self._take_other(item, now)  # type: ignore[arg-type]  # what is left are inputs of instruments

    def _take_other(self, item: InstrumentInput, now: int) -> None:
        """Take anything else of an instrument. A book counts as one quote, and so does a bar, by its close."""
        self._deliver(self._relay.take(item), now)
        self._deliver(self._relay.settle(), now)
        self._note_due()
        if type(item) is not OpeningQuote:
            self._perform(self._step(item), now)
        self.quotes += type(item) in _COUNTED

    def _arrive(self) -> int:
        """Let every message arrive that still travels; return the time by then."""
        now = self._now
        while times := [at for venue in self._venues.values() if (at := venue.next_time()) is not None]:
            now = max(now, *times)
            self.catch_up(now + 1)
        return now

    def _state_accounts(self, now: int) -> None:
        for venue in self._venues.values():
            self._perform(self._step(venue.snapshot(now)), now)

    def _deliver(self, reports: Sequence[VenueReport], now: int) -> None:
        for report in reports:
            self._perform(self._step(report), now)

    def _perform(self, output: Output, now: int) -> None:
        """Perform effects and feed what venues report at once, until nothing is left; store all events."""
        if output is NOTHING:
            return
        events = self._done(output, now, [])
        waiting = self._waiting
        waiting.extend(self._relay.settle())
        while waiting:
            following = self._step(waiting.popleft())
            if following is not NOTHING:
                events = self._done(following, now, events)
            if not waiting:
                waiting.extend(self._relay.settle())
        self._store(events)
        self._note_due()

    def _done(self, output: Output, now: int, events: list[Envelope]) -> list[Envelope]:
        """Perform one output's effects; return the events that are still to be stored."""
        events += output.events
        if self._act_after_storing and output.effects:
            self._store(events)
            events = []
        self._act(output.effects, now)
        return events

    def _store(self, events: list[Envelope]) -> None:
        if events:
            self._log.append(events)
            self._watch(events)

    def _act(self, effects: Sequence[Effect], now: int) -> None:
        for effect in effects:
            if isinstance(effect, SetTimer):
                self._timers.set(effect.timer, effect.at)
            elif isinstance(effect, CancelTimer):
                self._timers.cancel(effect.timer)
            elif isinstance(effect, EndSession):
                if self._end is not None:
                    self._end(effect.reason)
            elif effect.venue in self._venues:
                self._simulate(self._venues[effect.venue], effect, now)
            elif self._gateway is not None:
                hand_over(self._gateway, effect)
            else:
                raise LookupError(f"{effect.venue} is no venue of this session: {effect}")

    def _simulate(self, venue: SimVenue, effect: VenueEffect, now: int) -> None:
        """Have a simulated venue carry out an effect; what it answers waits for the engine."""
        waiting = self._waiting
        if isinstance(effect, Submit):
            waiting.extend(self._relay.hand_over(effect.order.instrument))
            waiting.extend(venue.submit(effect.order, now))
        elif isinstance(effect, Cancel):
            waiting.extend(venue.cancel(effect.client_order_id, now))
        else:
            waiting.extend(answers(venue, effect, now))

    def _note_due(self) -> None:
        due = self._timers.next_at
        for venue in self._venues.values():
            at = venue.next_time()
            if at is not None and at < due:
                due = at
        self.due = due
