"""A stage: an engine with scripted venues that a test drives by hand, input by input, on a clock of its own."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from arbcore.engine.engine import Engine
from arbcore.engine.output import Output
from arbcore.engine.parts import EngineSettings
from arbcore.model.command import AnyCommand, CommandRequest
from arbcore.model.effect import AskStatement, Cancel, CancelTimer, Effect, LookUp, SetTimer, Submit
from arbcore.model.events import Envelope, Event
from arbcore.model.input import Input, LookedUp, SessionControl, TimerFired, VenueAnswer, VenueReport
from arbcore.model.instrument import Instrument
from arbcore.model.market import BookInvalid, FxRate, MarketInput, Quote
from arbcore.ports.policy import LegPolicy, Slicer
from arbcore.ports.risk import RiskTier
from arbcore.ports.strategy import Strategy
from arbcore.ports.venue import SimVenue
from arbcore.runtime.carrier import answers
from arbcore.runtime.timers import Timers

START: Final = 1_750_000_000 * 10**9
"""Engine time at which a stage begins, unless told otherwise."""

Kind = TypeVar("Kind", bound=Event)


class FakeClock:
    """A clock that stands still until it is moved.

    Args:
        time: Where it stands.
    """

    def __init__(self, time: int = START) -> None:
        self._time = time

    def now(self) -> int:
        """Return where it stands."""
        return self._time

    def move_to(self, time: int) -> None:
        """Move it.

        Raises:
            ValueError: It would go back.
        """
        if time < self._time:
            raise ValueError(f"a clock does not go back from {self._time} to {time}")
        self._time = time


class Stage:
    """An engine and its venues, one input at a time.

    Effects are performed at once; timers fire, and delayed reports arrive, when time passes. Everything that the
    engine told and asked for is kept.

    Args:
        instruments: Every instrument.
        venues: Simulated venue by exchange id.
        strategies: Strategy by instance id.
        tiers: Risk tiers by instance id, in order.
        policies: Leg policies by instance id.
        slicer: Cuts entries; None where they are sent in one.
        settings: Settings of the engine; made up where they are not given.
        rates: Largest age for entries in nanoseconds by rate name, for settings that are made up.

    Attributes:
        clock: Engine time; market data that a test gives comes at this moment.
        events: Every event, in order.
        effects: Every effect, in order.
        mute: Exchange ids whose venues leave look-ups unanswered.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        venues: Mapping[str, SimVenue],
        strategies: Mapping[str, Strategy],
        *,
        tiers: Sequence[tuple[str, RiskTier]] = (),
        policies: Mapping[str, LegPolicy] | None = None,
        slicer: Slicer | None = None,
        settings: EngineSettings | None = None,
        rates: Mapping[str, int] | None = None,
    ) -> None:
        made_up = EngineSettings(
            session="test", mode="backtest", base_currency="USDT", config_hash="", rates=dict(rates or {})
        )
        self.engine: Final = Engine(settings or made_up, instruments, strategies, tiers, policies, slicer)
        self.venues: Final = venues
        self.clock: Final = FakeClock()
        self.events: Final[list[Envelope]] = []
        self.effects: Final[list[Effect]] = []
        self.mute: Final[set[str]] = set()
        self._venue_of: Final = {one.key: one.venue for one in instruments}
        self._timers: Final = Timers()
        self._waiting: Final[deque[VenueReport | VenueAnswer]] = deque()
        self._commands = 0

    def begin(self) -> list[Event]:
        """Start the session: venues state their accounts."""
        first = len(self.events)
        self._step(SessionControl(start=True, recv_ts=self.clock.now()))
        self._state_accounts()
        return self._since(first)

    def finish(self) -> list[Event]:
        """End the session: venues state their accounts again."""
        first = len(self.events)
        self._state_accounts()
        self._step(SessionControl(start=False, reason="test", recv_ts=self.clock.now()))
        return self._since(first)

    def give(self, *items: Input) -> list[Event]:
        """Give inputs as they are; venues learn market data first. Return the events that follow."""
        first = len(self.events)
        for item in items:
            if isinstance(item, MarketInput) and not isinstance(item, FxRate):
                venue = self.venues.get(self._venue_of.get(item.instrument, ""))
                self._waiting.extend(() if venue is None else venue.on_market(item))
            self._drain()
            self._step(item)
        return self._since(first)

    def quote(
        self, instrument: Instrument, bid: float, ask: float, size: float = 10.0, ask_size: float | None = None
    ) -> list[Event]:
        """Give a quote of this moment."""
        now = self.clock.now()
        return self.give(Quote(instrument.key, now, now, bid, ask, size, size if ask_size is None else ask_size))

    def rate(self, name: str, bid: float, ask: float | None = None) -> list[Event]:
        """Give a conversion rate of this moment."""
        now = self.clock.now()
        return self.give(FxRate(name, now, now, bid, bid if ask is None else ask, "test"))

    def invalid(self, instrument: Instrument, reason: str = "DATA_GAP") -> list[Event]:
        """Tell that the book of an instrument can't be trusted."""
        now = self.clock.now()
        return self.give(BookInvalid(instrument.key, now, now, reason))

    def command(self, command: AnyCommand, name: str = "", override: str = "") -> list[Event]:
        """Give a command under an id of its own, or under the one given."""
        self._commands += 1
        return self.give(
            CommandRequest(
                id=name or f"c{self._commands}",
                command=command,
                issued_by="tester",
                override=override,
                recv_ts=self.clock.now(),
            )
        )

    def wait(self, nanoseconds: int) -> list[Event]:
        """Let time pass: timers fire and delayed reports arrive, earliest first, timers before reports."""
        first, end = len(self.events), self.clock.now() + nanoseconds
        while (due := self._due()) <= end:
            self.clock.move_to(due)
            if self._timers.next_at == due:
                name, at = self._timers.pop()
                self._step(TimerFired(name, at))
                continue
            for venue in self.venues.values():
                self._waiting.extend(venue.advance(due))
            self._drain()
        self.clock.move_to(end)
        return self._since(first)

    def told(self, kind: type[Kind]) -> list[Kind]:
        """Return every event of a kind so far."""
        return [one.event for one in self.events if isinstance(one.event, kind)]

    def _state_accounts(self) -> None:
        for venue in self.venues.values():
            self._step(venue.snapshot(self.clock.now()))

    def _due(self) -> int:
        times = (venue.next_time() for venue in self.venues.values())
        return min([self._timers.next_at, *(time for time in times if time is not None)])

    def _step(self, item: Input) -> None:
        self._perform(self.engine.step(item))
        self._drain()

    def _drain(self) -> None:
        while self._waiting:
            self._perform(self.engine.step(self._waiting.popleft()))

    def _perform(self, output: Output) -> None:
        self.events.extend(output.events)
        self.effects.extend(output.effects)
        now = self.clock.now()
        for effect in output.effects:
            match effect:
                case Submit(venue=venue, order=order):
                    self._waiting.extend(self.venues[venue].submit(order, now))
                case Cancel(venue=venue, client_order_id=order):
                    self._waiting.extend(self.venues[venue].cancel(order, now))
                case AskStatement(venue=venue) if venue not in self.mute:
                    self._waiting.extend(answers(self.venues[venue], effect, now))
                case LookUp(venue=venue, client_order_id=order):
                    self._look_up(venue, order, now)
                case SetTimer(timer=timer, at=at):
                    self._timers.set(timer, at)
                case CancelTimer(timer=timer):
                    self._timers.cancel(timer)

    def _look_up(self, venue: str, order: str, now: int) -> None:
        answered = venue not in self.mute
        news = self.venues[venue].look_up(order, now) if answered else ()
        self._waiting.extend(news)
        self._waiting.append(
            LookedUp(venue=venue, client_order_id=order, answered=answered, found=bool(news), recv_ts=now)
        )

    def _since(self, first: int) -> list[Event]:
        return [one.event for one in self.events[first:]]
