"""A rig: an engine and faulty exchanges in virtual time. Nothing in it depends on anything but what it is given."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeVar

from msgspec import Struct

from arbcore.engine.engine import Engine
from arbcore.engine.output import Output
from arbcore.model.command import AnyCommand, CommandRequest
from arbcore.model.effect import AskStatement, Cancel, CancelTimer, Effect, LookUp, SetTimer, Submit
from arbcore.model.events import EngineModeChanged, Envelope, Event, TradeClosed
from arbcore.model.input import Input, SessionControl, TimerFired
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.market import FxRate, Quote
from arbcore.model.money import ZERO, multiply, subtract
from arbcore.model.state import EngineState
from arbcore.ports.journal import Journal
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.recovery import keep, recover
from arbcore.runtime.timers import NEVER, Timers
from arbcore.testing.faulty.exchange import FaultyExchange
from arbcore.testing.faulty.exposure import Exposure
from arbcore.testing.faulty.plan import SECOND, Request, Trouble
from arbcore.testing.stage import START

Kind = TypeVar("Kind", bound=Event)


class Flooded(AssertionError):
    """An engine sends orders without end."""


class Touch(Struct, frozen=True):
    """A touch that the rig quotes again and again."""

    bid: float
    ask: float
    bid_size: float = 20.0
    ask_size: float = 20.0


class Rig:
    """An engine and its exchanges.

    Every exchange delivers in its own time; timers fire after what arrives in the same nanosecond; books and rates
    are quoted anew every tick.

    Args:
        build: Builds an engine, given how many there were before it.
        instruments: What is traded: one coin on several venues.
        exchanges: Exchange by its id.
        touches: Touch of each instrument by its key; may be replaced while it runs.
        rates: Rate by its name; may be replaced while it runs.
        valued_by: Key of the instrument whose ask tells what a coin is worth in base currency.
        tolerance: Coins up to which a difference counts as hedged.
        tick_ns: Time between quotes.
        most_orders: Orders after which the engine is taken for one that sends without end.
        journal: Where events and snapshots are kept, so that another engine may go on; None for nowhere.

    Attributes:
        engine: The engine that lives now.
        events: Every event, in order.
        effects: Every effect, in order.
        exposure: What was not hedged in truth.
        now: Engine time.
        deaths: Restarts that are to come, each at a request to a venue.
        starts: Engines so far.
    """

    def __init__(
        self,
        build: Callable[[int], Engine],
        instruments: Sequence[Instrument],
        exchanges: Mapping[str, FaultyExchange],
        touches: Mapping[str, Touch],
        rates: Mapping[str, float],
        *,
        valued_by: str,
        tolerance: Decimal,
        tick_ns: int = SECOND,
        most_orders: int = 200,
        journal: Journal | None = None,
    ) -> None:
        self._build: Final = build
        self.engine = build(0)
        self._journal: Final = journal
        self._log: Final = None if journal is None else EventLog(journal)
        self._back_at = 0
        self.deaths: Final[list[tuple[str, Trouble]]] = []
        self.starts = 1
        self.exchanges: Final = exchanges
        self.touches: Final = dict(touches)
        self.rates: Final = dict(rates)
        self.events: Final[list[Envelope]] = []
        self.effects: Final[list[Effect]] = []
        self.exposure: Final = Exposure(tolerance)
        self.now = START
        self._instruments: Final = tuple(instruments)
        self._valued_by: Final = valued_by
        self._tick: Final = tick_ns
        self._most_orders: Final = most_orders
        self._next_tick = START
        self._timers = Timers()
        self._commands = 0
        self._noted = 0
        self._stock: Final = {key: self.held(key) for key in self._keys()}

    def begin(self) -> None:
        """Start the session: venues state their accounts, and the first quotes arrive."""
        self._start()
        self.wait(0)

    def kill(self, down_ns: int) -> None:
        """End the engine's process at once; another one goes on from the journal after a while."""
        self._timers = Timers()
        self._back_at = self.now + down_ns

    def _start(self) -> None:
        self._step(SessionControl(start=True, recv_ts=self.now))
        for exchange in self.exchanges.values():
            self._step(exchange.snapshot(self.now))

    def _come_back(self) -> None:
        """Let a new engine take over what the journal holds."""
        self._back_at = 0
        self.engine = self._build(self.starts)
        self.starts += 1
        recovered = None if self._journal is None else recover(self._journal)
        if recovered is not None:
            self.engine.restore(recovered.kept.engine)
            self.engine.absorb(recovered.events)
        self._start()

    def finish(self) -> None:
        """End the session: venues state their accounts again."""
        for exchange in self.exchanges.values():
            self._step(exchange.snapshot(self.now))
        self._step(SessionControl(start=False, reason="test", recv_ts=self.now))

    def command(self, command: AnyCommand) -> None:
        """Give a command."""
        self._commands += 1
        self._step(CommandRequest(id=f"c{self._commands}", command=command, issued_by="tester", recv_ts=self.now))

    def wait(self, nanoseconds: int) -> None:
        """Let time pass."""
        end = self.now + nanoseconds
        while self._happens(end):
            pass
        self.now = max(self.now, end)
        self.exposure.pass_time(self.now)

    def wait_for_quotes(self) -> None:
        """Let time pass until the next quotes were taken."""
        self.wait(self._next_tick - self.now)

    def wait_until(self, condition: Callable[[], bool], limit_ns: int) -> bool:
        """Let time pass until something holds after an input; tell whether it did within a time."""
        end = self.now + limit_ns
        while not condition():
            if not self._happens(end):
                self.now = end
                self.exposure.pass_time(end)
                return condition()
        return True

    def told(self, kind: type[Kind]) -> list[Kind]:
        """Return every event of a kind so far."""
        return [one.event for one in self.events if isinstance(one.event, kind)]

    def held(self, key: str) -> Decimal:
        """Return the signed coins that an account truly holds by an instrument."""
        instrument = next(one for one in self._instruments if one.key == key)
        ledger = self.exchanges[instrument.venue].ledger
        if instrument.kind is InstrumentKind.SPOT:
            return ledger.cash.get(instrument.base, ZERO)
        return multiply(ledger.position(key), instrument.unit)

    def opened(self, key: str) -> Decimal:
        """Return the signed coins that were added since the start, in truth."""
        return subtract(self.held(key), self._stock[key])

    def net(self) -> Decimal:
        """Return the coins that nothing covers, in truth."""
        return sum((self.opened(key) for key in self._keys()), ZERO)

    def _keys(self) -> list[str]:
        return [one.key for one in self._instruments]

    def _happens(self, end: int) -> bool:
        """Let the next thing happen if it is due by a time; tell whether it did."""
        due = min(one.next_time() for one in self.exchanges.values())
        at = min(due, self._timers.next_at, self._next_tick, self._back_at or NEVER)
        if at > end:
            return False
        self.now = at
        if self._back_at == at:
            self._come_back()
        elif due == at:
            for exchange in self.exchanges.values():
                for item in exchange.advance(at):
                    self._step(item)
        elif self._next_tick == at:
            self._quote()
            self._next_tick += self._tick
        else:
            self._step(TimerFired(*self._timers.pop()))
        self._note()
        return True

    def _quote(self) -> None:
        for name, rate in self.rates.items():
            self._step(FxRate(name, self.now, self.now, rate, rate, "test"))
        for instrument in self._instruments:
            touch = self.touches[instrument.key]
            quote = Quote(instrument.key, self.now, self.now, touch.bid, touch.ask, touch.bid_size, touch.ask_size)
            self.exchanges[instrument.venue].quote(quote, self.now)
            self._step(quote)

    def _note(self) -> None:
        fills = sum(len(one.ledger.fills) for one in self.exchanges.values())
        if fills == self._noted:
            return
        self._noted = fills
        self.exposure.note(self.now, self.net(), Decimal(str(self.touches[self._valued_by].ask)))

    def _step(self, item: Input) -> None:
        if self._back_at:
            return  # nobody is there
        self._perform(self.engine.step(item))

    def _perform(self, output: Output) -> None:
        self.events.extend(output.events)
        self.effects.extend(output.effects)
        self._store(output.events)
        for effect in output.effects:
            if not self._back_at:
                self._carry_out(effect)

    def _store(self, events: Sequence[Envelope]) -> None:
        if self._journal is None or self._log is None or not events:
            return
        self._log.append(events)
        if any(_is_rest(one.event) for one in events):
            keep(self._journal, self.engine, {})

    def _send(self, venue: str, kind: Request, send: Callable[[FaultyExchange], None]) -> None:
        """Make a request, unless the process dies before it; it may die right after it."""
        exchange = self.exchanges[venue]
        number = exchange.made(kind)
        deaths = [one for one in self.deaths if (one[0], one[1].at, one[1].nth) == (venue, kind, number)]
        if all(trouble.after for _, trouble in deaths):
            send(exchange)
        for one in deaths:
            self.deaths.remove(one)  # each comes once, even where its request was not made
            self.kill(one[1].lasts_ns)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Submit(venue=venue, order=order):
                if sum(len(one.sent) for one in self.exchanges.values()) >= self._most_orders:
                    raise Flooded(f"{self._most_orders} orders were sent, the last one {order.client_order_id}")
                self._send(venue, Request.SUBMIT, lambda one: one.submit(order, self.now))
            case Cancel(venue=venue, client_order_id=name):
                self._send(venue, Request.CANCEL, lambda one: one.cancel(name, self.now))
            case LookUp(venue=venue, client_order_id=name):
                self._send(venue, Request.LOOK_UP, lambda one: one.look_up(name, self.now))
            case AskStatement(venue=venue, since=since):
                self.exchanges[venue].ask(since, self.now)
            case SetTimer(timer=timer, at=at):
                self._timers.set(timer, at)
            case CancelTimer(timer=timer):
                self._timers.cancel(timer)


def _is_rest(event: Event) -> bool:
    """Tell whether a snapshot is taken after an event: the engine began to trade, or a trade is closed."""
    began = isinstance(event, EngineModeChanged) and event.before is EngineState.BOOTING
    return began or isinstance(event, TradeClosed)
