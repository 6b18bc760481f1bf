"""Effects: what the engine asks the runtime to do. It does nothing itself."""

from msgspec import Struct

from arbcore.model.command import AnyCommand
from arbcore.model.order import OrderRequest


class Submit(Struct, frozen=True):
    """Send an order. The runtime stores the events of the same step before it does.

    Attributes:
        venue: Exchange instance id.
        order: The order.
    """

    venue: str
    order: OrderRequest


class Cancel(Struct, frozen=True):
    """Ask a venue to cancel an order."""

    venue: str
    client_order_id: str


class LookUp(Struct, frozen=True):
    """Ask a venue what became of an order. What it tells comes as reports and fills, then `LookedUp` follows."""

    venue: str
    client_order_id: str


class AskStatement(Struct, frozen=True):
    """Ask a venue for its side of everything: `VenueStatement` follows what had been missed of orders and funding.

    Attributes:
        venue: Exchange instance id.
        since: UTC nanoseconds from which orders, fills and funding are asked for.
    """

    venue: str
    since: int


class Act(Struct, frozen=True):
    """Carry out a command that only a venue can; `ActionEnded` tells how it went. It is never carried out twice.

    Attributes:
        venue: Exchange instance id.
        command_id: Id of the command.
        command: `SetLeverage`, `InternalTransfer` or `Withdraw`.
    """

    venue: str
    command_id: str
    command: AnyCommand


class Trace(Struct, frozen=True):
    """Look in the venue's history for what became of a transfer or withdrawal whose outcome nothing settled.

    `ActionEnded` follows: done or refused where the history holds it, unknown where it does not, or where the venue
    did not tell. Nothing is sent again.

    Attributes:
        venue: Exchange instance id.
        command_id: Id of the command.
        command: `InternalTransfer` or `Withdraw`.
        since: UTC nanoseconds at which it was asked for.
    """

    venue: str
    command_id: str
    command: AnyCommand
    since: int


class EndSession(Struct, frozen=True):
    """End the session in good order."""

    reason: str


class SetTimer(Struct, frozen=True):
    """Ask for a `TimerFired` input; a second timer of the same name replaces the first."""

    timer: str
    at: int


class CancelTimer(Struct, frozen=True):
    """Drop a timer; unknown names are ignored."""

    timer: str


Effect = Submit | Cancel | LookUp | AskStatement | Act | Trace | EndSession | SetTimer | CancelTimer
"""Everything that the engine may ask for. Alerts are events (`AlertRaised`); observers deliver them."""
