"""What a step returns, and the numbering of its events."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from arbcore.engine.ledger import CashMove
from arbcore.model.effect import Effect
from arbcore.model.events import BalanceChanged, Envelope, Event


class Output(Struct, frozen=True):
    """Result of one step. Events are stored before effects are performed.

    Attributes:
        events: Numbered events, in order.
        effects: What the runtime is to do, in order.
    """

    events: tuple[Envelope, ...]
    effects: tuple[Effect, ...]


NOTHING: Final = Output((), ())
"""The answer to most inputs."""


class Outbox:
    """Collects events and effects during a step.

    Attributes:
        sequence: Number of the last event.
        now: Engine time.
        filled: Whether there is anything to take.
    """

    __slots__ = ("_cause", "_effects", "_events", "_first", "filled", "now", "sequence")

    def __init__(self, sequence: int = 0) -> None:
        self.sequence = sequence
        self.now = 0
        self.filled = False
        self._cause = 0
        self._first = True
        self._events: list[Envelope] = []
        self._effects: list[Effect] = []

    def begin(self, cause: int) -> None:
        """Name the event that led to what follows, 0 for an input from outside."""
        self._cause = cause
        self._first = True

    def emit(self, event: Event, key: str = "") -> int:
        """Number an event. The first after `begin` has the cause named there, and is the cause of the others.

        Returns:
            Its sequence.
        """
        self.sequence += 1
        self.filled = True
        self._events.append(Envelope(self.sequence, self.now, self._cause, key, event))
        if self._first:
            self._first = False
            self._cause = self.sequence
        return self.sequence

    def effect(self, effect: Effect) -> None:
        """Ask the runtime for something."""
        self.filled = True
        self._effects.append(effect)

    def take(self) -> Output:
        """Return what was collected and start afresh."""
        output = Output(tuple(self._events), tuple(self._effects))
        self._events = []
        self._effects = []
        self.filled = False
        return output


def tell_moves(outbox: Outbox, moves: Iterable[CashMove]) -> None:
    """Tell changes of balances."""
    for move in moves:
        event = BalanceChanged(
            venue=move.venue,
            currency=move.currency,
            change=move.change,
            after=move.after,
            reason=move.reason,
            rate=move.rate,
        )
        outbox.emit(event)
