"""Events of the engine itself: life cycle, modes, configuration, guards, alerts."""

from typing import ClassVar

from msgspec import field

from arbcore.model.command import AnyCommand
from arbcore.model.events.base import Event
from arbcore.model.state import EngineState, Severity


class EngineStarted(Event, frozen=True):
    """A session began.

    Attributes:
        session: Session name.
        mode: ``backtest``, ``paper``, ``live`` or ``replay``.
        base_currency: Currency of all results.
        config_hash: Hash of the validated configuration without secrets.
        strategies: Instance ids.
        instruments: Keys of the instruments that a route trades.
        epoch: Id of this start within every client order id that it gives.
        resumed: Whether it goes on with what an earlier start left in the same journal.
    """

    session: str
    mode: str
    base_currency: str
    config_hash: str
    strategies: tuple[str, ...]
    instruments: tuple[str, ...]
    epoch: str = "0"
    resumed: bool = False


class EngineStopped(Event, frozen=True):
    """The session ended."""

    reason: str


class EnginePaused(Event, frozen=True):
    """Entries and exits by strategies stopped."""

    reason: str = ""


class EngineResumed(Event, frozen=True):
    """The engine runs again."""


class EngineModeChanged(Event, frozen=True):
    """The engine moved between its states."""

    before: EngineState
    after: EngineState
    reason: str
    source: str


class ManualOverrideExecuted(Event, frozen=True):
    """An operator overrode a rule.

    Attributes:
        command_id: The command by which; empty where it was said before the session began.
        issued_by: Who did.
        rule: Reason code of the rule, or the key of the config that states it.
        reason: The typed reason.
    """

    KEY: ClassVar[str] = "the command's id"
    command_id: str
    issued_by: str
    rule: str
    reason: str


class RiskGuardRejected(Event, frozen=True):
    """A risk tier refused an intent.

    Attributes:
        tier: Instance id of the tier that made the final decision.
        first_tier: Instance id of the tier that objected first.
        verdict: ``block``, ``cool_down``, ``degrade``, ``halt`` or ``flatten``.
        reason: Reason code.
        strategy: Instance id of the strategy.
        route: Id of the route.
        notional: Value asked for in base currency, as text.
    """

    tier: str
    first_tier: str
    verdict: str
    reason: str
    strategy: str
    route: str
    notional: str


class RiskVerdictIssued(Event, frozen=True):
    """A risk tier acted on the session as a whole."""

    tier: str
    verdict: str
    reason: str
    detail: str = ""


class ConfigChanged(Event, frozen=True):
    """Settings were changed while the session runs.

    Attributes:
        version: Number of the draft; 0 for a preset.
        changes: Value before and after, by key path.
        before: Hash of the config until then.
        after: Hash of the config from then on.
        issued_by: Who wanted it.
        parts: All settings of each part that changed, as JSON, by its place such as ``strategies.premium``.
    """

    KEY: ClassVar[str] = "the version of the draft, or the command's id"
    version: int
    changes: dict[str, str]
    before: str = ""
    after: str = ""
    issued_by: str = ""
    parts: dict[str, str] = field(default_factory=dict)


class CommandAccepted(Event, frozen=True):
    """A command was applied."""

    KEY: ClassVar[str] = "the command's id"
    command_id: str
    command: AnyCommand
    issued_by: str
    override: str = ""


class CommandFailed(Event, frozen=True):
    """A command was refused."""

    KEY: ClassVar[str] = "the command's id"
    command_id: str
    command: AnyCommand
    issued_by: str
    reason: str
    override: str = ""


class AlertRaised(Event, frozen=True):
    """Something a person should know.

    Attributes:
        rule: Name of the rule.
        severity: P0 to P3.
        source: What it concerns: a strategy, symbol, venue or tier.
        text: What happened and what to do.
    """

    KEY: ClassVar[str] = "the id of the trade that it is about, where it is about one"
    rule: str
    severity: Severity
    source: str
    text: str


class StrategyStarted(Event, frozen=True):
    """A strategy may open trades."""

    strategy: str


class StrategyStopped(Event, frozen=True):
    """A strategy opens nothing any more; its trades are still managed."""

    strategy: str
    reason: str
    detail: str = ""


class SymbolEnabled(Event, frozen=True):
    """A symbol may be traded."""

    symbol: str


class SymbolDisabled(Event, frozen=True):
    """Nothing is opened in a symbol any more."""

    symbol: str
    reason: str


class OpportunitySkipped(Event, frozen=True):
    """An episode in which a wish could not be followed: one event, however many quotes it lasted.

    Attributes:
        strategy: Instance id of the strategy.
        route: Id of the route.
        reason: Reason code.
        first: Engine time of the first skip.
        last: Engine time of the last skip.
        count: Number of skips.
        best_edge_bps: Best edge seen in the episode.
    """

    strategy: str
    route: str
    reason: str
    first: int
    last: int
    count: int
    best_edge_bps: float


class InputsRejected(Event, frozen=True):
    """An episode of inputs that were refused: one event per source and reason.

    Attributes:
        source: Instrument key or rate name.
        reason: Reason code.
        first: Engine time of the first.
        last: Engine time of the last.
        count: Number of inputs refused.
        sample: The first one, as text.
    """

    source: str
    reason: str
    first: int
    last: int
    count: int
    sample: str
