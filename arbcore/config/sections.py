"""The sections of a config: which hold plugin instances, which keys the kernel owns there, and the kernel's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from arbcore.engine.execution_settings import ExecutionSettings, LegOrder
from arbcore.net.health import HealthRules
from arbcore.settings import Environment, ExchangeId, FillId, LatencyId, PolicyId, Settings, Span, Timestamp

SCHEMA_VERSION: Final = 1
"""Version of the config's shape that this kernel reads."""

Amount = Annotated[Decimal, Field(ge=0)]
"""A quantity of money or coins that is not negative."""
Profile = Literal["local_dev", "paper", "staging", "live"]
"""How strict the checks are: ``local_dev`` warns where the others refuse."""
Mode = Literal["backtest", "paper", "live"]
"""What kind of session a config describes."""


class InstanceKeys(Settings):
    """Keys that the kernel owns on every instance; a settings model that declares one of them gets it too."""

    use: str = Field(min_length=1, description="Name of the plugin.")
    order: int | None = Field(default=None, description="Place among its kind; default 0.")


class StrategyKeys(InstanceKeys):
    """Keys that the kernel owns on a strategy."""

    presets: Mapping[str, Mapping[str, Any]] = Field(
        default={}, description="Named sets of settings, which `arb config preset` lays over it while it runs."
    )

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave presets out where there are none: they decide nothing then."""
        values: dict[str, Any] = handler(self)
        if not self.presets:
            values.pop("presets", None)
        return values


class ExchangeKeys(InstanceKeys):
    """Keys that the kernel owns on an exchange."""

    allot: Mapping[str, Amount] = Field(default={}, description="What the session may use there, by currency.")


class RateKeys(InstanceKeys):
    """Keys that the kernel owns on a rate. Without ``use`` the rate comes from data sets only."""

    use: str = Field(default="", description="Name of the plugin that delivers it; empty: only in data sets.")
    max_age: Span = Field(default=5_000_000_000, description="Oldest rate on which anything is entered.")


class PaperKeys(InstanceKeys):
    """Keys that the kernel owns on the simulated venue of backtests and paper sessions."""

    fill: FillId = Field(description="Id of the fill model.")
    latency: LatencyId = Field(default="", description="Id of the latency model; empty: no latency.")
    balances: Mapping[ExchangeId, Mapping[str, Amount]] = Field(
        default={}, description="Opening balances by exchange and currency."
    )


@dataclass(frozen=True, slots=True)
class InstanceSection:
    """A section that holds instances of plugins.

    Attributes:
        name: Key in the config.
        kind: Kind of its plugins.
        keys: The keys that the kernel owns on each instance.
        single: Whether it is one instance, its id being the section's name, instead of a mapping of them.
    """

    name: str
    kind: str
    keys: type[InstanceKeys] = InstanceKeys
    single: bool = False


INSTANCE_SECTIONS: Final = {
    section.name: section
    for section in (
        InstanceSection("exchanges", "exchange", ExchangeKeys),
        InstanceSection("strategies", "strategy", StrategyKeys),
        InstanceSection("rates", "rate", RateKeys),
        InstanceSection("fills", "fill"),
        InstanceSection("latencies", "fill"),
        InstanceSection("paper", "exchange", PaperKeys, single=True),
        InstanceSection("risk", "risk"),
        InstanceSection("policies", "policy"),
        InstanceSection("journal", "sink", single=True),
        InstanceSection("sinks", "sink"),
        InstanceSection("notifiers", "notifier"),
    )
}
"""Every section of plugin instances, in the order in which they are shown."""


class SessionSettings(Settings):
    """What the session is."""

    name: str = Field(default="default", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="Name, and folder.")
    mode: Mode = Field(default="paper", description="What it does; live also takes `live.enabled: true`.")
    environment: Environment = Field(default="production", description="Which exchanges it talks to.")
    profile: Profile = Field(default="paper", description="How strict the checks are.")
    base_currency: str = Field(default="USDT", min_length=1, description="Currency of all results.")
    record: bool = Field(default=True, description="Keep the market data of a running session, for `arb replay`.")


class BacktestSettings(Settings):
    """What a backtest runs on."""

    data: str | None = Field(default=None, description="Folder of the data sets, from the config's folder.")
    start: Timestamp | None = Field(default=None, description="First moment used; default: all.")
    end: Timestamp | None = Field(default=None, description="Moment before which it ends; default: all.")
    half_spread_bps: Mapping[ExchangeId, Annotated[float, Field(ge=0)]] = Field(
        default={}, description="Half of the spread that bars are given, by exchange, in basis points of the price."
    )
    bar_depth_share: float = Field(
        default=0.1, gt=0, le=1, description="Share of a bar's volume that is offered at the touch."
    )
    journal: Literal["memory", "config"] = Field(
        default="memory", description="Where its events go: memory, or the journal of the config."
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("start must lie before end")
        return self


class ExecutionKeys(Settings):
    """How intents become orders, and what becomes of legs that differ."""

    ttl: Span = Field(default=5_000_000_000, gt=0, description="Life of an order before it is cancelled.")
    legs: Literal["parallel", "lead", "maker"] = Field(
        default="parallel",
        description="Order of the legs: all at once; one first and the others by what it filled; or one that rests.",
    )
    lead: ExchangeId = Field(default="", description="Exchange whose leg goes first; empty: the route's first leg.")
    entry_policy: PolicyId = Field(default="", description="Leg policy of entries; empty: what differs is unwound.")
    exit_policy: PolicyId = Field(default="", description="Leg policy of exits; empty: closing goes on.")
    slicer: PolicyId = Field(default="", description="Cuts large entries into parts; empty: in one.")
    repair_attempts: int = Field(default=8, ge=1, description="Repairs tried before a trade is frozen.")
    repair_wait: Span = Field(default=1_000_000_000, gt=0, description="Time between repairs.")
    slippage_bps: float = Field(default=10, gt=0, description="Allowance of the first repair; doubled by each further.")
    slippage_cap_bps: float = Field(default=200, gt=0, description="Largest allowance of a repair: its loss cap.")
    transfer_patience: Span = Field(
        default=3_600_000_000_000, gt=0, description="Time that withdrawn money may take to arrive elsewhere."
    )
    reconcile_every: Span = Field(
        default=45_000_000_000, ge=1_000_000_000, description="Time between comparisons with what venues state."
    )

    @model_validator(mode="after")
    def _within_the_cap(self) -> Self:
        if self.slippage_bps > self.slippage_cap_bps:
            raise ValueError("slippage_bps must not exceed slippage_cap_bps")
        return self

    def numbers(self, epoch: str) -> ExecutionSettings:
        """Return them as the engine takes them, with the id of a start."""
        return ExecutionSettings(
            epoch=epoch,
            ttl_ns=self.ttl,
            legs=LegOrder(self.legs),
            lead=self.lead,
            entry_policy=self.entry_policy,
            exit_policy=self.exit_policy,
            slicer=self.slicer,
            repair_attempts=self.repair_attempts,
            repair_wait_ns=self.repair_wait,
            repair_slippage_bps=self.slippage_bps,
            repair_slippage_cap_bps=self.slippage_cap_bps,
            reconcile_ns=self.reconcile_every,
            transfer_patience_ns=self.transfer_patience,
        )


class PluginsSettings(Settings):
    """Which distributions may provide which plugin."""

    allow: Mapping[str, str] = Field(
        default={}, description="`kind:name` to `distribution` or `distribution==version`; required live."
    )


class PilotSettings(Settings):
    """Caps for the first live trades."""

    notional: Amount | None = Field(default=None, description="Largest notional of a trade, in base currency.")
    trades_per_day: int | None = Field(default=None, ge=0, description="Most trades opened in a day.")


class LiveSettings(Settings):
    """Consent to real orders, and their first bounds."""

    # Strict, so that no text such as "yes" slips past the check of who may say it.
    enabled: bool = Field(default=False, strict=True, description="First of the two consents to live trading.")
    min_paper_hours: float = Field(default=24, ge=0, description="Clean paper hours required before production.")
    pilot: PilotSettings = Field(default=PilotSettings(), description="Caps for the first live trades.")


class KeysSettings(Settings):
    """What the user states about API keys where the venue does not tell."""

    withdraw: Literal["unknown", "none", "allowed"] = Field(
        default="unknown", description="Whether the keys may withdraw."
    )


KERNEL_SECTIONS: Final[Mapping[str, type[Settings]]] = {
    "session": SessionSettings,
    "backtest": BacktestSettings,
    "execution": ExecutionKeys,
    "health": HealthRules,
    "plugins": PluginsSettings,
    "live": LiveSettings,
    "keys": KeysSettings,
}
"""The sections that the kernel alone reads."""
