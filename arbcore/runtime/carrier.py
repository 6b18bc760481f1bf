"""Where effects go: a simulated venue answers them at once and in order, a gateway carries them to real ones."""

from collections.abc import Sequence
from typing import Protocol

from arbcore.model.command import AnyCommand
from arbcore.model.effect import Act, AskStatement, Cancel, LookUp, Submit, Trace
from arbcore.model.input import ActionEnded, ActionState, LookedUp, VenueAnswer, VenueReport, VenueStatement
from arbcore.model.order import OrderRequest
from arbcore.ports.venue import SimVenue

Question = LookUp | AskStatement | Act | Trace
"""Effects that one `VenueAnswer` closes."""

VenueEffect = Submit | Cancel | Question
"""Effects that a venue carries out."""


class Gateway(Protocol):
    """What a loop hands effects to that real venues carry out. Every call returns at once; answers come as inputs."""

    def submit(self, venue: str, order: OrderRequest) -> None:
        """Send an order; an `OrderReport` follows."""
        ...

    def cancel(self, venue: str, client_order_id: str) -> None:
        """Cancel an order; an `OrderReport` follows where the venue did not take the request."""
        ...

    def look_up(self, venue: str, client_order_id: str) -> None:
        """Look an order up; news of it follow, then `LookedUp`."""
        ...

    def ask(self, venue: str, since: int) -> None:
        """Ask for everything; news follow, then a `VenueStatement`."""
        ...

    def act(self, venue: str, command_id: str, command: AnyCommand) -> None:
        """Carry out a command; `ActionEnded` follows."""
        ...

    def trace(self, venue: str, command_id: str, command: AnyCommand, since: int) -> None:
        """Look in the venue's history for what became of a command; `ActionEnded` follows."""
        ...


def hand_over(gateway: Gateway, effect: VenueEffect) -> None:
    """Hand an effect to the gateway."""
    if isinstance(effect, Submit):
        gateway.submit(effect.venue, effect.order)
    elif isinstance(effect, Cancel):
        gateway.cancel(effect.venue, effect.client_order_id)
    elif isinstance(effect, LookUp):
        gateway.look_up(effect.venue, effect.client_order_id)
    elif isinstance(effect, AskStatement):
        gateway.ask(effect.venue, effect.since)
    elif isinstance(effect, Act):
        gateway.act(effect.venue, effect.command_id, effect.command)
    else:
        gateway.trace(effect.venue, effect.command_id, effect.command, effect.since)


def answers(venue: SimVenue, question: Question, now: int) -> Sequence[VenueReport | VenueAnswer]:
    """Return what a simulated venue answers, in order: news first, what closes the question last."""
    if isinstance(question, LookUp):
        news = venue.look_up(question.client_order_id, now)
        closing = LookedUp(
            venue=question.venue,
            client_order_id=question.client_order_id,
            answered=True,
            found=bool(news),
            recv_ts=now,
        )
        return (*news, closing)
    if isinstance(question, AskStatement):
        snapshot, orders = venue.snapshot(now), tuple(venue.open_orders())
        return (
            VenueStatement(
                venue=question.venue, answered=True, asked=now, snapshot=snapshot, orders=orders, recv_ts=now
            ),
        )
    # Nothing is ever carried out here, so nothing can be found in a history either.
    detail = "a simulated venue neither moves money nor changes leverage"
    return (ActionEnded(command_id=question.command_id, state=ActionState.REFUSED, detail=detail, recv_ts=now),)
