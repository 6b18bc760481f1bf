"""Commands: what an operator may ask of a running session. Each is applied at most once."""

from decimal import Decimal
from typing import ClassVar

from msgspec import Struct

from arbcore.model.order import OrderRequest
from arbcore.model.state import EngineState


class Command(Struct, frozen=True, kw_only=True, tag=True):
    """Base of all commands. The type's name is its tag; from version 2 on with the version: ``Withdraw@2``.

    Commands are stored in the control store and within the events that tell what became of them. So they change as
    events do (see `arbcore.model.events.Event`): by fields with defaults, or with a new version, its tag, and a step
    in `arbcore.journal.upcast.UPCASTS`.

    Attributes:
        VERSION: Version of the type's fields.
    """

    VERSION: ClassVar[int] = 1


class PauseEngine(Command, frozen=True):
    """Stop entries and exits by strategies; repairs go on."""


class ResumeEngine(Command, frozen=True):
    """Return to running."""


class SetEngineMode(Command, frozen=True):
    """Move between running, reducing, paused and halted. It never turns paper into live."""

    state: EngineState
    reason: str = ""


class StopEntry(Command, frozen=True):
    """Open nothing new; everything else goes on (state REDUCING)."""


class Flatten(Command, frozen=True):
    """Close every trade of the session, or of one symbol or strategy."""

    symbol: str = ""
    strategy: str = ""
    reason: str = ""


class StopSession(Command, frozen=True):
    """End the session gracefully; open trades stay open unless ``flatten``."""

    flatten: bool = False


class CancelAll(Command, frozen=True):
    """Cancel all open orders of the session."""


class RunReconcile(Command, frozen=True):
    """Compare the session's state with the venues now."""


class RebuildProjection(Command, frozen=True):
    """Fold the projections from the journal again."""


class Revision(Struct, frozen=True, kw_only=True):
    """What a session made of a change of its config before its engine sees it: checked, and as plain values.

    Attributes:
        parts: All settings of each part that changes, as JSON, by its place such as ``strategies.premium``.
        changes: Value before and after, by key path.
        before: Hash of the config that it was made on.
        after: Hash of the config that it makes.
        problem: Why it can't be applied; empty where it can.
    """

    parts: dict[str, str] = {}
    changes: dict[str, str] = {}
    before: str = ""
    after: str = ""
    problem: str = ""


class UpdateConfig(Command, frozen=True):
    """Apply a draft version of the config, as far as its parts take changes while they run.

    Attributes:
        version: Number of the draft in the control store.
        revision: What the session that takes the command makes of it; whoever gives it leaves it out.
    """

    version: int
    revision: Revision | None = None


class PlaceOrder(Command, frozen=True):
    """Send one order by hand; its id becomes ``ae-{command id}``."""

    venue: str
    order: OrderRequest


class CancelOrder(Command, frozen=True):
    """Cancel one order."""

    venue: str
    client_order_id: str


class ClosePosition(Command, frozen=True):
    """Close one trade."""

    trade: str
    reason: str = ""


class SetLeverage(Command, frozen=True):
    """Set the leverage of a perpetual."""

    instrument: str
    leverage: int


class InternalTransfer(Command, frozen=True):
    """Move money between wallets of one venue."""

    transfer_id: str
    venue: str
    source: str
    target: str
    currency: str
    amount: Decimal


class Withdraw(Command, frozen=True):
    """Withdraw to a registered address."""

    withdraw_id: str
    venue: str
    currency: str
    network: str
    amount: Decimal
    address: str


class EnableSymbol(Command, frozen=True):
    """Allow a symbol again."""

    symbol: str


class DisableSymbol(Command, frozen=True):
    """Open nothing in a symbol; its trades are still managed."""

    symbol: str
    reason: str = ""


class StartStrategy(Command, frozen=True):
    """Start a stopped strategy."""

    strategy: str


class StopStrategy(Command, frozen=True):
    """Stop a strategy's entries; its trades are still managed."""

    strategy: str
    reason: str = ""


class ApplyPreset(Command, frozen=True):
    """Apply a named preset of a strategy.

    Attributes:
        strategy: Instance id of the strategy.
        preset: Its name in the strategy's section of the config.
        revision: What the session that takes the command makes of it; whoever gives it leaves it out.
    """

    strategy: str
    preset: str
    revision: Revision | None = None


AnyCommand = (
    PauseEngine
    | ResumeEngine
    | SetEngineMode
    | StopEntry
    | Flatten
    | StopSession
    | CancelAll
    | RunReconcile
    | RebuildProjection
    | UpdateConfig
    | PlaceOrder
    | CancelOrder
    | ClosePosition
    | SetLeverage
    | InternalTransfer
    | Withdraw
    | EnableSymbol
    | DisableSymbol
    | StartStrategy
    | StopStrategy
    | ApplyPreset
)


class CommandRequest(Struct, frozen=True, kw_only=True):
    """A command on its way into the engine.

    Attributes:
        id: Unique id, at most 33 characters of ``[A-Za-z0-9_-]``.
        command: What is asked.
        issued_by: Who asked: a user name, or a surface such as ``cli``.
        override: Reason typed where a rule is overridden; recorded.
        recv_ts: Time at which the engine takes it.
    """

    id: str
    command: AnyCommand
    issued_by: str
    override: str = ""
    recv_ts: int
