"""Paper sessions as evidence: how long this configuration ran on paper without trouble, by the journals themselves."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from arbcore.config import Config, RawConfig, load, validate
from arbcore.errors import ArbcoreError, PluginError
from arbcore.journal.codec import decode
from arbcore.live.refusal import Refusal
from arbcore.model.events import (
    AlertRaised,
    DriftDetected,
    EngineModeChanged,
    EngineStarted,
    EngineStopped,
    Envelope,
    Event,
    QuarantineCompleted,
    QuarantineStarted,
    ReconciliationPerformed,
    StrategyStopped,
    TradeClosed,
    TradeFrozen,
)
from arbcore.model.reason import Reason
from arbcore.model.state import EngineState, Severity
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins, settings_model_of
from arbcore.runtime.clock import WallClock
from arbcore.runtime.folder import SessionFolder
from arbcore.settings import PluginSettings

_HOUR: Final = 3600 * 10**9
_SHOWN: Final = 3
_DECIDING: Final = ("strategies", "risk", "policies", "rates", "execution")
"""Sections that decide what is traded; venues, journals and sinks may differ between paper and live."""
_SAME: Final = frozenset({"strategy", "risk", "policy", "rate"})
"""Kinds of plugins whose settings must be readable to tell that a configuration is the same."""


class _Unread(PluginSettings, extra="allow"):
    """Settings of a plugin that decides nothing here, and that need not be installed."""


@dataclass(slots=True)
class PaperRun:
    """A session from a start to its end, as its journal tells it.

    Attributes:
        start: Engine time of its start.
        end: Engine time of its last event.
        stopped: Whether it was stopped in order.
        faults: What went wrong and can't be made good.
        open: What went wrong and may still be made good, by what it concerns.
    """

    start: int
    end: int
    stopped: bool = False
    faults: list[str] = field(default_factory=list)
    open: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def troubles(self) -> list[str]:
        """Why it is not clean, empty where it is."""
        return [*self.faults, *self.open.values()]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the paper journals of a project show.

    Attributes:
        clean_ns: Time of clean paper sessions of the configuration.
        notes: Why others do not count, the newest first.
    """

    clean_ns: int
    notes: tuple[str, ...]


async def paper_gate(config: Config, plugins: Plugins, override: str) -> list[Refusal]:
    """Refuse production before the configuration ran cleanly on paper for long enough.

    Args:
        config: The checked config.
        plugins: Its plugins.
        override: Typed reason to go on all the same; a blank one is none.
    """
    wanted = config.live.min_paper_hours
    if config.session.environment != "production" or wanted <= 0 or override.strip():
        return []
    found = await evidence(config, plugins)
    if found.clean_ns >= wanted * _HOUR:
        return []
    why = "".join(f"\n    {note}" for note in found.notes[:_SHOWN])
    what = f"{found.clean_ns / _HOUR:.1f} h of clean paper of this configuration, {wanted:g} h are wanted{why}"
    fix = "run it on paper in the environment production, or say why not: --without-paper REASON"
    return [Refusal("live.min_paper_hours", what, fix)]


def same_trading(config: Config) -> str:
    """Return a hash of what decides the trading: strategies, risk, policies, rates, execution, and on which venues.

    Two configs with one hash trade alike, whatever their mode, balances, journals and keys are.
    """
    values = config.values()
    told: dict[str, list[Any]] = {name: list(values[name].items()) for name in _DECIDING if name in values}
    told["venues"] = [(name, instance.use) for name, instance in config.exchanges.items()]
    told["base"] = [("currency", config.session.base_currency)]
    return sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


async def evidence(config: Config, plugins: Plugins) -> Evidence:
    """Read the paper journals of a project.

    Args:
        config: The config that is to trade live; its project's sessions are looked at.
        plugins: Its plugins.
    """
    clean, notes = 0, []
    for folder in _session_folders(config.folder / "sessions"):
        try:
            runs = await _runs_in(folder, config, plugins)
        except ArbcoreError as error:
            notes.append(f"{folder.path.name} can't be read: {error.what.splitlines()[0]}")
            continue
        clean += sum(run.end - run.start for run in runs if not run.troubles)
        told = [f"{folder.path.name} does not count: {'; '.join(run.troubles)}" for run in runs if run.troubles]
        notes += told
    return Evidence(clean, tuple(notes))


def _session_folders(parent: Path) -> list[SessionFolder]:
    """Return the folders of sessions that kept their config, the newest names first."""
    found = sorted(parent.iterdir(), key=lambda path: path.name, reverse=True) if parent.is_dir() else []
    folders = (SessionFolder(path) for path in found)
    return [folder for folder in folders if folder.config.is_file()]


async def _runs_in(folder: SessionFolder, live: Config, plugins: Plugins) -> list[PaperRun]:
    """Return the paper runs in a folder if they are of the wanted configuration, none otherwise.

    Raises:
        ArbcoreError: The journal can't be read.
    """
    config = _validated(load([folder.config], {}, folder=live.folder), plugins)
    if config is None or config.journal is None or same_trading(config) != same_trading(live):
        return []
    if (config.session.mode, config.session.environment) != ("paper", "production"):
        return []
    pipeline = Pipeline(
        config=config, plugins=plugins, mode="paper", clock=WallClock(), folder=folder.path, secrets="none"
    )
    async with pipeline.journal_reader(Path(pipeline.journal().location())) as journal:
        return runs_of((decode(event.body) for event in journal.read()), running=bool(journal.writer()))


def _validated(raw: RawConfig, plugins: Plugins) -> Config | None:
    """Return the config of an earlier session; None where it used a strategy or tier that this one does not."""

    def model(kind: str, name: str) -> type[PluginSettings]:
        try:
            return settings_model_of(plugins.get(kind, name))
        except PluginError:
            if kind in _SAME:
                raise
            return _Unread

    try:
        return validate(raw, model)
    except ArbcoreError:
        return None


def runs_of(events: Iterable[Envelope], *, running: bool) -> list[PaperRun]:
    """Return the paper runs that events tell.

    Args:
        events: Every event of a journal, in order.
        running: Whether the newest run still goes on.
    """
    runs: list[PaperRun] = []
    counted = False
    for envelope in events:
        if isinstance(envelope.event, EngineStarted):
            counted = envelope.event.mode == "paper"
            if counted:
                runs.append(PaperRun(envelope.time, envelope.time))
        elif counted:
            runs[-1].end = envelope.time
            _judge(runs[-1], envelope.event)
    for run in runs:
        if not run.stopped and not (running and run is runs[-1]):
            run.faults.append("it ended without being stopped")
    return runs


def _judge(run: PaperRun, event: Event) -> None:
    fault = _fault(event)
    if fault:
        run.faults.append(fault)
    elif isinstance(event, EngineStopped):
        run.stopped = True
    else:
        _pend(run.open, event)


def _fault(event: Event) -> str:
    """Return what went wrong and can't be made good, empty for nothing."""
    match event:
        case EngineModeChanged(after=EngineState.HALTED, reason=reason):
            return f"halted ({reason})"
        case AlertRaised(severity=Severity.P0, rule=rule):
            return f"alert {rule}"
        case StrategyStopped(strategy=strategy, reason=Reason.STRATEGY_ERROR):
            return f"strategy {strategy} failed"
    return ""


def _pend(pending: dict[tuple[str, str], str], event: Event) -> None:
    """Add what has to be made good, and take away what an event makes good."""
    match event:
        case TradeFrozen(trade=trade):
            pending["trade", trade] = f"trade {trade} stayed frozen"
        case TradeClosed(trade=closed):
            pending.pop(("trade", closed.id), None)
        case QuarantineStarted(subject=subject):
            pending["quarantine", subject] = f"{subject} stayed in quarantine"
        case QuarantineCompleted(subject=subject):
            pending.pop(("quarantine", subject), None)
        case DriftDetected(venue=venue, subject=subject):
            pending[f"drift {venue}", subject] = f"drift of {subject}"
        case ReconciliationPerformed(venue=venue, drifts=0):
            for key in [key for key in pending if key[0] == f"drift {venue}"]:
                del pending[key]
