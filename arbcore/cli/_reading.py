"""What a session's folder tells: its journal added up, who writes it, and the latest statistics."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from arbcore.cli._journal import JournalPlace, NothingThere, find_journal, journal_options
from arbcore.journal.folds import Fold
from arbcore.model.events import EngineStarted, EngineStopped, Envelope, FeeCharged, TradeHedged
from arbcore.model.money import ZERO, add
from arbcore.model.trade import Trade, TradeState

if TYPE_CHECKING:
    from arbcore.journal.projections import Projections
    from arbcore.ports.journal import Journal
    from arbcore.runtime.stats import SessionStats

FRESH_S: Final = 5.0
"""Age up to which statistics stand for the present: a running session replaces them every second."""


class Condition(StrEnum):
    """What became of a session."""

    RUNNING = "running"
    FINISHED = "finished"
    KILLED = "killed"
    """Its process ended without stopping it."""


@dataclass(slots=True)
class Story:
    """What a journal's events add up to. Mutable: `add` moves it along.

    Attributes:
        fold: Projections so far.
        started: The newest start.
        stopped: Its stop, None while there is none.
        start: Engine time of the newest start.
        unhedged_ns: Longest time that a trade's legs differed since then.
        fees: Fees of the whole journal by currency.
    """

    fold: Fold = field(default_factory=Fold)
    started: EngineStarted | None = None
    stopped: EngineStopped | None = None
    start: int = 0
    unhedged_ns: int = 0
    fees: dict[str, Decimal] = field(default_factory=dict)

    def add(self, envelope: Envelope) -> None:
        """Count one event."""
        self.fold.apply(envelope)
        match event := envelope.event:
            case EngineStarted():
                self.started, self.stopped, self.start, self.unhedged_ns = event, None, envelope.time, 0
            case EngineStopped():
                self.stopped = event
            case TradeHedged(unhedged_ns=unhedged):
                self.unhedged_ns = max(self.unhedged_ns, unhedged)
            case FeeCharged():
                self.fees[event.currency] = add(self.fees.get(event.currency, ZERO), event.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReading:
    """A session as it was found.

    Attributes:
        location: Where its journal lies.
        started: The start of the newest run.
        story: What its events add up to.
        writer: Who writes the journal, empty where nobody does.
        stats: The latest statistics of a running session, None where there are none or it does not run.
        stats_age_s: Their age.
        now: When it was read, UTC nanoseconds.
    """

    location: str
    started: EngineStarted
    story: Story
    writer: str
    stats: "SessionStats | None"
    stats_age_s: float | None
    now: int

    @property
    def condition(self) -> Condition:
        """Whether it runs, ended, or was killed."""
        if self.writer:
            return Condition.RUNNING
        return Condition.FINISHED if self.story.stopped else Condition.KILLED

    @property
    def projections(self) -> "Projections":
        """What the events add up to."""
        return self.story.fold.projections

    @property
    def present(self) -> int:
        """The time up to which it is known: now while it runs on live data, else that of its last event."""
        live = self.writer and self.started.mode != "backtest"
        return max(self.now, self.projections.time) if live else self.projections.time

    @property
    def fresh(self) -> "SessionStats | None":
        """The statistics where they stand for the present, None where they don't."""
        return self.stats if self.stats_age_s is not None and self.stats_age_s <= FRESH_S else None

    def open_trades(self) -> list[Trade]:
        """Return the trades that are not closed, oldest first."""
        return self.projections.open_trades()

    def closed_trades(self) -> list[Trade]:
        """Return the closed trades that filled, oldest first."""
        closed = (trade for trade in self.projections.trades.values() if trade.state is TradeState.CLOSED)
        return [trade for trade in closed if any(leg.bought or leg.sold for leg in trade.legs)]


def session_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument and options that name a session, as ``path``, ``session`` and ``config_files``."""
    function = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(function)
    return click.argument("path", required=False, type=click.Path(path_type=Path))(journal_options(function))


def read_session(config_files: tuple[Path, ...], session: str | None, path: Path | None) -> SessionReading:
    """Read the session that a command line means.

    Raises:
        NothingThere: There is none.
        JournalError: Its journal can't be read.
    """
    place = find_journal(config_files, session, path)
    _require_files(place.location)

    def read(journal: "Journal") -> SessionReading:
        story = Story()
        _read_on(story, journal)
        writer = journal.writer()
        if not writer:
            _read_on(story, journal)  # it may have stored its end in between; nobody stores more now
        if story.started is None:
            raise NothingThere(
                f"{journal.location()} holds no session yet",
                "it is starting, or was ended while it did; `arb events` shows what there is",
            )
        now = time.time_ns()
        stats = _stats(place) if writer else None
        return SessionReading(
            location=journal.location(),
            started=story.started,
            story=story,
            writer=writer,
            stats=stats,
            stats_age_s=max(now - stats.time, 0) / 1e9 if stats else None,
            now=now,
        )

    return place.read(read)


def _read_on(story: Story, journal: "Journal") -> None:
    from arbcore.journal.codec import decode

    for event in journal.read(story.fold.projections.sequence + 1):
        story.add(decode(event.body))


def _require_files(location: Path) -> None:
    """Refuse a folder in which nothing ever ran.

    Raises:
        NothingThere: The folder is empty.
    """
    if location.is_dir() and not any(location.iterdir()):
        raise NothingThere(f"{location} is empty: no session ran there", "start one with `arb run`")


def _stats(place: JournalPlace) -> "SessionStats | None":
    """Return the latest statistics; they help, but nothing needs them, so what can't be read is none."""
    from msgspec import MsgspecError, json

    from arbcore.runtime.folder import SessionFolder
    from arbcore.runtime.stats import SessionStats

    folder = place.location if place.location.is_dir() else place.location.parent
    try:
        return json.decode(SessionFolder(folder).stats.read_bytes(), type=SessionStats)
    except (OSError, MsgspecError):
        return None
