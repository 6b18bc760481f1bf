"""The matrix' cells: one session each, from its start until nothing moves any more."""

from typing import Final

from msgspec import Struct

from arbcore.engine.execution_settings import ExecutionSettings, LegOrder
from arbcore.journal.memory import MemoryJournal
from arbcore.model.command import StopEntry
from arbcore.testing.faulty.plan import SECOND, Fault, Trouble
from arbcore.testing.faulty.rig import Flooded, Touch
from arbcore.testing.scripted import enter, leave
from tests.matrix.faults import COLUMNS, Column
from tests.matrix.field import DUST, ROUND_TRIP_NS, WON, Field
from tests.matrix.policies import PATIENCE_NS, POLICIES
from tests.matrix.situations import SITUATIONS, Situation
from tests.matrix.truths import FROZEN, NEITHER, RESOLUTION_NS, end_of, quiet, unresolved, violations

_LIMIT_NS: Final = 60 * SECOND
"""Time within which every cell must come to rest."""


class Cell(Struct, frozen=True):
    """A cell: a situation, a fault, a policy."""

    situation: str
    fault: str
    policy: str

    def __str__(self) -> str:
        """Return its name."""
        return f"{self.situation} | {self.fault} | {self.policy}"


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a cell.

    Attributes:
        end: How it ended: a letter of `tests.matrix.truths`.
        struck: Whether every planned fault had its request.
        unhedged_ns: Longest time without a hedge.
        dollar_seconds: Unhedged value times seconds.
        faults: What is not as it must be, in words.
    """

    end: str
    struck: bool
    unhedged_ns: int
    dollar_seconds: float
    faults: tuple[str, ...]


def run(cell: Cell) -> Outcome:
    """Play a cell."""
    player = Player(cell)
    try:
        return player.play()
    except Flooded as flooded:
        return Outcome(end=NEITHER, struck=True, unhedged_ns=0, dollar_seconds=0.0, faults=(str(flooded),))


class Player:
    """Plays a cell.

    Args:
        cell: The cell.

    Attributes:
        field: Its session.
    """

    def __init__(self, cell: Cell) -> None:
        self._cell: Final = cell
        self._situation: Final[Situation] = SITUATIONS[cell.situation]
        self._column: Final[Column] = COLUMNS[cell.fault]
        policy = POLICIES[cell.policy]
        name = "" if policy is None else "policy"
        self.field: Final = Field(
            ExecutionSettings(
                legs=self._situation.style,
                lead=self._situation.lead,
                entry_policy=name,
                exit_policy=name,
                quarantine_ns=15 * SECOND,
            ),
            {} if policy is None else {"policy": policy},
            journal=MemoryJournal() if self._column.kills else None,
        )
        self._planned: Final[list[tuple[str, Trouble]]] = self._situation.troubles(self._column, cell.policy)

    def play(self) -> Outcome:
        """Play it from start to end."""
        field, rig = self.field, self.field.rig
        for venue, trouble in self._planned:
            if trouble.fault is Fault.RESTART:
                rig.deaths.append((venue, trouble))
            else:
                field.venue(venue).plan.append(trouble)
        rig.begin()
        field.strategy.leave(enter("500"))
        if self._situation.moves:
            rig.wait(2 * SECOND)
            rig.touches[WON.key] = Touch(129_980.0, 129_990.0)
        if self._situation.leaves:
            rig.wait(3 * SECOND)
        if self._situation.idle:
            for trouble in self._column.troubles:
                if trouble.fault is Fault.RESTART:
                    rig.kill(trouble.lasts_ns)
                field.venue(self._situation.idle).strike(trouble, rig.now)
            rig.wait(self._column.rest_ns)
        if self._situation.leaves:
            rig.command(StopEntry())
            for trade in rig.engine.parts.execution.trades:
                field.strategy.leave(leave(trade))
        rig.wait(self._column.rest_ns)
        came_to_rest = rig.wait_until(lambda: quiet(field), _LIMIT_NS)
        rig.wait(SECOND)
        return self._judge(came_to_rest=came_to_rest)

    def _judge(self, *, came_to_rest: bool) -> Outcome:
        field, exposure = self.field, self.field.rig.exposure
        end = end_of(field)
        faults = [] if came_to_rest else ["it did not come to rest"]
        allowed = self.allowed_ns()
        if end != FROZEN and exposure.longest_ns > allowed:
            faults.append(f"unhedged for {exposure.longest_ns / SECOND} s, allowed are {allowed / SECOND} s")
        follows = self._situation.style is not LegOrder.PARALLEL and not self._column.lies
        if follows and exposure.least < -DUST:
            faults.append(f"a hedge was larger by {-exposure.least} than the leg that it followed")
        if not self._column.silent:
            faults += unresolved(field)
        faults += violations(field)
        return Outcome(
            end=end,
            struck=self._struck(),
            unhedged_ns=exposure.longest_ns,
            dollar_seconds=float(exposure.notional_ns / SECOND),
            faults=tuple(faults),
        )

    def allowed_ns(self) -> int:
        """Return for how long the session may be without a hedge."""
        resolution = RESOLUTION_NS if self._column.unknown or self._situation.unknown else 0
        own = PATIENCE_NS if self._cell.policy == "hold" else 0
        before = ROUND_TRIP_NS if self._situation.before else 0
        return self.field.execution.ttl_ns + 2 * ROUND_TRIP_NS + resolution + self._column.away_ns + own + before

    def _struck(self) -> bool:
        if self._column.kills and self.field.rig.starts == 1:
            return False
        planned = [(venue, one) for venue, one in self._planned if one.fault is not Fault.RESTART]
        return all(self.field.venue(venue).reached(one) for venue, one in planned)
