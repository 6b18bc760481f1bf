"""Commands: what an operator may do to a running engine, applied at most once each.

A command is checked first, then told as accepted, then carried out: whatever it leads to has its `CommandAccepted` as
cause, and one that can't be applied changes nothing but tells why.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from arbcore.engine.actions import Actions, Deed
from arbcore.engine.closing import Closing
from arbcore.engine.deciding import Deciding
from arbcore.engine.execution import Execution
from arbcore.engine.output import Outbox
from arbcore.engine.refusal import CommandRefused
from arbcore.engine.switches import Switches
from arbcore.model.command import (
    CancelAll,
    CancelOrder,
    ClosePosition,
    Command,
    CommandRequest,
    DisableSymbol,
    EnableSymbol,
    Flatten,
    InternalTransfer,
    PauseEngine,
    PlaceOrder,
    RebuildProjection,
    ResumeEngine,
    SetEngineMode,
    SetLeverage,
    StartStrategy,
    StopEntry,
    StopSession,
    StopStrategy,
    Withdraw,
)
from arbcore.model.effect import EndSession
from arbcore.model.events import CommandAccepted, CommandFailed, ManualOverrideExecuted
from arbcore.model.reason import Reason
from arbcore.model.state import EngineState

_MEMORY: Final = 10_000
"""Command ids remembered, so that none is applied twice."""

_BY_HAND: Final = (Flatten, ClosePosition, PlaceOrder)
"""Commands that move positions although a halted engine would not by itself."""

Check = Callable[[CommandRequest, Any], Deed | None]
"""Checks a command; returns what carries it out, None where it is answered when a venue has."""


class Commands:
    """Applies commands.

    Args:
        switches: The engine's state.
        outbox: Where events and effects go.
        deciding: Strategies and symbols that there are.
        closing: Closes trades.
        execution: Orders and trades in flight.
        actions: What only venues can do.
        checks: Checks of the commands that other parts carry out, by type.
    """

    def __init__(
        self,
        switches: Switches,
        outbox: Outbox,
        deciding: Deciding,
        closing: Closing,
        execution: Execution,
        actions: Actions,
        checks: Mapping[type[Command], Check],
    ) -> None:
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._deciding: Final = deciding
        self._closing: Final = closing
        self._execution: Final = execution
        self.actions: Final = actions
        self._seen: Final[dict[str, None]] = {}
        self.stopping: Callable[[], None] = _nothing
        """Called when the session is to end with its trades closed; set when the engine is wired."""
        self._ending = ""
        """Why the session ends once its last trade is closed; empty where it does not."""
        self._table: Final[Mapping[type[Command], Check]] = {**self._by_type(), **checks}

    def _by_type(self) -> Mapping[type[Command], Check]:
        return {
            PauseEngine: lambda request, _: self._move(EngineState.PAUSED),
            ResumeEngine: lambda request, _: self._move(EngineState.RUNNING),
            StopEntry: lambda request, _: self._move(EngineState.REDUCING),
            SetEngineMode: lambda request, command: self._move(command.state, command.reason),
            EnableSymbol: lambda request, command: self._enable(command),
            DisableSymbol: lambda request, command: self._disable(command),
            StartStrategy: lambda request, command: self._start(command),
            StopStrategy: lambda request, command: self._stop(command),
            Flatten: lambda request, command: self._flatten(command),
            ClosePosition: lambda request, command: self._close(command),
            CancelAll: lambda request, _: self._cancel_all,
            CancelOrder: lambda request, command: self._cancel(command),
            StopSession: lambda request, command: partial(self._end, request, flatten=command.flatten),
            RebuildProjection: lambda request, _: _nothing,
            SetLeverage: self.actions.set_leverage,
            InternalTransfer: self.actions.transfer,
            Withdraw: self.actions.withdraw,
        }

    def apply(self, request: CommandRequest) -> None:
        """Apply a command, or refuse it with a reason. A command that was seen before changes nothing."""
        if request.id in self._seen:
            return
        self.remember(request.id)
        try:
            deed = self._table[type(request.command)](request, request.command)
        except CommandRefused as refusal:
            self.refuse(request, str(refusal))
            return
        if deed is None:
            return
        accepted = CommandAccepted(
            command_id=request.id, command=request.command, issued_by=request.issued_by, override=request.override
        )
        self._outbox.emit(accepted, request.id)
        self._note_override(request)
        deed()

    def remember(self, command_id: str) -> None:
        """Take a command for one that was applied or refused: it is in the journal."""
        self._seen[command_id] = None
        if len(self._seen) > _MEMORY:
            del self._seen[next(iter(self._seen))]

    def state(self) -> tuple[list[str], str]:
        """Return the ids of the commands that were seen, and why the session ends once its last trade is closed."""
        return list(self._seen), self._ending

    def restore(self, seen: list[str], ending: str) -> None:
        """Take over what an earlier `state` returned."""
        self._seen.update(dict.fromkeys(seen))
        self._ending = ending

    def end_once_flat(self, issued_by: str) -> None:
        """Let the session end once its last trade is closed."""
        self._ending = f"stopped by {issued_by}"

    def trade_closed(self) -> None:
        """End the session if it waited for its last trade."""
        if self._ending and not self._execution.trades:
            self._outbox.effect(EndSession(self._ending))

    def stopped(self) -> None:
        """Take note that the session stops: one that is flat has done what it was to do, and may go on later."""
        if not self._execution.trades:
            self._ending = ""

    def refuse(self, request: CommandRequest, reason: str) -> None:
        """Tell that a command was not applied."""
        failed = CommandFailed(
            command_id=request.id,
            command=request.command,
            issued_by=request.issued_by,
            reason=reason,
            override=request.override,
        )
        self._outbox.emit(failed, request.id)

    def _note_override(self, request: CommandRequest) -> None:
        """Record what is done by hand although a halted engine would not do it by itself."""
        if self._switches.state is EngineState.HALTED and isinstance(request.command, _BY_HAND):
            places = isinstance(request.command, PlaceOrder)
            event = ManualOverrideExecuted(
                command_id=request.id,
                issued_by=request.issued_by,
                rule=Reason.STATE_NO_ENTRY if places else Reason.STATE_NO_EXIT,
                reason=request.override,
            )
            self._outbox.emit(event, request.id)

    def _move(self, state: EngineState, reason: str = Reason.EXIT_COMMAND) -> Deed:
        if state is EngineState.BOOTING:
            raise CommandRefused("no command leads back to BOOTING")
        return lambda: self._switches.move(state, reason, "operator")

    def _enable(self, command: EnableSymbol) -> Deed:
        symbol = self._symbol(command.symbol)
        return lambda: self._switches.enable_symbol(symbol)

    def _disable(self, command: DisableSymbol) -> Deed:
        symbol = self._symbol(command.symbol)
        return lambda: self._switches.disable_symbol(symbol, command.reason)

    def _start(self, command: StartStrategy) -> Deed:
        strategy = self._strategy(command.strategy)
        if strategy in self._deciding.failed:
            raise CommandRefused(f"strategy {strategy} raised an error: mend it and start a new session")
        return lambda: self._switches.start_strategy(strategy)

    def _stop(self, command: StopStrategy) -> Deed:
        strategy = self._strategy(command.strategy)
        return lambda: self._switches.stop_strategy(strategy, command.reason)

    def _symbol(self, symbol: str) -> str:
        known = {route.spec.symbol: None for route in self._deciding.routes.values()}
        if symbol not in known:
            raise CommandRefused(f"no route trades the symbol {symbol!r}; there are: {', '.join(known)}")
        return symbol

    def _strategy(self, strategy: str) -> str:
        if strategy not in self._deciding.strategies:
            known = ", ".join(self._deciding.strategies)
            raise CommandRefused(f"there is no strategy {strategy!r}; there are: {known}")
        return strategy

    def _flatten(self, command: Flatten) -> Deed:
        symbol = command.symbol and self._symbol(command.symbol)
        strategy = command.strategy and self._strategy(command.strategy)
        return lambda: self._closing.order(symbol=symbol, strategy=strategy)

    def _close(self, command: ClosePosition) -> Deed:
        if command.trade not in self._execution.trades:
            raise CommandRefused(f"there is no open trade {command.trade!r}; `arb trades` lists them")
        return lambda: self._closing.order(command.trade)

    def _cancel_all(self) -> None:
        for order in self._execution.in_flight():
            self._execution.cancel(order)

    def _cancel(self, command: CancelOrder) -> Deed:
        order = self._execution.orders.get(command.client_order_id)
        if order is None or order.over or order.venue != command.venue:
            raise CommandRefused(f"{command.venue} has no order {command.client_order_id!r} of this session in flight")
        return lambda: self._execution.cancel(order)

    def _end(self, request: CommandRequest, *, flatten: bool) -> None:
        if not flatten or not self._execution.trades:
            self._outbox.effect(EndSession(f"stopped by {request.issued_by}"))
            return
        self.end_once_flat(request.issued_by)
        self._switches.move(EngineState.REDUCING, Reason.EXIT_COMMAND, "operator")
        self._closing.order()
        self.stopping()


def _nothing() -> None:
    """Do nothing in the engine."""
