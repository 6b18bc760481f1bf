"""Commands: what an operator may do to a running engine, applied at most once each."""

from collections.abc import Callable
from typing import Final

from arbcore.engine.closing import Closing
from arbcore.engine.deciding import Deciding
from arbcore.engine.output import Outbox
from arbcore.engine.switches import Switches
from arbcore.model.command import (
    CancelAll,
    ClosePosition,
    Command,
    CommandRequest,
    DisableSymbol,
    EnableSymbol,
    Flatten,
    PauseEngine,
    ResumeEngine,
    SetEngineMode,
    StartStrategy,
    StopEntry,
    StopStrategy,
)
from arbcore.model.effect import Cancel
from arbcore.model.events import CommandAccepted, CommandFailed, ManualOverrideExecuted
from arbcore.model.reason import Reason
from arbcore.model.state import EngineState

_MEMORY: Final = 10_000
"""Command ids remembered, so that none is applied twice."""


class CommandRefused(Exception):
    """A command can't be applied; the text says why."""


class Commands:
    """Applies commands.

    Args:
        switches: The engine's state.
        outbox: Where events and effects go.
        deciding: Strategies and symbols that there are.
        closing: Closes trades.
        open_orders: Returns venue and client id of the orders in flight.
    """

    def __init__(
        self,
        switches: Switches,
        outbox: Outbox,
        deciding: Deciding,
        closing: Closing,
        open_orders: Callable[[], list[tuple[str, str]]],
    ) -> None:
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._deciding: Final = deciding
        self._closing: Final = closing
        self._open_orders: Final = open_orders
        self._seen: Final[dict[str, None]] = {}

    def apply(self, request: CommandRequest) -> None:
        """Apply a command, or refuse it with a reason. A command that was seen before changes nothing."""
        if request.id in self._seen:
            return
        self._seen[request.id] = None
        if len(self._seen) > _MEMORY:
            del self._seen[next(iter(self._seen))]
        try:
            self._switch(request.command)
        except CommandRefused as refusal:
            failed = CommandFailed(
                command_id=request.id,
                command=request.command,
                issued_by=request.issued_by,
                reason=str(refusal),
                override=request.override,
            )
            self._outbox.emit(failed, request.id)
            return
        self._note_override(request)
        accepted = CommandAccepted(
            command_id=request.id, command=request.command, issued_by=request.issued_by, override=request.override
        )
        self._outbox.emit(accepted, request.id)

    def _note_override(self, request: CommandRequest) -> None:
        """Record a close by hand that a halted engine would not make by itself."""
        halted = self._switches.state is EngineState.HALTED
        if halted and isinstance(request.command, Flatten | ClosePosition):
            event = ManualOverrideExecuted(
                command_id=request.id, issued_by=request.issued_by, rule=Reason.STATE_NO_EXIT, reason=request.override
            )
            self._outbox.emit(event, request.id)

    def _switch(self, command: Command) -> None:
        switches = self._switches
        match command:
            case PauseEngine():
                switches.move(EngineState.PAUSED, Reason.EXIT_COMMAND, "operator")
            case ResumeEngine():
                switches.move(EngineState.RUNNING, Reason.EXIT_COMMAND, "operator")
            case StopEntry():
                switches.move(EngineState.REDUCING, Reason.EXIT_COMMAND, "operator")
            case SetEngineMode(state=state, reason=reason):
                if state is EngineState.BOOTING:
                    raise CommandRefused("no command leads back to BOOTING")
                switches.move(state, reason, "operator")
            case EnableSymbol(symbol=symbol):
                switches.enable_symbol(self._symbol(symbol))
            case DisableSymbol(symbol=symbol, reason=reason):
                switches.disable_symbol(self._symbol(symbol), reason)
            case StartStrategy(strategy=strategy):
                switches.start_strategy(self._strategy(strategy, sound=True))
            case StopStrategy(strategy=strategy, reason=reason):
                switches.stop_strategy(self._strategy(strategy), reason)
            case _:
                self._act(command)

    def _symbol(self, symbol: str) -> str:
        known = {route.spec.symbol: None for route in self._deciding.routes.values()}
        if symbol not in known:
            raise CommandRefused(f"no route trades the symbol {symbol!r}; there are: {', '.join(known)}")
        return symbol

    def _strategy(self, strategy: str, *, sound: bool = False) -> str:
        if strategy not in self._deciding.strategies:
            known = ", ".join(self._deciding.strategies)
            raise CommandRefused(f"there is no strategy {strategy!r}; there are: {known}")
        if sound and strategy in self._deciding.failed:
            raise CommandRefused(f"strategy {strategy} raised an error: mend it and start a new session")
        return strategy

    def _act(self, command: Command) -> None:
        match command:
            case Flatten(symbol=symbol, strategy=strategy):
                self._closing.order(
                    symbol=symbol and self._symbol(symbol), strategy=strategy and self._strategy(strategy)
                )
            case ClosePosition(trade=trade):
                if not trade or not self._closing.order(trade):
                    raise CommandRefused(f"there is no open trade {trade!r}; `arb trades` lists them")
            case CancelAll():
                for venue, client_order_id in self._open_orders():
                    self._outbox.effect(Cancel(venue, client_order_id))
            case _:
                raise CommandRefused(f"{type(command).__name__} needs a session with venues that offer it")
