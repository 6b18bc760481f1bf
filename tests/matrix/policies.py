"""The matrix' leg policies: the plainest ones that make each choice of the port."""

from collections.abc import Mapping
from typing import Final

from arbcore.model.intent import IntentKind
from arbcore.ports.policy import LegGap, LegPolicy, Repair, RepairPlan
from arbcore.testing.faulty.plan import SECOND

_LOSS_CAP: Final = 50
PATIENCE_NS: Final = SECOND
"""For how long the patient policy holds."""


class Plain:
    """Answers every gap alike, with a growing allowance; gives way where its attempts are spent.

    Args:
        choice: What it chooses first.
        then: What it chooses after three attempts, or beyond the loss cap.
    """

    def __init__(self, choice: Repair, then: Repair) -> None:
        self._choice: Final = choice
        self._then: Final = then

    def decide(self, gap: LegGap) -> RepairPlan:
        """Answer."""
        spent = gap.attempt >= 3 or gap.loss > _LOSS_CAP
        slippage = min(10.0 * 2**gap.attempt, 200.0)
        return RepairPlan(repair=self._then if spent else self._choice, slippage_bps=slippage)

    def state(self) -> bytes:
        """Return nothing: it keeps nothing."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take nothing over."""


class Patient(Plain):
    """Holds until a deadline, then does as an entry or exit without a policy does."""

    def __init__(self) -> None:
        super().__init__(Repair.HOLD, Repair.HOLD)

    def decide(self, gap: LegGap) -> RepairPlan:
        """Answer."""
        if gap.elapsed_ns < PATIENCE_NS:
            return RepairPlan(repair=Repair.HOLD, wait_ns=PATIENCE_NS - gap.elapsed_ns)
        closes = gap.intent.kind is IntentKind.EXIT
        return Plain(Repair.CHASE if closes else Repair.UNWIND, Repair.UNWIND).decide(gap)


POLICIES: Final[Mapping[str, LegPolicy | None]] = {
    "plain": None,
    "chase": Plain(Repair.CHASE, Repair.UNWIND),
    "reverse": Plain(Repair.REVERSE, Repair.REVERSE),
    "hold": Patient(),
}
"""Every policy by its name, for entries and exits alike: none, which unwinds entries and goes on closing; cancel and
chase; reverse; hold with a deadline and then as without one."""
