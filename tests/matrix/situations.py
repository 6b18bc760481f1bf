"""The matrix' rows: what a session is doing when a fault strikes, and at which request that is."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from arbcore.engine.execution_settings import LegOrder
from arbcore.testing.faulty.plan import Fault, Request, Trouble
from tests.matrix.faults import Column, of_venue
from tests.matrix.field import SEOUL, SWAP


class Target(Struct, frozen=True):
    """A request of a venue: the n-th of its kind, from 0."""

    venue: str
    nth: int
    at: Request = Request.SUBMIT


class Situation(Struct, frozen=True, kw_only=True):
    """What a session is doing when a fault strikes.

    Attributes:
        style: In which order legs are sent.
        lead: Exchange whose leg goes first.
        before: What has gone wrong by then, at which request.
        targets: Requests that the fault strikes; none where the session is idle.
        turning: Targets with a policy that takes another way, by the policy's name.
        idle: Exchange that the fault strikes while nothing is in flight.
        leaves: Whether the trade is to be closed, after entries were stopped.
        moves: Whether the market comes to an order that rests.
        unknown: Whether an outcome is open when the fault strikes.
    """

    style: LegOrder = LegOrder.PARALLEL
    lead: str = ""
    before: tuple[tuple[Target, Fault], ...] = ()
    targets: tuple[Target, ...] = ()
    turning: Mapping[str, Target] = {}
    idle: str = ""
    leaves: bool = False
    moves: bool = False
    unknown: bool = False

    def troubles(self, column: Column, policy: str) -> list[tuple[str, Trouble]]:
        """Return everything that goes wrong, with its venue."""
        aims = [self.turning.get(policy, one) for one in self.targets]
        planned = [(aim.venue, Trouble(fault=fault, nth=aim.nth, at=aim.at)) for aim, fault in self.before]
        for aim in aims:
            for one in column.troubles:
                at_order = not of_venue([one])
                first = next((target for target, _ in self.before if target.venue == aim.venue), aim)
                moved = replace(one, at=aim.at, nth=aim.nth)
                if at_order and aim.at is not Request.SUBMIT:
                    moved = replace(one, at=Request.SUBMIT, nth=first.nth)
                planned.append((aim.venue, moved))
        return planned


SITUATIONS: Final[Mapping[str, Situation]] = {
    "entry sent, won leg": Situation(targets=(Target(SEOUL, 0),)),
    "entry sent, perpetual leg": Situation(targets=(Target(SWAP, 0),)),
    "entry sent, both legs": Situation(targets=(Target(SEOUL, 0), Target(SWAP, 0))),
    "entry, leading leg": Situation(style=LegOrder.LEAD, lead=SEOUL, targets=(Target(SEOUL, 0),)),
    "entry, one leg filled": Situation(style=LegOrder.LEAD, lead=SEOUL, targets=(Target(SWAP, 0),)),
    "entry, resting leg": Situation(style=LegOrder.MAKER, lead=SEOUL, targets=(Target(SEOUL, 0),), moves=True),
    "entry, hedge of a resting leg": Situation(
        style=LegOrder.MAKER, lead=SEOUL, targets=(Target(SWAP, 0),), moves=True
    ),
    "repair sent": Situation(
        before=((Target(SWAP, 0), Fault.REJECT),),
        targets=(Target(SEOUL, 1),),
        turning={"chase": Target(SWAP, 1)},
    ),
    "cancel sent": Situation(before=((Target(SWAP, 0), Fault.HELD),), targets=(Target(SWAP, 0, Request.CANCEL),)),
    "outcome unknown": Situation(
        before=((Target(SWAP, 0), Fault.TIMEOUT), (Target(SWAP, 0), Fault.SILENT)),
        targets=(Target(SWAP, 0, Request.LOOK_UP),),
        unknown=True,
    ),
    "hedged, won leg": Situation(idle=SEOUL, leaves=True),
    "hedged, perpetual leg": Situation(idle=SWAP, leaves=True),
    "exit sent, won leg": Situation(targets=(Target(SEOUL, 1),), leaves=True),
    "exit sent, perpetual leg": Situation(targets=(Target(SWAP, 1),), leaves=True),
    "exit sent, both legs": Situation(targets=(Target(SEOUL, 1), Target(SWAP, 1)), leaves=True),
    "exit, one leg filled": Situation(
        before=((Target(SWAP, 1), Fault.REJECT),),
        targets=(Target(SWAP, 2),),
        turning={"reverse": Target(SEOUL, 2)},
        leaves=True,
    ),
}
"""Every situation, by its name."""
