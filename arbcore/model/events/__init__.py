"""Events: the facts and decisions that a session's journal holds, one type each, versioned."""

from arbcore.model.events.audit import (
    DriftDetected,
    FxStateChanged,
    InstrumentStatusChanged,
    QuarantineCompleted,
    QuarantineStarted,
    ReconciliationPerformed,
    TradingTermsStated,
    VenueHealthChanged,
    WebSocketConnected,
    WebSocketDisconnected,
    WebSocketReconnected,
    WebSocketStateChanged,
)
from arbcore.model.events.base import Envelope, Event
from arbcore.model.events.engine import (
    AlertRaised,
    CommandAccepted,
    CommandFailed,
    ConfigChanged,
    EngineModeChanged,
    EnginePaused,
    EngineResumed,
    EngineStarted,
    EngineStopped,
    InputsRejected,
    ManualOverrideExecuted,
    OpportunitySkipped,
    RiskGuardRejected,
    RiskVerdictIssued,
    StrategyStarted,
    StrategyStopped,
    SymbolDisabled,
    SymbolEnabled,
)
from arbcore.model.events.money import (
    BalanceChanged,
    DepositDetected,
    FeeCharged,
    FundingApplied,
    InternalTransferCompleted,
    InternalTransferFailed,
    InternalTransferRequested,
    PositionChanged,
    WithdrawCompleted,
    WithdrawFailed,
    WithdrawRequested,
)
from arbcore.model.events.orders import (
    IntentApproved,
    IntentEnded,
    OrderCancelled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUpdated,
    PnlReported,
    TradeClosed,
    TradeExecuted,
    TradeExiting,
    TradeFrozen,
    TradeHedged,
    TradeOpened,
)

__all__ = [
    "AlertRaised",
    "AnyEvent",
    "BalanceChanged",
    "CommandAccepted",
    "CommandFailed",
    "ConfigChanged",
    "DepositDetected",
    "DriftDetected",
    "EngineModeChanged",
    "EnginePaused",
    "EngineResumed",
    "EngineStarted",
    "EngineStopped",
    "Envelope",
    "Event",
    "FeeCharged",
    "FundingApplied",
    "FxStateChanged",
    "InputsRejected",
    "InstrumentStatusChanged",
    "IntentApproved",
    "IntentEnded",
    "InternalTransferCompleted",
    "InternalTransferFailed",
    "InternalTransferRequested",
    "ManualOverrideExecuted",
    "OpportunitySkipped",
    "OrderCancelled",
    "OrderIntended",
    "OrderPlaced",
    "OrderRejected",
    "OrderUpdated",
    "PnlReported",
    "PositionChanged",
    "QuarantineCompleted",
    "QuarantineStarted",
    "ReconciliationPerformed",
    "RiskGuardRejected",
    "RiskVerdictIssued",
    "StrategyStarted",
    "StrategyStopped",
    "SymbolDisabled",
    "SymbolEnabled",
    "TradeClosed",
    "TradeExecuted",
    "TradeExiting",
    "TradeFrozen",
    "TradeHedged",
    "TradeOpened",
    "TradingTermsStated",
    "VenueHealthChanged",
    "WebSocketConnected",
    "WebSocketDisconnected",
    "WebSocketReconnected",
    "WebSocketStateChanged",
    "WithdrawCompleted",
    "WithdrawFailed",
    "WithdrawRequested",
]

AnyEvent = (
    AlertRaised
    | BalanceChanged
    | CommandAccepted
    | CommandFailed
    | ConfigChanged
    | DepositDetected
    | DriftDetected
    | EngineModeChanged
    | EnginePaused
    | EngineResumed
    | EngineStarted
    | EngineStopped
    | FeeCharged
    | FundingApplied
    | FxStateChanged
    | InputsRejected
    | InstrumentStatusChanged
    | IntentApproved
    | IntentEnded
    | InternalTransferCompleted
    | InternalTransferFailed
    | InternalTransferRequested
    | ManualOverrideExecuted
    | OpportunitySkipped
    | OrderCancelled
    | OrderIntended
    | OrderPlaced
    | OrderRejected
    | OrderUpdated
    | PnlReported
    | PositionChanged
    | QuarantineCompleted
    | QuarantineStarted
    | ReconciliationPerformed
    | RiskGuardRejected
    | RiskVerdictIssued
    | StrategyStarted
    | StrategyStopped
    | SymbolDisabled
    | SymbolEnabled
    | TradeClosed
    | TradeExecuted
    | TradeExiting
    | TradeFrozen
    | TradeHedged
    | TradeOpened
    | TradingTermsStated
    | VenueHealthChanged
    | WebSocketConnected
    | WebSocketDisconnected
    | WebSocketReconnected
    | WebSocketStateChanged
    | WithdrawCompleted
    | WithdrawFailed
    | WithdrawRequested
)
"""Every event that a journal may hold; decoding picks the type by its tag."""
