"""Actions: what only a venue can do. Told before it is asked for, never asked for twice, and traced until it ended.

A transfer or withdrawal whose outcome nothing settles is looked for in the venue's history, at growing intervals, and
never sent again: that could pay twice. It is told as not sent once the history, read again and again, does not hold it
although the venue could no longer take it in, and would have listed it by then.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.engine.output import Outbox
from arbcore.engine.refusal import CommandRefused
from arbcore.engine.switches import Switches
from arbcore.model.command import AnyCommand, CommandRequest, InternalTransfer, SetLeverage, Withdraw
from arbcore.model.effect import Act, CancelTimer, SetTimer, Trace
from arbcore.model.events import (
    CommandAccepted,
    CommandFailed,
    Envelope,
    InternalTransferCompleted,
    InternalTransferFailed,
    InternalTransferRequested,
    WithdrawCompleted,
    WithdrawFailed,
    WithdrawRequested,
)
from arbcore.model.input import ActionEnded, ActionState
from arbcore.model.instrument import InstrumentKind
from arbcore.model.state import Severity

TRACE: Final = "trace"
"""Kind of the timers that look for an action in the venue's history; the id of the command follows."""

_FIRST_NS: Final = 2 * 10**9
_SLOWEST_NS: Final = 300 * 10**9

_LISTED_NS: Final = 60 * 10**9
"""Time within which a venue lists what it took in."""

_UNBOUND_NS: Final = 900 * 10**9
"""Time after which a request is taken for lost that no venue's bound ends: no connection holds one for as long."""

_ABSENCES: Final = 3
"""Readings of a history in a row that don't hold an action, after that time, which end it as one never sent."""

_MEMORY: Final = 10_000
"""Ids of transfers and withdrawals remembered, so that none is made twice under two commands."""


_UNSETTLED: Final = frozenset({ActionState.UNKNOWN, ActionState.ABSENT})

_NEVER_SENT: Final = (
    "it was not sent: the venue's history does not hold it, and the venue could no longer take it in; "
    "see the venue's own page before you give it again, under a new id"
)

Deed = Callable[[], object]
"""What carries out a command that was accepted."""


class Action(Struct):
    """An action that was asked for and has not ended.

    Attributes:
        request: The command.
        venue: Exchange instance id.
        cause: Sequence of the event that announced it, 0 where none did.
        since: Engine time at which it was asked for.
        traces: How often it was looked for.
        unknown: Whether a venue was asked and nothing settles what it did.
    """

    request: CommandRequest
    venue: str
    cause: int
    since: int
    traces: int = 0
    unknown: bool = False


class _Doubt(Struct):
    """Since when nobody waits for an answer any more, and how often a history did not hold the action afterwards."""

    since: int
    absences: int = 0


class Actions:
    """Asks venues for what commands want of them.

    Args:
        outbox: Where events and effects go.
        switches: Where alerts go.
        kinds: Kind of every instrument of the session, by key.
        venues: Exchange instance ids.
        accepts_for: For how long after its sending a venue may take a request in, in nanoseconds by venue; None or
            absent where nothing bounds it.
    """

    def __init__(
        self,
        outbox: Outbox,
        switches: Switches,
        kinds: Mapping[str, InstrumentKind],
        venues: tuple[str, ...],
        accepts_for: Mapping[str, int | None],
    ) -> None:
        self._outbox: Final = outbox
        self._switches: Final = switches
        self._kinds: Final = kinds
        self._venues: Final = venues
        self._accepts_for: Final = accepts_for
        self._doubts: Final[dict[str, _Doubt]] = {}
        self.pending: Final[dict[str, Action]] = {}
        """Actions that have not ended, by command id."""
        self._given: Final[dict[str, None]] = {}
        self.sent: Callable[[Withdraw, str], None] = _nothing
        """Called with a withdrawal that was done and the venue's id of it; set when the engine is wired."""

    def set_leverage(self, request: CommandRequest, command: SetLeverage) -> None:
        """Check a leverage and ask for it; the command is answered when the venue has answered.

        Asking for the same leverage again does no harm, so nothing need be stored before.
        """
        kind = self._kinds.get(command.instrument)
        if kind is None:
            raise CommandRefused(f"no route trades {command.instrument!r}; there are: {', '.join(self._kinds)}")
        if kind is not InstrumentKind.PERPETUAL:
            raise CommandRefused(f"{command.instrument} is a spot market and has no leverage")
        if command.leverage < 1:
            raise CommandRefused(f"a leverage is a whole number from 1 on, and {command.leverage} is none")
        self._ask(request, command.instrument.partition(":")[0], 0)

    def transfer(self, request: CommandRequest, command: InternalTransfer) -> Deed:
        """Check a transfer between wallets and return what asks for it."""
        self._check(command.venue, command.amount, f"transfer {command.transfer_id}")
        asked = InternalTransferRequested(
            transfer_id=command.transfer_id,
            venue=command.venue,
            source=command.source,
            target=command.target,
            currency=command.currency,
            amount=command.amount,
        )
        return lambda: self._ask(request, command.venue, self._outbox.emit(asked, command.transfer_id))

    def withdraw(self, request: CommandRequest, command: Withdraw) -> Deed:
        """Check a withdrawal and return what asks for it."""
        self._check(command.venue, command.amount, f"withdrawal {command.withdraw_id}")
        asked = WithdrawRequested(
            withdraw_id=command.withdraw_id,
            venue=command.venue,
            currency=command.currency,
            network=command.network,
            amount=command.amount,
            address=command.address,
        )
        return lambda: self._ask(request, command.venue, self._outbox.emit(asked, command.withdraw_id))

    def on_ended(self, ended: ActionEnded) -> None:
        """Take what became of an action. One that ended already changes nothing."""
        action = self.pending.get(ended.command_id)
        if action is None:
            return
        self._outbox.begin(action.cause)
        unsettled = ended.state in _UNSETTLED and not isinstance(action.request.command, SetLeverage)
        if unsettled and not self._never_sent(action, ended):
            self._doubt(action, ended.detail)
            return
        del self.pending[ended.command_id]
        self._doubts.pop(ended.command_id, None)
        self._outbox.effect(CancelTimer(f"{TRACE}:{ended.command_id}"))
        done, reason = ended.state is ActionState.DONE, _NEVER_SENT if unsettled else ended.detail
        match action.request.command:
            case InternalTransfer(transfer_id=name):
                failed = InternalTransferFailed(transfer_id=name, reason=reason)
                self._outbox.emit(InternalTransferCompleted(transfer_id=name) if done else failed, name)
            case Withdraw(withdraw_id=name) as command:
                if done:
                    self.sent(command, ended.detail)
                left = WithdrawCompleted(withdraw_id=name, withdraw_tx_id=ended.detail)
                self._outbox.emit(left if done else WithdrawFailed(withdraw_id=name, reason=reason), name)
            case _:
                self._answer(action.request, "" if done else ended.detail or "the venue did not say why")

    def on_timer(self, command_id: str) -> None:
        """Look for an action in the venue's history: its time has come."""
        action = self.pending.get(command_id)
        if action is not None:
            self._trace(action)

    def resume(self) -> None:
        """Look for everything that had not ended when the process before this one did: nobody waits for its answer."""
        for command_id, action in list(self.pending.items()):
            if isinstance(action.request.command, SetLeverage):
                del self.pending[command_id]  # no history holds it, and whoever gave it has been told to give it again
            else:
                self._doubts[command_id] = _Doubt(self._outbox.now)
                self._trace(action)

    def moving(self, venue: str, currency: str) -> bool:
        """Tell whether a transfer or withdrawal of a currency from a venue was asked for and has not ended."""
        return any(
            action.venue == venue and action.request.command.currency == currency
            for action in self.pending.values()
            if isinstance(action.request.command, InternalTransfer | Withdraw)
        )

    def given(self) -> list[str]:
        """Return the transfers and withdrawals that were asked for."""
        return list(self._given)

    def restore(self, pending: dict[str, Action], given: list[str]) -> None:
        """Take over what `pending` and `given` were."""
        self.pending.update(pending)
        self._given.update(dict.fromkeys(given))

    def absorb(self, envelope: Envelope) -> None:
        """Take over what a journal tells of actions, without asking for anything."""
        match event := envelope.event:
            case CommandAccepted(command=InternalTransfer() | Withdraw() as command):
                request = CommandRequest(
                    id=event.command_id,
                    command=command,
                    issued_by=event.issued_by,
                    override=event.override,
                    recv_ts=envelope.time,
                )
                self._remember(_name(command))
                # The event that follows this one announces the action.
                self.pending[request.id] = Action(request, command.venue, envelope.sequence, envelope.time)
            case InternalTransferCompleted(transfer_id=name) | InternalTransferFailed(transfer_id=name):
                self._forget(f"transfer {name}")
            case WithdrawCompleted(withdraw_id=name, withdraw_tx_id=tx):
                for action in self.pending.values():
                    asked = action.request.command
                    if isinstance(asked, Withdraw) and asked.withdraw_id == name:
                        self.sent(asked, tx)
                self._forget(f"withdrawal {name}")
            case WithdrawFailed(withdraw_id=name):
                self._forget(f"withdrawal {name}")

    def _check(self, venue: str, amount: Decimal, name: str) -> None:
        if venue not in self._venues:
            raise CommandRefused(f"there is no exchange {venue!r}; there are: {', '.join(self._venues)}")
        if not amount.is_finite() or amount <= 0:
            raise CommandRefused(f"an amount is more than nothing, and {amount} is not")
        if name in self._given:
            raise CommandRefused(f"the {name} was asked for before, and is not made twice; use a new id")
        self._remember(name)

    def _ask(self, request: CommandRequest, venue: str, cause: int) -> None:
        self.pending[request.id] = Action(request, venue, cause, self._outbox.now)
        self._outbox.effect(Act(venue, request.id, request.command))

    def _never_sent(self, action: Action, ended: ActionEnded) -> bool:
        """Count a history that does not hold an action; tell whether it was never sent."""
        doubt = self._doubts.setdefault(ended.command_id, _Doubt(self._outbox.now))
        bound = self._accepts_for.get(action.venue)
        wait = _UNBOUND_NS if bound is None else bound + _LISTED_NS
        if ended.state is not ActionState.ABSENT or self._outbox.now < doubt.since + wait:
            doubt.absences = 0
            return False
        doubt.absences += 1
        return doubt.absences >= _ABSENCES

    def _doubt(self, action: Action, detail: str) -> None:
        if not action.unknown:
            action.unknown = True
            text = (
                f"nothing settles what became of the {_name(action.request.command)} at {action.venue} ({detail}): "
                "it is looked for in the venue's history and not sent again; see the venue's own page"
            )
            self._switches.alert("action_unknown", Severity.P1, action.venue, text)
        wait = min(_FIRST_NS << min(action.traces, 16), _SLOWEST_NS)
        self._outbox.effect(SetTimer(f"{TRACE}:{action.request.id}", self._outbox.now + wait))

    def _trace(self, action: Action) -> None:
        action.traces += 1
        command_id = action.request.id
        self._outbox.effect(Trace(action.venue, command_id, action.request.command, action.since))
        # A net under the runtime, which answers always.
        self._outbox.effect(SetTimer(f"{TRACE}:{command_id}", self._outbox.now + _SLOWEST_NS))

    def _answer(self, request: CommandRequest, refusal: str) -> None:
        common = {"command_id": request.id, "issued_by": request.issued_by, "override": request.override}
        if refusal:
            self._outbox.emit(CommandFailed(command=request.command, reason=refusal, **common), request.id)
        else:
            self._outbox.emit(CommandAccepted(command=request.command, **common), request.id)

    def _remember(self, name: str) -> None:
        self._given[name] = None
        if len(self._given) > _MEMORY:
            del self._given[next(iter(self._given))]

    def _forget(self, name: str) -> None:
        for command_id in [one for one, action in self.pending.items() if _name(action.request.command) == name]:
            del self.pending[command_id]


def _nothing(command: Withdraw, tx: str) -> None:
    """Stand in until somebody follows withdrawals."""


def _name(command: AnyCommand) -> str:
    match command:
        case InternalTransfer(transfer_id=name):
            return f"transfer {name}"
        case Withdraw(withdraw_id=name):
            return f"withdrawal {name}"
    return type(command).__name__
