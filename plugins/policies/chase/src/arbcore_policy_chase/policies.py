"""The leg policies. What they need to know is in the gap, so they remember nothing."""

from decimal import Decimal
from math import inf
from typing import Final

from arbcore.errors import ConfigurationError
from arbcore.model.intent import IntentKind
from arbcore.ports.policy import LegGap, LegPolicy, Repair, RepairPlan
from arbcore.settings import PluginSettings
from arbcore_policy_chase.settings import CancelSettings, ChaseSettings, HoldSettings, ReverseSettings, Widening

_BPS: Final = 10_000.0


class _Stateless:
    """A policy that remembers nothing."""

    def state(self) -> bytes:
        """Return nothing."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take over nothing."""


class TakeBack(_Stateless):
    """Takes back at once: the excess of the leading legs, or all of the intent.

    Args:
        repair: Which of both.
        widening: Allowances.
    """

    def __init__(self, repair: Repair, widening: Widening) -> None:
        self._repair: Final = repair
        self._widening: Final = widening

    def decide(self, gap: LegGap) -> RepairPlan:
        """Answer a gap with a wider allowance than the last time."""
        return RepairPlan(repair=self._repair, slippage_bps=self._widening.allowance_bps(gap.attempt))


class Chase(_Stateless):
    """Chases the lagging legs while that stays within its caps, a number of times; then takes the leading legs back.

    The worst price of a chase lies within the caps, too: at any price that its orders may get, no more is lost than
    allowed, fees apart.

    Args:
        settings: Caps and allowances.
    """

    def __init__(self, settings: ChaseSettings) -> None:
        self._settings: Final = settings

    def decide(self, gap: LegGap) -> RepairPlan:
        """Chase or unwind."""
        slippage = self._settings.allowance_bps(gap.attempt)
        left = self._left_bps(gap) if gap.can_chase and gap.attempt < self._settings.attempts else 0.0
        if left > 0:
            return RepairPlan(repair=Repair.CHASE, slippage_bps=min(slippage, left))
        return RepairPlan(repair=Repair.UNWIND, slippage_bps=slippage)

    def _left_bps(self, gap: LegGap) -> float:
        """Return by how much the touches may still get worse, for each order of the chase."""
        lost = loss_bps(gap)
        if lost is None:
            return 0.0
        caps = [self._settings.loss_cap_bps, _bps_of(self._settings.loss_cap, gap)]
        return (min(cap for cap in caps if cap is not None) - lost) / _orders(gap)


class Hold(_Stateless):
    """Waits until chasing is cheap, until its deadline at most, then leaves the gap to another policy for good.

    Args:
        settings: Times and threshold.
        then: The other policy.
    """

    def __init__(self, settings: HoldSettings, then: LegPolicy) -> None:
        self._settings: Final = settings
        self._then: Final = then

    def decide(self, gap: LegGap) -> RepairPlan:
        """Wait, or ask the other policy."""
        left = self._settings.deadline - gap.elapsed_ns
        if gap.attempt or left <= 0 or self._is_cheap(gap):
            return self._then.decide(gap)
        return RepairPlan(repair=Repair.HOLD, slippage_bps=0.0, wait_ns=min(self._settings.look, left))

    def _is_cheap(self, gap: LegGap) -> bool:
        # Where nothing can be chased there is no loss to judge by.
        lost = loss_bps(gap) if gap.can_chase else None
        return lost is not None and lost <= self._settings.cheap_bps


def loss_bps(gap: LegGap) -> float | None:
    """Return the loss of chasing in basis points of the unhedged value, None where that value is not known."""
    return _bps_of(gap.loss, gap)


def build(settings: PluginSettings) -> LegPolicy:
    """Return the policy of some settings.

    Raises:
        ConfigurationError: The settings are of no policy of this distribution.
    """
    match settings:
        case CancelSettings():
            return TakeBack(Repair.UNWIND, settings)
        case ReverseSettings():
            return TakeBack(Repair.REVERSE, settings)
        case ChaseSettings():
            return Chase(settings)
        case HoldSettings():
            return Hold(settings, build(settings.then))
    raise ConfigurationError(f"{type(settings).__name__} are settings of no leg policy here", "use its own model")


def _bps_of(amount: Decimal | None, gap: LegGap) -> float | None:
    if amount is None or gap.unhedged <= 0:
        return None
    return float(amount) / float(gap.unhedged) * _BPS


def _orders(gap: LegGap) -> float:
    """Return how many times the largest order all orders of a chase are: one where a single leg lags."""
    least, most = min(gap.held, default=Decimal(0)), max(gap.held, default=Decimal(0))
    if most <= least:
        return inf
    closes = gap.intent.kind is IntentKind.EXIT
    missing = [float(held - least if closes else most - held) for held in gap.held]
    return sum(missing) / float(most - least)
