"""Commands: what an operator may do to a running engine, applied at most once each."""

from collections.abc import Callable
from typing import Final

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
from arbcore.model.events import CommandAccepted, CommandFailed
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
        close: Closes trades by filter (trade id, symbol, strategy; empty for any) and returns how many.
        open_orders: Returns venue and client id of the orders in flight.
    """

    def __init__(
        self,
        switches: Switches,
        outbox: Outbox,
        close: Callable[[str, str, str], int],
        open_orders: Callable[[], list[tuple[str, str]]],
    ) -> None:
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._close: Final = close
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
                command_id=request.id, command=request.command, issued_by=request.issued_by, reason=str(refusal)
            )
            self._outbox.emit(failed, request.id)
            return
        self._outbox.emit(
            CommandAccepted(command_id=request.id, command=request.command, issued_by=request.issued_by), request.id
        )

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
                switches.enable_symbol(symbol)
            case DisableSymbol(symbol=symbol, reason=reason):
                switches.disable_symbol(symbol, reason)
            case StartStrategy(strategy=strategy):
                switches.start_strategy(strategy)
            case StopStrategy(strategy=strategy, reason=reason):
                switches.stop_strategy(strategy, reason)
            case _:
                self._act(command)

    def _act(self, command: Command) -> None:
        match command:
            case Flatten(symbol=symbol, strategy=strategy):
                self._close("", symbol, strategy)
            case ClosePosition(trade=trade):
                if not self._close(trade, "", ""):
                    raise CommandRefused(f"no open trade {trade} that can be closed now; `arb trades` lists them")
            case CancelAll():
                for venue, client_order_id in self._open_orders():
                    self._outbox.effect(Cancel(venue, client_order_id))
            case _:
                raise CommandRefused(f"{type(command).__name__} needs a session with venues that offer it")
