"""A whole replay: a session's own config, instruments, recording and journal, and the code that is installed now."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, json

from arbcore.config import Config
from arbcore.data.dataset import find_datasets
from arbcore.data.recorder import recover
from arbcore.data.source import open_source
from arbcore.errors import DataError, JournalError, SafetyError
from arbcore.journal.codec import decode
from arbcore.model.events import EngineStarted, EngineStopped
from arbcore.model.instrument import Instrument
from arbcore.model.market import MarketInput
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins
from arbcore.ports.journal import Journal, RunMetadata, StoredEvent
from arbcore.runtime.backtest import DataClock
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.folder import SessionFolder
from arbcore.runtime.loop import Loop
from arbcore.runtime.replay import Bounds, Comparison, Divergence, replay


class Difference(Struct, frozen=True, kw_only=True):
    """Where a replay first decided otherwise than its session did.

    Attributes:
        sequence: Number of the event.
        time: Engine time of what the replay made, UTC nanoseconds.
        stored_type: Type of the event in the journal, empty where it holds none any more.
        made_type: Type of the event that the replay made.
        fields: What differs: the stored and the made value by field.
    """

    sequence: int
    time: int
    stored_type: str
    made_type: str
    fields: dict[str, tuple[Any, Any]]


class ReplayResult(Struct, frozen=True, kw_only=True):
    """What a replay found.

    Attributes:
        schema_version: Version of this record.
        session: Session name.
        events: Events in the journal.
        compared: Events that were made again and found equal, byte for byte.
        identical: Whether all were.
        difference: The first one that was not; None where all that could be compared were equal.
        changed: What is not as it was when the session ran: code, plugins, Python.
        notes: Why less was compared than the journal holds.
    """

    schema_version: int = 1
    session: str
    events: int
    compared: int
    identical: bool
    difference: Difference | None
    changed: list[str]
    notes: list[str]


def replay_session(
    config: Config, plugins: Plugins, folder: SessionFolder, journal: Journal, *, changed_code: bool = False
) -> ReplayResult:
    """Run a session again and compare every decision.

    Args:
        config: The session's own config.
        plugins: Its plugins, as they are installed now.
        folder: The session's folder.
        journal: Its journal, open for reading.
        changed_code: Whether to go on where code is not what it was.

    Returns:
        What was found.

    Raises:
        SafetyError: Code or plugins are not what they were, and nobody said to go on.
        JournalError: The journal holds no session, or the session is running.
        DataError: There is no recording, or it is damaged.
    """
    run = _finished_run(journal)
    clock = DataClock()
    pipeline = Pipeline(config=config, plugins=plugins, mode="replay", clock=clock, folder=folder.path, secrets="none")
    changed = changes(run, pipeline.metadata())
    if changed and not changed_code:
        raise SafetyError(
            "this is not the code that the session ran:\n    " + "\n    ".join(changed),
            "install what it ran, or replay with --changed-code, which then tells the first decision that differs",
        )
    first = _Start(journal)
    instruments = folder.read_instruments()
    engine = pipeline.engine(instruments, run.mode, _epoch(journal))
    comparison = Comparison(first.events())
    loop = Loop(
        engine,
        pipeline.venues(instruments),
        {item.key: item.venue for item in instruments},
        EventLog(comparison),
        lambda _: None,
        act_after_storing=True,
    )
    clock.follow(engine.now)
    bounds = _bounds(first)
    recorded = _Recorded(folder, instruments, config, first.until)
    difference = None
    try:
        replay(loop, recorded.chunks(), (decode(event.body) for event in first.events()), bounds)
    except Divergence as divergence:
        difference = _difference(divergence)
    return _result(run, first, comparison, recorded, difference, changed, killed=bounds.stop is None)


def _epoch(journal: Journal) -> str:
    """Return the epoch under which a session gave its orders their ids."""
    events = (decode(stored.body).event for stored in journal.read())
    return next((event.epoch for event in events if isinstance(event, EngineStarted)), "0")


def changes(then: RunMetadata, now: RunMetadata) -> list[str]:
    """Return what is not as it was, one line each."""
    found = []
    for name in sorted(then.plugins.keys() | now.plugins.keys()):
        before, after = then.plugins.get(name), now.plugins.get(name)
        if before == after:
            continue
        found.append(f"{name}: {_version(before)} then, {_version(after)} now")
    if then.config_hash != now.config_hash:
        found.append(f"config: {then.config_hash} then, {now.config_hash} now")
    if then.python != now.python:
        found.append(f"Python: {then.python} then, {now.python} now")
    return found


def _version(version: tuple[str, str, str] | None) -> str:
    return f"{version[0]} {version[1]} (files {version[2][:12]})" if version else "not there"


class _Recorded:
    """The recorded market data of a session, and the time up to which it goes."""

    def __init__(
        self, folder: SessionFolder, instruments: Sequence[Instrument], config: Config, until: int | None
    ) -> None:
        root = folder.recording
        if not root.is_dir():
            raise DataError(
                f"{root} does not exist: this session kept no market data",
                "record it: session.record: true, and no --no-record",
            )
        recover(root)
        venues = {item.venue: item.venue for item in instruments}
        self._source = open_source(root, venues=venues) if find_datasets(root) else None
        self.last = 0
        self._until = until

    def chunks(self) -> Iterator[list[MarketInput]]:
        """Yield the inputs in order, up to the next start of the session."""
        for whole in self._source.chunks() if self._source else ():
            until = self._until
            chunk = whole if until is None else [item for item in whole if item.recv_ts < until]
            if chunk:
                self.last = chunk[-1].recv_ts
            yield chunk


def _finished_run(journal: Journal) -> RunMetadata:
    writer = journal.writer()
    if writer:
        raise JournalError(f"{journal.location()} is being written by {writer}", "stop the session first")
    runs = journal.runs()
    if not runs or journal.last() is None:
        raise JournalError(f"{journal.location()} holds no session", "name the folder of a session that ran")
    return runs[-1]


class _Start:
    """What the first start of a session stored: a later one goes on with a snapshot, which no replay makes again.

    Attributes:
        last: Its last event.
        next: Number of the event by which the next start began; 0 where there was only one.
        until: Engine time of that event; None where there was only one.
        total: Events of all starts.
    """

    def __init__(self, journal: Journal) -> None:
        newest = journal.last()
        self._journal = journal
        self.total = newest.sequence if newest else 0
        later = next((one for one in journal.read(2) if one.type == EngineStarted.__name__), None)
        self.next = 0 if later is None else later.sequence
        self.until = None if later is None else later.time
        self.last = newest if later is None else next(iter(journal.read(self.next - 1, self.next - 1)), None)

    def events(self) -> Iterator[StoredEvent]:
        """Return its events in order."""
        return self._journal.read(1, self.next - 1 if self.next else None)


def _bounds(start: _Start) -> Bounds:
    first, last = next(iter(start.events()), None), start.last
    started = decode(first.body) if first else None
    if started is None or last is None or not isinstance(started.event, EngineStarted):
        raise JournalError("the journal does not begin with the start of a session")
    newest = decode(last.body)
    return Bounds(started.time, newest if isinstance(newest.event, EngineStopped) else None)


def _difference(divergence: Divergence) -> Difference:
    stored, made = divergence.stored, divergence.made
    ours = json.decode(made.body)
    theirs = json.decode(stored.body) if stored else {}
    fields = dict(_fields(theirs, ours))
    return Difference(
        sequence=made.sequence,
        time=made.time,
        stored_type=stored.type if stored else "",
        made_type=made.type,
        fields=fields,
    )


def _fields(stored: dict[str, Any], made: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the paths at which two decoded events differ."""
    for name in sorted(stored.keys() | made.keys()):
        before, after = stored.get(name), made.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _fields(before, after, f"{prefix}{name}.")
        elif before != after:
            yield f"{prefix}{name}", (before, after)


def _result(
    run: RunMetadata,
    start: _Start,
    comparison: Comparison,
    recorded: _Recorded,
    difference: Difference | None,
    changed: list[str],
    *,
    killed: bool,
) -> ReplayResult:
    events = start.last.sequence if start.last else 0
    notes = []
    if killed:
        # What was received in the last moment was stored in the journal and not yet in the recording.
        notes.append("the session was killed: what it decided on data that was not yet written can't be compared")
        if difference is not None and difference.time > recorded.last:
            difference = None
    identical = difference is None and (killed or comparison.compared == events)
    if run.mode == "live" and difference is not None:
        at = f"event {difference.sequence} ({difference.stored_type or 'none'})"
        notes.append(
            f"a live session can be replayed up to {at} only: what its venues stated and reported is in the journal "
            "as what followed from it, and not as inputs that could be given again"
        )
        difference = None
    if start.next:
        notes.append(
            f"the session was gone on with at event {start.next}: from there on it followed from a snapshot, "
            f"and only its first start was compared, {events:,} events"
        )
    return ReplayResult(
        session=run.session,
        events=start.total,
        compared=comparison.compared,
        identical=identical and not start.next,
        difference=difference,
        changed=changed,
        notes=notes,
    )
