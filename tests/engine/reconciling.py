"""A session with a reconciler beside its engine, driven by hand."""

from collections.abc import Sequence
from decimal import Decimal

from arbcore.engine.others import Others
from arbcore.engine.reconciler import Reconciler
from arbcore.model.effect import Effect, SetTimer
from arbcore.model.events import (
    DriftDetected,
    Envelope,
    Event,
)
from arbcore.model.input import VenueStatement
from arbcore.testing.scripted import SECOND
from tests.engine.world import World

HOUR = 3600 * SECOND
NOTHING = Decimal(0)


class Bench:
    """A session with a reconciler beside its engine, and what it told and asked for."""

    def __init__(self, world: World, allotted: Sequence[str] = ()) -> None:
        self.world = world
        self.parts = world.stage.engine.parts
        self.moving: set[str] = set()
        self.reconciler = Reconciler(
            world.venues,
            self.parts.accounts,
            self.parts.market,
            self.parts.outbox,
            self.parts.execution,
            Others(self.parts.accounts, self.parts.market, {name: {"USDT": Decimal(10**6)} for name in allotted}),
            lambda venue, currency: currency in self.moving,
        )
        self.envelopes: list[Envelope] = []
        self.effects: list[Effect] = []
        self.reconciler.start()
        self.take()

    def take(self) -> list[Event]:
        """Take what the reconciler told since the last time."""
        output = self.parts.outbox.take()
        self.envelopes += output.events
        self.effects = list(output.effects)
        return [one.event for one in output.events]

    def ask(self, venue: str = "cash", reason: str = "command") -> None:
        """Let the reconciler ask a venue."""
        self.parts.outbox.now = self.world.stage.clock.now()
        self.reconciler.ask(venue, reason)
        self.take()

    def answer(self, venue: str = "cash", **more: object) -> list[Event]:
        """Let a venue state what it holds now."""
        now = self.world.stage.clock.now()
        self.parts.outbox.now = now
        books = self.world.venues[venue]
        stated = {"answered": True, "asked": now, "snapshot": books.snapshot(now), "orders": tuple(books.open_orders())}
        self.reconciler.on_statement(VenueStatement(venue=venue, recv_ts=now, **{**stated, **more}))  # type: ignore[arg-type]
        return self.take()

    def compare(self, venue: str = "cash") -> list[Event]:
        """Ask a venue and let it answer at once."""
        self.ask(venue)
        return self.answer(venue)

    def timer(self) -> int:
        """Return after how long the venue is asked again."""
        at = [effect.at for effect in self.effects if isinstance(effect, SetTimer)]
        return at[-1] - self.world.stage.clock.now()


def drifts(events: Sequence[Event]) -> list[tuple[str, str, str, str]]:
    return [
        (one.subject, one.expected, one.actual, one.cause_class) for one in events if isinstance(one, DriftDetected)
    ]


def of(kind: type[Event], events: Sequence[Event]) -> list[Event]:
    return [one for one in events if isinstance(one, kind)]
