"""Planning: asks the leg policy of an entry or exit what to do about a gap, and has an answer where there is none."""

from collections.abc import Mapping
from math import isfinite
from typing import Final

from msgspec.structs import replace

from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.isolation import Failure, isolated
from arbcore.engine.switches import Switches
from arbcore.engine.trades import LiveTrade
from arbcore.model.intent import IntentKind
from arbcore.model.state import Severity
from arbcore.ports.policy import LegGap, LegPolicy, Repair, RepairPlan


class Planning:
    """Leg policies of a session.

    Without a policy an entry keeps what filled on all legs and unwinds the rest; an exit goes on closing.

    Args:
        policies: Policy by instance id.
        settings: Which policy is whose, and the allowances of those that have none.
        switches: Where alerts go.
    """

    def __init__(self, policies: Mapping[str, LegPolicy], settings: ExecutionSettings, switches: Switches) -> None:
        self.policies: Final = policies
        self._settings: Final = settings
        self._switches: Final = switches
        self.failed: Final[set[str]] = set()

    def plan(self, trade: LiveTrade, gap: LegGap) -> RepairPlan:
        """Return what to do about a gap.

        A trade that was ordered to be closed only ever shrinks, and one that a venue took from does so at once. The
        session's cap binds what a policy allows, as it binds what a repair without one may lose.
        """
        closes = gap.intent.kind is IntentKind.EXIT
        name = self._settings.exit_policy if closes else self._settings.entry_policy
        plain = RepairPlan(
            repair=Repair.CHASE if closes else Repair.UNWIND, slippage_bps=self._settings.slippage_bps(gap.attempt)
        )
        policy = self.policies.get(name)
        if policy is None or trade.closing or trade.cut:
            return plain
        answer = isolated(_plan_of, policy, gap)
        if isinstance(answer, Failure):
            self._tell(name, answer.error)
            return plain
        return replace(answer, slippage_bps=min(answer.slippage_bps, self._settings.repair_slippage_cap_bps))

    def _tell(self, name: str, error: Exception) -> None:
        if name not in self.failed:
            self.failed.add(name)
            text = f"leg policy {name} raised {error!r}: gaps are unwound as without a policy; mend it"
            self._switches.alert("policy_error", Severity.P1, name, text)


def _plan_of(policy: LegPolicy, gap: LegGap) -> RepairPlan:
    """Return a policy's answer.

    Raises:
        TypeError: It is no plan.
        ValueError: Its allowance is no number that a price can be moved by.
    """
    answer = policy.decide(gap)
    if not isinstance(answer, RepairPlan):
        raise TypeError(f"the policy returned {answer!r}: return a RepairPlan")
    if not (isfinite(answer.slippage_bps) and answer.slippage_bps >= 0):
        raise ValueError(f"the policy allows {answer.slippage_bps} bps of slippage: return a finite number, 0 or more")
    return answer
