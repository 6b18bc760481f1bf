"""Trials of execution policies: what a gap or an entry leads to, and what is wrong with it, in sentences.

Nothing here needs a test runner, so that `arb plugins check` looks at what the suites look at.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from itertools import pairwise, product
from math import isfinite
from typing import Final, TypeVar
from unittest.mock import patch

from msgspec.structs import replace

from arbcore.model.intent import Intent, IntentKind, IntentLeg
from arbcore.model.money import total
from arbcore.model.order import Side
from arbcore.model.reason import Reason
from arbcore.ports.policy import Depth, LegGap, LegPolicy, Repair, RepairPlan, Slice

Answer = TypeVar("Answer")

START: Final = 1_700_000_000 * 10**9
"""Engine time of the trials."""

REPAIRS: Final = 12
"""Repairs that a trial lets fail."""

_SHORTEST_WAIT: Final = 10**8
_TAKES_BACK: Final = frozenset({Repair.UNWIND, Repair.REVERSE, Repair.FREEZE})
_CLOCKS: Final = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")


def entry(
    notional: str = "10000", quantity: str = "1", *, kind: IntentKind = IntentKind.ENTRY, legs: int = 2
) -> Intent:
    """Return an intent whose legs are bought and sold in turn."""
    sides = (Side.BUY, Side.SELL)
    return Intent(
        id="1",
        trade="1",
        strategy="premium",
        route="premium/BTC/a-b",
        symbol="BTC",
        kind=kind,
        forward=True,
        legs=tuple(
            IntentLeg(
                instrument=f"venue{index}:BTC",
                side=sides[index % 2],
                quantity=Decimal(quantity),
                price=Decimal(10_100) if index % 2 == 0 else Decimal(9_900),
                touch=Decimal(10_000),
            )
            for index in range(legs)
        ),
        edge_bps=30.0,
        notional=Decimal(notional),
        reason=Reason.EDGE_ENTER,
        decided_at=START,
    )


def gap(
    held: Sequence[str] = ("1", "0"),
    loss: str = "0",
    *,
    unhedged: str = "10000",
    kind: IntentKind = IntentKind.ENTRY,
    can_chase: bool = True,
    can_unwind: bool = True,
) -> LegGap:
    """Return a gap that has just opened."""
    return LegGap(
        intent=entry(kind=kind, legs=len(held)),
        held=tuple(Decimal(each) for each in held),
        unhedged=Decimal(unhedged),
        attempt=0,
        elapsed_ns=0,
        loss=Decimal(loss),
        can_chase=can_chase,
        can_unwind=can_unwind,
    )


def some_gaps() -> list[LegGap]:
    """Return gaps of every sort: entries and exits, cheap and dear, with either way closed."""
    ways = ((True, True), (False, True), (True, False))
    held = (("1", "0"), ("0.25", "1"), ("1", "1", "0.5"))
    return [
        gap(coins, loss, kind=kind, can_chase=chase, can_unwind=unwind)
        for coins, loss, kind, (chase, unwind) in product(
            held, ("0", "4", "1000"), (IntentKind.ENTRY, IntentKind.EXIT), ways
        )
    ]


def plans(policy: LegPolicy, first: LegGap, patience_ns: int) -> list[tuple[LegGap, RepairPlan]]:
    """Return what a policy plans for a gap that no repair closes, each with the gap as it was asked about.

    It ends after a number of repairs, or where the policy holds although its patience is over.
    """
    asked, found, repairs = first, list[tuple[LegGap, RepairPlan]](), 0
    shortest = max(_SHORTEST_WAIT, patience_ns // 1000)
    while repairs < REPAIRS:
        plan = policy.decide(asked)
        found.append((asked, plan))
        if plan.repair is Repair.FREEZE or (plan.repair is Repair.HOLD and asked.elapsed_ns > patience_ns):
            break
        repairs += plan.repair is not Repair.HOLD
        asked = replace(asked, attempt=repairs, elapsed_ns=asked.elapsed_ns + max(plan.wait_ns, shortest))
    return found


def wrong_with_plan(asked: LegGap, plan: object, *, slippage_cap_bps: float, freezes: bool) -> list[str]:
    """Return what is wrong with one answer."""
    if not isinstance(plan, RepairPlan):
        return [f"answers {plan!r}, which is no RepairPlan"]
    found = []
    if not (isfinite(plan.slippage_bps) and 0 <= plan.slippage_bps <= slippage_cap_bps):
        found.append(f"a slippage of {plan.slippage_bps} bps is not within 0 and the cap of {slippage_cap_bps}")
    wait: object = plan.wait_ns
    if not isinstance(wait, int) or wait < 0:
        found.append(f"a wait of {plan.wait_ns!r} is no number of nanoseconds")
    if plan.repair is Repair.CHASE and not asked.can_chase:
        found.append("chases where nothing can be chased")
    if plan.repair is Repair.FREEZE and not freezes:
        found.append("freezes a trade that could be repaired")
    return found


def wrong_with_plans(policy: LegPolicy, first: LegGap, patience_ns: int) -> list[str]:
    """Return what is wrong with the course of a gap that no repair closes."""
    course = plans(policy, first, patience_ns)
    found, repairs = [], [plan for _, plan in course if plan.repair is not Repair.HOLD]
    asked, last = course[-1]
    if last.repair is Repair.HOLD:
        found.append(f"still holds after {asked.elapsed_ns} ns, beyond its patience of {patience_ns}")
    if not first.can_chase and first.can_unwind and not {plan.repair for plan in repairs} <= _TAKES_BACK:
        found.append("takes nothing back where nothing can be chased")
    if any(later.slippage_bps < earlier.slippage_bps for earlier, later in pairwise(repairs)):
        found.append(f"slippage falls: {[plan.slippage_bps for plan in repairs]}")
    return found


def wrong_with_slices(found: object, now: int, most: int) -> list[str]:
    """Return what is wrong with the parts of an entry."""
    if not isinstance(found, Sequence) or not found or not all(isinstance(each, Slice) for each in found):
        return [f"answers {found!r}, which is no list of slices"]
    wrong = []
    shares = [each.share for each in found]
    if not all(isinstance(share, Decimal) and share.is_finite() and share > 0 for share in shares):
        return [f"shares are not positive decimals: {shares}"]
    if total(shares) != 1:
        wrong.append(f"shares sum to {total(shares)}")
    if any(not isinstance(each.at, int) for each in found) or found[0].at < now:
        wrong.append(f"the first part starts at {found[0].at}, before {now}")
    if any(later.at <= earlier.at for earlier, later in pairwise(found)):
        wrong.append("a part starts no later than the one before it")
    if len(found) > most:
        wrong.append(f"{len(found)} parts, more than {most}")
    return wrong


def without_clock(subject: object, ask: Callable[[], Answer]) -> Answer:
    """Return an answer given under clocks that jump and another random seed."""
    state = random.getstate()
    with _jumping_clocks(subject):
        random.seed("another")
        try:
            return ask()
        finally:
            random.setstate(state)


@contextmanager
def _jumping_clocks(subject: object) -> Iterator[None]:
    clocks = [getattr(time, name) for name in _CLOCKS]
    jumps = iter(range(5 * 10**18, 10**30, 3600 * 10**9))
    with ExitStack() as stack:
        for owner in (time, sys.modules[type(subject).__module__]):
            for name, value in list(vars(owner).items()):
                if any(value is clock for clock in clocks):
                    stack.enter_context(patch.object(owner, name, lambda: next(jumps)))
        yield


def some_depths() -> list[tuple[Depth, Depth]]:
    """Return what an entry may find: plenty, little, nothing, and trades that are counted or not."""
    offers = (0.0, 0.01, 0.4, 100.0)
    return [(Depth(one, traded), Depth(other, traded)) for one, other, traded in product(offers, offers, (0.0, 0.05))]
