"""Switches: the engine's state, strategies and symbols, and every change of them as an event."""

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from arbcore.engine.output import Outbox
from arbcore.model.events import (
    AlertRaised,
    EngineModeChanged,
    EnginePaused,
    EngineResumed,
    Event,
    StrategyStarted,
    StrategyStopped,
    SymbolDisabled,
    SymbolEnabled,
)
from arbcore.model.reason import Reason
from arbcore.model.state import ALLOWED, Action, EngineState, Severity

if TYPE_CHECKING:
    from collections.abc import Callable


_OF_STRATEGIES: Final = frozenset({Action.ENTRY, Action.EXIT})


class SwitchesState(Struct, frozen=True, kw_only=True):
    """What `Switches` holds: the engine's state, what it is to become after booting, what is switched off."""

    state: EngineState
    wanted: EngineState
    stopped: list[str]
    disabled: list[str]


class Switches:
    """What may be done now.

    Args:
        outbox: Where events go.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox: Final = outbox
        self.state = EngineState.BOOTING
        self._wanted = EngineState.RUNNING
        self._ending = False
        self._stopped: Final[set[str]] = set()
        self._disabled: Final[set[str]] = set()
        self.stopped: Callable[[], None] = _nothing
        """Called when entries stop; set when the engine is wired."""
        self.winding_down: Callable[[], None] = _nothing
        """Called when the process is about to end; set when the engine is wired."""

    def allows(self, action: Action) -> bool:
        """Tell whether the engine's state lets an action through; towards the end no strategy does anything."""
        return action in ALLOWED[self.state] and not (self._ending and action in _OF_STRATEGIES)

    def wind_down(self) -> None:
        """Let strategies open and close nothing any more: the process ends. The next start has the present state."""
        self._ending = True
        self.winding_down()

    def obstacle(self, strategy: str, symbol: str) -> str:
        """Return the reason code that forbids an entry, empty where there is none."""
        if not self.allows(Action.ENTRY):
            return Reason.STATE_NO_ENTRY
        if strategy in self._stopped:
            return Reason.STRATEGY_STOPPED
        return Reason.SYMBOL_DISABLED if symbol in self._disabled else ""

    def start(self, reason: str) -> None:
        """Leave BOOTING, for the state that was asked for meanwhile, or else to run."""
        self._change(self._wanted, reason, "engine")

    def hold(self, reason: str) -> None:
        """Go back to BOOTING until `start`, which leads to the present state again."""
        if self.state is not EngineState.BOOTING:
            self._wanted = self.state
            self._change(EngineState.BOOTING, reason, "engine")

    def move(self, state: EngineState, reason: str, source: str) -> None:
        """Change the engine's state; while it boots, note the state that it is to take up then."""
        if self.state is EngineState.BOOTING:
            self._wanted = state
        else:
            self._change(state, reason, source)

    def _change(self, state: EngineState, reason: str, source: str) -> None:
        if state is self.state:
            return
        before, self.state = self.state, state
        if not self.allows(Action.ENTRY):
            self.stopped()
        self._outbox.emit(EngineModeChanged(before=before, after=state, reason=reason, source=source))
        if state is EngineState.PAUSED:
            self._outbox.emit(EnginePaused(reason=reason))
        elif state is EngineState.RUNNING and before is not EngineState.BOOTING:
            self._outbox.emit(EngineResumed())

    def start_strategy(self, strategy: str) -> None:
        """Let a strategy open trades."""
        self._stopped.discard(strategy)
        self._outbox.emit(StrategyStarted(strategy=strategy))

    def stop_strategy(self, strategy: str, reason: str, detail: str = "") -> None:
        """Let a strategy open nothing any more; its trades are still managed."""
        self._stopped.add(strategy)
        self._outbox.emit(StrategyStopped(strategy=strategy, reason=reason, detail=detail))

    def enable_symbol(self, symbol: str) -> None:
        """Let a symbol be traded."""
        self._disabled.discard(symbol)
        self._outbox.emit(SymbolEnabled(symbol=symbol))

    def disable_symbol(self, symbol: str, reason: str) -> None:
        """Open nothing in a symbol any more; its trades are still managed."""
        self._disabled.add(symbol)
        self._outbox.emit(SymbolDisabled(symbol=symbol, reason=reason))

    def state_of_all(self) -> SwitchesState:
        """Return all of it."""
        return SwitchesState(
            state=self.state, wanted=self._wanted, stopped=sorted(self._stopped), disabled=sorted(self._disabled)
        )

    def restore(self, state: SwitchesState) -> None:
        """Take over what an earlier `state_of_all` returned."""
        self.state, self._wanted = state.state, state.wanted
        self._stopped.update(state.stopped)
        self._disabled.update(state.disabled)

    def absorb(self, event: Event) -> None:
        """Take over what a journal tells, without telling it again."""
        match event:
            case EngineModeChanged(before=before, after=state):
                self.state = state
                if state is EngineState.BOOTING:
                    self._wanted = before
            case StrategyStarted(strategy=strategy):
                self._stopped.discard(strategy)
            case StrategyStopped(strategy=strategy):
                self._stopped.add(strategy)
            case SymbolEnabled(symbol=symbol):
                self._disabled.discard(symbol)
            case SymbolDisabled(symbol=symbol):
                self._disabled.add(symbol)

    def alert(self, rule: str, severity: Severity, source: str, text: str) -> None:
        """Tell people."""
        self._outbox.emit(AlertRaised(rule=rule, severity=severity, source=source, text=text))


def _nothing() -> None:
    """Do nothing: replaced when the engine is wired."""
