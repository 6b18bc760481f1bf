"""A whole backtest: data, pipeline, loop, journal, sinks, result."""

import gc
from collections.abc import Sequence
from pathlib import Path

from arbcore.config import Config
from arbcore.data.source import BarRule, DataSource, open_source
from arbcore.errors import JournalError
from arbcore.model.events import Envelope
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins, session_started, session_stopped
from arbcore.ports.journal import Journal
from arbcore.runtime.backtest import Backtest, DataClock, Progress
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.observer import Observer
from arbcore.runtime.result import BacktestResult, RunFacts, summarise
from arbcore.runtime.tally import Tally
from arbcore.settings import format_duration


async def run_backtest(
    config: Config, plugins: Plugins, data: Path, results: Path, progress: Progress, started: Progress
) -> BacktestResult:
    """Run a config over the data sets of a folder.

    Args:
        config: The checked config.
        plugins: Its plugins.
        data: Folder of the data sets.
        results: Folder for what the run leaves behind.
        progress: Learns how many inputs were taken.
        started: Learns the number of rows before the first.

    Returns:
        The result.

    Raises:
        ArbcoreError: Config, plugins, data or journal are wrong; the message says what to do.
    """
    clock = DataClock()
    pipeline = Pipeline(config=config, plugins=plugins, mode="backtest", clock=clock, folder=results, secrets="none")
    offered = _open(config, data, None)
    engine = pipeline.engine(offered.instruments)
    source = _open(config, data, engine.used)
    instruments = tuple(item for item in offered.instruments if item.key in engine.used)
    venues, sinks = pipeline.venues(instruments), pipeline.sinks()
    started(source.rows)
    tally = Tally()
    async with pipeline.journal() as journal:
        _require_empty(journal)
        journal.start_run(pipeline.metadata())
        log = EventLog(journal)
        failures = session_started(pipeline.contexts)
        try:
            with Observer(sinks) as observer:

                def watch(events: Sequence[Envelope]) -> None:
                    tally.watch(events)
                    observer.watch(events)

                gc.freeze()  # what start-up made stays: later collections need not look at it
                run = Backtest(engine, venues, {item.key: item.venue for item in instruments}, log, watch, clock)
                run.run(source.chunks(), progress)
        finally:
            gc.unfreeze()
            failures += session_stopped(pipeline.contexts)
        facts = RunFacts(
            session=config.session.name,
            base_currency=config.session.base_currency,
            config_hash=config.hash,
            result_hash=log.hash,
            events=log.count,
            journal=journal.location(),
            notes=(*source.notes, *_rate_notes(config, source)),
            troubles=(
                *(f"sink {name} was set aside: {why}" for name, why in observer.failures.items()),
                *(str(failure) for failure in failures),
            ),
        )
    return summarise(run, source.hash, tally, facts)


def _require_empty(journal: Journal) -> None:
    """Refuse a journal with events, before anything is added to it: a backtest begins anew."""
    if journal.last() is not None:
        raise JournalError(
            f"{journal.location()} holds the events of an earlier run",
            "name another folder, for example with --out, or move that journal away",
        )


def _open(config: Config, data: Path, instruments: frozenset[str] | None) -> DataSource:
    settings = config.backtest
    return open_source(
        data,
        venues=_venues(config),
        instruments=instruments,
        rates=list(config.rates),
        bars=BarRule(dict(settings.half_spread_bps), settings.bar_depth_share),
        start=settings.start,
        end=settings.end,
    )


def _venues(config: Config) -> dict[str, str]:
    """Return exchange id by venue label: a data set belongs to the exchange of that id, else of that plugin."""
    labels = {instance.use: name for name, instance in reversed(list(config.exchanges.items()))}
    return labels | {name: name for name in config.exchanges}


def _rate_notes(config: Config, source: DataSource) -> list[str]:
    """State the largest age at which each rate was accepted: a wide one hides moves."""
    ages = {name: config.rates[name].keys.max_age for name in source.rates}
    return [f"rates:{name}: accepted for entries up to {format_duration(age)} old" for name, age in ages.items()]
