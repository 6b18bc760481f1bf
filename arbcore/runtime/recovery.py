"""Recovery: what an earlier start left in a journal, from its newest sound snapshot on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from arbcore.engine.engine import Engine
from arbcore.engine.state import Kept, decode, encode
from arbcore.errors import JournalError
from arbcore.journal.chain import START, Anchor, verify
from arbcore.journal.codec import decode as decode_event
from arbcore.model.events import EngineModeChanged, Envelope, TradeClosed, TradeOpened
from arbcore.model.state import EngineState
from arbcore.ports.journal import Journal, StoredSnapshot
from arbcore.ports.venue import SimVenue

PERIOD_NS: Final = 300 * 10**9
"""Time between snapshots."""

LEAST_NS: Final = 10 * 10**9
"""Least time between two that closed trades ask for."""


class Recovered(Struct, frozen=True, kw_only=True):
    """What an earlier start left.

    Attributes:
        kept: The newest sound snapshot.
        events: Every event behind it, in order.
        passed_over: What was wrong with newer snapshots, in words.
    """

    kept: Kept
    events: tuple[Envelope, ...]
    passed_over: tuple[str, ...] = ()

    @property
    def open_trades(self) -> tuple[str, ...]:
        """Ids of the trades that are not closed."""
        trades = dict.fromkeys(self.kept.engine.execution.open)
        for envelope in self.events:
            match envelope.event:
                case TradeOpened(trade=trade):
                    trades[trade.id] = None
                case TradeClosed(trade=trade):
                    trades.pop(trade.id, None)
        return tuple(trades)

    @property
    def unfinished(self) -> bool:
        """Whether a trade is open, or something was asked of a venue that nothing has settled."""
        return bool(self.open_trades or self.kept.engine.actions or self.kept.engine.execution.quarantined)


def recover(journal: Journal) -> Recovered | None:
    """Return what an earlier start left; None where it never began to trade, so that nothing is to be taken over.

    The chain is verified from the snapshot on, which was an anchor when it was taken, and no further back.

    Raises:
        JournalError: No snapshot is sound although the session traded, or the events behind it are damaged.
    """
    passed_over: list[str] = []
    for stored in journal.snapshots():
        kept = _sound(journal, stored, passed_over)
        if kept is not None:
            return Recovered(kept=kept, events=_behind(journal, stored), passed_over=tuple(passed_over))
    if not any(isinstance(envelope.event, EngineModeChanged) for envelope in _all(journal)):
        return None
    what = "; ".join(passed_over) or "there is none"
    raise JournalError(
        f"{journal.location()}: no snapshot of the session is sound ({what}), so that it can't be gone on with",
        "look after its open positions at the venues, then start clean: arb run --clean keeps this journal aside",
    )


def keep(journal: Journal, engine: Engine, venues: Mapping[str, SimVenue]) -> None:
    """Store a snapshot of an engine between two steps, whose events are all stored.

    Args:
        journal: Where.
        engine: The engine.
        venues: Simulated venues, which have no memory but this.

    Raises:
        JournalError: It can't be stored.
    """
    last = journal.last()
    if last is not None:
        kept = Kept(engine.state(), {name: venue.state() for name, venue in venues.items()})
        journal.keep_snapshot(encode(kept, last.hash))


def restore_venues(recovered: Recovered, engine: Engine, venues: Mapping[str, SimVenue]) -> None:
    """Let simulated venues go on from their states in a snapshot, and from what the journal tells behind it.

    Args:
        recovered: What an earlier start left.
        engine: The engine, which has taken all of it over.
        venues: The session's simulated venues.
    """
    for name, venue in venues.items():
        if name in recovered.kept.venues:
            venue.restore(recovered.kept.venues[name])
            if recovered.events:
                venue.adopt(engine.parts.others.whole(name, engine.now()))


class Keeper:
    """Takes snapshots: right after the engine began to trade, at every period, and after each closed trade.

    Args:
        journal: Where they go.
        engine: The engine.
        venues: Simulated venues.
    """

    def __init__(self, journal: Journal, engine: Engine, venues: Mapping[str, SimVenue]) -> None:
        self._journal: Final = journal
        self._engine: Final = engine
        self._venues: Final = venues
        self._asked = False
        self._taken: int | None = None

    def watch(self, events: Sequence[Envelope]) -> None:
        """Learn stored events."""
        self._asked = self._asked or any(type(envelope.event) is TradeClosed for envelope in events)

    def rest(self, now: int) -> None:
        """Take one if it is time; called between two steps, when every event is stored."""
        if self._taken is None or now >= self._taken + (LEAST_NS if self._asked else PERIOD_NS):
            self.take(now)

    def take(self, now: int) -> None:
        """Take one now, unless the engine does not trade yet."""
        if self._engine.parts.switches.state is not EngineState.BOOTING:
            self._asked, self._taken = False, now
            keep(self._journal, self._engine, self._venues)


def _sound(journal: Journal, stored: StoredSnapshot, passed_over: list[str]) -> Kept | None:
    event = next(iter(journal.read(stored.sequence, stored.sequence)), None)
    try:
        return decode(stored, START if event is None else Anchor(event.sequence, event.hash))
    except JournalError as error:
        passed_over.append(error.what)
        return None


def _behind(journal: Journal, stored: StoredSnapshot) -> tuple[Envelope, ...]:
    first = stored.sequence + 1
    report = verify(journal.read(first), Anchor(stored.sequence, stored.chain))
    if not report.ok:
        raise JournalError(
            f"{journal.location()}: event {report.bad} is damaged: {report.problem}",
            "restore the file; or look after open positions at the venues and start clean: arb run --clean",
        )
    return tuple(decode_event(event.body) for event in journal.read(first))


def _all(journal: Journal) -> Iterator[Envelope]:
    return (decode_event(event.body) for event in journal.read())
