"""A validated config, and its hash."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

from arbcore.config.layers import RawConfig
from arbcore.config.sections import (
    INSTANCE_SECTIONS,
    KERNEL_SECTIONS,
    SCHEMA_VERSION,
    BacktestSettings,
    ExchangeKeys,
    ExecutionKeys,
    InstanceKeys,
    KeysSettings,
    LiveSettings,
    PaperKeys,
    PluginsSettings,
    RateKeys,
    SessionSettings,
    StrategyKeys,
)
from arbcore.net.health import HealthRules
from arbcore.settings import Finding, PluginSettings, Settings

Keys_co = TypeVar("Keys_co", bound=InstanceKeys, covariant=True)


def path_below(folder: Path, path: Path) -> Path:
    """Return a path of a config, counted from the project's folder."""
    return folder / path.expanduser()


@dataclass(frozen=True, slots=True)
class Instance(Generic[Keys_co]):
    """One configured plugin.

    Attributes:
        kind: Kind of the plugin.
        id: Id in the config; the section's name where the section is one instance.
        path: Key path in the config.
        keys: What the kernel reads.
        settings: What the plugin reads, its paths counted from the project's folder; a rate that only data sets
            provide has none of its own.
        stated: The same with the paths as the config states them.
    """

    kind: str
    id: str
    path: tuple[str, ...]
    keys: Keys_co
    settings: PluginSettings
    stated: PluginSettings

    @property
    def use(self) -> str:
        """Name of the plugin; empty for a rate that only data sets provide."""
        return self.keys.use

    def values(self) -> dict[str, Any]:
        """Return the kernel's keys and the settings together, as JSON values; of secrets only where they are kept."""
        return {**self.keys.model_dump(mode="json"), **self.stated.model_dump(mode="json")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a session is made of, checked. Mappings are in the order in which instances act.

    Attributes:
        raw: What it was made from, with origins.
        warnings: What is risky and was allowed.
    """

    session: SessionSettings
    exchanges: Mapping[str, Instance[ExchangeKeys]]
    strategies: Mapping[str, Instance[StrategyKeys]]
    rates: Mapping[str, Instance[RateKeys]]
    fills: Mapping[str, Instance[InstanceKeys]]
    latencies: Mapping[str, Instance[InstanceKeys]]
    paper: Instance[PaperKeys] | None
    risk: Mapping[str, Instance[InstanceKeys]]
    policies: Mapping[str, Instance[InstanceKeys]]
    journal: Instance[InstanceKeys] | None
    sinks: Mapping[str, Instance[InstanceKeys]]
    notifiers: Mapping[str, Instance[InstanceKeys]]
    backtest: BacktestSettings
    execution: ExecutionKeys
    health: HealthRules
    plugins: PluginsSettings
    live: LiveSettings
    keys: KeysSettings
    raw: RawConfig = field(repr=False)
    warnings: tuple[Finding, ...] = ()

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.raw.folder

    def path(self, text: str) -> Path:
        """Return a path of the config, counted from the project's folder."""
        return path_below(self.folder, Path(text))

    def instances(self) -> Iterator[Instance[InstanceKeys]]:
        """Yield every instance, section by section."""
        for section in INSTANCE_SECTIONS.values():
            value = getattr(self, section.name)
            if isinstance(value, Instance):
                yield value
            elif value:
                yield from value.values()

    def values(self) -> dict[str, Any]:
        """Return everything as JSON values, defaults included; of secrets only where they are kept."""
        values: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
        for name in KERNEL_SECTIONS:
            settings: Settings = getattr(self, name)
            values[name] = settings.model_dump(mode="json")
        for section in INSTANCE_SECTIONS.values():
            held = getattr(self, section.name)
            if isinstance(held, Instance):
                values[section.name] = held.values()
            elif held:
                values[section.name] = {identity: instance.values() for identity, instance in held.items()}
        return values

    @property
    def hash(self) -> str:
        """SHA-256 in hexadecimal over canonical JSON of the values.

        Keys are sorted, instances are lists in the order in which they act; secrets and origins are not in it. So
        equal configs have equal hashes, wherever their values were written. Where a backtest finds its data, where it
        keeps its events, and whether a session records its market data are not in it either: they decide nothing.
        """
        values = self.values()
        for place in ("data", "journal"):
            del values["backtest"][place]
        del values["session"]["record"]
        for name, section in INSTANCE_SECTIONS.items():
            if not section.single and name in values:
                values[name] = list(values[name].items())
        text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return sha256(text.encode()).hexdigest()
