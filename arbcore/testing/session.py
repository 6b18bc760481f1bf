"""Sessions for tests and benchmarks: contexts, and whole backtests without files, config or plugin discovery."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from arbcore.context import Context
from arbcore.engine.engine import Engine
from arbcore.engine.parts import EngineSettings
from arbcore.journal.memory import MemoryJournal
from arbcore.model.events import Envelope
from arbcore.model.instrument import Instrument
from arbcore.model.market import MarketInput
from arbcore.ports.fill import FillModel, LatencyModel
from arbcore.ports.risk import RiskTier
from arbcore.ports.strategy import Strategy
from arbcore.ports.venue import SimVenue
from arbcore.runtime.backtest import Backtest, DataClock
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.tally import Tally


def make_context(
    instance: str,
    *,
    venue: str = "",
    instruments: Sequence[Instrument] = (),
    balances: Mapping[str, Decimal] | None = None,
    fill_model: FillModel | None = None,
    latency_model: LatencyModel | None = None,
    data_dir: Path = Path(),
    base_currency: str = "USDT",
) -> Context:
    """Return a context as the pipeline gives it to a factory.

    Args:
        instance: Instance id.
        venue: Exchange id that a simulated venue stands for.
        instruments: Instruments of that exchange.
        balances: Opening balances of a simulated venue.
        fill_model: Fill model of a simulated venue.
        latency_model: Latency model of a simulated venue.
        data_dir: The instance's folder.
        base_currency: Currency of all results.
    """
    return Context(
        instance=instance,
        session="test",
        mode="backtest",
        environment="simulator",
        base_currency=base_currency,
        clock=DataClock(),
        logger=logging.getLogger(f"arbcore.test.{instance}"),
        data_dir=data_dir,
        venue=venue,
        instruments=tuple(instruments),
        balances=dict(balances or {}),
        fill_model=fill_model,
        latency_model=latency_model,
    )


class Played(Struct, frozen=True):
    """A finished backtest.

    Attributes:
        run: The loop, with its counts.
        engine: The engine as it ended.
        tally: What the events add up to.
        events: Every event, in order; empty where they were not kept.
        hash: Hash of the event log.
    """

    run: Backtest
    engine: Engine
    tally: Tally
    events: list[Envelope]
    hash: str


def play(
    chunks: Iterable[list[MarketInput]],
    instruments: Sequence[Instrument],
    venues: Mapping[str, SimVenue],
    strategies: Mapping[str, Strategy],
    *,
    tiers: Sequence[tuple[str, RiskTier]] = (),
    rates: Mapping[str, int] | None = None,
    settings: EngineSettings | None = None,
    clock: DataClock | None = None,
    keep_events: bool = True,
) -> Played:
    """Run a backtest from objects.

    Args:
        chunks: Inputs in order.
        instruments: Every instrument.
        venues: Simulated venue by exchange id.
        strategies: Strategy by instance id.
        tiers: Risk tiers by instance id, in order.
        rates: Largest age for entries in nanoseconds by rate name, for settings that are made up.
        settings: Settings of the engine; made up where they are not given.
        clock: The run's clock, for plugins that were built with it.
        keep_events: Whether to keep the events for assertions.
    """
    made_up = EngineSettings(
        session="test", mode="backtest", base_currency="USDT", config_hash="", rates=dict(rates or {})
    )
    engine = Engine(settings or made_up, instruments, strategies, tiers)
    log, tally, kept = EventLog(MemoryJournal()), Tally(), list[Envelope]()

    def watch(events: Sequence[Envelope]) -> None:
        tally.watch(events)
        if keep_events:
            kept.extend(events)

    run = Backtest(engine, venues, {item.key: item.venue for item in instruments}, log, watch, clock or DataClock())
    run.run(chunks, lambda _: None)
    return Played(run, engine, tally, kept, log.hash)
