"""Checks the orders of a finished session against what is known apart from the engine: its recording, and the faults.

The journal tells which orders were decided and when; the recording tells what had been received by then; the simulator
tells when it said nothing. An order is wrong where that leaves no good book that it can have come from.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final

import anyio

from arbcore.data.source import open_source
from arbcore.journal.codec import decode
from arbcore.model.events import (
    Envelope,
    Event,
    IntentApproved,
    OrderIntended,
    VenueHealthChanged,
    WebSocketConnected,
    WebSocketDisconnected,
    WebSocketReconnected,
    WebSocketStateChanged,
)
from arbcore.model.instrument import Instrument
from arbcore.model.intent import Intent, IntentKind
from arbcore.model.market import Book, BookInvalid, MarketInput, Quote
from arbcore.model.order import Side
from arbcore.model.state import ConnectionState
from arbcore.runtime.folder import SessionFolder
from arbcore.testing.stores import reader_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

_AWAY: Final = frozenset({"down", "frozen"})
_TICKS: Final = 1.01

Touch = tuple[int, float, float]
"""Receive time, bid and ask."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A time in which a venue said nothing at all: UTC nanoseconds from its start to its end."""

    venue: str
    start: int
    end: int


@dataclass(slots=True)
class Audit:
    """What was found.

    Attributes:
        orders: Orders by kind of their intent.
        checks: How often each check was made.
        faults: What is wrong, one line each.
        ages: Age in nanoseconds of the book behind each order that is no unwind.
        invalid: Books that were told invalid, by reason.
    """

    orders: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    ages: list[int] = field(default_factory=list)
    invalid: Counter[str] = field(default_factory=Counter)


def read_journal(folder: Path) -> list[Envelope]:
    """Return the events of a finished session, in order."""

    async def read() -> list[Envelope]:
        async with SqliteJournal(SqliteSettings(use="sqlite"), reader_context(folder)) as journal:
            return [decode(event.body) for event in journal.read()]

    return anyio.run(read)


def audit_orders(folder: Path, max_age: int, silences: Sequence[Silence] = ()) -> Audit:
    """Check every order of a finished session.

    Args:
        folder: The session's folder.
        max_age: Oldest book that may decide, nanoseconds.
        silences: Times in which venues said nothing, by another source than the session.

    Returns:
        What was found. The checks: the last input of the order's market before it is a book that is neither invalid
        nor crossed (``book``), of which the order's base price is the touch (``touch``), and which is not too old
        (``age``); its venue was not down or frozen (``health``), and had not been silent for too long (``silence``).
        Unwinds, which must go out whatever happens, are only checked for the first two.
    """
    instruments = {item.key: item for item in SessionFolder(folder).read_instruments()}
    found = Audit()
    market = _Market(folder, found)
    intents: dict[str, Intent] = {}
    away: dict[str, str] = {}
    for envelope in read_journal(folder):
        event = envelope.event
        if isinstance(event, IntentApproved):
            intents[event.intent.id] = event.intent
        elif isinstance(event, VenueHealthChanged):
            away[event.venue] = event.after if event.after in _AWAY else ""
        elif isinstance(event, OrderIntended):
            order = _Order(envelope, event, intents[event.intent], instruments[event.order.instrument])
            order.check_book(market.last(order.key, envelope.time), found)
            order.check_venue(max_age, away.get(event.venue, ""), silences, found)
    market.finish()
    return found


class _Market:
    """Plays a recording forward and remembers the last input of each market."""

    def __init__(self, folder: Path, found: Audit) -> None:
        recording = SessionFolder(folder).recording
        venues = {item.venue: item.venue for item in SessionFolder(folder).read_instruments()}
        source = open_source(recording, venues=venues)
        self._inputs: Final[Iterator[MarketInput]] = (item for chunk in source.chunks() for item in chunk)
        self._next = next(self._inputs, None)
        self._last: Final[dict[str, Touch | str]] = {}
        self._found: Final = found

    def last(self, key: str, now: int) -> Touch | str:
        """Return the touch that held at a time, or in words why there was none."""
        while self._next is not None and self._next.recv_ts <= now:
            self._take(self._next)
            self._next = next(self._inputs, None)
        return self._last.get(key, "nothing had been received")

    def finish(self) -> None:
        """Play the rest."""
        while self._next is not None:
            self._take(self._next)
            self._next = next(self._inputs, None)

    def _take(self, item: MarketInput) -> None:
        if isinstance(item, BookInvalid):
            self._last[item.instrument] = f"its book was invalid: {item.reason}"
            self._found.invalid[item.reason] += 1
        elif isinstance(item, Quote):
            self._last[item.instrument] = (item.recv_ts, item.bid, item.ask)
        elif isinstance(item, Book):
            bid = item.bids[0][0] if item.bids else 0.0
            ask = item.asks[0][0] if item.asks else inf
            self._last[item.instrument] = (item.recv_ts, bid, ask)


@dataclass(frozen=True, slots=True)
class _Order:
    """An order with the decision behind it."""

    envelope: Envelope
    intended: OrderIntended
    intent: Intent
    instrument: Instrument

    @property
    def key(self) -> str:
        """Key of its instrument."""
        return self.intended.order.instrument

    @property
    def _may_be_late(self) -> bool:
        return self.intent.kind is IntentKind.UNWIND

    def check_book(self, last: Touch | str, found: Audit) -> None:
        """Compare it with the last input of its market."""
        found.orders[self.intent.kind] += 1
        found.checks["book"] += 1
        if isinstance(last, str):
            self._tell(found, last)
            return
        recv_ts, bid, ask = last
        if not 0.0 < bid < ask < inf:
            self._tell(found, f"the book was crossed or empty: {bid} / {ask}")
            return
        self._check_touch(bid, ask, found)
        if not self._may_be_late:
            found.ages.append(self.envelope.time - recv_ts)

    def _check_touch(self, bid: float, ask: float, found: Audit) -> None:
        """Require that the order's base is the recorded touch, but for its rounding to the price grid."""
        found.checks["touch"] += 1
        leg = next(leg for leg in self.intent.legs if leg.instrument == self.key)
        touch = ask if self.intended.order.side is Side.BUY else bid
        tick = float(self.instrument.ticks.tick_at(leg.touch))
        if abs(float(leg.touch) - touch) > tick * _TICKS:
            self._tell(found, f"its base {leg.touch} is not the touch {touch} of the last book received")

    def check_venue(self, max_age: int, away: str, silences: Sequence[Silence], found: Audit) -> None:
        """Compare it with its venue's health, and with what another source says about the venue's silence."""
        if self._may_be_late:
            return
        found.checks["health"] += 1
        if away:
            self._tell(found, f"the venue was {away}")
        now = self.envelope.time
        for silence in silences:
            if silence.venue == self.intended.venue and silence.start <= now < silence.end:
                found.checks["silence"] += 1
                if now - silence.start > max_age:
                    self._tell(found, f"the venue had said nothing for {(now - silence.start) / 1e9:.2f} s")
        if found.ages and found.ages[-1] > max_age:
            self._tell(found, f"its book was {found.ages[-1] / 1e9:.2f} s old")

    def _tell(self, found: Audit, what: str) -> None:
        found.faults.append(f"event {self.envelope.sequence}, {self.intent.kind} of {self.key}: {what}")


def connections(events: Sequence[Envelope]) -> Mapping[tuple[str, str], list[tuple[int, str]]]:
    """Return the states that each connection of a venue went through, with their times."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for envelope in events:
        told = _state_of(envelope.event)
        if told is not None:
            venue, name, state = told
            found.setdefault((venue, name), []).append((envelope.time, state))
    return found


def _state_of(event: Event) -> tuple[str, str, str] | None:
    match event:
        case WebSocketConnected() | WebSocketReconnected():
            return event.venue, event.connection, ConnectionState.CONNECTED
        case WebSocketDisconnected():
            return event.venue, event.connection, ConnectionState.DISCONNECTED
        case WebSocketStateChanged():
            return event.venue, event.connection, event.state
        case _:
            return None


def unrecovered(states: Sequence[tuple[int, str]], patience: int) -> int:
    """Return how many losses took longer than a time to recover; the session's end cuts the last one off."""
    late, since = 0, 0
    for time, state in states:
        if state in {ConnectionState.RECONNECTING, ConnectionState.MUTE}:
            since = since or time
        elif since:
            late += time - since > patience
            since = 0
    return late
