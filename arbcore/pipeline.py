"""The pipeline: from a checked config and its plugins to the objects that run. Hooks are called here, once."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version
from typing import Final, Literal

from arbcore.config import Config, Instance, InstanceKeys, resolve_secrets
from arbcore.config.engine import engine_settings
from arbcore.context import Clock, Context
from arbcore.engine.engine import Engine
from arbcore.engine.pilot import PILOT, PilotTier
from arbcore.errors import ConfigurationError
from arbcore.hooks import (
    CommonHooks,
    ExchangeHooks,
    FillHooks,
    NotifierHooks,
    PolicyHooks,
    RateHooks,
    RiskHooks,
    SinkHooks,
    StrategyHooks,
)
from arbcore.journal.memory import MemoryJournal
from arbcore.journal.reading import ReaderContext
from arbcore.model.instrument import Instrument
from arbcore.plugins import LoadedPlugin, Plugins, hooks_of, implements, kernel_version
from arbcore.ports.control import DoctorCheck
from arbcore.ports.fill import FillModel, LatencyModel
from arbcore.ports.journal import ControlStore, Journal, RunMetadata, Sink
from arbcore.ports.notify import Notifier
from arbcore.ports.policy import LegPolicy, Slicer
from arbcore.ports.rate import RateSource
from arbcore.ports.risk import RiskTier
from arbcore.ports.strategy import Strategy
from arbcore.ports.trading import Venue
from arbcore.ports.treasury import Treasury
from arbcore.ports.venue import Capabilities, Feed, SimVenue

_SINK: Final = "open_sink"
_CONTROL: Final = "open_control_store"
_NOTIFIER: Final = "build_notifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Builds what a config names.

    Attributes:
        config: The checked config.
        plugins: Its plugins.
        mode: ``backtest``, ``paper``, ``live`` or ``replay``.
        clock: The session's clock.
        folder: Folder of the session or result; instances get folders of their own below it.
        secrets: Which secrets are fetched: a backtest needs none, a paper session takes those that are there.
    """

    config: Config
    plugins: Plugins
    mode: str
    clock: Clock
    folder: Path
    secrets: Literal["none", "some", "all"] = "all"
    contexts: list[tuple[LoadedPlugin, Context]] = field(default_factory=list)
    """Context of every instance built so far, for the life-cycle hooks."""

    def strategies(self) -> dict[str, Strategy]:
        """Build the strategies, in order."""
        return {
            name: hooks_of(self._plugin(instance), StrategyHooks).build_strategy(
                settings=instance.settings, context=self._context(instance)
            )
            for name, instance in self.config.strategies.items()
        }

    def tiers(self, mode: str = "") -> list[tuple[str, RiskTier]]:
        """Build the risk tiers, in order; the caps of a live pilot come first.

        Args:
            mode: Mode of the session that they judge where it is not the pipeline's.
        """
        return self._pilot(mode or self.mode) + [
            (
                name,
                hooks_of(self._plugin(instance), RiskHooks).build_risk_tier(
                    settings=instance.settings, context=self._context(instance)
                ),
            )
            for name, instance in self.config.risk.items()
        ]

    def policies(self) -> dict[str, LegPolicy]:
        """Build the leg policies that entries and exits name.

        Raises:
            ConfigurationError: A plugin that is named there offers none.
        """
        wanted = self.config.execution
        names = {wanted.entry_policy: "entry_policy", wanted.exit_policy: "exit_policy"}
        return {
            name: hooks.build_leg_policy(settings=instance.settings, context=self._context(instance))
            for name, key in names.items()
            if name
            for instance, hooks in [self._policy(name, key, "build_leg_policy")]
        }

    def slicer(self) -> Slicer | None:
        """Build the slicer that cuts entries; None where the config names none.

        Raises:
            ConfigurationError: The plugin that is named there is no slicer.
        """
        if not (name := self.config.execution.slicer):
            return None
        instance, hooks = self._policy(name, "slicer", "build_slicer")
        return hooks.build_slicer(settings=instance.settings, context=self._context(instance))

    def _policy(self, name: str, key: str, hook: str) -> tuple[Instance[InstanceKeys], PolicyHooks]:
        instance = self.config.policies[name]
        loaded = self._plugin(instance)
        if not implements(loaded, hook):
            raise ConfigurationError(
                f"execution.{key}: {loaded} does not implement {hook}", "name an instance under policies that does"
            )
        return instance, hooks_of(loaded, PolicyHooks)

    def rate_sources(self) -> dict[str, RateSource]:
        """Build the sources of all conversion rates, in order.

        Raises:
            ConfigurationError: A rate has no source.
        """
        sources = {}
        for name, instance in self.config.rates.items():
            if not instance.use:
                raise ConfigurationError(
                    f"rates.{name} names no source, so nothing delivers it in a running session",
                    f"add `use`, for example rates: {{{name}: {{use: PLUGIN, max_age: 5s}}}}",
                )
            sources[name] = hooks_of(self._plugin(instance), RateHooks).open_rate_source(
                settings=instance.settings, context=self._context(instance)
            )
        return sources

    def feeds(self) -> dict[str, Feed]:
        """Build the feed of every exchange, in order.

        Raises:
            ConfigurationError: An exchange delivers no market data.
        """
        feeds = {}
        for name, instance in self.config.exchanges.items():
            hooks = hooks_of(self._plugin(instance), ExchangeHooks)
            if not hooks.capabilities(settings=instance.settings).market_data:
                raise ConfigurationError(
                    f"exchanges.{name}: the plugin {instance.use} delivers no market data",
                    "leave the exchange out, or name a plugin that does: see `arb plugins list --kind exchange`",
                )
            feeds[name] = hooks.open_feed(settings=instance.settings, context=self._context(instance))
        return feeds

    def capabilities(self, name: str) -> Capabilities:
        """Return what an exchange can do."""
        instance = self.config.exchanges[name]
        return hooks_of(self._plugin(instance), ExchangeHooks).capabilities(settings=instance.settings)

    def feed(self, name: str) -> Feed:
        """Build the feed of one exchange that delivers market data."""
        instance = self.config.exchanges[name]
        return hooks_of(self._plugin(instance), ExchangeHooks).open_feed(
            settings=instance.settings, context=self._context(instance)
        )

    def real_venue(self, name: str) -> Venue:
        """Build the venue of an exchange that takes real orders.

        Raises:
            ConfigurationError: The plugin opens none.
        """
        instance = self.config.exchanges[name]
        can = self.capabilities(name)
        if not can.trading or can.simulated:
            raise ConfigurationError(f"exchanges.{name}: the plugin {instance.use} takes no real orders")
        venue = hooks_of(self._plugin(instance), ExchangeHooks).open_venue(
            settings=instance.settings, context=self._context(instance)
        )
        if not isinstance(venue, Venue):
            raise ConfigurationError(f"exchanges.{name}: {instance.use} opens a simulated venue, not a real one")
        return venue

    def treasury(self, name: str) -> Treasury:
        """Build what reads wallets of an exchange and moves its money.

        Raises:
            ConfigurationError: The plugin opens none.
        """
        instance = self.config.exchanges[name]
        if not self.capabilities(name).treasury:
            raise ConfigurationError(f"exchanges.{name}: the plugin {instance.use} reads no wallets")
        return hooks_of(self._plugin(instance), ExchangeHooks).open_treasury(
            settings=instance.settings, context=self._context(instance)
        )

    def doctor_checks(self, instance: Instance[InstanceKeys]) -> Sequence[DoctorCheck]:
        """Return the checks that an instance's plugin brings, perhaps none."""
        loaded = self._plugin(instance)
        if not implements(loaded, "doctor_checks"):
            return ()
        return hooks_of(loaded, CommonHooks).doctor_checks(settings=instance.settings, context=self._context(instance))

    def notifiers(self) -> dict[str, Notifier]:
        """Build the notifiers, in order; plugins of that kind that only bring rules or commands have none."""
        return {
            name: hooks_of(self._plugin(instance), NotifierHooks).build_notifier(
                settings=instance.settings, context=self._context(instance)
            )
            for name, instance in self.config.notifiers.items()
            if implements(self._plugin(instance), _NOTIFIER)
        }

    def venues(self, instruments: tuple[Instrument, ...]) -> dict[str, SimVenue]:
        """Build a simulated venue for every exchange that has instruments; each gets models of its own.

        Raises:
            ConfigurationError: The config has no simulated venue, or its plugin's venue is not one.
        """
        paper = self.config.paper
        if paper is None:
            raise ConfigurationError(
                "the config has no section paper", "add paper: {use: paper, fill: ..., balances: ...}"
            )
        venues = {}
        for name in dict.fromkeys(instrument.venue for instrument in instruments):
            listed = tuple(item for item in instruments if item.venue == name)
            context = self._context(
                paper,
                venue=name,
                instruments=listed,
                balances=paper.keys.balances.get(name, {}),
                fill_model=self._fill_model(paper.keys.fill),
                latency_model=self._latency_model(paper.keys.latency),
            )
            venue = hooks_of(self._plugin(paper), ExchangeHooks).open_venue(settings=paper.settings, context=context)
            if not isinstance(venue, SimVenue):
                raise ConfigurationError(f"paper.use: {paper.use} opens a real venue, not a simulated one")
            venues[name] = venue
        return venues

    def journal(self) -> Journal:
        """Build the journal: the config's, or one that leaves nothing behind where a backtest wants that."""
        chosen = self.config.journal
        if chosen is None or (self.mode == "backtest" and self.config.backtest.journal == "memory"):
            return MemoryJournal()
        return hooks_of(self._plugin(chosen), SinkHooks).open_journal(
            settings=chosen.settings, context=self._context(chosen)
        )

    def control_store(self) -> ControlStore | None:
        """Build the store through which other processes give commands; None where the journal's plugin has none."""
        chosen = self.config.journal
        if chosen is None or not implements(self._plugin(chosen), _CONTROL):
            return None
        context = self._context(chosen)
        self.contexts.pop()  # the instance is the journal's, whose context the life-cycle hooks get already
        return hooks_of(self._plugin(chosen), SinkHooks).open_control_store(settings=chosen.settings, context=context)

    def journal_reader(self, location: Path) -> Journal:
        """Build the config's journal for reading, without its lease.

        Raises:
            ConfigurationError: The config names no journal.
        """
        chosen = self.config.journal
        if chosen is None:
            raise ConfigurationError("the config names no journal", "add a section `journal` that names a plugin")
        given = self._context(chosen)
        common = {field.name: getattr(given, field.name) for field in fields(given) if field.init}
        context = ReaderContext(**common | {"mode": ""}, location=location)
        return hooks_of(self._plugin(chosen), SinkHooks).open_journal(settings=chosen.settings, context=context)

    def sinks(self) -> dict[str, Sink]:
        """Build the sinks, in order.

        Raises:
            ConfigurationError: A plugin under `sinks` is no sink.
        """
        built = {}
        for name, instance in self.config.sinks.items():
            loaded = self._plugin(instance)
            if not implements(loaded, _SINK):
                raise ConfigurationError(f"sinks.{name}: {loaded} stores journals and is no sink")
            built[name] = hooks_of(loaded, SinkHooks).open_sink(
                settings=instance.settings, context=self._context(instance)
            )
        return built

    def plan(self, instruments: tuple[Instrument, ...]) -> tuple[Instrument, ...]:
        """Return the instruments that the strategies' routes would trade, of everything that venues list.

        An engine of its own is asked and dropped, so that the session's holds nothing that never gets a price.
        """
        used = self.drawn(instruments).used
        return tuple(item for item in instruments if item.key in used)

    def drawn(self, instruments: tuple[Instrument, ...]) -> Engine:
        """Build an engine that nobody runs, to ask it what routes, sizes and instruments would be."""
        return replace(self, contexts=[]).engine(instruments)

    def engine(self, instruments: tuple[Instrument, ...], mode: str = "", epoch: str = "0") -> Engine:
        """Build the engine with its strategies, tiers and policies.

        Args:
            instruments: Every instrument.
            mode: Mode that its events state where it is not the pipeline's: a replay repeats those of its session.
            epoch: Id of this start within every client order id: a running session takes one of its own each time.
        """
        accepts_for = {name: self.capabilities(name).accepts_for_ns for name in self.config.exchanges}
        settings = engine_settings(self.config, mode or self.mode, epoch, accepts_for)
        strategies, tiers = self.strategies(), self.tiers(settings.mode)
        return Engine(settings, instruments, strategies, tiers, self.policies(), self.slicer())

    def _pilot(self, mode: str) -> list[tuple[str, RiskTier]]:
        """Return the kernel's own tier, first in the chain: the caps of a live pilot, where there are any."""
        caps = self.config.live.pilot
        if mode != "live" or (caps.notional is None and caps.trades_per_day is None):
            return []
        return [(PILOT, PilotTier(caps.notional, caps.trades_per_day))]

    def metadata(self) -> RunMetadata:
        """Return what runs: wall time, versions and hashes, which stay outside the hash chain."""
        return RunMetadata(
            session=self.config.session.name,
            mode=self.mode,
            started_wall=datetime.now(UTC).isoformat(timespec="seconds"),
            python=python_version(),
            plugins=self.versions(),
            config_hash=self.config.hash,
        )

    def versions(self) -> dict[str, tuple[str, str, str]]:
        """Return distribution, version and hash of the files of every plugin and of the kernel, by ``kind:name``."""
        return self.plugins.versions() | {"kernel:arbcore": kernel_version()}

    def _fill_model(self, name: str) -> FillModel:
        instance = self.config.fills[name]
        return hooks_of(self._plugin(instance), FillHooks).build_fill_model(
            settings=instance.settings, context=self._context(instance)
        )

    def _latency_model(self, name: str | None) -> LatencyModel | None:
        if not name:
            return None
        instance = self.config.latencies[name]
        return hooks_of(self._plugin(instance), FillHooks).build_latency_model(
            settings=instance.settings, context=self._context(instance)
        )

    def _plugin(self, instance: Instance[InstanceKeys]) -> LoadedPlugin:
        return self.plugins.get(instance.kind, instance.use)

    def secrets_of(self, instance: Instance[InstanceKeys]) -> frozenset[str]:
        """Return the settings of an instance whose secrets are to be had; never their values."""
        return frozenset(resolve_secrets(instance, os.environ, self.config.folder, required=False))

    def _context(self, instance: Instance[InstanceKeys], **more: object) -> Context:
        session = self.config.session
        required = self.secrets == "all"
        secrets = (
            {}
            if self.secrets == "none"
            else resolve_secrets(instance, os.environ, self.config.folder, required=required)
        )
        context = Context(
            instance=instance.id,
            session=session.name,
            mode=self.mode,
            environment=session.environment,
            base_currency=session.base_currency,
            clock=self.clock,
            logger=logging.getLogger(f"arbcore.{instance.kind}.{instance.id}"),
            data_dir=self.folder,
            secrets=secrets,
            **more,  # type: ignore[arg-type]
        )
        self.contexts.append((self._plugin(instance), context))
        return context
