"""The catalogue: every event and command by name, each a type of its own; codes of reasons in one form."""

import re
from inspect import getdoc, getmembers, isclass
from typing import get_args

import pytest

from arbcore.journal.upcast import tag
from arbcore.model import command, events
from arbcore.model.command import AnyCommand, Command
from arbcore.model.events import AnyEvent, Event
from arbcore.model.reason import Reason
from arbcore.model.state import CommandState, ConnectionState, Severity

FROM_THE_CATALOGUE = """
    EngineStarted EngineStopped EnginePaused EngineResumed EngineModeChanged ManualOverrideExecuted RiskGuardRejected
    ConfigChanged OrderIntended OrderPlaced OrderRejected OrderCancelled OrderUpdated TradeExecuted PositionChanged
    BalanceChanged FeeCharged FundingApplied InternalTransferRequested InternalTransferCompleted InternalTransferFailed
    DepositDetected WithdrawRequested WithdrawCompleted WithdrawFailed DriftDetected ReconciliationPerformed
    QuarantineStarted QuarantineCompleted WebSocketConnected WebSocketDisconnected WebSocketReconnected
"""
OURS = """
    IntentApproved IntentEnded TradeOpened TradeHedged TradeExiting TradeClosed TradeFrozen PnlReported
    RiskVerdictIssued VenueHealthChanged FxStateChanged AlertRaised CommandAccepted CommandFailed StrategyStarted
    StrategyStopped SymbolEnabled SymbolDisabled OpportunitySkipped InputsRejected InstrumentStatusChanged
    WebSocketStateChanged TradingTermsStated
"""
COMMANDS = """
    PauseEngine ResumeEngine SetEngineMode CancelAll RunReconcile RebuildProjection UpdateConfig PlaceOrder CancelOrder
    ClosePosition SetLeverage InternalTransfer Withdraw StopEntry Flatten StopSession EnableSymbol DisableSymbol
    StartStrategy StopStrategy ApplyPreset
"""


def own(kinds: list[type[Event]] | list[type[Command]]) -> set[type[Event] | type[Command]]:
    """Types of the kernel; tests may derive some of their own."""
    return {kind for kind in kinds if kind.__module__.startswith("arbcore.model.")}


def test_the_events_are_those_of_the_catalogue_and_ours() -> None:
    named = [kind.__name__ for kind in get_args(AnyEvent)]
    assert sorted(named) == sorted((FROM_THE_CATALOGUE + OURS).split())


def test_the_commands_are_those_of_the_catalogue() -> None:
    named = [kind.__name__ for kind in get_args(AnyCommand)]
    assert sorted(named) == sorted(COMMANDS.split())


def test_no_event_or_command_is_left_out_of_its_union() -> None:
    event_types = {kind for _, kind in getmembers(events, isclass) if issubclass(kind, Event)} - {Event}
    command_types = {kind for _, kind in getmembers(command, isclass) if issubclass(kind, Command)} - {Command}
    assert event_types == set(get_args(AnyEvent)) == own(Event.__subclasses__())
    assert command_types == set(get_args(AnyCommand)) == own(Command.__subclasses__())


@pytest.mark.parametrize("kind", [*get_args(AnyEvent), *get_args(AnyCommand)], ids=lambda kind: kind.__name__)
def test_every_type_has_its_name_as_tag_and_says_what_it_means(kind: type[Event | Command]) -> None:
    assert kind.__struct_config__.tag == (tag(kind) if issubclass(kind, Command) else kind.__name__)
    assert kind.__struct_config__.frozen
    assert getdoc(kind) not in {None, getdoc(Event), getdoc(Command)}
    assert kind.VERSION >= 1


def test_states_of_commands_connections_and_alerts() -> None:
    assert [state.value for state in CommandState] == ["NEW", "SENT", "ACK", "FAILED"]
    assert {state.value for state in ConnectionState} == {
        "DISCONNECTED",
        "CONNECTING",
        "CONNECTED",
        "RECONNECTING",
        "MUTE",
        "RESYNCING",
    }
    assert [severity.value for severity in Severity] == ["P0", "P1", "P2", "P3"]


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_is_a_category_and_a_condition(reason: Reason) -> None:
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)+", reason.value)
    assert reason.name == reason.value
    categories = {"EDGE", "EXIT", "BOOK", "INPUT", "DATA", "RATE", "SIZE", "BALANCE", "STATE", "SYMBOL", "STRATEGY"}
    assert reason.value.split("_")[0] in categories | {"RISK", "ORDER", "LEG", "CONNECTION", "VENUE", "MARKET"}
